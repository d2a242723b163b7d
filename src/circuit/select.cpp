// SPDX-License-Identifier: Apache-2.0
#include "headway/circuit/select.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

namespace headway {

namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

struct Measure {
    std::string_view name;
    std::string_view words;
};
constexpr std::array measures{Measure{"score", "score"},
                              Measure{"ratio", "score / baseline"},
                              Measure{"excess", "score above baseline"},
                              Measure{"z", "z"},
                              Measure{"robust-z", "robust z"},
                              Measure{"percentile", "percentile"}};

const Measure& about(EdgeMeasure measure) { return measures[static_cast<std::size_t>(measure)]; }

bool passes(const CircuitEdge& edge, const std::vector<Threshold>& thresholds) {
    return std::all_of(thresholds.begin(), thresholds.end(), [&](const Threshold& threshold) {
        return value_of(edge, threshold.measure) > threshold.above;
    });
}

/// As a float, so that the last bits of a sum decide nothing.
float rank_of(const CircuitEdge& edge, EdgeMeasure measure) {
    const double value = value_of(edge, measure);
    return static_cast<float>(std::isnan(value) ? minus_infinity : value);
}

/// The part of `whole` with these edges (in order) and the components that they touch; embed and unembed
/// stay.
Circuit part(const Circuit& whole, const std::vector<std::size_t>& kept) {
    std::vector<char> touched(whole.components.size(), 0);
    touched.front() = touched.back() = 1;
    for (const std::size_t e : kept) touched[whole.edges[e].from] = touched[whole.edges[e].to] = 1;
    Circuit result = whole;
    result.components.clear();
    result.edges.clear();
    result.stream.clear();
    std::vector<std::size_t> place(whole.components.size());
    for (std::size_t c = 0; c < whole.components.size(); ++c) {
        place[c] = result.components.size();
        if (touched[c]) result.components.push_back(whole.components[c]);
    }
    for (const std::size_t e : kept) {
        const CircuitEdge& edge = whole.edges[e];
        result.edges.push_back(edge);
        result.edges.back().from = place[edge.from];
        result.edges.back().to = place[edge.to];
    }
    return result;
}

void add_stream(Circuit& circuit) {
    const std::size_t n = circuit.components.size();
    std::vector<char> from_below(n, 0), to_above(n, 0);
    for (const CircuitEdge& edge : circuit.edges) to_above[edge.from] = from_below[edge.to] = 1;
    for (std::size_t c = 1; c + 1 < n; ++c) {
        const bool position = circuit.components[c].kind == ComponentKind::Position;
        if (!from_below[c] && !position) circuit.stream.emplace_back(0, c);
        if (!to_above[c]) circuit.stream.emplace_back(c, n - 1);
    }
}

/// 9504 as `9,504`.
std::string number(std::size_t n) {
    std::string digits = std::to_string(n);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string counts_in_words(const EdgeCounts& kept, const Circuit& whole) {
    const EdgeCounts& all = whole.possible;
    if (all.heads == all.all || all.heads == 0)
        return fmt::format("{} of {} edges", number(kept.all), number(all.all));
    return fmt::format("{} of {} edges between heads and {} of {} others", number(kept.heads),
                       number(all.heads), number(kept.all - kept.heads), number(all.all - all.heads));
}

std::string in_words(const Threshold& threshold) {
    if (threshold.measure == EdgeMeasure::Ratio) return fmt::format("score > {} x baseline", threshold.above);
    return fmt::format("{} > {}", about(threshold.measure).words, threshold.above);
}

/// How `passed` edges became those kept.
std::string filter_in_words(const Selection& selection, std::size_t passed, std::size_t ranked) {
    std::vector<std::string> words;
    for (const Threshold& threshold : selection.thresholds) words.push_back(in_words(threshold));
    if (ranked < passed)
        words.push_back(fmt::format("{}the {} with the largest {}",
                                    words.empty() ? "" : fmt::format("of these {} ", number(passed)),
                                    number(ranked), about(selection.rank).words));
    if (selection.on_path)
        words.push_back(
            fmt::format("of these {} those on a path from embed or pos to unembed", number(ranked)));
    return words.empty() ? "" : fmt::format(": {}", fmt::join(words, ", "));
}

/// Adds the edges that an edit closes or scales to those kept; says how many.
std::string add_edited(const Circuit& whole, std::vector<std::size_t>& kept) {
    std::vector<std::size_t> all;
    std::size_t at = 0, closed = 0, scaled = 0;
    for (std::size_t e = 0; e < whole.edges.size(); ++e) {
        const bool is_kept = at < kept.size() && kept[at] == e;
        if (is_kept) ++at;
        const double factor = whole.edges[e].factor;
        if (!is_kept && factor == 1) continue;
        if (!is_kept) ++(factor == 0 ? closed : scaled);
        all.push_back(e);
    }
    kept = std::move(all);
    const auto more = [](std::size_t count, const char* how) {
        return count == 0 ? "" : fmt::format("; {} more that {} {}", count, count == 1 ? "is" : "are", how);
    };
    return more(closed, "closed") + more(scaled, "scaled");
}

/// What there is, when nothing passes.
std::string largest_in_words(const Circuit& whole) {
    double largest = 0;
    for (const CircuitEdge& edge : whole.edges)
        largest = std::fmax(largest, value_of(edge, EdgeMeasure::Ratio));
    return fmt::format(" (the largest score is {:.2f} x baseline)", largest);
}

}  // namespace

double value_of(const CircuitEdge& edge, EdgeMeasure measure) {
    const EdgeWeight& weight = edge.weight;
    switch (measure) {
        case EdgeMeasure::Score:
            return weight.score;
        case EdgeMeasure::Ratio:
            return weight.score / weight.baseline;
        case EdgeMeasure::Excess:
            return weight.excess;
        case EdgeMeasure::Z:
            return weight.z;
        case EdgeMeasure::RobustZ:
            return weight.robust_z();
        case EdgeMeasure::Percentile:
            return weight.percentile;
    }
    return minus_infinity;
}

Selection default_selection() {
    return {.thresholds = {{EdgeMeasure::Ratio, 1.75}}, .top = 80, .rank = EdgeMeasure::RobustZ};
}

Circuit keep(const Circuit& whole, const Selection& selection) {
    require(!selection.on_path || !whole.heads_only, ErrorKind::Usage,
            "no edge between heads is on a path from embed to unembed by itself: weigh the other edges too");
    std::vector<std::size_t> kept;
    for (std::size_t e = 0; e < whole.edges.size(); ++e)
        if (passes(whole.edges[e], selection.thresholds)) kept.push_back(e);
    const std::size_t passed = kept.size();
    if (passed > selection.top) {
        std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
            return rank_of(whole.edges[a], selection.rank) > rank_of(whole.edges[b], selection.rank);
        });
        kept.resize(selection.top);
        std::sort(kept.begin(), kept.end());
    }
    const std::size_t ranked = kept.size();
    Circuit result = part(whole, kept);
    if (selection.on_path) result = part(result, edges_on_path(result));
    std::string filter =
        counts_in_words(count_edges(result), whole) + filter_in_words(selection, passed, ranked);
    if (passed == 0 && !whole.edges.empty()) filter += largest_in_words(whole);
    if (const std::string more = selection.on_path ? "" : add_edited(whole, kept); !more.empty()) {
        result = part(whole, kept);
        filter += more;
    }
    result.filter = std::move(filter);
    add_stream(result);
    return result;
}

