// SPDX-License-Identifier: Apache-2.0
#include "draw/circuit_work.hpp"
#include "draw/legend.hpp"
#include "draw/style.hpp"

#include <fmt/core.h>

#include <array>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace headway {

namespace {

const char* colour_of(DrawnPort port) {
    return port == DrawnPort::Q   ? colour_q
           : port == DrawnPort::K ? colour_k
           : port == DrawnPort::V ? colour_v
                                  : colour_other;
}

Stroke stroke_of(const DrawnEdge& edge, const EdgeScale& scale) {
    if (quiet(edge)) return {colour_quiet, 0.9, Dash::Solid};
    return {colour_of(edge.port), scale.width(*edge.weight), *edge.weight < 0 ? Dash::Dashed : Dash::Solid};
}

/// Where edges meet a port they stand side by side, ordered by where they come from.
struct Slot {
    std::size_t edge;
    double key;
    double width;
    std::size_t group;  ///< edges of one group lie on top of each other
};

void fan(std::vector<Slot>& slots, double centre, double room, std::vector<double>& x_of_edge) {
    std::stable_sort(slots.begin(), slots.end(), [](const Slot& a, const Slot& b) {
        return std::tie(a.key, a.group) < std::tie(b.key, b.group);
    });
    std::vector<std::pair<std::size_t, double>> groups;
    for (const Slot& slot : slots) {
        if (groups.empty() || groups.back().first != slot.group) groups.emplace_back(slot.group, 0);
        groups.back().second = std::max(groups.back().second, slot.width);
    }
    double total = 0;
    for (const auto& group : groups) total += group.second + 1;
    const double squeeze = std::min(1.0, room / std::max(total, 1e-9));
    double x = centre - squeeze * total / 2;
    std::size_t at = 0;
    for (const auto& [group, width] : groups) {
        for (; at < slots.size() && slots[at].group == group; ++at) {
            x_of_edge[slots[at].edge] = x + squeeze * (width + 1) / 2;
        }
        x += squeeze * (width + 1);
    }
}

struct Ends {
    std::vector<double> start;
    std::vector<double> end;
};

/// The x of both ends of every edge.
Ends fan_all(const CircuitWork& work, const EdgeScale& scale) {
    const std::size_t n_edges = work.circuit.edges.size();
    Ends ends{std::vector<double>(n_edges), std::vector<double>(n_edges)};
    std::map<std::size_t, std::vector<Slot>> out;
    std::map<std::pair<std::size_t, int>, std::vector<Slot>> in;
    for (std::size_t e = 0; e < n_edges; ++e) {
        const DrawnEdge& edge = work.circuit.edges[e];
        const std::vector<std::size_t>& chain = work.chains[e];
        const bool last = chain.size() == 2;
        const double width = stroke_of(edge, scale).width;
        const std::size_t next = chain[1];
        const double port = last ? port_offset(work, edge) : 0;
        const std::size_t group = 4 * next + (last ? static_cast<std::size_t>(edge.port) : 0);
        out[edge.from].push_back({e, work.items[next].x + port, width, group});
        in[{edge.to, static_cast<int>(edge.port)}].push_back(
            {e, work.items[chain[chain.size() - 2]].x, width, e});
    }
    for (auto& [item, slots] : out) fan(slots, work.items[item].x, work.items[item].width - 8, ends.start);
    for (auto& [key, slots] : in) {
        const bool head = work.circuit.components[key.first].kind == DrawnKind::Head;
        const double room = work.items[key.first].width / (head ? 3 : 1) - 4;
        fan(slots, work.items[key.first].x + port_offset(work, work.circuit.edges[slots[0].edge]), room,
            ends.end);
    }
    return ends;
}

void keep_vertical_at_bars(const CircuitWork& work, Ends& ends) {
    for (std::size_t e = 0; e < work.chains.size(); ++e) {
        const std::vector<std::size_t>& chain = work.chains[e];
        const auto clamped = [&](std::size_t bar, double x) {
            const LayerItem& item = work.items[bar];
            return std::clamp(x, item.x - item.width / 2 + 8, item.x + item.width / 2 - 8);
        };
        const std::size_t to = chain.back();
        const std::size_t from = chain.front();
        if (is_bar(work.circuit.components[from].kind)) {
            ends.start[e] = clamped(from, chain.size() == 2 ? ends.end[e] : work.items[chain[1]].x);
        }
        if (is_bar(work.circuit.components[to].kind)) {
            ends.end[e] =
                clamped(to, chain.size() == 2 ? ends.start[e] : work.items[chain[chain.size() - 2]].x);
        }
    }
}

std::vector<Point> path_of(const CircuitWork& work, std::size_t e, const Ends& ends) {
    const std::vector<std::size_t>& chain = work.chains[e];
    const auto top = [&](std::size_t item) {
        const std::size_t row = work.items[item].row;
        return work.row_y[row] + work.row_height[row] / 2;
    };
    const auto bottom = [&](std::size_t item) {
        const std::size_t row = work.items[item].row;
        return work.row_y[row] - work.row_height[row] / 2;
    };
    const auto half = [&](std::size_t component) {
        return (work.circuit.components[component].kind == DrawnKind::Head ? head_height : bar_height) / 2;
    };
    Point at{ends.start[e], work.row_y[work.items[chain.front()].row] + half(chain.front())};
    std::vector<Point> path{at};
    const auto join = [&](const std::vector<Point>& piece) {
        path.insert(path.end(), piece.begin() + 1, piece.end());
    };
    for (std::size_t i = 1; i + 1 < chain.size(); ++i) {
        const double x = work.items[chain[i]].x;
        join(upward(path.back(), {x, bottom(chain[i])}));
        join(straight(path.back(), {x, top(chain[i])}));
    }
    join(upward(path.back(), {ends.end[e], work.row_y[work.items[chain.back()].row] - half(chain.back())}));
    return path;
}

std::string tooltip_of(const CircuitWork& work, const DrawnEdge& edge) {
    static constexpr std::array names = {"Q-composition ", "K-composition ", "V-composition ", ""};
    const std::string ends =
        work.circuit.components[edge.from].label + " -> " + work.circuit.components[edge.to].label;
    if (quiet(edge)) return ends;
    return names[static_cast<std::size_t>(edge.port)] + ends + fmt::format(": {:.4g}", *edge.weight);
}

}  // namespace

