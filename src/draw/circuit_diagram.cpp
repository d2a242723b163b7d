// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/circuit_diagram.hpp"

#include "draw/bars.hpp"
#include "draw/layers.hpp"
#include "draw/legend.hpp"
#include "draw/style.hpp"
#include "headway/base/error.hpp"
#include "headway/draw/render.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace headway {

namespace {

constexpr double box_gap = 16;
constexpr double dummy_width = 4;
constexpr double bar_height = 24;
constexpr double head_height = 60;

bool is_bar(DrawnKind kind) {
    return kind == DrawnKind::Embed || kind == DrawnKind::Position || kind == DrawnKind::Unembed;
}

/// Everything while a circuit is being placed. Items 0 .. n-1 are the components, the rest are dummies of
/// long edges.
struct Work {
    const CircuitPicture& circuit;
    Diagram diagram;
    std::vector<LayerItem> items;
    std::vector<std::vector<std::size_t>> chains;  ///< per edge: the items it passes, from writer to reader
    std::vector<double> row_y;
    std::vector<double> row_height;
};

/// Embeddings lowest, then each layer's heads and MLP, the unembedding on top; rows that are not used do not
/// exist.
std::vector<std::size_t> rows_of(const CircuitPicture& circuit) {
    const auto level = [&](const DrawnComponent& c) {
        if (c.kind == DrawnKind::Embed || c.kind == DrawnKind::Position) return -1;
        if (c.kind == DrawnKind::Unembed) return std::numeric_limits<int>::max();
        return 2 * c.layer + (c.kind == DrawnKind::Mlp && !circuit.parallel_blocks ? 1 : 0);
    };
    std::set<int> levels;
    for (const DrawnComponent& c : circuit.components) levels.insert(level(c));
    std::vector<std::size_t> rows;
    for (const DrawnComponent& c : circuit.components) {
        rows.push_back(static_cast<std::size_t>(std::distance(levels.begin(), levels.find(level(c)))));
    }
    return rows;
}

double box_width(const DrawnComponent& c) {
    if (c.kind != DrawnKind::Head) return std::max(64.0, text_width(c.label, 12) + 20);
    return std::max({69.0, text_width(c.label, 12) * 1.12 + 16, text_width(c.role, 8.5) + 8});
}

bool quiet(const DrawnEdge& edge) { return !edge.weight.has_value(); }

/// Long edges pass dummies, one a row. Edges of one writer and kind share them, as do grey edges to or from a
/// bar.
void add_dummies(Work& work) {
    const CircuitPicture& circuit = work.circuit;
    std::map<std::tuple<std::size_t, int, std::size_t>, std::size_t> shared;
    for (const DrawnEdge& edge : circuit.edges) {
        const std::size_t low = work.items[edge.from].row;
        const std::size_t high = work.items[edge.to].row;
        require(low < high, ErrorKind::Usage, "edge {} -> {} does not go upwards",
                circuit.components[edge.from].label, circuit.components[edge.to].label);
        const bool to_bar = quiet(edge) && is_bar(circuit.components[edge.to].kind);
        const std::size_t owner = to_bar ? edge.to : edge.from;
        const int kind = quiet(edge) ? -1 : static_cast<int>(edge.port);
        std::vector<std::size_t> chain{edge.from};
        for (std::size_t row = low + 1; row < high; ++row) {
            const auto [at, fresh] = shared.try_emplace({owner, kind, row}, work.items.size());
            if (fresh) work.items.push_back({row, dummy_width, 3, 0});
            chain.push_back(at->second);
        }
        chain.push_back(edge.to);
        work.chains.push_back(std::move(chain));
    }
}

double port_offset(const Work& work, const DrawnEdge& edge) {
    if (work.circuit.components[edge.to].kind != DrawnKind::Head || edge.port == DrawnPort::Other) return 0;
    return (static_cast<double>(edge.port) - 1) * work.items[edge.to].width / 3;
}

bool has_two_bars(const CircuitPicture& circuit) {
    return std::any_of(circuit.components.begin(), circuit.components.end(),
                       [](const DrawnComponent& c) { return c.kind == DrawnKind::Position; });
}

void place_items(Work& work) {
    const bool two_bars = has_two_bars(work.circuit);  // then the readers of each stand together
    std::vector<LayerLink> links;
    for (std::size_t e = 0; e < work.chains.size(); ++e) {
        const DrawnEdge& edge = work.circuit.edges[e];
        const std::vector<std::size_t>& chain = work.chains[e];
        for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
            const bool last = i + 2 == chain.size();
            const bool bar = (last && is_bar(work.circuit.components[edge.to].kind)) ||
                             (i == 0 && is_bar(work.circuit.components[edge.from].kind));
            links.push_back({chain[i], chain[i + 1],
                             bar && two_bars && i == 0 ? 0.3
                             : bar                     ? 0.01
                             : quiet(edge)             ? 0.2
                                                       : 1,
                             0, last ? port_offset(work, edge) : 0});
        }
    }
    place_layers(work.items, links, box_gap);
}