std::string_view name_of(EdgeMeasure measure) { return about(measure).name; }

EdgeMeasure parse_edge_measure(std::string_view name) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < measures.size(); ++i) {
        if (measures[i].name == name) return static_cast<EdgeMeasure>(i);
        names.emplace_back(measures[i].name);
    }
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Usage, fmt::format("{} is no measure of an edge", quote(name)),
                near.empty() ? fmt::format("the measures are {}", fmt::join(names, ", "))
                             : fmt::format("did you mean {}?", near));
}

std::vector<Threshold> parse_thresholds(std::string_view text) {
    std::vector<Threshold> thresholds;
    while (true) {
        const std::string_view item = text.substr(0, text.find(','));
        const std::size_t sign = item.find('>');
        const std::string_view digits = sign == std::string_view::npos ? item : item.substr(sign + 1);
        Threshold threshold;
        if (sign != std::string_view::npos) threshold.measure = parse_edge_measure(item.substr(0, sign));
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), threshold.above);
        require(
            error == std::errc() && end == digits.data() + digits.size() && std::isfinite(threshold.above),
            ErrorKind::Usage, "{} is no threshold: expected a number or MEASURE>NUMBER", quote(item));
        thresholds.push_back(threshold);
        if (item.size() == text.size()) return thresholds;
        text.remove_prefix(item.size() + 1);
    }
}

}  // namespace headway
