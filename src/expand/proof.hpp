// What the proofs share: the random points of a proof, sums of values at each of them, the chance of an
// accident.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/verify.hpp"

#include <unordered_map>
#include <unordered_set>

namespace headway {

/// Degrees of expressions as polynomials in weights and in atoms (values of functions).
class Degrees {
public:
    explicit Degrees(std::int64_t positions) : positions_(static_cast<double>(positions)) {}
    double of(const Expr& expression);
    /// The largest so far, arguments of functions and links of frozen values included.
    double largest() const { return largest_; }

private:
    double compute(const Expr& expression);

    double positions_;
    double largest_ = 1;
    std::unordered_map<Expr, double> known_;
};

/// A sum of arrays of one shape.
class ModularSum {
public:
    void add(const ModularArray& value, std::uint64_t coefficient = 1);
    const ModularArray& total() const { return total_; }

private:
    ModularArray total_;
};

/// The random points of a proof: one evaluation each.
class Trials {
public:
    /// Throws Error(Usage) when there is not at least one.
    Trials(const VerifyOptions& options, const std::function<ModularModel(std::uint64_t seed)>& model);
    std::size_t size() const { return runs_.size(); }
    ModularRun& operator[](std::size_t trial) { return runs_[trial]; }
    /// The product of the values of scalars.
    std::uint64_t scalar(std::size_t trial, const std::vector<Expr>& factors);

    /// Fills in what a Verification says of its trials. `degree`: the largest of both sides.
    void describe(Verification& result, double degree) const;

private:
    std::vector<ModularRun> runs_;
};

/// Whether two expressions have the same value at every trial. Fills in all but what was proved.
Verification prove_equal(const Expr& left, const Expr& right, Trials& trials);

/// Where two arrays differ first; empty when they do not.
std::string first_difference(const ModularArray& left, const ModularArray& right);

/// The frozen values below an expression that link to a node outside of a network.
class Links {
public:
    explicit Links(const Expr& network) { collect(network); }
    /// The name of one that does, or nothing.
    std::string stray(const Expr& expression);

private:
    void collect(const Expr& node);
    std::unordered_set<Expr> nodes_;
    std::unordered_set<Expr> checked_;
};

}  // namespace headway
