// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <queue>
#include <random>
#include <tuple>

#include "contract/order_search.hpp"
#include "headway/base/error.hpp"

namespace headway {
namespace {

/// How a pair of parts is judged: by the growth of memory when they are merged, `size(result) - shrink *
/// (size(a) + size(b))`, on a logarithmic scale with noise of the given temperature. (Gray and Kourtis,
/// "Hyper-optimized tensor network contraction", Quantum 5, 410, 2021.)
struct Taste {
    double shrink = 1;
    double temperature = 0;
};

/// Uniform in (0, 1), the same on every platform.
double uniform(std::mt19937_64& random) { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; }

class Greedy {
public:
    Greedy(const GroupedProblem& problem, const OrderOptions& options, Taste taste, std::mt19937_64& random)
        : problem_(problem),
          options_(options),
          taste_(taste),
          random_(random),
          carriers_(problem.groups.size()) {
        for (const auto& factor : problem.factors) {
            parts_.push_back({factor.groups, size(factor.groups), factor.symbolic, true});
        }
        for (std::size_t g = 0; g < carriers_.size(); ++g) carriers_[g] = problem.groups[g].carriers;
    }

    /// Nothing if no order is legal, or once the cost exceeds `bound`.
    std::optional<std::vector<OrderStep>> run(double bound) {
        const int n = static_cast<int>(parts_.size());
        for (int part = 0; part < n; ++part) judge_neighbours(part, part + 1);
        for (int step = 1; step < n; ++step) {
            const std::optional<OrderStep> pair = next_pair();
            if (!pair || !merge(*pair) || cost_ > bound) return std::nullopt;
            judge_neighbours(static_cast<int>(parts_.size()) - 1, 0);
        }
        return std::move(steps_);
    }

    double cost() const { return cost_; }
    std::size_t examined() const { return examined_; }

private:
    struct Part {
        std::vector<int> groups;
        double size;
        bool symbolic;
        bool alive;
    };
    struct Candidate {
        double score;
        int left, right;
        bool operator<(const Candidate& o) const {  // the best is the top of the queue
            return std::tie(score, left, right) > std::tie(o.score, o.left, o.right);
        }
    };

    Part& at(int part) { return parts_[part]; }
    std::vector<int>& carriers(int group) { return carriers_[group]; }
    double extent(int group) const { return problem_.groups[group].extent; }
    double size(const std::vector<int>& groups) const {
        double product = 1;
        for (int g : groups) product *= extent(g);
        return product;
    }

    bool legal(int left, int right) {
        if (!at(left).symbolic && !at(right).symbolic) return true;
        if (at(left).symbolic && at(right).symbolic) return false;
        const int symbol =
            at(left).symbolic ? left : right;  // only factors are symbolic: it is a factor's number
        const std::vector<int>& part = at(left + right - symbol).groups;
        const auto& needs = problem_.factors[symbol].needs;
        return std::any_of(needs.begin(), needs.end(), [&](const std::vector<int>& need) {
            return std::includes(part.begin(), part.end(), need.begin(), need.end());
        });
    }

    /// The groups of both, and those of them that the result keeps.
    void join(int left, int right) {
        const std::vector<int>&a = at(left).groups, &b = at(right).groups;
        all_.clear();
        kept_.clear();
        std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all_));
        for (int g : all_) {
            const bool both =
                std::binary_search(a.begin(), a.end(), g) && std::binary_search(b.begin(), b.end(), g);
            const bool elsewhere = carriers(g).size() > (both ? 2U : 1U);
            if (elsewhere || problem_.groups[g].open) kept_.push_back(g);
        }
    }

    void judge(int left, int right) {
        ++examined_;
        if (!legal(left, right)) return;
        join(left, right);
        const auto memory = [&](int part) { return at(part).symbolic ? 0 : at(part).size; };
        const double growth = size(kept_) - taste_.shrink * (memory(left) + memory(right));
        const double noise = taste_.temperature > 0
                                 ? taste_.temperature * std::log(-std::log(uniform(random_)))
                                 : 0;  // Gumbel's
        const double score =
            taste_.temperature > 0 ? std::copysign(std::log1p(std::abs(growth)), growth) : growth;
        queue_.push({score + noise, std::min(left, right), std::max(left, right)});
    }

