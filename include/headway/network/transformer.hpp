// The whole model as one symbolic network, from its Config alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/network/text.hpp"

namespace headway {

/// Writes a transformer down: `logits` with ports [position, vocab], and by name what it is made of:
/// `x0` (embedding), per layer `n1[L0]` (what attention reads), `Q[L0] K[L0] V[L0]`, `S[L0]` (scores before softmax), `A[L0]`
/// (attention patterns [head(, member), q, k]), `attn[L0]`, `n2[L0]`, `mlp[L0]`, `x1`, ..., `rstd1[L0] rstd2[L0] rstd_final`.
/// The residual stream of a layer is one node, so the number of nodes is linear in the layers; all heads of a layer are one
/// node with a head index. Norms are written out: centre, rstd, gain, bias; what Config::folding says is folded is left out.
/// Cost: microseconds a layer.
Network transformer(const Config& config);

}  // namespace headway
