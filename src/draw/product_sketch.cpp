// Placement of one product: its chains as rails, junctions where wires meet, free legs at the border.
// SPDX-License-Identifier: Apache-2.0
#include "draw/sketch.hpp"
#include "draw/style.hpp"
#include "headway/base/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway {

namespace {

constexpr double box_gap = 34;
constexpr double row_gap = 26;
constexpr double stub = 24;
constexpr double dot_size = 5.5;
constexpr double far = 1e9;

/// A box, a region or a junction with its place.
struct Cell {
    int factor = -1;
    int label = -1;  ///< of a junction
    Box box;
    Sketch region;
    bool is_region = false;
    bool tall = false;  ///< reaches from row 0 to row 1
    double x = 0;
    double width = 0;
    double up = 0;    ///< extent above the row's line
    double down = 0;  ///< extent below it
    int row = 0;
    double y = 0;  ///< of the line
};

/// A wire's end on a cell (or on a free leg: cell -1).
struct Terminal {
    int cell = -1;
    int leg = -1;
    int mark = -1;
    Side side = Side::Left;
    double key = 0;
    Point at;
    bool fixed = false;
};

struct Strand {
    Terminal a;
    Terminal b;
    int label;
    bool loop = false;
};

struct Mark {
    int label;
    Side side;
    Point at;
    std::size_t box = 0;
};

Point normal(Side side) {
    switch (side) {
        case Side::Left:
            return {-1, 0};
        case Side::Right:
            return {1, 0};
        case Side::Up:
            return {0, 1};
        case Side::Down:
            return {0, -1};
    }
    return {};
}

class Placer {
public:
    Placer(Sketcher& sketcher, const Product& product, const std::vector<Space>& ports,
           const std::vector<std::string>& names)
        : sketcher_(sketcher), wiring_(wiring_of(product, ports)), names_(names) {
        for (std::size_t l = names_.size(); l < wiring_.spaces.size(); ++l)
            names_.push_back(sketcher.fresh_name(wiring_.spaces[l]));
        cell_of_.assign(wiring_.factors.size(), -1);
        junction_.assign(wiring_.spaces.size(), -1);
        mark_.assign(wiring_.spaces.size(), -1);
    }

    Sketch run() {
        make_cells();
        const Rails rails = rails_of(wiring_);
        place_rails(rails);
        std::vector<int> taken = rails.top;
        taken.insert(taken.end(), rails.bottom.begin(), rails.bottom.end());
        for (const Chain& chain : chains_of(wiring_, taken)) {
            if (placed_.empty()) {
                place_first(chain);
            } else {
                place_more(chain);
            }
        }
        place_scalars();
        place_rows();
        place_marks();
        place_junctions();
        connect();
        return finish();
    }

private:
    const Space& space(int label) const { return wiring_.spaces[static_cast<std::size_t>(label)]; }
    Cell& cell(int index) { return cells_[static_cast<std::size_t>(index)]; }

    void make_cells() {
        for (std::size_t f = 0; f < wiring_.factors.size(); ++f) {
            Cell c;
            c.factor = static_cast<int>(f);
            const Use& use = wiring_.factors[f];
            if (sketcher_.is_box(use.node)) {
                c.box = sketcher_.box(use.node, c.factor);
                c.width = c.box.width;
                c.up = c.down = c.box.height / 2;
                if (c.box.kind == BoxKind::Mark) c.width = c.up = c.down = 0;
            } else {
                std::vector<std::string> names;
                for (const int label : use.labels) names.push_back(names_[static_cast<std::size_t>(label)]);
                c.region = sketcher_.region(use.node, names, c.factor);
                c.is_region = true;
                c.width = c.region.high.x - c.region.low.x;
            }
            cell_of_[f] = static_cast<int>(cells_.size());
            cells_.push_back(std::move(c));
        }
    }

