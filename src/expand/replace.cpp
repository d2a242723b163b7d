// SPDX-License-Identifier: Apache-2.0
#include "expand/replace.hpp"

#include "headway/base/error.hpp"

namespace headway {

void Replacer::replace(const Expr& before, Expr after) {
    invariant(before->ports() == after->ports(), "a node is replaced by one of its ports");
    replaced_.insert_or_assign(before, std::move(after));
}

Expr Replacer::run(const Expr& node) {
    if (const auto known = replaced_.find(node); known != replaced_.end()) return known->second;
    return memo_.at(node, [&] { return rebuild(node, [&](const Expr& child) { return run(child); }); });
}

}  // namespace headway
