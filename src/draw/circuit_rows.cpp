// Which components of a circuit stand in one row.
// SPDX-License-Identifier: Apache-2.0
#include "draw/circuit_work.hpp"

#include <fmt/format.h>

#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace headway {

namespace {

constexpr std::size_t most_rows = 8;      // of heads and MLPs, before layers share them
constexpr double shared_row_width = 850;  // of boxes, when layers share it

int level_of(const CircuitPicture& circuit, const DrawnComponent& c) {
    if (c.kind == DrawnKind::Embed || c.kind == DrawnKind::Position) return -1;
    if (c.kind == DrawnKind::Unembed) return std::numeric_limits<int>::max();
    return 2 * c.layer + (c.kind == DrawnKind::Mlp && !circuit.parallel_blocks ? 1 : 0);
}

/// For each row without bars whether it goes on in the row below: no edge joins it to what stands there, and
/// there is room. `rows` are the levels' places.
std::vector<std::size_t> merged(const CircuitPicture& circuit, const std::vector<std::size_t>& rows,
                                const std::vector<double>& widths) {
    std::map<std::size_t, double> width;
    std::map<std::size_t, std::size_t> highest_writer;  // of the edges into a row
    std::set<std::size_t> bars;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        width[rows[i]] += widths[i];
        if (is_bar(circuit.components[i].kind)) bars.insert(rows[i]);
    }
    for (const DrawnEdge& edge : circuit.edges) {
        std::size_t& highest = highest_writer[rows[edge.to]];
        highest = std::max(highest, rows[edge.from]);
    }
    std::vector<std::size_t> place;
    std::size_t first = 0;
    double taken = 0;
    for (const auto& [row, own] : width) {
        const bool fresh = place.empty() || bars.contains(row) || bars.contains(row - 1) ||
                           highest_writer[row] >= first || taken + own > shared_row_width;
        if (fresh) {
            first = row;
            taken = 0;
        }
        place.push_back(place.empty() ? 0 : place.back() + (fresh ? 1 : 0));
        taken += own;
    }
    return place;
}

/// `L3`, or `L3, L7\u2013L9`.
std::string layers_in_words(const std::set<int>& layers) {
    std::string text;
    for (auto at = layers.begin(); at != layers.end();) {
        auto last = at;
        while (std::next(last) != layers.end() && *std::next(last) == *last + 1) ++last;
        text += fmt::format("{}L{}", text.empty() ? "" : ", ", *at);
        if (last != at) text += fmt::format("{}L{}", *last == *at + 1 ? ", " : "\u2013", *last);
        at = std::next(last);
    }
    return text;
}

}  // namespace

CircuitRows rows_of(const CircuitPicture& circuit, const std::vector<double>& widths) {
    std::set<int> levels;
    for (const DrawnComponent& c : circuit.components) levels.insert(level_of(circuit, c));
    CircuitRows rows;
    for (const DrawnComponent& c : circuit.components)
        rows.row.push_back(
            static_cast<std::size_t>(std::distance(levels.begin(), levels.find(level_of(circuit, c)))));
    const std::size_t bars = levels.count(-1) + levels.count(std::numeric_limits<int>::max());
    if (levels.size() - bars <= most_rows) return rows;
    const std::vector<std::size_t> place = merged(circuit, rows.row, widths);
    rows.shared = place.back() + 1 < levels.size();
    for (std::size_t& row : rows.row) row = place[row];
    return rows;
}

void add_row_names(CircuitWork& work) {
    std::map<std::size_t, std::set<int>> layers;
    for (std::size_t i = 0; i < work.circuit.components.size(); ++i)
        if (!is_bar(work.circuit.components[i].kind))
            layers[work.items[i].row].insert(work.circuit.components[i].layer);
    constexpr double size = 10;
    const double left = bounds(work.diagram).first.x;
    for (const auto& [row, members] : layers) {
        const Words words = plain(layers_in_words(members));
        add_note(work.diagram, words, {left - 16 - text_width(words, size) * 1.03, work.row_y[row]}, size);
    }
}

}  // namespace headway
