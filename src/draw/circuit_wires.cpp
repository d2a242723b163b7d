// SPDX-License-Identifier: Apache-2.0
#include "draw/circuit_colours.hpp"
#include "draw/circuit_work.hpp"

#include <fmt/core.h>

#include <array>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace headway {

namespace {

constexpr double between_strands = 1;

Stroke stroke_of(const DrawnEdge& edge, const EdgeScale& scale) {
    if (is_closed(edge)) return {colour_closed, 1.3, Dash::Dashed};
    const Dash dash = is_scaled(edge) ? Dash::Dotted : Dash::Solid;
    if (quiet(edge)) return {colour_quiet, 0.9, dash};
    return {colour_of(edge.port), scale.width(*edge.weight), *edge.weight < 0 ? Dash::Dashed : dash};
}

Stroke stroke_of(const DrawnEdge& edge, const EdgeScale& scale, const EdgeStrand& strand) {
    Stroke stroke = stroke_of(edge, scale);
    if (strand.rank < 0 && !strand.rest) return stroke;
    stroke.width = strand.width;
    stroke.colour = paler(stroke.colour, strand.rest ? palest : strand.rank);
    return stroke;
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
        const double width = width_of(edge, scale);
        const std::size_t next = chain[1];
        const double port = last ? port_offset(work, edge) : 0;
        const std::size_t group = 4 * next + (last ? static_cast<std::size_t>(edge.port) : 0);
        if (is_stub(work, e)) {  // straight out of its component, nothing at the bar
            const std::size_t end = to_bar(work, e) ? edge.from : edge.to;
            const Slot slot{e, work.items[end].x, width, 4 * work.items.size() + e};
            if (to_bar(work, e))
                out[end].push_back(slot);
            else
                in[{end, static_cast<int>(edge.port)}].push_back(slot);
            continue;
        }
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
        if (is_stub(work, e)) continue;
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
    if (is_stub(work, e)) {
        constexpr double length = 15;
        const std::size_t end = to_bar(work, e) ? chain.front() : chain.back();
        const double y = work.row_y[work.items[end].row];
        if (to_bar(work, e))
            return straight({ends.start[e], y + half(end)}, {ends.start[e], y + half(end) + length});
        return straight({ends.end[e], y - half(end) - length}, {ends.end[e], y - half(end)});
    }
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
    const std::string edited = is_closed(edge)   ? "closed: "
                               : is_scaled(edge) ? fmt::format("scaled by {}: ", edge.factor)
                                                 : "";
    return edited + std::string(names[static_cast<std::size_t>(edge.port)]) + ends +
           fmt::format(": {:.4g}", *edge.weight);
}

std::string tooltip_of(const CircuitWork& work, const DrawnEdge& edge, const EdgeStrand& strand) {
    std::string text = tooltip_of(work, edge);
    if (strand.rank < 0 && !strand.rest) return text;
    double share = 1;
    for (const DrawnPart& part : edge.parts) share -= part.share;
    if (!strand.rest) share = edge.parts[static_cast<std::size_t>(strand.rank)].share;
    const std::string name =
        strand.rest ? "the rest" : edge.parts[static_cast<std::size_t>(strand.rank)].name;
    return text + fmt::format("; {}: {:.1f} % of its square", name, 100 * share);
}

/// The place at `part` (0 to 1) of a path, by its pieces.
Point along(const std::vector<Point>& path, double part) {
    const std::size_t pieces = (path.size() - 1) / 3;
    const double place = part * static_cast<double>(pieces);
    const std::size_t piece = std::min(static_cast<std::size_t>(place), pieces - 1);
    const double t = place - static_cast<double>(piece), u = 1 - t;
    const double w[4] = {u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t};
    Point at;
    for (std::size_t c = 0; c < 4; ++c) {
        at.x += w[c] * path[3 * piece + c].x;
        at.y += w[c] * path[3 * piece + c].y;
    }
    return at;
}

/// Where along an edge a mark is furthest from the other edges and from `others`; in the middle of a picture
/// of very many edges.
Point clear_place(const std::vector<std::vector<Point>>& paths, std::size_t own,
                  const std::vector<Point>& others) {
    constexpr std::size_t most = 400;
    if (paths.size() > most) return along(paths[own], 0.5);
    const auto apart = [](Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); };
    Point best = along(paths[own], 0.5);
    double largest = -1;
    for (double part = 0.15; part <= 0.86; part += 0.05) {
        const Point here = along(paths[own], part);
        double distance = 12;  // further off is no better
        for (const Point& other : others) distance = std::min(distance, apart(here, other) / 2);
        for (std::size_t e = 0; e < paths.size(); ++e)
            for (double t = 0; e != own && t <= 1; t += 0.03)
                distance = std::min(distance, apart(here, along(paths[e], t)));
        if (distance > largest + 1e-9) {
            largest = distance;
            best = here;
        }
    }
    return best;
}

