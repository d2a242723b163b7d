// The choice of single heads, running down an expression once a node and choice.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/select.hpp"

#include <map>
#include <utility>

namespace headway {

/// Sorted by port, each port once.
using FixedPorts = std::vector<FixedPort>;

class Selector {
public:
    explicit Selector(int group_size) : group_size_(group_size) {}
    /// `node` with ports fixed.
    Expr run(const Expr& node, const FixedPorts& fixed);
    /// A product with labels fixed, bound ones among them: one term of the sum over those.
    Expr of_product(const Product& node, const std::vector<Space>& ports, const FixedPorts& fixed);

private:
    Expr make(const Expr& node, const FixedPorts& fixed);
    Expr of_leaf(const Expr& node, const FixedPorts& fixed);
    Expr of_copy(const Expr& node, const FixedPorts& fixed);
    static Expr of_structure(const Expr& node, const Structure& relation, const FixedPorts& fixed);
    Expr of_family(const Expr& node, const Family& list, const FixedPorts& fixed);
    Expr of_apply(const Expr& node, const Apply& apply, const FixedPorts& fixed);
    static Expr hold(const Expr& node, const FixedPorts& fixed);

    int group_size_;
    std::map<std::pair<Expr, FixedPorts>, Expr> known_;
};

}  // namespace headway
