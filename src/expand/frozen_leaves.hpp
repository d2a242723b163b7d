// The leaves and frozen values of a model, looked up once: a path's term is put together from these alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path_term.hpp"

#include <vector>

namespace headway {

/// What attention moves and multiplies with: of one head, or of all heads of a layer with their head index.
/// Null: the model has none.
struct AttentionLeaves {
    Expr pattern;
    Expr value;
    Expr out;
    Expr value_bias;
    Expr norm_bias;  ///< image of the norm's bias in W_V, where it is folded
};

/// A norm before a reader. Null: the model has none.
struct NormLeaves {
    Expr scale;
    Expr gain;
    Expr centre;
    Expr bias;
};

struct LayerLeaves {
    AttentionLeaves all;
    std::vector<AttentionLeaves> head;
    NormLeaves norm;
    Expr out_bias;
    Expr mlp;
};

struct FrozenModel::Leaves {
    Config config;
    Network untouched;
    Network frozen;
    std::vector<LayerLeaves> layers;
    NormLeaves final_norm;
    Expr token;
    Expr embed;
    Expr pos;
    Expr unembed;
    Expr unembed_bias;
    Expr final_norm_bias;  ///< its image in W_U, where it is folded
    Expr ones;             ///< over positions
};

}  // namespace headway
