// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/normalise.hpp"

#include "expand/flat.hpp"
#include "expand/rewrite.hpp"

namespace headway {

namespace {

struct Steps {
    bool flatten = true;
    bool merge_copies = true;
};

class Normaliser {
public:
    explicit Normaliser(Steps steps) : steps_(steps) {}

    Expr run(const Expr& node) {
        return memo_.at(node, [&] {
            if (const auto* product_node = node->as<Product>())
                return of_product(*product_node, node->ports());
            if (const auto* sum_node = node->as<Sum>(); sum_node != nullptr && steps_.flatten)
                return of_sum(*sum_node, node->ports());
            return rebuild(node, [&](const Expr& child) { return run(child); });
        });
    }

private:
    Expr of_product(const Product& node, const std::vector<Space>& ports) {
        Flat flat(ports, steps_.merge_copies ? Copies::Merge : Copies::Keep);
        for (Space space : node.bound) flat.fresh(space);
        for (const Use& factor : node.factors) {
            if (steps_.flatten)
                flat.add_apart(run(factor.node), factor.labels);
            else
                flat.add(run(factor.node), factor.labels);
        }
        if (steps_.merge_copies) flat.merge_copies();
        return flat.close();
    }

    Expr of_sum(const Sum& node, const std::vector<Space>& ports) {
        std::vector<Term> terms;
        for (const Term& term : node.terms)
            add_term(terms, term.coefficient, {run(term.use.node), term.use.labels}, ports,
                     steps_.merge_copies ? Copies::Merge : Copies::Keep);
        return sum(std::move(terms), ports);
    }

    Steps steps_;
    Memo memo_;
};

}  // namespace

Expr flatten(const Expr& expression) {
    return Normaliser({.flatten = true, .merge_copies = false}).run(expression);
}

Expr merge_copies(const Expr& expression) {
    return Normaliser({.flatten = false, .merge_copies = true}).run(expression);
}

Expr normalise(const Expr& expression) { return Normaliser({}).run(expression); }

}  // namespace headway
