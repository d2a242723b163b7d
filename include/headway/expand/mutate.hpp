// Mutants: expressions with one small mistake in them, made to be rejected by the proof. A proof that accepts
// one would prove nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/verify.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// The mistakes.
enum class Mutation : std::uint8_t {
    TermDropped,          ///< of a sum, or of a list of paths
    TermRepeated,         ///< a path is listed twice
    PathsExchanged,       ///< two paths (or score sources) stand under each other's name
    Coefficient,          ///< a coefficient is one more
    LegsSwapped,          ///< W becomes Wᵀ, A[q,k] becomes A[k,q]
    StructureTransposed,  ///< the same of a mask, a token table or a rotation
    BoundRewired,         ///< a leg is wired to another index of its space
    OrderSwapped,         ///< two factors of one shape change places: A2 A1 for A1 A2
    FactorDropped,
    FactorRepeated,
    WrongHead,
    WrongGroup,       ///< a wrong key-value head
    WrongLayer,       ///< a wrong layer, or a frozen value that links to another node
    WrongWeight,      ///< another weight of its shape: k_norm.w for q_norm.w, W_K for W_Q
    MaskChanged,      ///< none, its transpose, or another window
    RotationChanged,  ///< another base, scaling or pairing of dimensions
    FunctionChanged   ///< another function, epsilon or cap
};
inline constexpr int n_mutations = 17;

/// `term dropped`, `legs swapped`, ...
std::string_view name(Mutation mutation);

/// Sizes that a wrong head, group or layer stays within.
struct MutationRange {
    int n_layers = 1;
    int n_heads = 1;
    int n_kv_heads = 1;
};

/// An expression with a mistake in it: the node `before` has become `after` wherever it is used.
struct Mutant {
    Mutation mutation = Mutation::TermDropped;
    Expr expression;
    Expr before;
    Expr after;
    std::vector<Expr>
        parts;  ///< whose role changes: the factors of a product, the term of a sum, or `before` itself
};

/// A mutant that the seed chooses: first the kind of mistake, then the place. What Frozen nodes link to is
/// left alone. Nothing when there is no place for any mistake.
std::optional<Mutant> mutate(const Expr& expression, const MutationRange& range, std::uint64_t seed);

/// What became of the mutants of one pass.
struct MutantCount {
    std::string pass;
    std::array<std::uint64_t, n_mutations> rejected{};  ///< by kind of mistake
    std::uint64_t survived = 0;                         ///< accepted although no reason is known: must be 0
    std::vector<std::string> survivors{};               ///< their seeds and texts
    // Accepted, and rightly so, for a reason that is checked; counted apart and replaced by others.
    std::uint64_t same = 0;       ///< the same object when multiplied out
    std::uint64_t symmetric = 0;  ///< the changed node itself has the same value: Δ[q,k] x[q] for Δ[q,k] x[k]
    std::uint64_t irrelevant =
        0;  ///< nothing changes either when the changed parts are random tensors; patterns:
            ///< random patterns (behind a bias, that their rows sum to 1 is all that counts)
    std::uint64_t summed =
        0;  ///< members or legs change places that are only summed over: so may random ones
    std::uint64_t tables =
        0;  ///< rejected once masks, one-hots, copies, centring and whole softmaxes are random tensors: what
            ///< makes it equal is a property of these, as Σ_d centre[d,d1] = 0, or that rows sum to 1
    std::uint64_t total_excused() const { return same + symmetric + irrelevant + summed + tables; }
    std::uint64_t total_rejected() const;
};

/// Makes seeded mutants of the results of every pass on random expressions, and of the expansions of small
/// models (paths, orders, layer terms, scores), until `per_pass` have been rejected of each, and counts. The
/// table is the same for equal arguments.
std::vector<MutantCount> count_mutants(std::uint64_t per_pass, std::uint64_t seed = 0);

}  // namespace headway
