// Products of two weights as one: W_V W_O = W_OV and W_Q W_Kᵀ = W_QK, and back.
//
// A head reads and writes the residual stream through these products alone, so they are what a circuit is
// said to be made of; but they have rank d_head, and it is the pair that is cheap to multiply with. Hence
// both directions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

namespace headway {

/// Replaces `W_V[d,e] W_O[e,d1]` by `W_OV[d,d1]` and `W_Q[d,e] W_K[d1,e]` by `W_QK[d,d1]` where both belong
/// to the same head (or the same family of heads, on one head index) and nothing else carries `e`: a rotation
/// between query and key keeps them apart. `group_size`: query heads per key-value head; W_OV and W_QK belong
/// to query heads.
Expr fold(const Expr& expression, int group_size = 1);

/// Replaces W_OV and W_QK by the weights that they are made of.
Expr unfold(const Expr& expression, int group_size = 1);

}  // namespace headway
