// The passes checked on random expressions, each result compared with what it came from, exactly.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headway {

/// What one pass did on the random expressions.
struct PassCheck {
    std::string pass;
    std::uint64_t applied = 0;  ///< expressions that it applies to; `distribute` leaves out very long sums
    std::uint64_t changed = 0;  ///< of these, expressions that it made another object of
    std::uint64_t failed = 0;
    std::string first_failure{};  ///< the seed of the expression and its text
};

struct SelfCheck {
    std::uint64_t expressions = 0;
    std::vector<PassCheck> passes;
    bool holds() const;
};

/// Makes `n_expressions` random expressions (all node kinds, hyper-indices, traces, shared nodes, sums of
/// products, families, frozen values, functions, structures) and applies to each: flatten, merge_copies,
/// normalise (which, applied twice, must give the same object), distribute, fold, unfold, select,
/// split_heads, freeze; prints and reads it back, which must give the same object. Cost: about a millisecond
/// an expression.
SelfCheck check_passes(std::uint64_t n_expressions, std::uint64_t seed = 0);

}  // namespace headway
