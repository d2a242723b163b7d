// What all passes share: a node rebuilt around new children, and a memo by node.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <functional>
#include <unordered_map>
#include <utility>

namespace headway {

/// The node with every child (factors, terms, members, arguments and masks; not the link of a Frozen)
/// replaced by `child` of it. Requires: `child` keeps ports.
Expr rebuild(const Expr& node, const std::function<Expr(const Expr&)>& child);

/// Results by node. It holds the nodes that it knows, so that an address is never another node's.
class Memo {
public:
    template <class Make>
    const Expr& at(const Expr& node, Make&& make) {
        if (const auto known = results_.find(node); known != results_.end()) return known->second;
        Expr result = std::forward<Make>(make)();
        return results_.emplace(node, std::move(result)).first->second;
    }

private:
    std::unordered_map<Expr, Expr> results_;
};

/// `labels[i]` for i in `ports`: how a use inside a node is wired outside of it.
std::vector<int> through(const std::vector<int>& ports, const std::vector<int>& labels);

/// 0, 1, ..., n - 1.
std::vector<int> straight(std::size_t n);

/// The sum without terms.
Expr zero(const std::vector<Space>& ports);

}  // namespace headway
