// Which edges of a circuit are kept. Order everywhere: the value, then the place in the whole graph, so that
// the same circuit comes out on every machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/circuit/graph.hpp"

#include <limits>
#include <string_view>
#include <vector>

namespace headway {

enum class EdgeMeasure {
    Score,
    Ratio,   ///< score / baseline
    Excess,  ///< score - baseline
    Z,
    RobustZ,  ///< the smaller of those against the writer's and the reader's other edges of the kind
    Percentile
};

/// The value of an edge; NaN where undefined.
double value_of(const CircuitEdge& edge, EdgeMeasure measure);

/// Keeps edges whose value is larger.
struct Threshold {
    EdgeMeasure measure = EdgeMeasure::Score;
    double above = 0;
    bool operator==(const Threshold&) const = default;
};

struct Selection {
    std::vector<Threshold> thresholds{};  ///< all of them have to hold
    std::size_t top =
        std::numeric_limits<std::size_t>::max();  ///< then the largest by `rank`, as many as this
    EdgeMeasure rank = EdgeMeasure::Score;
    bool on_path = false;  ///< then those on a directed path from embed or pos to unembed
};

/// What suits any model: score > 1.75 x baseline (three times the mean square of random orientations: an
/// effect, not a significance), and if more than 80 edges pass, which no page shows, the 80 that stand out
/// most from their own writer's and reader's other edges. Robust z alone would not do: where most heads of a
/// layer take part in the circuit, the circuit is the median.
Selection default_selection();

/// The part of `whole` that is selected: its edges, and the components that they join (embed and unembed
/// stay); edges that are closed or scaled are kept as well, unless `on_path`. An edge without a score passes no
/// threshold and ranks last. Throws Error(Usage): on_path in a circuit of heads only.
Circuit keep(const Circuit& whole, const Selection& selection);

/// Indices of the edges that lie on a directed path from embed or pos to unembed, in order.
std::vector<std::size_t> edges_on_path(const Circuit& circuit);

/// Reads `score>0.2,robust-z>3`; a number alone is a score. Names: score, ratio, excess, z, robust-z,
/// percentile. Throws Error(Usage).
std::vector<Threshold> parse_thresholds(std::string_view text);
EdgeMeasure parse_edge_measure(std::string_view name);
std::string_view name_of(EdgeMeasure measure);

}  // namespace headway