    int add_junction(int label) {
        Cell c;
        c.label = label;
        c.box.id = sketcher_.fresh_id();
        c.box.kind = BoxKind::Junction;
        c.box.width = c.box.height = c.width = dot_size;
        c.up = c.down = dot_size / 2;
        cells_.push_back(std::move(c));
        junction_[static_cast<std::size_t>(label)] = static_cast<int>(cells_.size()) - 1;
        return junction_[static_cast<std::size_t>(label)];
    }

    bool needs_junction(int label) const {
        return wiring_.arity(label) != 2 && junction_[static_cast<std::size_t>(label)] < 0;
    }

    /// The chain as cells: factors, and the junctions that lie on it.
    std::vector<int> line_of(const Chain& chain) {
        std::vector<int> line;
        if (chain.start >= 0 && wiring_.open(chain.start) && needs_junction(chain.start))
            line.push_back(add_junction(chain.start));
        for (std::size_t i = 0; i < chain.factors.size(); ++i) {
            line.push_back(cell_of_[static_cast<std::size_t>(chain.factors[i])]);
            if (i < chain.links.size() && needs_junction(chain.links[i]))
                line.push_back(add_junction(chain.links[i]));
        }
        if (chain.end >= 0 && wiring_.open(chain.end) && needs_junction(chain.end))
            line.push_back(add_junction(chain.end));
        return line;
    }

    void remember(const std::vector<int>& line, int row) {
        for (const int c : line) cell(c).row = row;
        for (std::size_t i = 0; i + 1 < line.size(); ++i) beside_.insert({line[i], line[i + 1]});
    }

    double run_length(const std::vector<int>& line) {
        double x = 0;
        for (const int c : line) x += cell(c).width + gap_after(c);
        return x;
    }

    double gap_after(int c) { return cell(c).label >= 0 ? 22 : box_gap; }

    /// One after the other from `left`.
    double sequence(const std::vector<int>& line, double left) {
        for (const int c : line) {
            cell(c).x = left + cell(c).width / 2;
            left += cell(c).width + gap_after(c);
        }
        return left;
    }

    std::string tag(int c) {
        if (cell(c).factor < 0 || cell(c).is_region) return {};
        for (const Atom& atom : cell(c).box.label) {
            if (!atom.sup.empty()) return atom.sup;
        }
        return {};
    }

    /// Under (or over) the cells of `guide` with the same head or layer; the rest evenly; order kept, apart. Returns the right end.
    double align(const std::vector<int>& line, const std::vector<int>& guide, double left, double right) {
        if (line.empty()) return left;
        std::vector<double> wish;
        for (std::size_t i = 0; i < line.size(); ++i) {
            double sum = 0;
            int n = 0;
            for (const int g : guide) {
                if (!tag(line[i]).empty() && tag(g) == tag(line[i])) {
                    sum += cell(g).x;
                    ++n;
                }
            }
            const double even =
                left + (right - left) * (static_cast<double>(i) + 1) / (static_cast<double>(line.size()) + 1);
            wish.push_back(n > 0 ? sum / n : even);
        }
        double edge = left;
        for (std::size_t i = 0; i < line.size(); ++i) {
            cell(line[i]).x = std::max(wish[i], edge + cell(line[i]).width / 2);
            edge = cell(line[i]).x + cell(line[i]).width / 2 + gap_after(line[i]);
        }
        return edge;
    }

    /// A single line.
    void place_first(const Chain& chain) {
        const std::vector<int> line = line_of(chain);
        remember(line, 0);
        sequence(line, stub);
        straight_ = true;
        ends_left_[chain.start] = line.front();
        if (chain.end >= 0 && wiring_.open(chain.end)) ends_right_[chain.end] = line.back();
        if (chain.start < 0 && chain.end >= 0 && !wiring_.open(chain.end)) closing_ = chain.end;
        placed_.insert(line.begin(), line.end());
        busy_[0].emplace_back(-far, far);
    }

