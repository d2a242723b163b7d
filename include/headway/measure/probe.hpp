// Behaviour of heads on repeated random tokens `[b, r, r]`, b a first token and r of length T: no text is
// needed. Means of attention A[query, key] over the positions that have a meaning there, i = 0 .. T-1:
//   previous    A[j+1, j], j = 0 .. 2T-1     to the token before
//   duplicate   A[1+T+i, 1+i]                to the same token, in the first copy
//   induction   A[1+T+i, 2+i]                to the token behind it
//   first       A[q, 0], q = 1 .. 2T         to b
// Each is a network: `previous` of layer 0 is A[L0][h,q,k] shift(1)[q,k], divided by the entries that it
// sums. So is probed whatever network has patterns: the model's, or one that was edited.
// Reference: Olsson et al. 2022 (prefix matching); the entries: Headway's conformance suite.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/head.hpp"
#include "headway/contract/evaluate.hpp"
#include "headway/network/text.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// Which rows are drawn.
struct ProbeOptions {
    int rows = 8;
    int length = 50;  ///< T; less where the model has too few positions or tokens for it
    int first = 0;    ///< b: the token that begins a sequence
    std::uint64_t seed = 0;
};

/// Rows `[b, r, r]`: r drawn from the whole vocabulary but b, no token twice. The same on every machine.
/// Throws Error(Usage): no rows, no such token, fewer than 2 positions or tokens for r.
std::vector<std::vector<int>> probe_rows(const Config& config, const ProbeOptions& options = {});

/// A head's mean attention over the rows.
struct HeadProbe {
    Head head;
    double previous = 0;
    double duplicate = 0;
    double induction = 0;
    double first = 0;
};

struct Probe {
    std::vector<HeadProbe> heads;  ///< by layer, then index
    int rows = 0;
    int length = 0;  ///< T
    /// Mean loss in nats: of the T tokens of the first copy, and of the second copy without its first token,
    /// which nothing foretells (T - 1 tokens). NaN where undefined.
    double loss_first = 0;
    double loss_second = 0;
    std::string undefined_loss = {};  ///< why there is none; empty otherwise

    const HeadProbe& at(Head head) const;
};

/// The behaviour of a network whose output is the logits and whose patterns are `A[L0]`, `A[L1]`, ..., with
/// the numbers of `model`: an edited network and its model, or transformer(config) and its model. Rows of one
/// length 1 + 2T, T at least 2, one run each. Memory: the logits of one row, and no pattern beyond its use.
/// Throws Error(Usage): no rows, rows that are not `[b, r, r]`; and as evaluate.
Probe probe(const Model& model, const Network& network, std::span<const std::vector<int>> rows,
            const EvaluateOptions& options = {});
/// Of the model's own network.
Probe probe(const Model& model, std::span<const std::vector<int>> rows, const EvaluateOptions& options = {});

/// What `probe` evaluates on a row with r of `length` tokens: the logits; then by layer the sums behind
/// previous, duplicate, induction and first, ports head(, member).
std::vector<Expr> probe_networks(const Network& network, const Config& config, int length);

}  // namespace headway
