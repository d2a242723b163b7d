// SPDX-License-Identifier: Apache-2.0
#include "draw/placer.hpp"
#include "draw/style.hpp"
#include "headway/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace headway::placement {

void Placer::connect() {
    for (std::size_t label = 0; label < wiring_.spaces.size(); ++label) {
        const int l = static_cast<int>(label);
        std::vector<Terminal> ends;
        for (const LegEnd& end : wiring_.ends[label]) {
            ends.push_back(
                {cell_of_[static_cast<std::size_t>(end.factor)], end.leg, -1, Side::Left, 0, {}, false});
        }
        const int hub = junction_[label];
        if (wiring_.open(l)) ends.push_back({-1, -1, mark_of(l, hub, ends), Side::Left, 0, {}, false});
        if (hub >= 0) {
            for (const Terminal& end : ends)
                strands_.push_back({end, {hub, -1, -1, Side::Left, 0, {}, false}, l, false});
        } else {
            invariant(ends.size() == 2, "a wire without a junction has two ends");
            const bool loop = (l == closing_ && ends[0].cell >= 0) || ends[0].cell == ends[1].cell;
            strands_.push_back({ends[0], ends[1], l, loop});
        }
    }
    for (Strand& s : strands_) {
        choose(s, s.a, s.b);
        choose(s, s.b, s.a);
    }
    spread();
}

bool Placer::along_rail(const Terminal& self, const Terminal& other, bool& rightwards) {
    if (other.mark >= 0) {
        const Mark& m = marks_[static_cast<std::size_t>(other.mark)];
        if (m.side != Side::Left && m.side != Side::Right) return false;
        const auto& ends = m.side == Side::Left ? ends_left_ : ends_right_;
        const auto at = ends.find(m.label);
        if (at == ends.end() || at->second != self.cell) return false;
        rightwards = m.side == Side::Right;
        return true;
    }
    if (!beside_.contains({self.cell, other.cell}) && !beside_.contains({other.cell, self.cell}))
        return false;
    rightwards = cell(self.cell).x < cell(other.cell).x;
    return true;
}

void Placer::choose(const Strand& strand, Terminal& self, const Terminal& other) {
    if (self.cell < 0) {
        const Mark& m = marks_[static_cast<std::size_t>(self.mark)];
        self.at = m.at;
        self.side = m.side == Side::Left    ? Side::Right
                    : m.side == Side::Right ? Side::Left
                    : m.side == Side::Up    ? Side::Down
                                            : Side::Up;
        self.fixed = true;
        return;
    }
    const Cell& c = cell(self.cell);
    const Point there = target(other);
    self.key = there.x;
    if (c.is_region) {
        const Gate& gate = c.region.gates[static_cast<std::size_t>(self.leg)];
        self.at = gate_place(c, gate);
        self.side = gate.side;
        self.fixed = true;
        return;
    }
    bool rightwards = false;
    if (strand.loop) {
        self.side = &self == &strand.a && strand.a.cell == strand.b.cell       ? Side::Left
                    : c.x <= target(other).x && strand.a.cell != strand.b.cell ? Side::Left
                                                                               : Side::Right;
        return;
    }
    if (along_rail(self, other, rightwards)) {
        self.side = rightwards ? Side::Right : Side::Left;
        self.key = c.tall && space(strand.label) == Space::Position ? row_y_[1] : c.y;
        return;
    }
    const double y = centre(self.cell).y;
    const bool same = std::abs(there.y - y) < 1;
    self.side = (same ? c.row > 0 : there.y > y) ? Side::Up : Side::Down;
}

void Placer::spread() {
    std::map<std::pair<int, Side>, std::vector<Terminal*>> sides;
    for (Strand& s : strands_) {
        for (Terminal* t : {&s.a, &s.b}) {
            if (!t->fixed) sides[{t->cell, t->side}].push_back(t);
        }
    }
    for (auto& [key, terminals] : sides) {
        const Cell& c = cell(key.first);
        if (c.label >= 0) {
            for (Terminal* t : terminals) t->at = {c.x, c.y};
            continue;
        }
        std::stable_sort(terminals.begin(), terminals.end(),
                         [](const Terminal* a, const Terminal* b) { return a->key < b->key; });
        for (std::size_t i = 0; i < terminals.size(); ++i) {
            const double t = static_cast<double>(i) - (static_cast<double>(terminals.size()) - 1) / 2;
            const bool to_channel = c.factor >= 0 && space_at(c, *terminals[i]) == Space::Channel;
            terminals[i]->at = place_on(c, key.second, t, terminals[i]->key, terminals.size(), to_channel);
        }
    }
}

