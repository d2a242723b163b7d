// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/distribute.hpp"

#include "expand/flat.hpp"
#include "expand/rewrite.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/normalise.hpp"

#include <limits>
#include <unordered_map>

namespace headway {

namespace {

constexpr std::uint64_t too_many = std::numeric_limits<std::uint64_t>::max();

std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return a > too_many - b ? too_many : a + b; }

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
    std::uint64_t result = 0;
    return __builtin_mul_overflow(a, b, &result) ? too_many : result;
}

// Terms of each node, once a node.
class Counter {
public:
    std::uint64_t run(const Expr& node) {
        if (const auto known = known_.find(node); known != known_.end()) return known->second;
        std::uint64_t count = 1;
        if (const auto* factors = node->as<Product>()) {
            for (const Use& factor : factors->factors) count = times(count, run(factor.node));
        } else if (const auto* terms = node->as<Sum>()) {
            count = 0;
            for (const Term& term : terms->terms) count = plus(count, run(term.use.node));
        }
        known_.emplace(node, count);
        return count;
    }

private:
    std::unordered_map<Expr, std::uint64_t> known_;
};

class Distributor {
public:
    Expr run(const Expr& node) {
        return memo_.at(node, [&] {
            if (const auto* product_node = node->as<Product>())
                return of_product(*product_node, node->ports());
            if (const auto* sum_node = node->as<Sum>()) return of_sum(*sum_node, node->ports());
            return node;
        });
    }

private:
    Expr of_sum(const Sum& node, const std::vector<Space>& ports) {
        std::vector<Term> terms;
        for (const Term& term : node.terms)
            add_term(terms, term.coefficient, {run(term.use.node), term.use.labels}, ports, Copies::Merge);
        return sum(std::move(terms), ports);
    }

    Expr of_product(const Product& node, const std::vector<Space>& ports) {
        std::vector<std::vector<Term>> choices;
        for (const Use& factor : node.factors) choices.push_back(choices_of(factor));
        std::vector<Term> terms;
        std::vector<std::size_t> chosen(choices.size());
        for (bool more = none_empty(choices); more; more = next(chosen, choices)) {
            Flat flat(ports, Copies::Merge);
            for (Space space : node.bound) flat.fresh(space);
            for (std::size_t f = 0; f < choices.size(); ++f) {
                const Term& choice = choices[f][chosen[f]];
                flat.scale(choice.coefficient);
                flat.add_apart(choice.use.node, choice.use.labels);
            }
            flat.merge_copies();
            add_term(terms, 1, {flat.close(), straight(ports.size())}, ports, Copies::Merge);
        }
        return sum(std::move(terms), ports);
    }

    std::vector<Term> choices_of(const Use& factor) {
        const Expr node = run(factor.node);
        const auto* terms = node->as<Sum>();
        if (terms == nullptr) return {{1, {node, factor.labels}}};
        std::vector<Term> result;
        for (const Term& term : terms->terms)
            result.push_back({term.coefficient, {term.use.node, through(term.use.labels, factor.labels)}});
        return result;
    }

    static bool none_empty(const std::vector<std::vector<Term>>& choices) {
        for (const auto& of_factor : choices)
            if (of_factor.empty()) return false;
        return true;
    }

    static bool next(std::vector<std::size_t>& chosen, const std::vector<std::vector<Term>>& choices) {
        for (std::size_t f = chosen.size(); f-- > 0;) {
            if (++chosen[f] < choices[f].size()) return true;
            chosen[f] = 0;
        }
        return false;
    }

    Memo memo_;
};

}  // namespace

std::uint64_t count_terms(const Expr& expression) {
    const std::uint64_t count = Counter().run(normalise(expression));
    require(count != too_many, ErrorKind::Limit, "multiplying out gives more terms than 64 bits can count");
    return count;
}

Expr distribute(const Expr& expression, std::uint64_t max_terms) {
    const Expr normal = normalise(expression);
    const std::uint64_t count = count_terms(normal);
    require(count <= max_terms, ErrorKind::Limit, "multiplying out gives {} terms, more than the limit of {}",
            count, max_terms);
    return Distributor().run(normal);
}

}  // namespace headway
