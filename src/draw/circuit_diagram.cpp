// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/circuit_diagram.hpp"

#include "draw/bars.hpp"
#include "draw/circuit_work.hpp"
#include "draw/layers.hpp"
#include "headway/base/error.hpp"
#include "headway/draw/render.hpp"

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
// How much more than a link between components a long edge's links want to be upright.
constexpr double first_straight = 2;
constexpr double inner_straight = 8;

double box_width(const DrawnComponent& c) {
    if (c.kind != DrawnKind::Head) return std::max(64.0, text_width(c.label, 12) + 20);
    return std::max({69.0, text_width(c.label, 12) * 1.12 + 16, text_width(c.role, 8.5) + 8});
}

/// Edges in parts need more room at the ports than lines do: how wide each component has to be for them.
std::vector<double> strand_room(const CircuitPicture& circuit, const EdgeScale& scale) {
    std::vector<double> room(circuit.components.size(), 0);
    std::map<std::pair<std::size_t, DrawnPort>, double> in;
    for (const DrawnEdge& edge : circuit.edges)
        if (!edge.parts.empty()) in[{edge.to, edge.port}] += width_of(edge, scale) + 1;
    for (const auto& [end, width] : in) {
        const bool head = circuit.components[end.first].kind == DrawnKind::Head;
        room[end.first] = std::max(room[end.first], head ? 3 * (width + 4) : width + 4);
    }
    return room;
}