Point Placer::place_on(const Cell& c, Side side, double t, double key, std::size_t n, bool to_channel) {
    const double half = c.width / 2;
    if (side == Side::Left || side == Side::Right) {
        const double step = std::min(8.0, (c.up + c.down - 8) / static_cast<double>(n));
        // A triangle's base stands a quarter in from the box around it.
        const bool base = c.box.kind == BoxKind::Isometry && !to_channel;
        const double x = c.x + (side == Side::Left ? -1 : 1) * (base ? half / 2 : half);
        const bool rails = c.tall && n == 2;
        if (c.tall) return {x, rails || n == 1 ? key : (row_y_[0] + row_y_[1]) / 2 + t * step};
        return {x, c.y + t * step};
    }
    const double step = std::min(12.0, (c.width - 10) / static_cast<double>(n));
    const double top = (c.tall ? row_y_[1] : c.y) + c.up;
    const double inset = c.box.kind == BoxKind::Isometry ? (c.up + c.down) / 4 : 0;
    return {c.x + t * step, side == Side::Up ? top - inset : c.y - c.down + inset};
}

std::vector<Point> Placer::path(const Strand& s) {
    const Point a = s.a.at;
    const Point b = s.b.at;
    if (s.loop) return loop_path(s);
    if (std::abs(a.x - b.x) < 0.01 || std::abs(a.y - b.y) < 0.01) {
        const bool facing = (b.x - a.x) * normal(s.a.side).x + (b.y - a.y) * normal(s.a.side).y >= 0;
        if (facing || is_dot(s.a)) return straight(a, b);
    }
    const double reach = std::clamp(0.45 * std::hypot(a.x - b.x, a.y - b.y), 8.0, 90.0);
    const auto out = [&](const Terminal& t, Point p, Point other) {
        if (is_dot(t))
            return Point{p.x + 0.35 * (other.x - p.x) * 0,
                         p.y + (other.y > p.y ? 1 : -1) * std::min(reach, std::abs(other.y - p.y) / 2)};
        const Point n = normal(t.side);
        return Point{p.x + reach * n.x, p.y + reach * n.y};
    };
    return {a, out(s.a, a, b), out(s.b, b, a), b};
}

std::vector<Point> Placer::loop_path(const Strand& s) {
    const Point a = s.a.at.x < s.b.at.x ? s.a.at : s.b.at;
    const Point b = s.a.at.x < s.b.at.x ? s.b.at : s.a.at;
    double top = row_y_[0];
    for (const Cell& c : cells_) top = std::max(top, c.y + c.up);
    top += 16;
    const Point l{a.x, top};
    const Point r{b.x, top};
    std::vector<Point> p{a, {a.x - 26, a.y}, {a.x - 26, top}, l};
    for (const Point q : straight(l, r)) p.push_back(q);
    p.erase(p.begin() + 4);
    p.insert(p.end(), {{b.x + 26, top}, {b.x + 26, b.y}, b});
    if (s.a.at.x >= s.b.at.x) std::reverse(p.begin(), p.end());
    return p;
}

End Placer::end_of(const Terminal& t) {
    if (t.mark >= 0) return {sketch_.diagram.boxes[marks_[static_cast<std::size_t>(t.mark)].box].id, -1, ""};
    const Cell& c = cell(t.cell);
    if (c.is_region) return {region_ids_.at({t.cell, t.leg}), t.leg, ""};
    return {c.box.id, t.leg, ""};
}

