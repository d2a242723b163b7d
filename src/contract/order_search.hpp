// What the searches for a contraction order share: the problem with its indices grouped, and the price of a
// step.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "contract/order.hpp"

namespace headway {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// The problem as the searches see it. Indices with the same carriers are one group; an index that one factor
/// alone carries is gone, as it is summed away before any step.
struct GroupedProblem {
    struct Factor {
        std::vector<int> groups;  ///< ascending
        double held = 0;  ///< elements of its copy with lone indices summed away, 0 if it is used as it is
        bool symbolic = false;
        std::vector<std::vector<int>> needs;  ///< as groups; sets that nothing can satisfy are left out
    };
    struct Group {
        double extent = 1;
        bool open = false;          ///< in the output
        std::vector<int> carriers;  ///< ascending
    };
    std::vector<Factor> factors;
    std::vector<Group> groups;
};

/// Throws InvariantFailure if indices are out of range, repeated in a factor, or carried by none but in the
/// output.
void check(const OrderProblem& problem);

GroupedProblem grouped(const OrderProblem& problem);

/// A numbering of the factors that depends on the network only, not on how its factors and indices are
/// numbered: by colour refinement, with ties broken one at a time. (Factors that refinement cannot tell apart
/// and that no symmetry exchanges are the exception.)
std::vector<int> canonical_numbering(const OrderProblem& problem);

/// The same problem: its factor i is factor `numbering[i]` of `problem`, and its indices are numbered by
/// their carriers.
OrderProblem renumbered(const OrderProblem& problem, const std::vector<int>& numbering);

/// Up to 128 groups of indices.
struct IndexSet {
    static constexpr std::size_t kCapacity = 128;
    std::array<std::uint64_t, 2> words{};

    void insert(std::size_t i) { words[i / 64] |= std::uint64_t{1} << (i % 64); }
    bool empty() const { return (words[0] | words[1]) == 0; }
    bool within(const IndexSet& o) const {
        return ((words[0] & ~o.words[0]) | (words[1] & ~o.words[1])) == 0;
    }
    friend IndexSet operator|(const IndexSet& a, const IndexSet& b) {
        return {{a.words[0] | b.words[0], a.words[1] | b.words[1]}};
    }
    friend IndexSet operator&(const IndexSet& a, const IndexSet& b) {
        return {{a.words[0] & b.words[0], a.words[1] & b.words[1]}};
    }
};

/// The price of one step, for problems of at most IndexSet::kCapacity groups.
class StepPrice {
public:
    StepPrice(const GroupedProblem& problem, const OrderOptions& options);

    /// Number of elements of a tensor with these indices.
    double size(const IndexSet& indices) const;

    /// The cost of merging two parts, or kNever if that is illegal. A symbol is the number of a symbolic
    /// factor that is still by itself, or -1 for a part.
    double merge(const IndexSet& a, int symbol_a, const IndexSet& b, int symbol_b, double result_size) const;

private:
    double multiply_add_weight_, write_weight_, largest_result_;
    std::vector<std::array<double, 256>>
        products_;                              // [byte of the set][its bits] -> product of their extents
    std::vector<std::vector<IndexSet>> needs_;  // of each factor
};

/// The indices of every operand: factors without their lone indices (a symbolic one with all its own), then
/// results.
std::vector<std::vector<int>> operand_indices(const OrderProblem& problem,
                                              const std::vector<OrderStep>& steps);

/// The same tree, its steps in the order that keeps the fewest elements alive.
std::vector<OrderStep> in_memory_order(const OrderProblem& problem, const std::vector<OrderStep>& steps);

/// A tree that costs no more: subtrees of a few operands are replaced by their best ones until nothing
/// changes.
std::vector<OrderStep> refined(const OrderProblem& problem, std::vector<OrderStep> steps,
                               const OrderOptions& options);

/// The most elements alive while both operands and then their result are made, the better operand first.
/// `held` is what an operand occupies once it is made, `peak` the most that making it takes.
double merged_peak(double held_a, double peak_a, double held_b, double peak_b, double result_size);

/// The best of all trees that cost at most `cap`, by dynamic programming over all subsets: 3^n / 2 splits,
/// fewer the lower the cap. Nothing if there is none.
std::optional<std::vector<OrderStep>> search_every_tree(double cap, const GroupedProblem& problem,
                                                        const OrderOptions& options);

/// The same for more factors: only subsets that can be had for less than a cap are listed, and the cap is
/// raised up to `cap` step by step. `outer_products`: or else only parts that share an index are merged.
/// Nothing if there is none, or the budget is exhausted.
std::optional<std::vector<OrderStep>> search_below(double cap, bool outer_products,
                                                   const GroupedProblem& problem,
                                                   const OrderOptions& options);

/// The plain greedy order, and the best of `random_tries` perturbed ones if that costs less. Empty if none is
/// legal.
std::vector<std::vector<OrderStep>> search_greedy(const GroupedProblem& problem, const OrderOptions& options);

}  // namespace headway
