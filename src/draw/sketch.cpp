// SPDX-License-Identifier: Apache-2.0
#include "draw/sketch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace headway {

Words label_text(const std::string& name) {
    Atom atom;
    std::string rest = name;
    if (const std::size_t open = rest.find('['); open != std::string::npos && rest.ends_with(']')) {
        atom.sup = rest.substr(open + 1, rest.size() - open - 2);
        rest.resize(open);
    }
    const std::size_t under = rest.find('_');
    if (under != std::string::npos && under > 0 && rest.find('(') == std::string::npos) {
        atom.sub = rest.substr(under + 1);
        rest.resize(under);
    }
    atom.base = rest;
    return {atom};
}

std::size_t add_part(Diagram& diagram, const Sketch& part, Point offset, int region) {
    const std::size_t first = diagram.boxes.size();
    const int regions = static_cast<int>(diagram.regions.size());
    const auto placed = [&](int inner) { return inner < 0 ? region : inner + regions; };
    const auto moved = [&](Point p) { return Point{p.x + offset.x, p.y + offset.y}; };
    for (Box box : part.diagram.boxes) {
        box.at = moved(box.at);
        box.region = placed(box.region);
        if (box.kind == BoxKind::Note) box.id = fmt::format("note{}", diagram.boxes.size());
        diagram.boxes.push_back(std::move(box));
    }
    for (Wire wire : part.diagram.wires) {
        for (Point& p : wire.path) p = moved(p);
        wire.label_at = moved(wire.label_at);
        wire.region = placed(wire.region);
        diagram.wires.push_back(std::move(wire));
    }
    for (Region inner : part.diagram.regions) {
        inner.low = moved(inner.low);
        inner.high = moved(inner.high);
        inner.parent = placed(inner.parent);
        inner.id = fmt::format("r{}", diagram.regions.size());
        diagram.regions.push_back(std::move(inner));
    }
    return first;
}

void name_gates(Sketch& sketch, const std::vector<std::string>& names) {
    for (std::size_t port = 0; port < sketch.gates.size(); ++port) {
        const Gate gate = sketch.gates[port];
        const Point at = sketch.diagram.boxes[gate.box].at;
        const double width = text_width(names[port], 11) + 3;
        Point left{at.x - width - 3, at.y};
        if (gate.side == Side::Right) left.x = at.x + 3;
        if (gate.side == Side::Up || gate.side == Side::Down) {
            left = {at.x - width / 2, at.y + (gate.side == Side::Up ? 9.0 : -9.0)};
        }
        add_note(sketch.diagram, plain(names[port]), left, 11, "#1a1a1a");
    }
    std::tie(sketch.low, sketch.high) = bounds(sketch.diagram);
}

namespace {

constexpr double pad = 12;

bool has(const std::vector<Gate>& gates, Side side) {
    return std::any_of(gates.begin(), gates.end(), [side](const Gate& gate) { return gate.side == side; });
}

/// Moves a gate, and the wire that ends there, onto the border of region 0.
void move_to_border(Diagram& diagram, const Gate& gate) {
    Box& mark = diagram.boxes[gate.box];
    const Region& region = diagram.regions[0];
    const Point was = mark.at;
    if (gate.side == Side::Left) mark.at.x = region.low.x;
    if (gate.side == Side::Right) mark.at.x = region.high.x;
    if (gate.side == Side::Up) mark.at.y = region.high.y;
    if (gate.side == Side::Down) mark.at.y = region.low.y;
    for (Wire& wire : diagram.wires) {
        if (wire.from.box == mark.id && wire.path.front() == was) wire.path.front() = mark.at;
        if (wire.to.box == mark.id && wire.path.back() == was) wire.path.back() = mark.at;
    }
}

}  // namespace

Sketch framed(const Sketch& inner, const std::vector<Gate>& gates, RegionKind kind, const std::string& label,
              int operand) {
    Sketch out;
    Region region;
    region.id = "r0";
    region.kind = kind;
    region.operand = operand;
    region.low = {inner.low.x - (has(gates, Side::Left) ? 0 : pad), inner.low.y - pad};
    region.high = {inner.high.x + (has(gates, Side::Right) ? 0 : pad), inner.high.y + pad};
    out.diagram.regions.push_back(region);
    const std::size_t first = add_part(out.diagram, inner, {0, 0}, 0);
    Region& frame = out.diagram.regions[0];
    if (!label.empty()) {
        const Point left{frame.low.x + 8, frame.high.y + 4};
        const double width = add_note(out.diagram, plain(label), left, 10, "#6b4c80");
        out.diagram.boxes.back().region = 0;
        frame.high = {std::max(frame.high.x, frame.low.x + width + 16), frame.high.y + 14};
    }
    for (const Gate& gate : gates) {
        out.gates.push_back({first + gate.box, gate.side});
        move_to_border(out.diagram, out.gates.back());
    }
    out.low = frame.low;
    out.high = frame.high;
    return out;
}

}  // namespace headway