Sketch Placer::finish() {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        Cell& c = cells_[i];
        if (c.is_region) {
            const std::size_t first =
                add_part(sketch_.diagram, c.region,
                         {c.x - c.width / 2 - c.region.low.x, c.y - c.down - c.region.low.y}, -1);
            for (std::size_t leg = 0; leg < c.region.gates.size(); ++leg) {
                region_ids_[{static_cast<int>(i), static_cast<int>(leg)}] =
                    sketch_.diagram.boxes[first + c.region.gates[leg].box].id;
            }
            continue;
        }
        const double top = (c.tall ? row_y_[1] : c.y) + c.up;
        c.box.at = {c.x, (top + c.y - c.down) / 2};
        c.box.height = top - (c.y - c.down);
        if (c.box.kind == BoxKind::Isometry) point_to_channel(c, static_cast<int>(i));
        sketch_.diagram.boxes.push_back(c.box);
    }
    const auto [low, high] = bounds(sketch_.diagram);
    sketch_.gates.resize(wiring_.n_ports);
    align_marks(low, high);
    for (Mark& m : marks_) {
        Box box;
        box.id = sketcher_.fresh_id();
        box.kind = BoxKind::Mark;
        box.at = m.at;
        box.width = box.height = 1;
        box.leg = m.label;
        m.box = sketch_.diagram.boxes.size();
        sketch_.diagram.boxes.push_back(box);
        sketch_.gates[static_cast<std::size_t>(m.label)] = {m.box, m.side};
    }
    for (const Strand& s : strands_) add_wire(s);
    std::tie(sketch_.low, sketch_.high) = bounds(sketch_.diagram);
    sketch_.einsum = einsum();
    return std::move(sketch_);
}

std::string Placer::einsum() const {
    std::string text;
    for (const Use& use : wiring_.factors) {
        if (&use != &wiring_.factors.front()) text += ",";
        for (const int label : use.labels) text += names_[static_cast<std::size_t>(label)];
    }
    text += text.empty() ? "\u2192" : " \u2192";
    if (wiring_.n_ports > 0) text += " ";
    for (std::size_t port = 0; port < wiring_.n_ports; ++port) text += names_[port];
    return text;
}

void Placer::point_to_channel(Cell& c, int index) {
    for (const Strand& s : strands_) {
        for (const Terminal* t : {&s.a, &s.b}) {
            if (t->cell == index && space(s.label) == Space::Channel) c.box.flipped = t->side == Side::Right;
        }
    }
}

void Placer::align_marks(Point low, Point high) {
    for (Mark& m : marks_) {
        if (m.side == Side::Left) m.at.x = std::min(m.at.x, low.x - stub);
        if (m.side == Side::Right) m.at.x = std::max(m.at.x, high.x + stub);
        if (m.side == Side::Up) m.at.y = high.y + 14;
        if (m.side == Side::Down) m.at.y = low.y - 14;
    }
    for (Strand& s : strands_) {
        for (Terminal* t : {&s.a, &s.b}) {
            if (t->mark >= 0) t->at = marks_[static_cast<std::size_t>(t->mark)].at;
        }
    }
}

void Placer::add_wire(const Strand& s) {
    Wire wire;
    wire.from = end_of(s.a);
    wire.to = end_of(s.b);
    wire.stroke = stroke_of(space(s.label));
    wire.path = path(s);
    wire.name = names_[static_cast<std::size_t>(s.label)];
    const bool free = wiring_.open(s.label);
    const bool first = labelled_.insert(s.label).second;
    if (!free && first) {
        wire.label = wire.name;
        const std::size_t middle = (wire.path.size() / 3) / 2 * 3;
        const Point p = wire.path[middle];
        const Point q = wire.path[middle + 1];
        const Point r = wire.path[middle + 2];
        const Point t = wire.path[middle + 3];
        const Point m{(p.x + 3 * q.x + 3 * r.x + t.x) / 8, (p.y + 3 * q.y + 3 * r.y + t.y) / 8};
        const bool level = std::abs(p.x - t.x) >= std::abs(p.y - t.y);
        wire.label_at = {m.x + (level ? 0 : 5 + text_width(wire.name, 9) / 2), m.y + (level ? 8 : 0)};
    }
    sketch_.diagram.wires.push_back(std::move(wire));
}

}  // namespace headway::placement
