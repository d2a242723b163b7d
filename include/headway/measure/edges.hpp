// Weights of the edges of the circuit graph: for every writer and every later reader of the residual stream
// the ratio ‖A B‖ / (‖A‖ ‖B‖), where A is what the writer writes with and B what the reader reads with:
//   A: W_E, W_pos, W_OV of a head, W_out of an MLP
//   B: W_QK (Q), W_QKᵀ (K), W_OV (V) of a head, W_in of an MLP, W_U
// Between two heads it is the composition score. An MLP is its W_in and W_out alone: the function between
// them is ignored, and so is the W_gate of a gated one. Norms are taken as scales that are the same in every
// direction.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/head.hpp"
#include "headway/contract/evaluate.hpp"
#include "headway/measure/score_network.hpp"

#include <string>
#include <vector>

namespace headway {

struct EdgeKind {
    Writer writer = Writer::Heads;
    Reader reader = Reader::K;
    bool operator==(const EdgeKind&) const = default;
};

/// How strong an edge is, and against what that is to be judged. NaN where undefined.
struct EdgeWeight {
    double score = 0;            ///< ‖A B‖ / (‖A‖ ‖B‖), in [0, 1]
    double baseline = 0;         ///< 1/sqrt(d): root of the mean square score of random orientations
    double excess = 0;           ///< score - baseline
    double z = 0;                ///< (score² - 1/d) / standard deviation under random rotation
    double percentile = 0;       ///< share of the edges of the same kind with a lower score, 0 to 100
    double robust_z_writer = 0;  ///< (score - median) / (1.4826 MAD) among the writer's edges of the kind
    double robust_z_reader = 0;  ///< the same among the reader's
    double participation_writer = 0;    ///< effective rank of A
    double participation_reader = 0;    ///< of B
    bool ignores_nonlinearity = false;  ///< one end is an MLP
    std::string undefined = {};         ///< why there is no score; empty otherwise

    /// The smaller of the two robust z, as far as they are defined: how far the edge stands out from both.
    double robust_z() const;
};

/// An edge from a writer to a reader. `from` and `to`: layer and head; layer and 0 of an MLP; 0 and 0 of an
/// embedding or the unembedding.
struct EdgeRow {
    Writer writer = Writer::Heads;
    Head from;
    Reader reader = Reader::K;
    Head to;
    EdgeWeight weight;
};

/// The kinds of edge that a model has, in a fixed order. Shortformer positions enter Q and K only. Nothing
/// leads to the unembedding where the head before it is not linear (masked language models).
std::vector<EdgeKind> edge_kinds(const Config& config);

/// Whether the reader sees what the writer wrote. An MLP reads the heads of its own layer in serial blocks
/// only.
bool reads_from(const Config& config, Writer writer, int writer_layer, Reader reader, int reader_layer);

/// How many components a writer or reader kind stands for: layers x heads, layers, or 1.
std::size_t count_of(const Config& config, Writer writer);
std::size_t count_of(const Config& config, Reader reader);

/// The weights of all edges of `kinds` (some of edge_kinds), by kind, writer, reader. Every kind has the same
/// baseline, since writers and readers are centred together, and percentiles and robust z of its own. In
/// float, pairs of heads near zero (score² < 0.01/d) are evaluated again in double, of other kinds the whole
/// kind. Throws as evaluate, and Error(Usage) for offsets of a model without rotary positions.
std::vector<EdgeRow> edge_weights(const Model& model, const std::vector<EdgeKind>& kinds,
                                  const EvaluateOptions& options = {}, const ScoreOptions& score = {});

/// The networks that `edge_weights` evaluates: for plans.
std::vector<Expr> edge_networks(const Config& config, const std::vector<EdgeKind>& kinds);

}  // namespace headway
