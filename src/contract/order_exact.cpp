// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <tuple>
#include <unordered_map>

#include "contract/order_search.hpp"

namespace headway {

StepPrice::StepPrice(const GroupedProblem& problem, const OrderOptions& options)
    : multiply_add_weight_(options.multiply_add_weight),
      write_weight_(options.write_weight),
      largest_result_(options.largest_result),
      products_((problem.groups.size() + 7) / 8) {
    for (std::size_t byte = 0; byte < products_.size(); ++byte) {
        products_[byte][0] = 1;
        for (std::size_t bits = 1; bits < 256; ++bits) {
            const std::size_t group = 8 * byte + static_cast<std::size_t>(std::countr_zero(bits));
            const double extent = group < problem.groups.size() ? problem.groups[group].extent : 1;
            products_[byte][bits] = products_[byte][bits & (bits - 1)] * extent;
        }
    }
    for (const auto& factor : problem.factors) {
        std::vector<IndexSet> needs;
        for (const std::vector<int>& need : factor.needs) {
            IndexSet& set = needs.emplace_back();
            for (int g : need) set.insert(static_cast<std::size_t>(g));
        }
        needs_.push_back(std::move(needs));
    }
}

double StepPrice::size(const IndexSet& indices) const {
    double product = 1;
    for (std::size_t byte = 0; byte < products_.size(); ++byte) {
        product *= products_[byte][(indices.words[byte / 8] >> (8 * (byte % 8))) & 255];
    }
    return product;
}

double StepPrice::merge(const IndexSet& a, int symbol_a, const IndexSet& b, int symbol_b,
                        double result_size) const {
    if (result_size > largest_result_) return kNever;
    if (symbol_a < 0 && symbol_b < 0) return multiply_add_weight_ * size(a | b) + write_weight_ * result_size;
    if (symbol_a >= 0 && symbol_b >= 0) return kNever;
    const IndexSet& part = symbol_a >= 0 ? b : a;
    const std::vector<IndexSet>& needs = needs_[std::max(symbol_a, symbol_b)];
    const bool met =
        std::any_of(needs.begin(), needs.end(), [&](const IndexSet& need) { return need.within(part); });
    return met ? (multiply_add_weight_ + write_weight_) * result_size : kNever;
}

double merged_peak(double held_a, double peak_a, double held_b, double peak_b, double result_size) {
    const double made = std::min(std::max(peak_a, held_a + peak_b), std::max(peak_b, held_b + peak_a));
    return std::max(made, held_a + held_b + result_size);
}

namespace {

/// Sets of factors as bits; what a set of factors carries outwards.
class Boundary {
public:
    explicit Boundary(const GroupedProblem& problem) : carried_(problem.factors.size()) {
        for (std::size_t f = 0; f < carried_.size(); ++f) {
            for (int g : problem.factors[f].groups) carried_[f].insert(static_cast<std::size_t>(g));
        }
        for (std::size_t g = 0; g < problem.groups.size(); ++g) {
            std::uint64_t carriers = 0;
            for (int f : problem.groups[g].carriers) carriers |= std::uint64_t{1} << f;
            carriers_.push_back(carriers);
            if (problem.groups[g].open) open_.insert(g);
        }
    }

    const IndexSet& of_factor(std::size_t f) const { return carried_[f]; }

    /// Of the indices `all` of the set of factors `inside`, those carried outside of it or open.
    IndexSet outward(const IndexSet& all, std::uint64_t inside) const {
        IndexSet result = all & open_;
        for (std::size_t word = 0; word < 2; ++word) {
            for (std::uint64_t bits = all.words[word]; bits != 0; bits &= bits - 1) {
                const std::size_t g = 64 * word + static_cast<std::size_t>(std::countr_zero(bits));
                if ((carriers_[g] & ~inside) != 0) result.insert(g);
            }
        }
        return result;
    }

private:
    std::vector<IndexSet> carried_;
    std::vector<std::uint64_t> carriers_;
    IndexSet open_;
};

class EveryTree {
public:
    EveryTree(double cap, const GroupedProblem& problem, const OrderOptions& options)
        : cap_(cap),
          weights_(options.multiply_add_weight + options.write_weight),
          problem_(problem),
          price_(problem, options),
          n_(problem.factors.size()),
          sets_(std::size_t{1} << n_),
          cost_(sets_, kNever) {
        const Boundary boundary(problem);
        std::vector<IndexSet> all(sets_);
        for (std::size_t set = 1; set < sets_; ++set) {
            const auto lowest = static_cast<std::size_t>(std::countr_zero(set));
            all[set] = all[set & (set - 1)] | boundary.of_factor(lowest);
            parts_[set].indices = boundary.outward(all[set], set);
        }
    }

