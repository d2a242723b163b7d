// Q-, K- and V-composition scores of all pairs of heads, with what is needed to judge them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/edges.hpp"

#include <string>
#include <vector>

namespace headway {

/// One pair: the writer's output read by the reader's Q, K or V input.
struct CompositionRow {
    Composition kind = Composition::K;
    Head writer, reader;
    double score = 0;       ///< ‖W_OV M‖ / (‖W_OV‖ ‖M‖), in [0, 1]; NaN where undefined
    double baseline = 0;    ///< 1/sqrt(d): root of the mean square score of random orientations
    double excess = 0;      ///< score - baseline
    double z = 0;           ///< (score² - 1/d) / standard deviation under random rotation, in closed form
    double percentile = 0;  ///< share of the model's pairs of this kind with a lower score, 0 to 100
    double robust_z_writer = 0;       ///< (score - median) / (1.4826 MAD) among the pairs of the same writer
    double robust_z_reader = 0;       ///< the same among the pairs of the same reader
    double participation_writer = 0;  ///< effective rank (tr G)² / ‖G‖² of W_OV
    double participation_reader = 0;  ///< of M
    double overlap = 0;  ///< cosine of the two Gram matrices: score² = overlap / sqrt(participations)
    std::string undefined = {};  ///< why the score is undefined; empty otherwise
};

struct CompositionTable {
    /// By kind, writer, reader. Pairs that cannot compose are absent.
    std::vector<CompositionRow> rows;
    double baseline = 0;
    int effective_dimension = 0;  ///< d of the baseline: see effective_dimension()
    ScoreOptions score{};         ///< what the scores are of
};

/// The scores of `kinds` for all pairs whose writer is in a strictly earlier layer. Cost: about 23 G
/// multiply-adds for the three kinds of GPT-2 small; a mean over rotary offsets costs about as much. Pairs
/// near zero (score² < 0.01/d) are evaluated again, in double.
/// Reference: Elhage et al. 2021; z: mathematics in the README. Throws as edge_weights.
CompositionTable composition(const Model& model, const std::vector<Composition>& kinds,
                             const EvaluateOptions& options = {}, const ScoreOptions& score = {});

/// A kind as `[n_layers, n_heads, n_layers, n_heads]`, [writer layer, writer head, reader layer, reader
/// head]; NaN where absent.
xt::xarray<double> as_array(const CompositionTable& table, Composition kind, const Config& config);

/// The networks that `composition` evaluates, in the order in which it does: for plans.
std::vector<Expr> composition_networks(const Config& config, const std::vector<Composition>& kinds,
                                       const ScoreOptions& score = {});

}  // namespace headway
