// A sum as cells, one a term, with the same free legs.
// SPDX-License-Identifier: Apache-2.0
#include "draw/sketch.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace headway {

namespace {

constexpr double between = 26;  // cells of a row, for a sign

std::string sign_of(std::int64_t coefficient, bool first) {
    std::string sign = coefficient < 0 ? "\u2212" : first ? "" : "+";
    if (std::abs(coefficient) != 1) sign += std::to_string(std::abs(coefficient)) + " \u00d7";
    return sign;
}

void add_words(Diagram& diagram, const std::string& words, Point left, double size, int region) {
    add_note(diagram, plain(words), left, size, "#1a1a1a");
    diagram.boxes.back().region = region;
}

/// One row of cells, equally high, the widths given, its top at `y`. Returns the height.
double add_row(Diagram& diagram, std::vector<Sketch>& cells, std::size_t first,
               const std::vector<double>& widths, double y, int region) {
    const std::size_t end = std::min(cells.size(), first + widths.size());
    double height = 0;
    for (std::size_t i = first; i < end; ++i) height = std::max(height, cells[i].high.y - cells[i].low.y);
    double x = 0;
    for (std::size_t i = first; i < end; ++i) {
        Sketch& cell = cells[i];
        Region& frame = cell.diagram.regions[0];
        frame.low.y = cell.high.y - height;
        frame.high.x = cell.low.x + widths[i - first];
        const std::string sign = sign_of(frame.coefficient, i == 0);
        if (!sign.empty())
            add_words(diagram, sign, {x - 7 - text_width(sign, 14), y - height / 2}, 14, region);
        add_part(diagram, cell, {x - cell.low.x, y - cell.high.y}, region);
        x += widths[i - first] + between;
    }
    return height;
}

/// The cells in rows of `columns`, all of a column equally wide.
void arrange(Diagram& diagram, std::vector<Sketch>& cells, std::size_t columns, double row_gap, int region) {
    std::vector<double> widths(columns, 0);
    for (std::size_t i = 0; i < cells.size(); ++i) {
        widths[i % columns] = std::max(widths[i % columns], cells[i].high.x - cells[i].low.x);
    }
    double y = 0;
    for (std::size_t first = 0; first < cells.size(); first += columns) {
        y -= add_row(diagram, cells, first, widths, y, region) + row_gap;
    }
    if (cells.empty()) add_words(diagram, "0", {0, 0}, 13, region);
}

}  // namespace

std::vector<std::size_t> Sketcher::order_of(const Sum& sum) const {
    std::vector<std::pair<std::size_t, std::size_t>> keys;
    for (std::size_t i = 0; i < sum.terms.size(); ++i) {
        const Expr& term = sum.terms[i].use.node;
        std::size_t key = 0;
        while (key < options_.terms.size() && options_.terms[key].term != term) ++key;
        std::size_t factors = 0;
        for (const Expr& child : children(*term)) factors += child->as<Copy>() == nullptr ? 1 : 0;
        keys.emplace_back(key * 100000 + factors, i);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<std::size_t> order;
    for (const auto& [key, i] : keys) order.push_back(i);
    return order;
}

/// The cell of a term; on a sheet with its title above and its einsum below.
Sketch Sketcher::cell(const Term& term, int operand, const std::vector<std::string>& names, bool sheet,
                      std::vector<Side>& sides) {
    std::vector<std::string> inner;
    for (const int label : term.use.labels) inner.push_back(names[static_cast<std::size_t>(label)]);
    const std::set<std::string> outer = names_;  // bound names are a cell's own
    const Expr& node = term.use.node;
    Sketch part = boxes_.contains(node.get()) ? single(node, inner) : this->node(node, inner);
    names_ = outer;
    for (std::size_t port = 0; port < part.gates.size(); ++port) {
        part.diagram.boxes[part.gates[port].box].leg = term.use.labels[port];
        sides[static_cast<std::size_t>(term.use.labels[port])] = part.gates[port].side;
    }
    name_gates(part, inner);
    if (sheet) {
        const double y = part.high.y + 18;
        for (const TermTitle& title : options_.terms) {
            if (title.term == node && !title.title.empty())
                add_note(part.diagram, plain(title.title), {part.low.x, y}, 10.5, "#1a1a1a", true);
        }
        add_note(part.diagram, plain(part.einsum), {part.low.x, part.low.y - 14}, 9.5);
        std::tie(part.low, part.high) = bounds(part.diagram);
    }
    Sketch framed_part = framed(part, {}, RegionKind::Term, "", operand);
    framed_part.diagram.regions[0].coefficient = static_cast<long>(term.coefficient);
    return framed_part;
}

Sketch Sketcher::cells(const Expr& node, const std::vector<std::string>& names, bool sheet) {
    const Sum& sum = *node->as<Sum>();
    std::vector<Sketch> parts;
    std::vector<Side> sides(names.size(), Side::Left);
    for (const std::size_t i : order_of(sum))
        parts.push_back(cell(sum.terms[i], static_cast<int>(i), names, sheet, sides));
    Sketch out;
    if (sheet) {
        Region region;
        region.id = "r0";
        region.kind = RegionKind::Sum;
        out.diagram.regions.push_back(region);
        arrange(out.diagram, parts,
                std::clamp<std::size_t>(options_.columns, 1, std::max<std::size_t>(1, parts.size())), 14, 0);
    } else {
        arrange(out.diagram, parts, 1, 8, -1);
    }
    std::tie(out.low, out.high) = bounds(out.diagram);
    if (sheet) {
        out.diagram.regions[0].low = {out.low.x - 6, out.low.y - 6};
        out.diagram.regions[0].high = {out.high.x + 6, out.high.y + 6};
    } else {
        add_gates(out, node, sides);
    }
    return out;
}

void Sketcher::add_gates(Sketch& sketch, const Expr& node, const std::vector<Side>& sides) {
    const std::vector<Space>& ports = node->ports();
    std::vector<std::size_t> left;
    std::vector<std::size_t> right;
    for (std::size_t port = 0; port < ports.size(); ++port)
        (sides[port] == Side::Right ? right : left).push_back(port);
    for (std::vector<std::size_t>* side : {&left, &right}) {
        std::stable_sort(side->begin(), side->end(), [&](std::size_t a, std::size_t b) {
            return (ports[a] == Space::Position) > (ports[b] == Space::Position);
        });
    }
    sketch.gates.resize(ports.size());
    const Point low = sketch.low;
    const Point high = sketch.high;
    const auto place = [&](const std::vector<std::size_t>& side, Side where) {
        for (std::size_t i = 0; i < side.size(); ++i) {
            Box box;
            box.id = fresh_id();
            box.kind = BoxKind::Mark;
            box.width = box.height = 1;
            box.leg = static_cast<int>(side[i]);
            const double t = (static_cast<double>(side.size()) - 1) / 2 - static_cast<double>(i);
            box.at = {where == Side::Left ? low.x - 14 : high.x + 14, (low.y + high.y) / 2 + 60 * t};
            sketch.gates[side[i]] = {sketch.diagram.boxes.size(), where};
            sketch.diagram.boxes.push_back(box);
        }
    };
    place(left, Side::Left);
    place(right, Side::Right);
    std::tie(sketch.low, sketch.high) = bounds(sketch.diagram);
}

}  // namespace headway
