// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "contract/order_search.hpp"

namespace headway {

std::vector<std::vector<int>> operand_indices(const OrderProblem& problem,
                                              const std::vector<OrderStep>& steps) {
    std::map<int, int> carriers;
    for (int i : problem.output) ++carriers[i];  // the outside carries it
    for (const OrderFactor& factor : problem.factors) {
        for (int i : factor.indices) ++carriers[i];
    }
    std::vector<std::vector<int>> result;
    for (const OrderFactor& factor : problem.factors) {
        std::vector<int>& own = result.emplace_back(factor.indices);
        std::sort(own.begin(), own.end());
        if (!factor.symbolic) std::erase_if(own, [&](int i) { return carriers[i] == 1; });
    }
    for (const OrderStep& step : steps) {
        const std::vector<int>&a = result[step.left], &b = result[step.right];
        std::vector<int> kept;
        for (int i : a) --carriers[i];
        for (int i : b) --carriers[i];
        std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(kept));
        std::erase_if(kept, [&](int i) { return carriers[i] == 0; });
        for (int i : kept) ++carriers[i];
        result.push_back(std::move(kept));
    }
    return result;
}

namespace {

double size_of(const OrderProblem& problem, const std::vector<int>& indices) {
    double product = 1;
    for (int i : indices) product *= static_cast<double>(problem.sizes[i]);
    return product;
}

/// The nodes that `open` admits at and below `root`, operands before results; `operands(node)` are the two of
/// a node, in the order wanted.
template <class Open, class Operands>
std::vector<int> post_order(int root, const Open& open, const Operands& operands) {
    std::vector<int> result, stack{root};
    while (!stack.empty()) {  // results before operands and the second operand first, then all reversed
        const int node = stack.back();
        stack.pop_back();
        if (!open(node)) continue;
        result.push_back(node);
        const auto [first, second] = operands(node);
        stack.push_back(first);
        stack.push_back(second);
    }
    std::reverse(result.begin(), result.end());
    return result;
}

/// The steps that make `nodes` in this order, where `numbers` knows the number of every other operand.
template <class Operands>
std::vector<OrderStep> numbered(const std::vector<int>& nodes, std::map<int, int> numbers,
                                const Operands& operands) {
    std::vector<OrderStep> steps;
    const int n = static_cast<int>(numbers.size());
    for (int node : nodes) {
        const auto [first, second] = operands(node);
        const int a = numbers.at(first), b = numbers.at(second);
        numbers[node] = n + static_cast<int>(steps.size());
        steps.push_back({std::min(a, b), std::max(a, b)});
    }
    return steps;
}

std::map<int, int> identity(int n) {
    std::map<int, int> numbers;
    for (int i = 0; i < n; ++i) numbers[i] = i;
    return numbers;
}

constexpr int kRounds = 16;  // of refinement; two or three are usual

/// A tree of steps whose subtrees are replaced in place. Nodes 0..n-1 are factors; a node keeps its number
/// when its operands change.
class Tree {
public:
    Tree(const OrderProblem& problem, const std::vector<OrderStep>& steps, const OrderOptions& options)
        : problem_(problem),
          options_(options),
          n_(static_cast<int>(problem.factors.size())),
          steps_(steps),
          indices_(operand_indices(problem, steps)) {}

    bool improve_all() {
        bool improved = false;
        for (int node = static_cast<int>(indices_.size()) - 1; node >= n_; --node) improved |= improve(node);
        return improved;
    }

    std::vector<OrderStep> steps() const {
        const int root = static_cast<int>(indices_.size()) - 1;
        const auto is_result = [&](int node) { return node >= n_; };
        const auto operands = [&](int node) { return operands_of(node); };
        return numbered(post_order(root, is_result, operands), identity(n_), operands);
    }

private:
    static constexpr std::size_t kOperands = 8;  // of a subtree: 3^8 / 2 splits

    OrderStep& step(int node) { return steps_[node - n_]; }
    std::pair<int, int> operands_of(int node) const {
        const OrderStep& step = steps_[node - n_];
        return {step.left, step.right};
    }
    const std::vector<int>& indices(int node) const { return indices_[node]; }