    std::optional<std::vector<OrderStep>> search() {
        for (std::size_t set = 1; set < sets_; ++set) {
            if (std::has_single_bit(set)) {
                const auto& factor = problem_.factors[std::countr_zero(set)];
                cost_[set] = 0;
                parts_[set].held = parts_[set].peak = factor.held;
                if (factor.symbolic) parts_[set].symbol = std::countr_zero(set);
            } else {
                parts_[set].held = price_.size(parts_[set].indices);
                find_best_split(set);
            }
        }
        if (cost_[sets_ - 1] == kNever) return std::nullopt;
        emit(sets_ - 1);
        return std::move(steps_);
    }

private:
    struct Part {
        IndexSet indices;
        double held = 0, peak = 0;
        std::uint32_t left = 0;
        int symbol = -1;
    };

    void find_best_split(std::size_t set) {
        const std::size_t lowest = set & (~set + 1), rest = set ^ lowest;
        const double least = weights_ * parts_[set].held;  // of the last step: it has to write the result
        double best = cap_, best_peak = kNever;
        std::size_t best_left = 0;
        if (least > cap_) return;
        for (std::size_t right = rest; right != 0; right = (right - 1) & rest) {
            const std::size_t left = set ^ right;
            const double below = cost_[left] + cost_[right];
            if (below + least > best || below == kNever) continue;
            const Part &a = parts_[left], &b = parts_[right];
            const double cost =
                below + price_.merge(a.indices, a.symbol, b.indices, b.symbol, parts_[set].held);
            if (cost > best || cost == kNever) continue;
            const double peak = merged_peak(a.held, a.peak, b.held, b.peak, parts_[set].held);
            if (cost == best && peak >= best_peak) continue;
            best = cost;
            best_peak = peak;
            best_left = left;
        }
        if (best_left == 0) return;
        cost_[set] = best;
        parts_[set].peak = best_peak;
        parts_[set].left = static_cast<std::uint32_t>(best_left);
    }

    int emit(std::size_t set) {  // at most 20 deep
        if (std::has_single_bit(set)) return std::countr_zero(set);
        const int left = emit(parts_[set].left), right = emit(set ^ parts_[set].left);
        steps_.push_back({left, right});
        return static_cast<int>(n_ + steps_.size()) - 1;
    }

    double cap_, weights_;
    const GroupedProblem& problem_;
    StepPrice price_;
    std::size_t n_, sets_;
    std::vector<double> cost_;  // by itself: most splits are rejected on it alone
    std::vector<Part> parts_ = std::vector<Part>(sets_);
    std::vector<OrderStep> steps_;
};

/// One pass: every subset that can be had for at most `cap`, smaller subsets first.
class CappedSearch {
public:
    CappedSearch(double cap, bool outer_products, const GroupedProblem& problem, const OrderOptions& options)
        : cap_(cap),
          multiply_add_weight_(options.multiply_add_weight),
          outer_products_(outer_products),
          boundary_(problem),
          price_(problem, options),
          levels_(problem.factors.size() + 1) {
        for (std::size_t f = 0; f < problem.factors.size(); ++f) {
            const auto& factor = problem.factors[f];
            const std::uint64_t bit = std::uint64_t{1} << f;
            const IndexSet& indices = boundary_.of_factor(f);
            levels_[1].push_back({bit, indices, price_.size(indices), factor.held, 0, factor.held,
                                  factor.symbolic ? static_cast<int>(f) : -1, 0});
        }
        for (std::size_t g = 0; g < problem.groups.size(); ++g) {  // carried by all: no reason to merge two
            if (problem.groups[g].carriers.size() < problem.factors.size()) linking_.insert(g);
        }
    }

    /// Takes what it uses from `budget`; false when that is exhausted.
    bool run(std::size_t& budget) {
        for (std::size_t size = 2; size < levels_.size(); ++size) {
            for (std::size_t small = 1; 2 * small <= size; ++small) {
                if (!combine(small, size - small, budget)) return false;
            }
            auto& level = levels_[size];
            std::sort(level.begin(), level.end(), [](const Part& a, const Part& b) {
                return std::tie(a.cost, a.factors) < std::tie(b.cost, b.factors);
            });
            for (const Part& part : level) split_[part.factors] = part.left;
            place_.clear();
        }
        return true;
    }

