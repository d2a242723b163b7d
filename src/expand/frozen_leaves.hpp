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

/// A norm: x centre scale gain. Null: it has none; without a scale there is no norm.
struct NormLeaves {
    Expr scale;
    Expr gain;
    Expr centre;
    Expr bias;
    Expr centre_behind;  ///< behind the gain and the bias, of a norm that writes to a centred stream
};

struct LayerLeaves {
    AttentionLeaves all;
    std::vector<AttentionLeaves> head;
    NormLeaves norm;  ///< in front of the attention
    NormLeaves post;  ///< behind it: between W_O and the stream
    Expr out_bias;
    Expr mlp;
};

struct FrozenModel::Leaves {
    Config config;
    Network untouched;
    Network frozen;
    Expr linear_logits;  ///< of the frozen network
    Expr untouched_linear_logits;
    std::vector<LayerLeaves> layers;
    /// Norms that stand on the stream: 2 l is the one behind the attention of layer l, 2 l + 1 behind its
    /// MLP. What is written in front of norm i (written_at) passes i, i + 1, ... up to its reader. Empty
    /// where there are none.
    std::vector<NormLeaves> stream_norms;
    NormLeaves embed_norm;
    NormLeaves final_norm;
    Expr token;
    Expr embed;
    Expr embed_scale;
    Expr pos;
    Expr embed_bias;
    Expr unembed;
    Expr unembed_bias;
    Expr final_norm_bias;  ///< its image in W_U, where it is folded
    Expr ones;             ///< over positions
};

/// The stream norm that a source is written in front of; heads are written in front of norm 2 l.
int written_at(const Source& source);

}  // namespace headway
