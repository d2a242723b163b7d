// Folding: moves what is linear around a norm into the weights, so that a reader's matrix is all that it does
// to the stream.
//   y W = (x C rstd γ + β) W = x rstd (C γ W) + β W,   C = 1 - ones onesᵀ / d_model
// (LayerNorm; RMSNorm has no C).
// Readers become C γ W, the norm's bias the image β W, and writers `W C`: the stream then has no mean, so its
// variance is its mean square and C can be left out of the norm. Exact because every reader sees the stream
// through such a norm.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/model.hpp"

namespace headway {

/// The config after folding: `folding` set, and b_O there when values' biases went into it.
Config folded_config(const Config& stored, const Folding& wanted);

/// Fills `out` with `leaf`, one of network_leaves(folded), from the stored leaves.
template <class T>
void make_leaf(const Leaf& leaf, const Config& stored, const Config& folded, const WeightSource& source,
               std::span<T> out);

}  // namespace headway
