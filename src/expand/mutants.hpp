// What the campaigns of mutants share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/mutate.hpp"

#include <functional>

namespace headway {

/// `root` with the node `before` replaced wherever it is used. What Frozen nodes link to is left alone.
Expr replaced(const Expr& root, const Expr& before, const Expr& after);

/// An expression, what it must be equal to, and where that is tried.
struct Equality {
    Expr left;
    Expr right;
    std::vector<ModularModel> models;
    MutationRange range;
    std::string origin;  ///< where it comes from, for the text of a survivor
};

/// Whether two expressions have the same value at all models.
bool same_values(const Expr& left, const Expr& right, const std::vector<ModularModel>& models);

/// Counts mutants of right sides against their left sides until `wanted` have been rejected. `make` gives
/// nothing for seeds that it has no equality for.
MutantCount count_equality_mutants(std::string name, std::uint64_t wanted, std::uint64_t seed,
                                   const std::function<std::optional<Equality>(std::uint64_t seed)>& make);

/// Counts one mutant of a right side. One that was not rejected is looked at: is there a reason why it is
/// right?
void count_mutant(MutantCount& into, const Equality& equality, const Mutant& mutant, bool rejected);
/// Counts one that was not rejected, and for no known reason. Up to ten are kept.
void count_survivor(MutantCount& into, std::string text);

/// Mutants of lists of paths, of sums by order, of layer terms and of scores of small models.
std::vector<MutantCount> count_model_mutants(std::uint64_t per_pass, std::uint64_t seed);

}  // namespace headway
