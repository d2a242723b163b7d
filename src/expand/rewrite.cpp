// SPDX-License-Identifier: Apache-2.0
#include "expand/rewrite.hpp"

#include <numeric>

namespace headway {

namespace {

Expr rebuild_apply(const Expr& node, const Apply& apply, const std::function<Expr(const Expr&)>& child) {
    const Expr argument = child(apply.argument);
    const Expr mask = apply.mask ? child(apply.mask->node) : nullptr;
    if (argument == apply.argument && (mask == nullptr || mask == apply.mask->node)) return node;
    if (apply.function != Function::Softmax) return apply_to(apply, argument);
    return mask == nullptr ? softmax(argument, apply.axis)
                           : softmax(argument, apply.axis, mask, apply.mask->labels);
}

}  // namespace

Expr rebuild(const Expr& node, const std::function<Expr(const Expr&)>& child) {
    bool changed = false;
    const auto visit = [&](Expr& part) {
        Expr fresh = child(part);
        changed = changed || fresh != part;
        part = std::move(fresh);
    };
    if (const auto* product_node = node->as<Product>()) {
        std::vector<Use> factors = product_node->factors;
        for (Use& factor : factors) visit(factor.node);
        return changed ? product(std::move(factors), node->ports(), product_node->bound) : node;
    }
    if (const auto* sum_node = node->as<Sum>()) {
        std::vector<Term> terms = sum_node->terms;
        for (Term& term : terms) visit(term.use.node);
        return changed ? sum(std::move(terms), node->ports()) : node;
    }
    if (const auto* list = node->as<Family>()) {
        std::vector<Expr> members = list->members;
        for (Expr& member : members) visit(member);
        return changed ? family(std::move(members), node->ports().front()) : node;
    }
    if (const auto* apply = node->as<Apply>()) return rebuild_apply(node, *apply, child);
    return node;
}

std::vector<int> through(const std::vector<int>& ports, const std::vector<int>& labels) {
    std::vector<int> result;
    result.reserve(ports.size());
    for (int port : ports) result.push_back(labels[static_cast<std::size_t>(port)]);
    return result;
}

std::vector<int> straight(std::size_t n) {
    std::vector<int> labels(n);
    std::iota(labels.begin(), labels.end(), 0);
    return labels;
}

Expr zero(const std::vector<Space>& ports) { return sum(std::vector<Term>{}, ports); }

}  // namespace headway
