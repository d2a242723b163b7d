// Single heads out of a family: `A[L0][h,q,k]` at head 3 is `A[L0H3][q,k]`.
//
// All heads of a layer stay one node with a head index until someone asks for single heads; then the index is
// fixed, and the choice runs down to the leaves: through products and sums, into the arguments of functions,
// to the member of a family, to one head of a frozen value. Where an index cannot be fixed in the leaf itself
// it is held by a `one_hot`. With grouped queries a head is a pair (key-value group, member): head = group *
// group_size + member.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/network/expression.hpp"

#include <vector>

namespace headway {

/// A port that is held at one place of its space.
struct FixedPort {
    int port = 0;
    int place = 0;
    auto operator<=>(const FixedPort&) const = default;
};

/// The expression with Head, Member or Layer ports fixed; the other ports stay, in order. `group_size` tells
/// whether the weights of keys and values are named by head (`W_V[L0H3]`) or by group (`W_V[L0G1]`). Throws
/// Error(Usage) for a port that does not exist or has another space.
Expr select(const Expr& expression, std::vector<FixedPort> fixed, int group_size = 1);

/// The leading Head port, and the Member port behind it when there is one, fixed at query head `head`.
Expr select_head(const Expr& expression, int head, int group_size = 1);

/// Every sum over heads that a product makes by a bound head index, as a Sum over the single heads of
/// `config`: families become heads, all through the value. Throws Error(Limit) when one product has more than
/// `max_terms` combinations of heads.
Expr split_heads(const Expr& expression, const Config& config, std::uint64_t max_terms = 100000);

}  // namespace headway
