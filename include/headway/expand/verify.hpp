// Proof, not tolerance: both sides of a rewrite are evaluated exactly modulo p = 2^61 - 1 at random points.
//
// Two different polynomials of degree D agree at a random point of the field with probability at most D / p
// (Schwartz-Zippel), so a rewrite that holds at a few random points holds. Functions are opaque atoms, and a
// frozen value takes the value that its link has in the run of the untouched network: what is proved is a
// statement about the network as it is, not about a linear stand-in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/modular.hpp"
#include "headway/expand/path_term.hpp"
#include "headway/expand/score.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace headway {

struct VerifyOptions {
    int trials = 2;  ///< random points, each with extents, weights and tokens of its own
    std::uint64_t seed = 0;
    std::uint64_t max_paths = 1000000;  ///< more are refused with their count
};

/// What came out of a proof.
struct Verification {
    bool holds = false;
    std::vector<std::string> proved;      ///< a sentence each; empty when it does not hold
    std::vector<std::string> not_proved;  ///< what the proof does not say
    std::string failure;                  ///< the first entry that differs; empty when it holds
    std::uint64_t terms = 0;              ///< terms of the right side
    int trials = 0;
    double collision_bound = 1;    ///< at most this is the chance that something false was accepted
    std::vector<Sizes> extents{};  ///< of each trial
};

/// Whether two expressions with the same ports have the same value. `group_size`: query heads per key-value
/// head; 0 draws one. Throws Error(Usage) when the ports differ.
Verification verify_equal(const Expr& left, const Expr& right, const VerifyOptions& options = {},
                          int group_size = 0);
/// The same at random models with the layers, heads and rotary dimensions of `config`.
Verification verify_equal(const Expr& left, const Expr& right, const Config& config,
                          const VerifyOptions& options = {});

/// The logits of the untouched `transformer(config)`, before their soft cap where there is one, are the
/// sum of the terms of all paths through at most `max_heads` heads and the remainder; and each term
/// belongs to the path that it is listed under. Cost: seconds for 100,000 terms. Throws
/// Error(Unsupported) for a nonlinear head.
Verification verify_paths(const Config& config, int max_heads, const VerifyOptions& options = {});

/// The score of `head` in the untouched network, before any soft cap and softmax, is the sum of the terms
/// of its expansion; and each term belongs to the sources that it is listed under.
Verification verify_score(const Config& config, Head head, const VerifyOptions& options = {});

/// The lemma behind folded weights: the network that is written for `config` with its folding has the value
/// of the network without, when every folded weight is replaced by what it is made of.
Verification verify_folding(const Config& config, const VerifyOptions& options = {});

/// A term and the path that it claims to be.
struct PathTerm {
    Path path;
    Expr term;
};
/// The terms of a sum one at a time; nothing at the end.
using PathTerms = std::function<std::optional<PathTerm>()>;

/// `verify_paths` and `verify_score` for terms from elsewhere.
Verification verify_path_terms(const FrozenModel& model, const PathTerms& terms, const Expr& remainder,
                               const VerifyOptions& options = {});
Verification verify_score_terms(const FrozenModel& model, const ScoreExpansion& expansion,
                                const VerifyOptions& options = {});

}  // namespace headway
