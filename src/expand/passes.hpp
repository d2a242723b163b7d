// The passes as a table: what each makes of a random network, and what the result must be equal to.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/random_expression.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace headway {

/// Two expressions that must have the same value.
struct Rewrite {
    Expr left;
    Expr right;
};

struct Pass {
    std::string_view name;
    /// Nothing when the pass does not apply to the network.
    std::optional<Rewrite> (*apply)(const RandomNetwork& random);
};

/// Every pass that takes an expression.
extern const std::array<Pass, 9> passes;

}  // namespace headway