/// Long edges pass dummies, one a row. Edges of one writer and kind share them, as do grey edges to or from a
/// bar.
void add_dummies(CircuitWork& work) {
    const CircuitPicture& circuit = work.circuit;
    std::map<std::tuple<std::size_t, int, std::size_t>, std::size_t> shared;
    for (std::size_t e = 0; e < circuit.edges.size(); ++e) {
        const DrawnEdge& edge = circuit.edges[e];
        const std::size_t low = work.items[edge.from].row;
        const std::size_t high = work.items[edge.to].row;
        require(low < high, ErrorKind::Usage, "edge {} -> {} does not go upwards",
                circuit.components[edge.from].label, circuit.components[edge.to].label);
        if (is_stub(work, e)) {
            work.chains.push_back({edge.from, edge.to});
            continue;
        }
        const bool shared_end = quiet(edge) && is_bar(circuit.components[edge.to].kind);
        const std::size_t owner = shared_end ? edge.to : edge.from;
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

bool has_two_bars(const CircuitPicture& circuit) {
    return std::any_of(circuit.components.begin(), circuit.components.end(),
                       [](const DrawnComponent& c) { return c.kind == DrawnKind::Position; });
}

void place_items(CircuitWork& work) {
    const bool two_bars = has_two_bars(work.circuit);  // then the readers of each stand together
    std::vector<LayerLink> links;
    for (std::size_t e = 0; e < work.chains.size(); ++e) {
        if (is_stub(work, e)) continue;
        const DrawnEdge& edge = work.circuit.edges[e];
        const std::vector<std::size_t>& chain = work.chains[e];
        for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
            const bool last = i + 2 == chain.size();
            const bool bar = (last && is_bar(work.circuit.components[edge.to].kind)) ||
                             (i == 0 && is_bar(work.circuit.components[edge.from].kind));
            const double straight = bar || last ? 1 : i == 0 ? first_straight : inner_straight;
            links.push_back({chain[i], chain[i + 1],
                             straight * (bar && two_bars && i == 0 ? 0.3
                                         : bar                     ? 0.01
                                         : quiet(edge)             ? 0.2
                                                                   : 1),
                             0, last ? port_offset(work, edge) : 0});
        }
    }
    place_layers(work.items, links, box_gap);
    std::vector<char> bars(work.items.size(), 0);
    for (std::size_t i = 0; i < work.circuit.components.size(); ++i)
        bars[i] = is_bar(work.circuit.components[i].kind) ? 1 : 0;
    pack_groups(work.items, links, bars, box_gap);
}

void set_bar(LayerItem& bar, double left, double right) {
    bar.x = (left + right) / 2;
    bar.width = right - left;
}

/// embed and pos: each as wide as its edges need.
void share_row(CircuitWork& work, std::size_t first, std::size_t second, double left, double right) {
    constexpr double least = 76;
    right = std::max(right, left + 2 * least);
    std::vector<BarEnd> ends[2];
    for (std::size_t e = 0; e < work.chains.size(); ++e) {
        const std::vector<std::size_t>& chain = work.chains[e];
        if (is_stub(work, e) || (chain[0] != first && chain[0] != second)) continue;
        const DrawnEdge& edge = work.circuit.edges[e];
        const double port = chain.size() == 2 ? port_offset(work, edge) : 0;
        ends[chain[0] == second ? 1 : 0].push_back({work.items[chain[1]].x + port, quiet(edge) ? 0.3 : 1});
    }
    const BarCut cut = cut_row(ends[0], ends[1], left, right, least);
    set_bar(work.items[cut.swapped ? second : first], left, cut.x - box_gap / 2);
    set_bar(work.items[cut.swapped ? first : second], cut.x + box_gap / 2, right);
}

/// Bars reach over the whole width; two bars in a row share it.
void widen_bars(CircuitWork& work) {
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

bool at_bar(const CircuitWork& work, std::size_t item) {
    return item < work.circuit.components.size() && is_bar(work.circuit.components[item].kind);
}

void place_rows(CircuitWork& work) {
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

// The role of a head; what an edit does to it.
std::string note_of(const DrawnComponent& c) {
    if (c.factor == 0) return "removed";
    const std::string role = c.kind == DrawnKind::Head ? c.role : "";
    if (c.factor == 1) return role;
    return fmt::format("{}{}\u00d7 {:.3g}", role, role.empty() ? "" : ", ", c.factor);
}

void add_boxes(CircuitWork& work) {
    for (std::size_t i = 0; i < work.circuit.components.size(); ++i) {
        const DrawnComponent& c = work.circuit.components[i];
        Box box;
        box.id = c.label;
        box.kind = c.kind == DrawnKind::Head ? BoxKind::Head : BoxKind::Stream;
        box.label = plain(c.label);
        box.note = note_of(c);
        box.at = {work.items[i].x, work.row_y[work.items[i].row]};
        box.width = work.items[i].width;
        box.height = c.kind == DrawnKind::Head ? head_height : bar_height;
        box.size = 12;
        if (c.kind == DrawnKind::Head) box.colour = tint_of_role(work.circuit, c.role);
        if (c.kind == DrawnKind::Mlp) box.colour = "#ece7f2";
        if (c.factor == 0) box.colour = "#e0e0e0";
        work.diagram.boxes.push_back(std::move(box));
    }
}

}  // namespace

std::string tint_of_role(const CircuitPicture& circuit, const std::string& role) {
    static constexpr std::array tints = {"#dcebf5", "#fbe5d6", "#e3f0df", "#efe6f5", "#fbf0c9", "#e0e9e9"};
    if (role.empty()) return "#f4f4f4";
    std::vector<std::string> seen;
    for (const DrawnComponent& c : circuit.components)
        if (!c.role.empty() && std::find(seen.begin(), seen.end(), c.role) == seen.end())
            seen.push_back(c.role);
    const auto place = std::find(seen.begin(), seen.end(), role) - seen.begin();
    return tints[static_cast<std::size_t>(place) % tints.size()];
}

Diagram circuit_diagram(const CircuitPicture& circuit) {
    require(circuit.edges.size() <= static_cast<std::size_t>(max_drawn_edges), ErrorKind::Limit,
            "a circuit of {} edges is not drawn: the limit is {}; keep fewer (--top, --threshold)",
            circuit.edges.size(), max_drawn_edges);
    CircuitWork work{circuit, {}, {}, {}, {}, {}};
    work.diagram.name = circuit.name;
    const EdgeScale scale = scale_of(circuit);
    std::vector<double> widths = strand_room(circuit, scale);
    for (std::size_t i = 0; i < widths.size(); ++i)
        widths[i] = std::max(widths[i], box_width(circuit.components[i]));
    const CircuitRows rows = rows_of(circuit, widths);
    for (std::size_t i = 0; i < widths.size(); ++i) work.items.push_back({rows.row[i], widths[i], 1, 0});
    add_dummies(work);
    place_items(work);
    widen_bars(work);
    place_rows(work);
    add_boxes(work);
    add_wires(work, scale);
    if (rows.shared) add_row_names(work);
    add_legend(work, scale);
    std::vector<Words> lines;
    if (!circuit.formula.empty()) lines.push_back(circuit.formula);
    lines.insert(lines.end(), circuit.remarks.begin(), circuit.remarks.end());
    if (rows.shared) lines.push_back(plain("Layers that no edge joins share a row."));
    add_caption(work.diagram, circuit.title, lines);
    return work.diagram;
}

}  // namespace headway
