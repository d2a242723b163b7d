// Contraction order: in which order the factors of a product are multiplied two by two, and what that costs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace headway {

/// One factor of a product. The order of its indices has no meaning here.
struct OrderFactor {
    std::vector<int> indices;  ///< distinct
    /// A Structure (gather, rotation, mask, centring): never dense, so it acts on a part (a dense factor, or
    /// the result of a step) in one elementwise pass. Two symbolic factors never meet directly.
    bool symbolic = false;
    /// Symbolic only: the part must carry every index of at least one of these sets, each a subset of
    /// `indices`. `token[q,v]` needs {v}; `rope[q,e,e']` {q,e} or {q,e'}; `before[l,l']` {l,l'}.
    std::vector<std::vector<int>> needs = {};
};

/// A product of factors. An index outside `output` is summed over; any number of factors may carry it
/// (hyper-index).
struct OrderProblem {
    std::vector<OrderFactor> factors;
    std::vector<std::int64_t> sizes;  ///< extent of each index
    std::vector<int> output;          ///< indices of the result; each is carried by some factor
};

/// Operands 0..n-1 are the factors, n+k is the result of step k. The result carries those indices of its
/// operands that an operand not yet used carries, or the output.
struct OrderStep {
    int left = 0, right = 0;
    bool operator==(const OrderStep&) const = default;
};

/// Steps, and what they cost. A dense step costs the product of the extents of all indices of its operands; a
/// symbolic one the size of its result. Indices that nothing but one dense factor carries are summed away
/// before it is used, at the cost of reading it. Elements, not bytes; doubles, so that hopeless orders do not
/// overflow.
struct Order {
    std::vector<OrderStep> steps;
    double multiply_adds = 0;
    double writes = 0;         ///< elements of all results
    double peak_elements = 0;  ///< most elements of results alive at once; factors are not counted
    double largest_result = 0;
    bool optimal = false;  ///< no tree of pairwise steps costs less, outer products included
};

/// What is minimised: `multiply_add_weight * multiply_adds + write_weight * writes`; among equals, the lower
/// peak.
struct OrderOptions {
    double multiply_add_weight = 1;
    double write_weight = 0;
    /// Results may not be larger than this (elements).
    double largest_result = std::numeric_limits<double>::infinity();
    /// Up to this many factors (at most 20) the order is optimal: milliseconds for 14, up to a second for 20.
    int exact_limit = 20;
    /// Beyond, pairs that the exact search may examine before greedy orders, improved piece by piece, have to
    /// do.
    std::size_t budget = 2'000'000;
    int random_tries = 64;  ///< perturbed greedy orders, besides the plain one
    std::uint64_t seed = 1;
};

/// The order that costs least, or, if it is not said to be `optimal`, a cheap one. Nothing if no order is
/// legal: some symbolic factor finds no part that it can act on (the caller makes it dense), or results get
/// larger than allowed. Deterministic; the cost does not depend on how factors and indices are numbered
/// (beyond the exact limit: unless the network is so regular that colour refinement does not see what
/// differs).
std::optional<Order> find_order(const OrderProblem& problem, const OrderOptions& options = {});

/// What the given steps cost, counted step by step; `optimal` stays false. Illegal steps are an
/// InvariantFailure.
Order cost_of(const OrderProblem& problem, std::vector<OrderStep> steps);

}  // namespace headway
