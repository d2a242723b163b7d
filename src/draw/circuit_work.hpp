// A circuit while it is being placed: shared by the placing of components and the drawing of edges.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "draw/layers.hpp"
#include "headway/draw/circuit_diagram.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace headway {

inline constexpr double bar_height = 24;
inline constexpr double head_height = 60;

inline bool is_bar(DrawnKind kind) {
    return kind == DrawnKind::Embed || kind == DrawnKind::Position || kind == DrawnKind::Unembed;
}

inline bool is_closed(const DrawnEdge& edge) { return edge.factor == 0; }
inline bool is_scaled(const DrawnEdge& edge) { return edge.factor != 0 && edge.factor != 1; }
/// The factor of all scaled edges, where they are many: the legend has it, and no edge.
std::optional<double> common_factor(const CircuitPicture& circuit);
inline bool quiet(const DrawnEdge& edge) { return !edge.weight.has_value(); }

/// Everything while a circuit is being placed. Items 0 .. n-1 are the components, the rest are dummies of
/// long edges.
struct CircuitWork {
    const CircuitPicture& circuit;
    Diagram diagram;
    std::vector<LayerItem> items;
    std::vector<std::vector<std::size_t>> chains;  ///< per edge: the items it passes, from writer to reader
    std::vector<double> row_y;
    std::vector<double> row_height;
};

/// Grey edges between a bar and a component further off are cut short: rails of the residual stream along the
/// whole picture say nothing that a stub does not.
inline bool is_stub(const CircuitWork& work, std::size_t e) {
    const DrawnEdge& edge = work.circuit.edges[e];
    const bool bar =
        is_bar(work.circuit.components[edge.from].kind) != is_bar(work.circuit.components[edge.to].kind);
    return quiet(edge) && bar && work.items[edge.from].row + 1 < work.items[edge.to].row;
}
inline bool to_bar(const CircuitWork& work, std::size_t e) {
    return is_bar(work.circuit.components[work.circuit.edges[e].to].kind);
}

/// The row of each component, from below: embeddings, each layer's heads, its MLP, the unembedding. In a deep
/// circuit consecutive layers that no edge joins share a row (`shared`), as far as a page is wide.
struct CircuitRows {
    std::vector<std::size_t> row;
    bool shared = false;
};
CircuitRows rows_of(const CircuitPicture& circuit, const std::vector<double>& widths);
/// At the left of every row: its layers.
void add_row_names(CircuitWork& work);

/// Where a port is, seen from the middle of its head.
inline double port_offset(const CircuitWork& work, const DrawnEdge& edge) {
    if (work.circuit.components[edge.to].kind != DrawnKind::Head || edge.port == DrawnPort::Other) return 0;
    return (static_cast<double>(edge.port) - 1) * work.items[edge.to].width / 3;
}

/// The fill of a head: by its role, in the order in which roles first appear.
std::string tint_of_role(const CircuitPicture& circuit, const std::string& role);

/// Widths of the edges: linear above the baseline.
struct EdgeScale {
    double baseline = 0;
    double least = 0;
    double most = 0;
    double width(double weight) const {
        const double low = std::max(0.0, std::min(baseline, most));
        const double part = most > low ? (std::abs(weight) - low) / (most - low) : 1;
        return 0.8 + 3.7 * std::clamp(part, 0.0, 1.0);
    }
};

EdgeScale scale_of(const CircuitPicture& circuit);

/// One stroke of an edge: the whole, or a part of it, beside the others.
struct EdgeStrand {
    double offset = 0;  ///< of its middle from the edge's
    double width = 0;
    int rank = -1;      ///< which part; -1: the whole
    bool rest = false;  ///< what is in no part
};
std::vector<EdgeStrand> strands_of(const DrawnEdge& edge, const EdgeScale& scale);
/// The room that the strands take side by side.
double width_of(const DrawnEdge& edge, const EdgeScale& scale);

void add_wires(CircuitWork& work, const EdgeScale& scale);

/// Below the picture: colours, dashes, widths.
void add_legend(CircuitWork& work, const EdgeScale& scale);

}  // namespace headway
