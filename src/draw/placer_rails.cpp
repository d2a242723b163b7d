// SPDX-License-Identifier: Apache-2.0
#include "draw/placer.hpp"

#include <algorithm>
#include <limits>

namespace headway::placement {

Placer::Placer(Sketcher& sketcher, const Product& product, const std::vector<Space>& ports,
               const std::vector<std::string>& names)
    : sketcher_(sketcher), wiring_(wiring_of(product, ports)), names_(names) {
    for (std::size_t l = names_.size(); l < wiring_.spaces.size(); ++l)
        names_.push_back(sketcher.fresh_name(wiring_.spaces[l]));
    cell_of_.assign(wiring_.factors.size(), -1);
    junction_.assign(wiring_.spaces.size(), -1);
    mark_.assign(wiring_.spaces.size(), -1);
}

Sketch Placer::run() {
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

void Placer::make_cells() {
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

int Placer::add_junction(int label) {
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

std::vector<int> Placer::line_of(const Chain& chain) {
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

void Placer::remember(const std::vector<int>& line, int row) {
    for (const int c : line) cell(c).row = row;
    for (std::size_t i = 0; i + 1 < line.size(); ++i) beside_.insert({line[i], line[i + 1]});
}

double Placer::run_length(const std::vector<int>& line) {
    double x = 0;
    for (const int c : line) x += cell(c).width + gap_after(c);
    return x;
}

double Placer::sequence(const std::vector<int>& line, double left) {
    for (const int c : line) {
        cell(c).x = left + cell(c).width / 2;
        left += cell(c).width + gap_after(c);
    }
    return left;
}

std::string Placer::tag(int c) {
    if (cell(c).factor < 0 || cell(c).is_region) return {};
    for (const Atom& atom : cell(c).box.label) {
        if (!atom.sup.empty()) return atom.sup;
    }
    return {};
}

double Placer::align(const std::vector<int>& line, const std::vector<int>& guide, double left, double right) {
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

void Placer::place_first(const Chain& chain) {
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

void Placer::place_rails(const Rails& rails) {
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

double Placer::place_segment(const std::vector<int>& upper, const std::vector<int>& lower, double left) {
    const bool guide_above = run_length(upper) > run_length(lower);
    const std::vector<int>& guide = guide_above ? upper : lower;
    const double right = sequence(guide, left);
    return std::max(right, align(guide_above ? lower : upper, guide, left, right));
}

std::vector<double> Placer::neighbours_x(int c) {
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

void Placer::place_more(const Chain& chain) {
    std::vector<int> line = line_of(chain);
    double edge = std::numeric_limits<double>::lowest();
    for (const int c : line) {
        const std::vector<double> xs = neighbours_x(c);
        double wish = edge == std::numeric_limits<double>::lowest() ? stub : edge + cell(c).width / 2;
        if (!xs.empty()) {
            wish = 0;
            for (const double x : xs) wish += x / static_cast<double>(xs.size());
        }
        cell(c).x =
            edge == std::numeric_limits<double>::lowest() ? wish : std::max(wish, edge + cell(c).width / 2);
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

std::pair<double, double> Placer::span(const std::vector<int>& line, bool left, bool right) {
    const double from = cell(line.front()).x - cell(line.front()).width / 2 - 12;
    const double to = cell(line.back()).x + cell(line.back()).width / 2 + 12;
    return {left ? -far : from, right ? far : to};
}

int Placer::free_row(const std::vector<int>& line, bool above, bool left, bool right) {
    const auto [from, to] = span(line, left, right);
    for (int row = above ? 1 : -1;; row += above ? 1 : -1) {
        const auto& spans = busy_[row];
        const bool clash = std::any_of(spans.begin(), spans.end(), [from = from, to = to](const auto& s) {
            return s.first < to && from < s.second;
        });
        if (!clash) return row;
    }
}

void Placer::place_scalars() {
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

}  // namespace headway::placement

namespace headway {

Sketch sketch_product(Sketcher& sketcher, const Product& product, const std::vector<Space>& ports,
                      const std::vector<std::string>& names) {
    return placement::Placer(sketcher, product, ports, names).run();
}

}  // namespace headway
