// A circuit as a picture: components in rows by layer, edges from the output `o` of a writer up to the input
// `q`, `k` or `v` of a reader. The layout is our own (rows, dummies for long edges, few crossings, edges side
// by side at a port), so that nothing overlaps and the same circuit is always drawn the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/circuit/graph.hpp"
#include "headway/draw/diagram.hpp"

#include <optional>
#include <string>
#include <vector>

namespace headway {

enum class DrawnKind { Embed, Position, Head, Mlp, Unembed };
enum class DrawnPort { Q, K, V, Other };

struct DrawnComponent {
    std::string label;  ///< `embed`, `pos`, `L0H3`, `mlp5`, `unembed`: unique
    DrawnKind kind = DrawnKind::Head;
    int layer = -1;
    std::string role;   ///< "induction", "previous token", or empty: written in the box, and its colour
    double factor = 1;  ///< of what it writes, by an edit: 0 is drawn pale, another one written in the box
};

/// A part of an edge: a singular component of what the writer writes.
struct DrawnPart {
    std::string name;  ///< `component 0`
    double share = 0;  ///< of the square of the edge's weight
};

struct DrawnEdge {
    std::size_t from = 0;  ///< index of a component
    std::size_t to = 0;
    DrawnPort port = DrawnPort::Other;
    std::optional<double> weight;  ///< nothing: drawn grey; negative: dashed
    /// Of what a run reads through it: 0 is grey, dashed and crossed out, another one dotted, with the factor
    /// on it.
    double factor = 1;
    /// Drawn side by side, each as wide as its share; what they lack to the whole is the last, palest one.
    std::vector<DrawnPart> parts = {};
};

struct CircuitPicture {
    std::string name = "circuit";
    std::string title;           ///< of the caption: the model and what is shown
    Words formula;               ///< of the weights
    std::vector<Words> remarks;  ///< more lines: the filter, what is left out
    std::string weight_name = "score";
    double baseline = 0;           ///< weights at or below it are drawn with the least width
    bool parallel_blocks = false;  ///< MLPs stand beside the heads of their layer, not above
    std::vector<DrawnComponent> components;
    std::vector<DrawnEdge> edges;
};

/// Throws Error(Limit) above `max_drawn_edges` edges; Error(Usage) when an edge does not go upwards.
Diagram circuit_diagram(const CircuitPicture& circuit);

/// What is drawn of a circuit: its edges by score, grey ones where only the residual stream joins components
/// or where a score is undefined; the caption says formula, baseline and filter.
CircuitPicture picture_of(const Circuit& circuit);

Diagram circuit_diagram(const Circuit& circuit);

}  // namespace headway
