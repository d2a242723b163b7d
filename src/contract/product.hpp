// Planning one product: copies merged, structures kept symbolic, the cheapest order, parts shared, the last
// step sliced.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/compiler.hpp"

namespace headway {

/// Adds the steps of a product and returns its value.
ValueId compile_product(Compiler& compiler, const Expr& node);

/// Products among `outputs` whose last steps are sliced over the same indices of the same operand go into one
/// loop, in which that operand is made once for all of them.
void compile_together(Compiler& compiler, std::span<const Expr> outputs);

}  // namespace headway