    /// Two lines, with the factors that are on both across them.
    void place_rails(const Rails& rails) {
        if (rails.top.empty()) return;
        const std::vector<int> top = line_of({rails.top_port, rails.top, rails.top_links, -1});
        const std::vector<int> bottom = line_of({rails.bottom_port, rails.bottom, rails.bottom_links, -1});
        remember(bottom, 0);
        remember(top, 1);
        const std::set<int> in_bottom(bottom.begin(), bottom.end());
        double left = stub;
        auto b = bottom.begin();
        std::vector<int> upper;
        std::vector<int> lower;
        const auto flush = [&] {
            left = place_segment(upper, lower, left);
            upper.clear();
            lower.clear();
        };
        for (const int c : top) {
            if (!in_bottom.contains(c)) {
                upper.push_back(c);
                continue;
            }
            for (; *b != c; ++b) lower.push_back(*b);
            ++b;
            flush();
            cell(c).tall = true;
            cell(c).row = 0;
            cell(c).x = left + cell(c).width / 2;
            left += cell(c).width + box_gap;
        }
        lower.assign(b, bottom.end());
        flush();
        two_rails_ = true;
        ends_left_[rails.top_port] = top.front();
        ends_left_[rails.bottom_port] = bottom.front();
        placed_.insert(top.begin(), top.end());
        placed_.insert(bottom.begin(), bottom.end());
        busy_[0].emplace_back(-far, far);
        busy_[1].emplace_back(-far, far);
    }

    /// The part of two rails between factors that lie across both. Returns where the next may start.
    double place_segment(const std::vector<int>& upper, const std::vector<int>& lower, double left) {
        const bool guide_above = run_length(upper) > run_length(lower);
        const std::vector<int>& guide = guide_above ? upper : lower;
        const double right = sequence(guide, left);
        return std::max(right, align(guide_above ? lower : upper, guide, left, right));
    }

    std::vector<double> neighbours_x(int c) {
        std::vector<double> xs;
        if (cell(c).factor < 0) return xs;
        for (const int label : wiring_.factors[static_cast<std::size_t>(cell(c).factor)].labels) {
            const int j = junction_[static_cast<std::size_t>(label)];
            if (j >= 0 && placed_.contains(j)) {
                xs.push_back(cell(j).x);
                continue;
            }
            for (const LegEnd& end : wiring_.ends[static_cast<std::size_t>(label)]) {
                const int other = cell_of_[static_cast<std::size_t>(end.factor)];
                if (other != c && placed_.contains(other)) xs.push_back(cell(other).x);
            }
        }
        return xs;
    }

    /// Another chain: beside what it hangs on, in the nearest row that has room; above when it hangs on positions.
    void place_more(const Chain& chain) {
        std::vector<int> line = line_of(chain);
        double edge = std::numeric_limits<double>::lowest();
        for (const int c : line) {
            const std::vector<double> xs = neighbours_x(c);
            double wish = edge == std::numeric_limits<double>::lowest() ? stub : edge + cell(c).width / 2;
            if (!xs.empty()) {
                wish = 0;
                for (const double x : xs) wish += x / static_cast<double>(xs.size());
            }
            cell(c).x = edge == std::numeric_limits<double>::lowest()
                            ? wish
                            : std::max(wish, edge + cell(c).width / 2);
            edge = cell(c).x + cell(c).width / 2 + gap_after(c);
        }
        const bool left = chain.start >= 0 && wiring_.open(chain.start) && !ends_left_.contains(chain.start);
        const bool right = chain.end >= 0 && wiring_.open(chain.end) && !ends_right_.contains(chain.end) &&
                           !ends_left_.contains(chain.end);
        const bool above = chain.start >= 0 && space(chain.start) == Space::Position;
        const int row = free_row(line, above, left, right);
        remember(line, row);
        if (left) ends_left_[chain.start] = line.front();
        if (right) ends_right_[chain.end] = line.back();
        placed_.insert(line.begin(), line.end());
        busy_[row].push_back(span(line, left, right));
    }

    std::pair<double, double> span(const std::vector<int>& line, bool left, bool right) {
        const double from = cell(line.front()).x - cell(line.front()).width / 2 - 12;
        const double to = cell(line.back()).x + cell(line.back()).width / 2 + 12;
        return {left ? -far : from, right ? far : to};
    }

