// SPDX-License-Identifier: Apache-2.0
#include "contract/order.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "contract/order_search.hpp"
#include "headway/base/error.hpp"

namespace headway {

void check(const OrderProblem& problem) {
    std::set<int> carried;
    const auto in_range = [&](int i) { return i >= 0 && i < static_cast<int>(problem.sizes.size()); };
    for (const OrderFactor& factor : problem.factors) {
        const std::set<int> own(factor.indices.begin(), factor.indices.end());
        invariant(own.size() == factor.indices.size(), "a factor carries an index twice");
        invariant(std::all_of(own.begin(), own.end(), in_range), "an index of a factor has no size");
        for (const std::vector<int>& need : factor.needs) {
            const auto is_own = [&](int i) { return own.count(i) > 0; };
            invariant(std::all_of(need.begin(), need.end(), is_own),
                      "a factor needs an index that is not its own");
        }
        carried.insert(own.begin(), own.end());
    }
    for (int i : problem.output) invariant(carried.count(i) > 0, "no factor carries an index of the output");
}

namespace {

/// Plays the steps one by one on sets of indices, and keeps the accounts.
class Accountant {
public:
    explicit Accountant(const OrderProblem& problem)
        : problem_(problem), output_(problem.output.begin(), problem.output.end()) {
        for (const OrderFactor& factor : problem.factors) {
            parts_.push_back({{factor.indices.begin(), factor.indices.end()}, &factor, 0, false});
            for (int i : factor.indices) ++carriers_[i];
        }
    }

    void take(OrderStep step) {
        invariant(usable(step.left) && usable(step.right) && step.left != step.right,
                  "a step has no such operand");
        Part &left = parts_[step.left], &right = parts_[step.right];
        sum_lone_indices(left);
        sum_lone_indices(right);
        std::set<int> all = left.indices;
        all.insert(right.indices.begin(), right.indices.end());
        Part result{{}, nullptr, 0, false};
        for (int i : all) {
            const auto own = static_cast<int>(left.indices.count(i) + right.indices.count(i));
            carriers_[i] -= own;
            if (carriers_[i] == 0 && output_.count(i) == 0) continue;
            ++carriers_[i];
            result.indices.insert(i);
        }
        order.multiply_adds += is_symbolic(left, right) ? size(result.indices) : size(all);
        write(result);
        left.used = right.used = true;
        alive_ -= left.held + right.held;
        parts_.push_back(std::move(result));
    }

    /// The one part that is left is the result.
    void finish() {
        const auto unused =
            std::count_if(parts_.begin(), parts_.end(), [](const Part& part) { return !part.used; });
        invariant(unused <= 1, "the steps leave more than one part");
        for (Part& part : parts_) {
            if (part.used) continue;
            invariant(!is_symbol(part), "a symbolic factor is left alone");
            sum_lone_indices(part);
        }
    }

    Order order;

private:
    struct Part {
        std::set<int> indices;
        const OrderFactor* factor;  // null for a result
        double held;
        bool used;
    };

    bool usable(int operand) const {
        return operand >= 0 && operand < static_cast<int>(parts_.size()) && !parts_[operand].used;
    }
    static bool is_symbol(const Part& part) { return part.factor != nullptr && part.factor->symbolic; }

    double size(const std::set<int>& indices) const {
        double product = 1;
        for (int i : indices) product *= static_cast<double>(problem_.sizes[i]);
        return product;
    }

    bool is_symbolic(const Part& left, const Part& right) const {
        if (!is_symbol(left) && !is_symbol(right)) return false;
        invariant(!is_symbol(left) || !is_symbol(right), "two symbolic factors meet");
        const OrderFactor& symbol = *(is_symbol(left) ? left : right).factor;
        const Part& part = is_symbol(left) ? right : left;
        const auto met = [&](const std::vector<int>& need) {
            return std::all_of(need.begin(), need.end(), [&](int i) { return part.indices.count(i) > 0; });
        };
        invariant(std::any_of(symbol.needs.begin(), symbol.needs.end(), met),
                  "a symbolic factor misses an index");
        return true;
    }

    void sum_lone_indices(Part& part) {
        if (is_symbol(part)) return;
        std::set<int> kept;
        for (int i : part.indices) {
            if (carriers_[i] > 1 || output_.count(i) > 0) kept.insert(i);
        }
        if (kept.size() == part.indices.size()) return;
        order.multiply_adds += size(part.indices);
        part.indices = std::move(kept);
        write(part);
    }

    void write(Part& part) {
        part.held = size(part.indices);
        alive_ += part.held;
        order.writes += part.held;
        order.peak_elements = std::max(order.peak_elements, alive_);
        if (part.factor == nullptr) order.largest_result = std::max(order.largest_result, part.held);
    }

    const OrderProblem& problem_;
    std::set<int> output_;
    std::vector<Part> parts_;
    std::map<int, int> carriers_;  // how many unused parts carry an index
    double alive_ = 0;
};

}  // namespace

Order cost_of(const OrderProblem& problem, std::vector<OrderStep> steps) {
    check(problem);
    Accountant accountant(problem);
    for (const OrderStep& step : steps) accountant.take(step);
    accountant.finish();
    accountant.order.steps = std::move(steps);
    return std::move(accountant.order);
}

}  // namespace headway