    bool found() const { return !levels_.back().empty(); }

    std::vector<OrderStep> steps() {
        emit(levels_.back().front().factors);
        return std::move(steps_);
    }

private:
    struct Part {
        std::uint64_t factors;
        IndexSet indices;
        double size, held, cost, peak;
        int symbol;
        std::uint64_t left;
    };

    bool combine(std::size_t size_a, std::size_t size_b, std::size_t& budget) {
        const std::vector<Part>&as = levels_[size_a], &bs = levels_[size_b];
        for (std::size_t i = 0; i < as.size(); ++i) {
            const Part& a = as[i];
            std::size_t examined = 0;
            for (std::size_t j = size_a == size_b ? i + 1 : 0; j < bs.size(); ++j, ++examined) {
                const Part& b = bs[j];
                if (a.cost + b.cost > cap_) break;  // sorted by cost
                if ((a.factors & b.factors) == 0 && is_worth_pricing(a, b)) merge(a, b);
            }
            if (examined >= budget) return false;
            budget -= examined;
        }
        return true;
    }

    /// Cheap tests that reject most pairs.
    bool is_worth_pricing(const Part& a, const Part& b) const {
        const IndexSet shared = a.indices & b.indices;
        if (!outer_products_ && (shared & linking_).empty()) return false;
        if (a.symbol >= 0 || b.symbol >= 0) return true;
        const double least = shared.empty() ? a.size * b.size : std::max(a.size, b.size);
        return a.cost + b.cost + multiply_add_weight_ * least <= cap_;
    }

    void merge(const Part& a, const Part& b) {
        const std::uint64_t factors = a.factors | b.factors;
        const double below = a.cost + b.cost;
        std::vector<Part>& level = levels_[std::popcount(factors)];
        const auto known = place_.find(factors);
        if (known != place_.end() && below > level[known->second].cost) return;
        const IndexSet indices = known != place_.end() ? level[known->second].indices
                                                       : boundary_.outward(a.indices | b.indices, factors);
        const double held = price_.size(indices);
        const double cost = below + price_.merge(a.indices, a.symbol, b.indices, b.symbol, held);
        if (cost > cap_ || cost == kNever) return;
        const double peak = merged_peak(a.held, a.peak, b.held, b.peak, held);
        const bool a_first = std::countr_zero(a.factors) < std::countr_zero(b.factors);
        const Part part{factors, indices, held, held, cost, peak, -1, a_first ? a.factors : b.factors};
        if (known == place_.end()) {
            place_.emplace(factors, level.size());
            level.push_back(part);
        } else {
            Part& old = level[known->second];
            if (std::tie(cost, peak, part.left) < std::tie(old.cost, old.peak, old.left)) old = part;
        }
    }

    int emit(std::uint64_t set) {  // at most 64 deep
        if (std::has_single_bit(set)) return std::countr_zero(set);
        const int left = emit(split_.at(set)), right = emit(set ^ split_.at(set));
        steps_.push_back({left, right});
        return static_cast<int>(levels_.size() - 1 + steps_.size()) - 1;
    }

    double cap_, multiply_add_weight_;
    bool outer_products_;
    Boundary boundary_;
    StepPrice price_;
    IndexSet linking_;
    std::vector<std::vector<Part>> levels_;                 // by number of factors
    std::unordered_map<std::uint64_t, std::size_t> place_;  // in the level being made
    std::unordered_map<std::uint64_t, std::uint64_t> split_;
    std::vector<OrderStep> steps_;
};

}  // namespace

std::optional<std::vector<OrderStep>> search_every_tree(double cap, const GroupedProblem& problem,
                                                        const OrderOptions& options) {
    return EveryTree(cap, problem, options).search();
}

std::optional<std::vector<OrderStep>> search_below(double cap, bool outer_products,
                                                   const GroupedProblem& problem,
                                                   const OrderOptions& options) {
    std::size_t budget = options.budget;
    for (double part_of_cap : {1. / 512, 1. / 64, 1. / 8, 1.}) {
        CappedSearch search(cap * part_of_cap, outer_products, problem, options);
        if (!search.run(budget)) return std::nullopt;
        if (search.found()) return search.steps();
    }
    return std::nullopt;
}

}  // namespace headway