    int free_row(const std::vector<int>& line, bool above, bool left, bool right) {
        const auto [from, to] = span(line, left, right);
        for (int row = above ? 1 : -1;; row += above ? 1 : -1) {
            const auto& spans = busy_[row];
            const bool clash = std::any_of(spans.begin(), spans.end(), [from = from, to = to](const auto& s) {
                return s.first < to && from < s.second;
            });
            if (!clash) return row;
        }
    }

    /// Factors without legs stand below at the left, off every wire.
    void place_scalars() {
        double left = stub;
        int row = 0;
        for (std::size_t f = 0; f < wiring_.factors.size(); ++f) {
            if (!wiring_.factors[f].labels.empty()) continue;
            const int c = cell_of_[f];
            cell(c).x = left + cell(c).width / 2;
            if (!placed_.empty() && row == 0) row = free_row({c}, false, false, false);
            cell(c).row = row;
            left += cell(c).width + 10;
        }
    }

    /// Extents of a region about the line of its row: its gates stand on the line.
    void anchor(Cell& c) {
        double line = (c.region.low.y + c.region.high.y) / 2;
        double second = line;
        const auto y_of = [&](const Gate& gate) { return c.region.diagram.boxes[gate.box].at.y; };
        bool found = false;
        for (const Gate& gate : c.region.gates) {
            if (gate.side != Side::Left && gate.side != Side::Right) continue;
            line = found ? std::min(line, y_of(gate)) : y_of(gate);
            second = found ? std::max(second, y_of(gate)) : y_of(gate);
            found = true;
        }
        c.up = c.region.high.y - (c.tall ? second : line);
        c.down = line - c.region.low.y;
        if (c.tall) rails_apart_ = std::max(rails_apart_, second - line);
    }

    void place_rows() {
        int lowest = 0;
        int highest = 0;
        for (Cell& c : cells_) {
            if (c.is_region) anchor(c);
            lowest = std::min(lowest, c.row);
            highest = std::max(highest, c.row);
        }
        std::map<int, double> up;
        std::map<int, double> down;
        for (const Cell& c : cells_) {
            const int top_row = c.tall ? 1 : c.row;
            up[top_row] = std::max(up[top_row], c.up);
            down[c.row] = std::max(down[c.row], c.down);
        }
        row_y_[0] = 0;
        for (int row = 1; row <= highest || (row == 1 && two_rails_); ++row) {
            row_y_[row] = row_y_[row - 1] +
                          std::max({row == 1 ? rails_apart_ : 0.0, up[row - 1] + down[row] + row_gap, 40.0});
        }
        for (int row = -1; row >= lowest; --row) {
            row_y_[row] = row_y_[row + 1] - std::max(down[row + 1] + up[row] + row_gap, 40.0);
        }
        for (Cell& c : cells_) c.y = row_y_[c.row];
    }

    Point centre(int index) {
        const Cell& c = cell(index);
        return {c.x, c.tall ? (row_y_[0] + row_y_[1]) / 2 : c.y};
    }

    int add_mark(int label, Side side, Point at) {
        marks_.push_back({label, side, at, 0});
        mark_[static_cast<std::size_t>(label)] = static_cast<int>(marks_.size()) - 1;
        return mark_[static_cast<std::size_t>(label)];
    }

    double left_edge() {
        double x = std::numeric_limits<double>::max();
        for (const Cell& c : cells_) x = std::min(x, c.x - c.width / 2);
        return x;
    }
    double right_edge() {
        double x = std::numeric_limits<double>::lowest();
        for (const Cell& c : cells_) x = std::max(x, c.x + c.width / 2);
        return x;
    }

