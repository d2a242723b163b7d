// From expressions to a program: every node once, every product in the order that costs least.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/memory.hpp"
#include "contract/program.hpp"
#include "headway/network/index.hpp"

#include <span>

namespace headway {

struct CompileOptions {
    /// Of a sliced index. BLAS multiplies matrices of this size in place, and tiles stay in the cache.
    std::int64_t tile = 64;
    double slice_above = 4e6;  ///< elements: operands of a last step that are larger are made tile by tile
    bool use_symmetry = true;  ///< count tile pairs that a symmetry maps onto each other once
    bool use_order = true;     ///< skip what `before` makes 0
    bool names = false;        ///< give values their texts, for plans
    int group_size = 1;        ///< query heads per key-value head
    double budget = 0;         ///< bytes beyond the weights that the program should fit into; 0: no limit
    NumberSizes bytes = {};
    bool hand_blocks = false;  ///< outputs may be handed over in blocks
};

/// Plans the evaluation of several expressions together: equal sub-expressions, and equal parts of products,
/// are made once. Throws Error(Usage) when the extent of a space that is needed is not known (0).
/// With a budget the program is made to `fit`; whether it does, its `memory_use` says.
Program compile(std::span<const Expr> outputs, const Sizes& sizes, const CompileOptions& options = {});

}  // namespace headway
