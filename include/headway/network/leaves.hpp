// The field's named weights as symbols: which spaces the ports of `W_Q[L0]`, `b_O[L3]` or `W_E` have.
// Row-vector convention, x W.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <optional>
#include <string_view>

namespace headway {

/// Which heads a weight has its own copy of.
enum class PerHead { None, Query, KeyValue };

/// A weight's ports without its head ports, and which heads it has.
struct LeafShape {
    std::vector<Space> ports;
    PerHead heads = PerHead::None;
    bool per_layer = false;
};

/// The shape of a named weight (`W_Q`: residual, head_inner; one a query head; per layer), or nothing for
/// other names.
std::optional<LeafShape> leaf_shape(std::string_view symbol);

/// The weight of a whole layer: with a Head port, and for query-head weights of a grouped model (`group_size`
/// > 1) a Member port. `layer` is -1 for weights that no layer owns. Throws Error(Usage) for an unknown name.
Expr leaf(const std::string& symbol, int layer = -1, int group_size = 1);

/// The weight as one head reads it: `W_Q[L0H3]`; with grouped queries `W_K[L0G1]` for every head of group 1.
Expr head_leaf(const std::string& symbol, Head head, int group_size = 1);

/// The weight of all layers 0 .. n_layers-1 as one family: ports layer, head, ...
Expr layers_leaf(const std::string& symbol, int n_layers, int group_size = 1);

}  // namespace headway
