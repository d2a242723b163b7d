// What was proved, what was computed, and what is not proved.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/mutate.hpp"
#include "headway/expand/self_check.hpp"
#include "headway/expand/verify.hpp"
#include "headway/measure/paths.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <vector>

namespace headway {

/// A check that was made, by name: `paths`, `score of L1H0`, `folding`.
struct NamedVerification {
    std::string name;
    Verification verification;
};

/// Numeric closure of a list of paths on a run.
struct Closure {
    double residual = 0;       ///< largest |sum of rows - logits|
    double largest_logit = 0;  ///< what the residual is compared with
    double tolerance = 1e-10;  ///< times largest_logit
    std::size_t tokens = 0;
    bool holds() const { return residual <= tolerance * largest_logit; }
};

/// Columns `result,check,statement`: result is `proved`, `failed`, `closed`, `not closed`, or `not proved`
/// for what the proof does not say. The caption gives trials, terms and the chance of an error.
Table verification_rows(const std::vector<NamedVerification>& checks, const Closure* closure);

/// Columns `pass,rejected,survived,no_mutants`, then one for each kind of mistake. `no_mutants`: changes that
/// provably change no value, which were replaced by others.
Table mutant_rows(const std::vector<MutantCount>& counts);

/// Columns `pass,expressions,changed,failed,first_failure`.
Table self_check_rows(const SelfCheck& check);

}  // namespace headway
