// Nodes of a network replaced by others wherever they are used.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/rewrite.hpp"

namespace headway {

/// Rewrites expressions with some nodes replaced. What a node is replaced by is taken as it is. A replacement
/// must come before the first expression that holds the node is rewritten.
class Replacer {
public:
    /// Requires: equal ports.
    void replace(const Expr& before, Expr after);
    Expr run(const Expr& node);

private:
    std::unordered_map<Expr, Expr> replaced_;
    Memo memo_;
};

}  // namespace headway
