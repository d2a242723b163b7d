// SPDX-License-Identifier: Apache-2.0
#include "contract/order.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "contract/order_search.hpp"
#include "headway/base/error.hpp"

namespace headway {
namespace {

double objective(const Order& order, const OrderOptions& options) {
    return options.multiply_add_weight * order.multiply_adds + options.write_weight * order.writes;
}

Order priced(const OrderProblem& problem, const std::vector<OrderStep>& steps, bool optimal) {
    Order order = cost_of(problem, in_memory_order(problem, steps));
    order.optimal = optimal;
    return order;
}

/// The cost of an order, with room for rounding: an upper bound for the best one.
double cap_of(const Order& order, const OrderOptions& options) {
    return objective(order, options) * (1 + 1e-12);
}

constexpr int kSmall =
    14;  // factors for which every tree is looked at without further ado: a few milliseconds
constexpr int kLimit = 20;   // for which it can be: 2^20 subsets in memory
constexpr int kCapped = 64;  // for which subsets can be listed: bits of a word

std::optional<Order> find_small(const OrderProblem& problem, const GroupedProblem& small,
                                const OrderOptions& options) {
    double cap = kNever;
    if (problem.factors.size() > 9) {  // where a cap saves more time than it takes to find
        OrderOptions plain = options;
        plain.random_tries = 0;
        for (const auto& steps : search_greedy(small, plain)) cap = cap_of(cost_of(problem, steps), options);
    }
    const auto steps = search_every_tree(cap, small, options);
    if (!steps) return std::nullopt;
    return priced(problem, *steps, true);
}

/// Exact searches for what costs no more than `known`, the quicker ones first; `known` if they all give up.
Order improved(Order known, const OrderProblem& problem, const GroupedProblem& groups,
               const OrderOptions& options) {
    const int n = static_cast<int>(problem.factors.size());
    if (n > kCapped || groups.groups.size() > IndexSet::kCapacity) return known;
    const double cap = cap_of(known, options);
    const bool every_tree = n <= std::min(options.exact_limit, kLimit);
    OrderOptions tried = options;
    if (every_tree) tried.budget /= 8;
    if (const auto steps = search_below(cap, true, groups, tried)) return priced(problem, *steps, true);
    const auto steps =
        every_tree ? search_every_tree(cap, groups, options) : search_below(cap, false, groups, options);
    return steps ? priced(problem, *steps, every_tree) : known;
}

std::optional<Order> find_large(const OrderProblem& problem, const OrderOptions& options) {
    const GroupedProblem groups = grouped(problem);
    std::optional<Order> best;
    for (const std::vector<OrderStep>& greedy : search_greedy(groups, options)) {
        Order order = priced(problem, refined(problem, greedy, options), false);
        if (!best || objective(order, options) < objective(*best, options)) best = std::move(order);
    }
    if (!best) return std::nullopt;
    return improved(std::move(*best), problem, groups, options);
}

/// Steps on `renumbered(problem, numbering)` as steps on the problem itself.
std::vector<OrderStep> in_old_numbers(std::vector<OrderStep> steps, const std::vector<int>& numbering) {
    const auto old = [&](int operand) {
        return operand < static_cast<int>(numbering.size()) ? numbering[operand] : operand;
    };
    for (auto& [left, right] : steps) std::tie(left, right) = std::minmax({old(left), old(right)});
    return steps;
}

}  // namespace

std::optional<Order> find_order(const OrderProblem& problem, const OrderOptions& options) {
    check(problem);
    if (problem.factors.empty()) return cost_of(problem, {});
    if (problem.factors.size() == 1 && problem.factors[0].symbolic) return std::nullopt;
    if (static_cast<int>(problem.factors.size()) <= std::min(options.exact_limit, kSmall)) {
        const GroupedProblem small = grouped(problem);
        if (small.groups.size() <= IndexSet::kCapacity) return find_small(problem, small, options);
    }
    const std::vector<int> numbering = canonical_numbering(problem);
    std::optional<Order> order = find_large(renumbered(problem, numbering), options);
    if (order) order->steps = in_old_numbers(std::move(order->steps), numbering);
    return order;
}

}  // namespace headway