    /// Free legs at the ends of rails: at the left and right border. The rest are stubs, placed when their cell is known.
    void place_marks() {
        const double left = left_edge() - stub;
        const double right = right_edge() + stub;
        for (std::size_t label = 0; label < wiring_.n_ports; ++label) {
            const int l = static_cast<int>(label);
            if (const auto at = ends_left_.find(l); at != ends_left_.end()) {
                double y = cell(at->second).y;
                if (cell(at->second).tall) y = row_y_[space(l) == Space::Position ? 1 : 0];
                add_mark(l, Side::Left, {left, y});
            } else if (const auto to = ends_right_.find(l); to != ends_right_.end()) {
                add_mark(l, Side::Right, {right, cell(to->second).y});
            }
        }
    }

    /// Junctions that lie on no rail stand between the rows that they join.
    void place_junctions() {
        for (std::size_t label = 0; label < wiring_.spaces.size(); ++label) {
            const int l = static_cast<int>(label);
            if (!needs_junction(l)) continue;
            double high = std::numeric_limits<double>::lowest();
            double low = std::numeric_limits<double>::max();
            std::vector<Point> at;
            for (const LegEnd& end : wiring_.ends[label]) {
                const Cell& c = cell(cell_of_[static_cast<std::size_t>(end.factor)]);
                at.push_back(c.is_region ? gate_place(c, c.region.gates[static_cast<std::size_t>(end.leg)])
                                         : Point{c.x, c.y});
                high = std::max(high, c.y - c.down);
                low = std::min(low, c.y + c.up);
            }
            const double x = junction_x(at);
            const int j = add_junction(l);
            const double between = low < high ? (low + high) / 2 : high - row_gap / 2 - 6;
            cell(j).x = clear_x(x, between, j);
            cell(j).y = between;
            cell(j).row = -1000;
        }
    }

    /// Over or under the only end on one side; else in the middle.
    static double junction_x(const std::vector<Point>& at) {
        double mean_x = 0;
        double mean_y = 0;
        for (const Point& p : at) {
            mean_x += p.x / static_cast<double>(at.size());
            mean_y += p.y / static_cast<double>(at.size());
        }
        for (const bool above : {true, false}) {
            std::vector<double> xs;
            for (const Point& p : at) {
                if (above ? p.y > mean_y + 1 : p.y < mean_y - 1) xs.push_back(p.x);
            }
            if (xs.size() == 1) return xs[0];
        }
        return mean_x;
    }

    /// A place for a junction near x at height y that touches nothing.
    double clear_x(double x, double y, int self) {
        for (int step = 0; step < 200; ++step) {
            const double at = x + (step % 2 == 0 ? 1 : -1) * ((step + 1) / 2) * 9.0;
            bool free = true;
            for (std::size_t i = 0; i < cells_.size() && free; ++i) {
                const Cell& c = cells_[i];
                if (static_cast<int>(i) == self) continue;
                const double top = (c.tall ? row_y_[1] : c.y) + c.up + 6;
                free = at < c.x - c.width / 2 - 7 || at > c.x + c.width / 2 + 7 || y > top ||
                       y < c.y - c.down - 6;
            }
            if (free) return at;
        }
        return x;
    }

