// SPDX-License-Identifier: Apache-2.0
#include "draw/placer.hpp"
#include "headway/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway::placement {

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

void Placer::anchor(Cell& c) {
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

void Placer::place_rows() {
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

int Placer::add_mark(int label, Side side, Point at) {
    marks_.push_back({label, side, at, 0});
    mark_[static_cast<std::size_t>(label)] = static_cast<int>(marks_.size()) - 1;
    return mark_[static_cast<std::size_t>(label)];
}

double Placer::left_edge() {
    double x = std::numeric_limits<double>::max();
    for (const Cell& c : cells_) x = std::min(x, c.x - c.width / 2);
    return x;
}

double Placer::right_edge() {
    double x = std::numeric_limits<double>::lowest();
    for (const Cell& c : cells_) x = std::max(x, c.x + c.width / 2);
    return x;
}

void Placer::place_marks() {
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

void Placer::place_junctions() {
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

double Placer::junction_x(const std::vector<Point>& at) {
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

double Placer::clear_x(double x, double y, int self) {
    for (int step = 0; step < 200; ++step) {
        const double at = x + (step % 2 == 0 ? 1 : -1) * ((step + 1) / 2) * 9.0;
        bool free = true;
        for (std::size_t i = 0; i < cells_.size() && free; ++i) {
            const Cell& c = cells_[i];
            if (static_cast<int>(i) == self) continue;
            const double top = (c.tall ? row_y_[1] : c.y) + c.up + 6;
            free =
                at < c.x - c.width / 2 - 7 || at > c.x + c.width / 2 + 7 || y > top || y < c.y - c.down - 6;
        }
        if (free) return at;
    }
    return x;
}

int Placer::mark_of(int label, int hub, const std::vector<Terminal>& ends) {
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

}  // namespace headway::placement
