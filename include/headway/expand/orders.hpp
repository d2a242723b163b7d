// Sums over all paths of an order without listing them: the logits as a polynomial in the heads, truncated.
//
// A layer multiplies the residual stream by (1 + H), H one factor of degree one; keeping the stream as its
// parts of degree 0 .. N and the rest, a layer is N + 2 passes, whatever the number of paths. So every list
// of paths can be closed by one more row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path_term.hpp"

#include <optional>
#include <vector>

namespace headway {

/// Networks with ports [position, vocab]. `order[j]`: all paths of exactly j heads; `remainder`: all of more.
/// Their sum is the frozen network's logits exactly (with a `source`: that source's part of them). No paths
/// at all: the empty sum.
struct LogitOrders {
    std::vector<Expr> order;
    Expr remainder;
};

/// The sums of all paths by order, 0 .. max_heads (the empty sum beyond n_layers), of all sources or of one
/// (a value bias without a head: of its whole layer). The number of nodes grows with n_layers * max_heads.
/// Throws Error(Usage) for a source that the model has not.
LogitOrders expand_orders(const FrozenModel& model, int max_heads, const std::optional<Source>& source = {});

}  // namespace headway
