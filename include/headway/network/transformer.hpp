// The whole model as one symbolic network, from its Config alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/network/text.hpp"

namespace headway {

/// Writes a transformer down: `logits` with ports [position, vocab], and by name what it is made of:
/// `x0` (embedding); per layer `n1[L0]` (what attention reads), `Q[L0] K[L0] V[L0]` (as the score takes them:
/// normalised, rotated), `S[L0]` (scores before their soft cap and softmax), `A[L0]` (attention patterns
/// [head(, member), q, k]), `attn[L0]` (all heads, without b_O), `mid[L0]` (the stream between attention and
/// MLP), `n2[L0]`, `mlp[L0]` (what the MLP adds to the stream); `x1`, ..., `n_final`, and norm scales
/// `rstd1[L0] rstd2[L0] rstd_final`.
///
/// Where the Config has it: `e0 rstd_embed` (before a norm of the embedding); `Q_linear[L0] K_linear[L0]
/// rstd_q[L0] rstd_k[L0]` (before the norm of queries and keys); `S_capped[L0]`; `branch1[L0] branch2[L0]
/// rstd1_post[L0] rstd2_post[L0]` (a branch with its bias, before the norm behind it); `sum1[L0] sum2[L0]`
/// (before a norm on the stream); `head` (of a masked language model); `logits_linear` (before the soft cap).
///
/// The residual stream of a layer is one node, so the number of nodes is linear in the layers; all heads of a
/// layer are one node with a head index. Norms are written out: centre, rstd, gain, bias; what
/// Config::folding says is folded is left out. Throws Error(Unsupported) for combinations that no network is
/// written for. Cost: microseconds a layer.
Network transformer(const Config& config);

}  // namespace headway