    void connect() {
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

    /// The mark of an open label; a stub above or below its cell when it is at no end of a rail.
    int mark_of(int label, int hub, const std::vector<Terminal>& ends) {
        if (mark_[static_cast<std::size_t>(label)] >= 0) return mark_[static_cast<std::size_t>(label)];
        const int c = hub >= 0 ? hub : ends.front().cell;
        const bool only = straight_ && cells_.size() == 1;
        const bool up = (cell(c).row > 0 && hub < 0) || (only && stubs_ % 2 == 1);
        const bool stay = hub < 0 && cell(c).is_region;
        Point at = centre(c);
        if (stay) {
            const Gate& gate = cell(c).region.gates[static_cast<std::size_t>(ends.front().leg)];
            const Point inner = gate_place(cell(c), gate);
            return add_mark(label, gate.side,
                            {inner.x + stub * normal(gate.side).x, inner.y + stub * normal(gate.side).y});
        }
        ++stubs_;
        const double reach =
            (cell(c).tall ? (row_y_[1] - row_y_[0]) / 2 : 0) + (up ? cell(c).up : cell(c).down) + 18;
        at.y += up ? reach : -reach;
        while (std::any_of(marks_.begin(), marks_.end(), [&](const Mark& m) {
            return std::abs(m.at.x - at.x) < 10 && std::abs(m.at.y - at.y) < 12;
        }))
            at.x += 14;
        return add_mark(label, up ? Side::Up : Side::Down, at);
    }

    Point gate_place(const Cell& c, const Gate& gate) const {
        const Point at = c.region.diagram.boxes[gate.box].at;
        return {c.x - c.width / 2 + at.x - c.region.low.x, c.y - c.down + at.y - c.region.low.y};
    }

    Point target(const Terminal& t) {
        return t.mark >= 0 ? marks_[static_cast<std::size_t>(t.mark)].at : centre(t.cell);
    }

    bool along_rail(const Terminal& self, const Terminal& other, bool& rightwards) {
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

    /// Which side of its cell a wire leaves by.
    void choose(const Strand& strand, Terminal& self, const Terminal& other) {
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

    /// Wires that leave a box by the same side stand side by side.
    void spread() {
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
                terminals[i]->at =
                    place_on(c, key.second, t, terminals[i]->key, terminals.size(), to_channel);
            }
        }
    }

    Space space_at(const Cell& c, const Terminal& t) const {
        return wiring_.factors[static_cast<std::size_t>(c.factor)]
            .node->ports()[static_cast<std::size_t>(t.leg)];
    }

    Point place_on(const Cell& c, Side side, double t, double key, std::size_t n, bool to_channel) {
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

    std::vector<Point> path(const Strand& s) {
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

    bool is_dot(const Terminal& t) { return t.cell >= 0 && cell(t.cell).label >= 0; }

    /// From one end of a closed chain over the top to the other.
    std::vector<Point> loop_path(const Strand& s) {
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

    End end_of(const Terminal& t) {
        if (t.mark >= 0)
            return {sketch_.diagram.boxes[marks_[static_cast<std::size_t>(t.mark)].box].id, -1, ""};
        const Cell& c = cell(t.cell);
        if (c.is_region) return {region_ids_.at({t.cell, t.leg}), t.leg, ""};
        return {c.box.id, t.leg, ""};
    }

    Sketch finish() {
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

    std::string einsum() const {
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

    /// An isometry points to the side where its channel leaves.
    void point_to_channel(Cell& c, int index) {
        for (const Strand& s : strands_) {
            for (const Terminal* t : {&s.a, &s.b}) {
                if (t->cell == index && space(s.label) == Space::Channel)
                    c.box.flipped = t->side == Side::Right;
            }
        }
    }

    /// Marks of one side stand on one line, so that they can lie on a border.
    void align_marks(Point low, Point high) {
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

    void add_wire(const Strand& s) {
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

    Sketcher& sketcher_;
    Wiring wiring_;
    std::vector<std::string> names_;
    std::vector<Cell> cells_;
    std::vector<int> cell_of_;   ///< by factor
    std::vector<int> junction_;  ///< by label: a cell, or -1
    std::vector<int> mark_;      ///< by label
    std::vector<Mark> marks_;
    std::vector<Strand> strands_;
    std::set<std::pair<int, int>> beside_;
    std::set<int> placed_;
    std::set<int> labelled_;
    std::map<int, int> ends_left_;
    std::map<int, int> ends_right_;
    std::map<int, std::vector<std::pair<double, double>>> busy_;
    std::map<int, double> row_y_;
    std::map<std::pair<int, int>, std::string> region_ids_;
    bool two_rails_ = false;
    int closing_ = -1;
    int stubs_ = 0;
    bool straight_ = false;
    double rails_apart_ = 0;
    Sketch sketch_;
};

}  // namespace

Sketch sketch_product(Sketcher& sketcher, const Product& product, const std::vector<Space>& ports,
                      const std::vector<std::string>& names) {
    return Placer(sketcher, product, ports, names).run();
}

}  // namespace headway