void set_bar(LayerItem& bar, double left, double right) {
    bar.x = (left + right) / 2;
    bar.width = right - left;
}

/// embed and pos: each as wide as its edges need.
void share_row(Work& work, std::size_t first, std::size_t second, double left, double right) {
    constexpr double least = 76;
    right = std::max(right, left + 2 * least);
    std::vector<BarEnd> ends[2];
    for (std::size_t e = 0; e < work.chains.size(); ++e) {
        const std::vector<std::size_t>& chain = work.chains[e];
        if (chain[0] != first && chain[0] != second) continue;
        const DrawnEdge& edge = work.circuit.edges[e];
        const double port = chain.size() == 2 ? port_offset(work, edge) : 0;
        ends[chain[0] == second ? 1 : 0].push_back({work.items[chain[1]].x + port, quiet(edge) ? 0.3 : 1});
    }
    const BarCut cut = cut_row(ends[0], ends[1], left, right, least);
    set_bar(work.items[cut.swapped ? second : first], left, cut.x - box_gap / 2);
    set_bar(work.items[cut.swapped ? first : second], cut.x + box_gap / 2, right);
}

/// Bars reach over the whole width; two bars in a row share it.
void widen_bars(Work& work) {
    double left = std::numeric_limits<double>::max();
    double right = -left;
    const std::size_t n = work.circuit.components.size();
    for (std::size_t i = 0; i < work.items.size(); ++i) {
        if (i < n && is_bar(work.circuit.components[i].kind)) continue;
        left = std::min(left, work.items[i].x - work.items[i].width / 2);
        right = std::max(right, work.items[i].x + work.items[i].width / 2);
    }
    if (left > right) std::tie(left, right) = std::pair{-60.0, 60.0};
    std::map<std::size_t, std::vector<std::size_t>> bars;
    for (std::size_t i = 0; i < n; ++i) {
        if (is_bar(work.circuit.components[i].kind)) bars[work.items[i].row].push_back(i);
    }
    for (const auto& [row, members] : bars) {
        if (members.size() == 2)
            share_row(work, members[0], members[1], left, right);
        else
            set_bar(work.items[members[0]], left, std::max(right, left + 40));
    }
}

bool at_bar(const Work& work, std::size_t item) {
    return item < work.circuit.components.size() && is_bar(work.circuit.components[item].kind);
}

void place_rows(Work& work) {
    std::size_t n_rows = 0;
    for (const LayerItem& item : work.items) n_rows = std::max(n_rows, item.row + 1);
    work.row_y.assign(n_rows, 0);
    work.row_height.assign(n_rows, bar_height);
    std::vector<double> slant(n_rows, 0);  // of the widest step to the next row
    for (std::size_t i = 0; i < work.circuit.components.size(); ++i) {
        if (work.circuit.components[i].kind == DrawnKind::Head)
            work.row_height[work.items[i].row] = head_height;
    }
    for (const std::vector<std::size_t>& chain : work.chains) {
        for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
            const bool bar = at_bar(work, chain[i]) || at_bar(work, chain[i + 1]);
            double& widest = slant[work.items[chain[i]].row];
            if (!bar)
                widest = std::max(widest, std::abs(work.items[chain[i]].x - work.items[chain[i + 1]].x));
        }
    }
    for (std::size_t row = 1; row < n_rows; ++row) {
        const double gap = std::clamp(28 + 0.36 * slant[row - 1], 34.0, 140.0);
        work.row_y[row] = work.row_y[row - 1] + (work.row_height[row - 1] + work.row_height[row]) / 2 + gap;
    }
}

