// Singular directions of heads read in the vocabulary: which tokens' embeddings a direction that is read
// points to (W_E u), and which logits one that is written raises (v W_U).
//   U_OV  what a head reads to move it      V_OV  what it writes then
//   U_QK  what its queries read             V_QK  what its keys read
// Embeddings are raw (rows not normalised, with the gain of a norm behind the embedding); the final norm's
// gain is in W_U where gains are folded. A direction has two ends, and its sign says nothing by itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/head.hpp"
#include "headway/contract/evaluate.hpp"

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// A component of one of the leaves U_OV, V_OV, U_QK, V_QK.
struct HeadDirection {
    Head head;
    std::string symbol;
    int component = 0;
    auto operator<=>(const HeadDirection&) const = default;
};

/// All components of a matrix over the vocabulary: `W_E[v,d] U_OV[L0H3][d,c] -> [v,c]`; V_OV through W_U.
/// Throws Error(Unsupported) for V_OV of a model whose head before W_U is not linear.
Expr directions_over_vocabulary(const Config& config, Head head, const std::string& symbol);

/// The tokens at both ends of a direction, outermost first; of equal values the lower id.
struct DirectionTokens {
    std::vector<int> plus, minus;
    std::vector<double> plus_values, minus_values;
};

/// The `n` tokens at each end. Throws as directions_over_vocabulary and evaluate.
std::vector<DirectionTokens> direction_tokens(const Model& model, std::span<const HeadDirection> directions,
                                              std::size_t n, const EvaluateOptions& options = {});

}  // namespace headway
