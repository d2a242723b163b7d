// All heads out of a single one: what was written for L0H3, for every head of layer 0 at once.
//
// The way back of `select_head`: each weight of the head becomes the layer's, `W_Q[L0H3]` becomes W_Q[L0]
// with a head index, and these indices are one. So a circuit is written once, for a head; its table over all
// heads, or all pairs of heads, is one network whose shared parts are contracted once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/head.hpp"
#include "headway/network/expression.hpp"

namespace headway {

/// The expression with an open head: ports head, member where queries are grouped and a weight of query heads
/// is among them, then its own. Frozen values of the head are opened as weights are; other heads stay what
/// they are. With grouped queries `W_K[L0G1]` counts as a weight of every head of group 1.
/// Throws Error(Usage): nothing in the expression belongs to the head, or it is inside of a function.
Expr open_head(const Expr& expression, Head head, int group_size = 1);

}  // namespace headway