std::string tint(const std::string& role, std::vector<std::string>& seen) {
    static constexpr std::array tints = {"#dcebf5", "#fbe5d6", "#e3f0df", "#efe6f5", "#fbf0c9", "#e0e9e9"};
    if (role.empty()) return "#f4f4f4";
    auto at = std::find(seen.begin(), seen.end(), role);
    if (at == seen.end()) at = seen.insert(seen.end(), role);
    return tints[static_cast<std::size_t>(at - seen.begin()) % tints.size()];
}

void add_boxes(Work& work) {
    std::vector<std::string> roles;
    for (std::size_t i = 0; i < work.circuit.components.size(); ++i) {
        const DrawnComponent& c = work.circuit.components[i];
        Box box;
        box.id = c.label;
        box.kind = c.kind == DrawnKind::Head ? BoxKind::Head : BoxKind::Stream;
        box.label = plain(c.label);
        box.note = c.kind == DrawnKind::Head ? c.role : "";
        box.at = {work.items[i].x, work.row_y[work.items[i].row]};
        box.width = work.items[i].width;
        box.height = c.kind == DrawnKind::Head ? head_height : bar_height;
        box.size = 12;
        if (c.kind == DrawnKind::Head) box.colour = tint(c.role, roles);
        if (c.kind == DrawnKind::Mlp) box.colour = "#ece7f2";
        work.diagram.boxes.push_back(std::move(box));
    }
}

const char* colour_of(DrawnPort port) {
    return port == DrawnPort::Q   ? colour_q
           : port == DrawnPort::K ? colour_k
           : port == DrawnPort::V ? colour_v
                                  : colour_other;
}

/// Widths of the edges: linear above the baseline.
struct Scale {
    double baseline = 0;
    double least = 0;
    double most = 0;
    double width(double weight) const {
        const double low = std::max(0.0, std::min(baseline, most));
        const double part = most > low ? (std::abs(weight) - low) / (most - low) : 1;
        return 0.8 + 3.7 * std::clamp(part, 0.0, 1.0);
    }
};

Scale scale_of(const CircuitPicture& circuit) {
    Scale scale{circuit.baseline, std::numeric_limits<double>::max(), 0};
    for (const DrawnEdge& edge : circuit.edges) {
        if (quiet(edge)) continue;
        scale.least = std::min(scale.least, std::abs(*edge.weight));
        scale.most = std::max(scale.most, std::abs(*edge.weight));
    }
    return scale;
}

Stroke stroke_of(const DrawnEdge& edge, const Scale& scale) {
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
Ends fan_all(const Work& work, const Scale& scale) {
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

void keep_vertical_at_bars(const Work& work, Ends& ends) {
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

std::vector<Point> path_of(const Work& work, std::size_t e, const Ends& ends) {
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

std::string tooltip_of(const Work& work, const DrawnEdge& edge) {
    static constexpr std::array names = {"Q-composition ", "K-composition ", "V-composition ", ""};
    const std::string ends =
        work.circuit.components[edge.from].label + " -> " + work.circuit.components[edge.to].label;
    if (quiet(edge)) return ends;
    return names[static_cast<std::size_t>(edge.port)] + ends + fmt::format(": {:.4g}", *edge.weight);
}

void add_wires(Work& work, const Scale& scale) {
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

void add_legend(Work& work, const Scale& scale) {
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

}  // namespace

Diagram circuit_diagram(const CircuitPicture& circuit) {
    require(circuit.edges.size() <= static_cast<std::size_t>(max_drawn_edges), ErrorKind::Limit,
            "a circuit of {} edges is not drawn: the limit is {}; keep fewer (--top, --threshold)",
            circuit.edges.size(), max_drawn_edges);
    Work work{circuit, {}, {}, {}, {}, {}};
    work.diagram.name = circuit.name;
    const std::vector<std::size_t> rows = rows_of(circuit);
    for (std::size_t i = 0; i < circuit.components.size(); ++i) {
        work.items.push_back({rows[i], box_width(circuit.components[i]), 1, 0});
    }
    add_dummies(work);
    place_items(work);
    widen_bars(work);
    place_rows(work);
    add_boxes(work);
    const Scale scale = scale_of(circuit);
    add_wires(work, scale);
    add_legend(work, scale);
    std::vector<Words> lines;
    if (!circuit.formula.empty()) lines.push_back(circuit.formula);
    lines.insert(lines.end(), circuit.remarks.begin(), circuit.remarks.end());
    add_caption(work.diagram, circuit.title, lines);
    return work.diagram;
}

}  // namespace headway