/// Two short strokes over an edge.
void add_cross(Diagram& diagram, Point at) {
    constexpr double reach = 4;
    for (const double slope : {1.0, -1.0}) {
        const Point from{at.x - reach, at.y - slope * reach}, to{at.x + reach, at.y + slope * reach};
        const std::string id = fmt::format("cross{}", diagram.boxes.size());
        for (const Point& end : {from, to}) {
            Box mark;
            mark.id = id + (end == from ? "a" : "b");
            mark.kind = BoxKind::Mark;
            mark.at = end;
            mark.width = mark.height = 1;
            diagram.boxes.push_back(std::move(mark));
        }
        Wire wire;
        wire.from = {id + "a", -1, ""};
        wire.to = {id + "b", -1, ""};
        wire.stroke = {"#7a2020", 1.6, Dash::Solid};
        wire.path = straight(from, to);
        wire.name = "closed";
        diagram.wires.push_back(std::move(wire));
    }
}

/// A factor on an edge: `× 0.5`.
void add_factor(Diagram& diagram, Point at, double factor) {
    Box box;
    box.id = fmt::format("factor{}", diagram.boxes.size());
    box.kind = BoxKind::Structure;
    box.label = plain(fmt::format("\u00d7 {:.3g}", factor));
    box.at = at;
    box.size = 8;
    box.width = text_width(box.label.front().base, box.size) + 6;
    box.height = 12;
    box.colour = "#ffffff";
    diagram.boxes.push_back(std::move(box));
}

void add_wire(CircuitWork& work, std::size_t e, const EdgeScale& scale, const std::vector<Point>& path) {
    static constexpr std::array ports = {"q", "k", "v", ""};
    const DrawnEdge& edge = work.circuit.edges[e];
    const bool from_head = work.circuit.components[edge.from].kind == DrawnKind::Head;
    const bool to_head = work.circuit.components[edge.to].kind == DrawnKind::Head;
    for (const EdgeStrand& strand : strands_of(edge, scale)) {
        Wire wire;
        wire.from = {work.circuit.components[edge.from].label, -1, from_head ? "o" : ""};
        wire.to = {work.circuit.components[edge.to].label, -1,
                   to_head ? ports[static_cast<std::size_t>(edge.port)] : ""};
        wire.stroke = stroke_of(edge, scale, strand);
        wire.path = path;
        for (Point& point : wire.path) point.x += strand.offset;
        wire.name =
            quiet(edge) && !is_closed(edge) ? "unweighted" : ports[static_cast<std::size_t>(edge.port)];
        wire.tooltip = tooltip_of(work, edge, strand);
        work.diagram.wires.push_back(std::move(wire));
    }
}

}  // namespace

std::vector<EdgeStrand> strands_of(const DrawnEdge& edge, const EdgeScale& scale) {
    if (edge.parts.empty() || is_closed(edge) || quiet(edge))
        return {{0, stroke_of(edge, scale).width, -1, false}};
    constexpr double widening = 2.4;  // so that parts are told apart
    const double whole = widening * scale.width(*edge.weight);
    std::vector<EdgeStrand> strands;
    double rest = 1, at = 0;
    const auto add = [&](double share, int rank, bool is_rest) {
        const double width = std::max(0.6, whole * share);
        strands.push_back({at + width / 2, width, rank, is_rest});
        at += width + between_strands;
    };
    for (std::size_t i = 0; i < edge.parts.size(); ++i) {
        rest -= edge.parts[i].share;
        add(edge.parts[i].share, static_cast<int>(i), false);
    }
    if (rest > 0.005) add(rest, -1, true);
    for (EdgeStrand& strand : strands) strand.offset -= (at - between_strands) / 2;
    return strands;
}

double width_of(const DrawnEdge& edge, const EdgeScale& scale) {
    const std::vector<EdgeStrand> strands = strands_of(edge, scale);
    return strands.back().offset + strands.back().width / 2 -
           (strands.front().offset - strands.front().width / 2);
}

EdgeScale scale_of(const CircuitPicture& circuit) {
    EdgeScale scale{circuit.baseline, std::numeric_limits<double>::max(), 0};
    for (const DrawnEdge& edge : circuit.edges) {
        if (quiet(edge) || is_closed(edge)) continue;
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
        return is_closed(edge) ? -0.5 : edge.weight ? std::abs(*edge.weight) : -1.0;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    std::vector<std::vector<Point>> paths;
    for (std::size_t e = 0; e < order.size(); ++e) paths.push_back(path_of(work, e, ends));
    for (const std::size_t e : order) add_wire(work, e, scale, paths[e]);
    std::vector<Point> marks;
    const bool in_legend = common_factor(work.circuit).has_value();
    for (std::size_t e = 0; e < order.size(); ++e) {
        const DrawnEdge& edge = work.circuit.edges[e];
        if (!is_closed(edge) && (!is_scaled(edge) || in_legend)) continue;
        marks.push_back(clear_place(paths, e, marks));
        if (is_closed(edge))
            add_cross(work.diagram, marks.back());
        else
            add_factor(work.diagram, marks.back(), edge.factor);
    }
}

}  // namespace headway
