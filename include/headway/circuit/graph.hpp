// The circuit graph of a model: components, and an edge from each writer of the residual stream to each input
// that can read it, weighed from the weights alone. Inside a head q, k and v lead to its output, so a
// component is one vertex.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/edges.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

enum class ComponentKind { Embed, Position, Head, Mlp, Unembed };

struct Component {
    ComponentKind kind = ComponentKind::Head;
    int layer = -1;     ///< of a head or an MLP
    int head = -1;      ///< of a head
    std::string label;  ///< `embed`, `pos`, `L0H3`, `mlp5`, `unembed`
    std::string role;   ///< as CircuitOptions::roles has it; weights alone do not tell
    double factor = 1;  ///< of what it writes, by an edit; 0: removed
};

/// A singular component (or a subspace of near-equal ones) of what the writer of an edge writes, and its
/// share of the square of the edge's score: the shares of all components add up to 1.
struct EdgePart {
    int first = 0, last = 0;  ///< numbered from the largest on
    double score = 0;
    double share = 0;
};

struct CircuitEdge {
    std::size_t from = 0;  ///< index of a component
    std::size_t to = 0;
    Reader port = Reader::K;  ///< the input of `to`: one of q, k, v of a head, or the one that it has
    EdgeWeight weight;
    double factor = 1;                 ///< by an edit; 0: closed. Others than 1: selection keeps it
    std::vector<EdgePart> parts = {};  ///< as far as `split_edges` found them, the largest share first
};

/// How many edges there are, between two heads and in all.
struct EdgeCounts {
    std::size_t heads = 0;
    std::size_t all = 0;
};

struct Circuit {
    std::string model;  ///< its name
    Config config;
    /// embed, pos, then layer by layer the heads and the MLP, unembed: every edge goes from an earlier to a
    /// later one.
    std::vector<Component> components;
    /// By writer, reader, port.
    std::vector<CircuitEdge> edges;
    double baseline = 0;
    int effective_dimension = 0;  ///< d of the baseline 1/sqrt(d)
    ScoreOptions score{};         ///< what the weights of its edges are of
    bool heads_only = false;      ///< edges of embeddings, MLPs and the unembedding are not weighed
    EdgeCounts possible;          ///< edges of the whole model that were weighed
    EdgeCounts undefined;         ///< of these, without a score: an end is zero
    /// What of the whole is here and why, in words: `22 of 192 edges: score > 1.75 x baseline`. Empty for the
    /// whole.
    std::string filter;
    /// Pairs of components that only the residual stream joins: `keep` adds them where a component has lost
    /// all edges from below (from embed) or above (to unembed), so that its place is seen.
    std::vector<std::pair<std::size_t, std::size_t>> stream;
};

struct CircuitOptions {
    bool heads_only = false;              ///< weigh edges between heads only
    std::map<Head, std::string> roles{};  ///< `previous token`, `induction`, ...
    EvaluateOptions evaluate{};
    ScoreOptions score{};
};

/// All components and all edges. Cost: the composition scores, and a product `W_Eᵀ W_E`, `W_U W_Uᵀ`, `W_in
/// W_inᵀ` each. Throws Error: Usage (a role of a head that the model has not), and as edge_weights.
Circuit circuit_of(const Model& model, const CircuitOptions& options = {});

/// `q`, `k`, `v`, `mlp`, `unembed`.
std::string_view port_name(Reader port);

/// Whether an edge leads from a head to a head.
bool between_heads(const Circuit& circuit, const CircuitEdge& edge);

/// Counts edges between heads, and all.
EdgeCounts count_edges(const Circuit& circuit);

}  // namespace headway