    /// What the subtree below `root` is made of, opened at its largest results first.
    std::vector<int> operands_below(int root) const {
        std::vector<int> operands{root};
        while (operands.size() < kOperands) {
            auto largest = operands.end();
            double largest_size = -1;
            for (auto it = operands.begin(); it != operands.end(); ++it) {
                const double size = *it >= n_ ? size_of(problem_, indices(*it)) : -1;
                if (size > largest_size) std::tie(largest, largest_size) = std::pair{it, size};
            }
            if (largest == operands.end()) break;
            const auto [left, right] = operands_of(*largest);
            *largest = left;
            operands.push_back(right);
        }
        std::sort(operands.begin(), operands.end());
        return operands;
    }

    bool improve(int root) {
        const std::vector<int> operands = operands_below(root);
        if (operands.size() < 3) return false;
        OrderProblem part{{}, problem_.sizes, indices(root)};
        std::map<int, int> numbers;
        std::set<int> carried;
        for (int operand : operands) {
            OrderFactor& factor = part.factors.emplace_back();
            if (operand < n_) factor = problem_.factors[operand];
            factor.indices = indices(operand);
            numbers.emplace(operand, static_cast<int>(numbers.size()));
            carried.insert(factor.indices.begin(), factor.indices.end());
        }
        if (carried.size() > IndexSet::kCapacity) return false;
        const auto is_inside = [&](int node) { return numbers.count(node) == 0; };
        const auto both = [&](int node) { return operands_of(node); };
        const std::vector<int> nodes = post_order(root, is_inside, both);
        const std::vector<OrderStep> present = numbered(nodes, numbers, both);
        OrderOptions exact = options_;
        exact.exact_limit = kOperands;
        const std::optional<Order> best = find_order(part, exact);
        if (!best || cost(*best) >= cost(cost_of(part, present)) * (1 - 1e-12)) return false;
        replace(nodes, operands, operand_indices(part, best->steps), best->steps);
        return true;
    }

    double cost(const Order& order) const {
        return options_.multiply_add_weight * order.multiply_adds + options_.write_weight * order.writes;
    }

    void replace(const std::vector<int>& nodes, const std::vector<int>& operands,
                 const std::vector<std::vector<int>>& indices, const std::vector<OrderStep>& steps) {
        const auto node_of = [&](int operand) {
            const auto i = static_cast<std::size_t>(operand);
            return i < operands.size() ? operands[i] : nodes[i - operands.size()];
        };
        for (std::size_t k = 0; k < steps.size(); ++k) {
            step(nodes[k]) = {node_of(steps[k].left), node_of(steps[k].right)};
            indices_[nodes[k]] = indices[operands.size() + k];
        }
    }

    const OrderProblem& problem_;
    const OrderOptions& options_;
    int n_;
    std::vector<OrderStep> steps_;
    std::vector<std::vector<int>> indices_;
};

}  // namespace

std::vector<OrderStep> in_memory_order(const OrderProblem& problem, const std::vector<OrderStep>& steps) {
    if (steps.empty()) return {};
    const int n = static_cast<int>(problem.factors.size());
    const auto indices = operand_indices(problem, steps);
    const auto step_of = [&](int node) { return steps[node - n]; };
    std::vector<double> held(indices.size()), peak(indices.size());
    for (std::size_t node = 0; node < indices.size(); ++node) {
        const bool as_it_is =
            node < problem.factors.size() &&
            (problem.factors[node].symbolic || indices[node].size() == problem.factors[node].indices.size());
        held[node] = peak[node] = as_it_is ? 0 : size_of(problem, indices[node]);
        if (node < problem.factors.size()) continue;
        const auto [left, right] = step_of(static_cast<int>(node));
        peak[node] = merged_peak(held[left], peak[left], held[right], peak[right], held[node]);
    }
    const auto operands = [&](int node) {
        const auto [left, right] = step_of(node);
        const bool left_first =
            std::max(peak[left], held[left] + peak[right]) <= std::max(peak[right], held[right] + peak[left]);
        return left_first ? std::pair{left, right} : std::pair{right, left};
    };
    const int root = static_cast<int>(indices.size()) - 1;
    const auto is_result = [&](int node) { return node >= n; };
    return numbered(post_order(root, is_result, operands), identity(n), operands);
}

std::vector<OrderStep> refined(const OrderProblem& problem, std::vector<OrderStep> steps,
                               const OrderOptions& options) {
    if (steps.empty()) return steps;
    Tree tree(problem, steps, options);
    for (int round = 0; round < kRounds && tree.improve_all(); ++round) {
    }
    return tree.steps();
}

}  // namespace headway