    /// Judges `part` with every living part from number `from` on that shares an index with it.
    void judge_neighbours(int part, int from) {
        std::vector<int> neighbours;
        for (int g : at(part).groups) {
            for (int other : carriers(g)) {
                if (other >= from && other != part) neighbours.push_back(other);
            }
        }
        std::sort(neighbours.begin(), neighbours.end());
        neighbours.erase(std::unique(neighbours.begin(), neighbours.end()), neighbours.end());
        for (int other : neighbours) judge(part, other);
    }

    std::optional<OrderStep> next_pair() {
        while (!queue_.empty()) {
            const Candidate best = queue_.top();
            queue_.pop();
            if (at(best.left).alive && at(best.right).alive) return OrderStep{best.left, best.right};
        }
        return smallest_outer_product();
    }

    /// No two parts that may be merged share an index: the two smallest, and only then a symbolic factor.
    std::optional<OrderStep> smallest_outer_product() {
        std::vector<std::tuple<bool, double, int>> alive;
        for (int part = 0; part < static_cast<int>(parts_.size()); ++part) {
            if (at(part).alive) alive.emplace_back(at(part).symbolic, at(part).size, part);
        }
        std::sort(alive.begin(), alive.end());
        for (std::size_t other = 1; other < alive.size(); ++other) {
            const int a = std::get<int>(alive[0]), b = std::get<int>(alive[other]);
            if (legal(a, b)) return OrderStep{std::min(a, b), std::max(a, b)};
        }
        return std::nullopt;
    }

    bool merge(OrderStep step) {
        join(step.left, step.right);
        const double result = size(kept_);
        if (result > options_.largest_result) return false;
        const bool symbolic = at(step.left).symbolic || at(step.right).symbolic;
        cost_ +=
            options_.multiply_add_weight * (symbolic ? result : size(all_)) + options_.write_weight * result;
        at(step.left).alive = at(step.right).alive = false;
        const int made = static_cast<int>(parts_.size());
        for (int g : all_) {
            std::erase_if(carriers(g), [&](int part) { return part == step.left || part == step.right; });
        }
        for (int g : kept_) carriers(g).push_back(made);
        parts_.push_back({kept_, result, false, true});
        steps_.push_back(step);
        return true;
    }

    const GroupedProblem& problem_;
    const OrderOptions& options_;
    Taste taste_;
    std::mt19937_64& random_;
    std::vector<Part> parts_;
    std::vector<std::vector<int>> carriers_;  // living parts that carry a group
    std::priority_queue<Candidate> queue_;
    std::vector<OrderStep> steps_;
    std::vector<int> all_, kept_;
    double cost_ = 0;
    std::size_t examined_ = 0;
};

}  // namespace

std::vector<std::vector<OrderStep>> search_greedy(const GroupedProblem& problem,
                                                  const OrderOptions& options) {
    std::mt19937_64 random(options.seed);
    std::vector<std::vector<OrderStep>> found;
    double best_cost = kNever;
    std::size_t examined = 0;
    for (int attempt = 0; attempt <= options.random_tries && examined < options.budget; ++attempt) {
        Taste taste;
        if (attempt > 0) {
            taste.shrink = std::exp2(4 * uniform(random) - 2);
            taste.temperature = std::pow(10, -3 * uniform(random));
        }
        Greedy greedy(problem, options, taste, random);
        auto steps = greedy.run(best_cost);
        examined += greedy.examined() + problem.factors.size();
        if (!steps || greedy.cost() >= best_cost) continue;
        best_cost = greedy.cost();
        found.resize(std::min<std::size_t>(found.size(), 1));  // the first one, and the best of the others
        found.push_back(std::move(*steps));
    }
    return found;
}

}  // namespace headway
