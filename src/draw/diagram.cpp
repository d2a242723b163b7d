// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/diagram.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace headway {

std::vector<Point> straight(Point from, Point to) {
    const auto at = [&](double t) {
        return Point{from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)};
    };
    return {from, at(1.0 / 3), at(2.0 / 3), to};
}

std::vector<Point> upward(Point from, Point to) {
    const double middle = (from.y + to.y) / 2;
    return {from, {from.x, middle}, {to.x, middle}, to};
}

std::vector<Point> sideways(Point from, Point to) {
    const double middle = (from.x + to.x) / 2;
    return {from, {middle, from.y}, {middle, to.y}, to};
}

double add_note(Diagram& diagram, const Words& words, Point left, double size, const std::string& colour,
                bool bold) {
    // Words are set flush left in their box, so a little more room does no harm.
    const double width = text_width(words, size) * (bold ? 1.18 : 1.03) + 2;
    Box note;
    note.id = fmt::format("note{}", diagram.boxes.size());
    note.kind = BoxKind::Note;
    note.label = words;
    note.at = {left.x + width / 2, left.y};
    note.width = width;
    note.height = 1.4 * size;
    note.size = size;
    note.colour = colour;
    note.bold = bold;
    diagram.boxes.push_back(std::move(note));
    return width;
}

std::pair<Point, Point> bounds(const Diagram& diagram) {
    constexpr double far = std::numeric_limits<double>::max();
    Point low{far, far};
    Point high{-far, -far};
    const auto take = [&](Point p) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    };
    for (const Box& box : diagram.boxes) {
        take({box.at.x - box.width / 2, box.at.y - box.height / 2});
        take({box.at.x + box.width / 2, box.at.y + box.height / 2});
    }
    for (const Wire& wire : diagram.wires) std::for_each(wire.path.begin(), wire.path.end(), take);
    for (const Region& region : diagram.regions) {
        take(region.low);
        take(region.high);
    }
    return diagram.boxes.empty() ? std::pair{Point{}, Point{}} : std::pair{low, high};
}

namespace {

/// Splits a line at blanks (of atoms without scripts) so that no part is wider than `width`.
std::vector<Words> wrapped(const Words& line, double size, double width) {
    Words words;
    for (const Atom& atom : line) {
        std::size_t start = 0;
        for (std::size_t blank = atom.base.find(' '); blank != std::string::npos;
             blank = atom.base.find(' ', start)) {
            words.push_back({atom.base.substr(start, blank + 1 - start), {}, {}});
            start = blank + 1;
        }
        words.push_back({atom.base.substr(start), atom.sub, atom.sup});
    }
    std::vector<Words> lines(1);
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::size_t end = i;
        while (end + 1 < words.size() && !words[end].base.ends_with(' ')) ++end;
        Words next = lines.back();
        next.insert(next.end(), words.begin() + static_cast<long>(i),
                    words.begin() + static_cast<long>(end) + 1);
        if (!lines.back().empty() && text_width(next, size) > width) lines.emplace_back();
        lines.back().insert(lines.back().end(), words.begin() + static_cast<long>(i),
                            words.begin() + static_cast<long>(end) + 1);
        i = end;
    }
    return lines;
}

/// Joins neighbours without scripts, and drops the blank at the end of a line.
Words joined(const Words& words) {
    Words out;
    for (const Atom& word : words) {
        const bool append = !out.empty() && out.back().sub.empty() && out.back().sup.empty();
        if (append) out.back() = {out.back().base + word.base, word.sub, word.sup};
        if (!append) out.push_back(word);
    }
    while (!out.empty() && out.back().sub.empty() && out.back().base.ends_with(' '))
        out.back().base.pop_back();
    return out;
}

}  // namespace

void add_caption(Diagram& diagram, const std::string& title, const std::vector<Words>& lines,
                 double min_width) {
    const auto [low, high] = bounds(diagram);
    const double width = std::max(min_width, high.x - low.x);
    double y = low.y - 26;
    if (!title.empty()) {
        for (const Words& part : wrapped(plain(title), 12 * 1.18, width)) {
            add_note(diagram, joined(part), {low.x, y}, 12, "#1a1a1a", true);
            y -= 18;
        }
    }
    for (const Words& line : lines) {
        for (const Words& part : wrapped(line, 10, width)) {
            add_note(diagram, joined(part), {low.x, y}, 10);
            y -= 15;
        }
    }
}

}  // namespace headway
