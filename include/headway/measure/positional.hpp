// Where a head looks when positions are all it has to go by: its attention pattern with every token alike.
//   learned, shortformer   scores W_pos W_QK W_posᵀ; learned rows behind the norm in front of the layer
//   rotary                 scores of the mean query and the mean key over the vocabulary, W_Q R W_Kᵀ between
//                          them: each row of W_E behind that norm, and the biases with it
//   ALiBi                  slope · (key - query)
// times the layer's scale, then soft cap, mask and softmax. The pattern and the kernel of scores over offsets
// (query minus key) are networks. Layers behind the first read more than embeddings: for them this is what
// the embeddings' part alone would do. Per-token scales of norms of queries and keys are left out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/head.hpp"
#include "headway/contract/evaluate.hpp"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace headway {

struct PositionalPreference {
    Head head;
    std::vector<double> attention = {};  ///< mean over the queries that have a key at offset 0, 1, ...
    std::vector<double> kernel = {};     ///< rotary and ALiBi: score by offset, the same for every query
    int offset = -1;                     ///< of the largest mean attention
    double at_offset = std::numeric_limits<double>::quiet_NaN();  ///< that attention
    std::string undefined = {};                                   ///< why there is none; empty otherwise
};

inline constexpr int positional_extent = 64;

/// Of all heads, by layer and index, for sequences of `positions` tokens (fewer when the model has fewer).
/// Undefined: no positions enter the layer, or queries see what follows. Throws as evaluate.
std::vector<PositionalPreference> positional_preference(const Model& model,
                                                        const EvaluateOptions& options = {},
                                                        int positions = positional_extent);

/// The pattern of a layer: ports head(, member), query, key. Nothing where no positions enter it.
std::optional<Expr> position_pattern(const Config& config, int layer);
/// The scores by offset, for rotary models and ALiBi: ports head(, member), position (the offset).
std::optional<Expr> position_kernel(const Config& config, int layer);

}  // namespace headway