EdgeScale scale_of(const CircuitPicture& circuit) {
    EdgeScale scale{circuit.baseline, std::numeric_limits<double>::max(), 0};
    for (const DrawnEdge& edge : circuit.edges) {
        if (quiet(edge)) continue;
        scale.least = std::min(scale.least, std::abs(*edge.weight));
        scale.most = std::max(scale.most, std::abs(*edge.weight));
    }
    return scale;
}

void add_wires(CircuitWork& work, const EdgeScale& scale) {
    Ends ends = fan_all(work, scale);
    keep_vertical_at_bars(work, ends);
    std::vector<std::size_t> order(work.chains.size());
    for (std::size_t e = 0; e < order.size(); ++e) order[e] = e;
    const auto rank = [&](std::size_t e) {
        const DrawnEdge& edge = work.circuit.edges[e];
        return edge.weight ? std::abs(*edge.weight) : -1.0;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    static constexpr std::array ports = {"q", "k", "v", ""};
    for (const std::size_t e : order) {
        const DrawnEdge& edge = work.circuit.edges[e];
        const bool from_head = work.circuit.components[edge.from].kind == DrawnKind::Head;
        const bool to_head = work.circuit.components[edge.to].kind == DrawnKind::Head;
        Wire wire;
        wire.from = {work.circuit.components[edge.from].label, -1, from_head ? "o" : ""};
        wire.to = {work.circuit.components[edge.to].label, -1,
                   to_head ? ports[static_cast<std::size_t>(edge.port)] : ""};
        wire.stroke = stroke_of(edge, scale);
        wire.path = path_of(work, e, ends);
        wire.name = quiet(edge) ? "unweighted" : ports[static_cast<std::size_t>(edge.port)];
        wire.tooltip = tooltip_of(work, edge);
        work.diagram.wires.push_back(std::move(wire));
    }
}

void add_legend(CircuitWork& work, const EdgeScale& scale) {
    static constexpr std::array names = {"Q-composition", "K-composition", "V-composition",
                                         "into MLP or unembedding"};
    std::set<DrawnPort> ports;
    bool grey = false;
    bool negative = false;
    for (const DrawnEdge& edge : work.circuit.edges) {
        if (quiet(edge)) grey = true;
        if (!quiet(edge)) ports.insert(edge.port);
        negative = negative || (!quiet(edge) && *edge.weight < 0);
    }
    Legend legend(work.diagram);
    for (const DrawnPort port : ports)
        legend.sample({colour_of(port), 3, Dash::Solid}, names[static_cast<std::size_t>(port)]);
    if (negative) legend.sample({"#555555", 2, Dash::Dashed}, "negative");
    if (grey) legend.sample({colour_quiet, 1.2, Dash::Solid}, "residual stream");
    if (!ports.empty()) {
        legend.next_line();
        legend.words(work.circuit.weight_name + ":");
        for (const double weight : {scale.least, (scale.least + scale.most) / 2, scale.most}) {
            legend.sample({"#555555", scale.width(weight), Dash::Solid}, fmt::format("{:.3g}", weight));
            if (scale.least == scale.most) break;
        }
        legend.words("edges run upwards: output o of a head to input q, k or v");
    }
}

}  // namespace headway
