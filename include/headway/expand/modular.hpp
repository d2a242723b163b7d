// An exact evaluator: the value of any expression modulo the prime p = 2^61 - 1, over small dense arrays.
//
// It knows what the node kinds mean and nothing of the passes, so that a rewrite can be proved by
// evaluating both of its sides (Schwartz-Zippel). Weights are hashes of (seed, name, layer, head,
// indices), so `W_Q[L0]` at head 3 is `W_Q[L0H3]`; `W_OV` and `W_QK` are the products that they stand
// for. Functions are opaque atoms, hashes of (name, attributes, argument): equal arguments give equal
// values and nothing else is known of them, but that a softmax is 0 where masked and sums to 1 over its
// unmasked entries. Tokens follow one another from a random one on, so that positions differ. Rotary
// angles are pairs (c, s) with c² + s² = 1, one for each frequency (of a base, a scaling, a number of
// dimensions and a pair), multiplied by angle addition.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace headway {

/// p = 2^61 - 1.
inline constexpr std::uint64_t modulus = (std::uint64_t{1} << 61) - 1;

/// Residues modulo p, row-major, one axis for each port in order.
struct ModularArray {
    std::vector<std::int64_t> shape;
    std::vector<std::uint64_t> values;
    bool operator==(const ModularArray&) const = default;
};

/// A random model: how far each space extends, and the seed of its weights, tokens and functions.
struct ModularModel {
    Sizes sizes;         ///< Head counts key-value heads, Member the query heads of each
    int group_size = 1;  ///< query heads per key-value head
    std::uint64_t seed = 0;
    bool operator==(const ModularModel&) const = default;
};

/// A model with the layers, heads, groups and rotary dimensions of `config`; the other extents are random in
/// 2..7 and pairwise different; positions at least 3.
ModularModel modular_model(const Config& config, std::uint64_t seed);

/// A model that fits the expressions: families, heads, one-hot and rotary structures fix the extents that
/// they name or bound them from below, the others are random. Query heads per key-value head: `group_size`,
/// or random when it is 0. Throws Error(Usage) when two families disagree.
ModularModel modular_model(std::span<const Expr> expressions, int group_size, std::uint64_t seed);

/// One evaluation: values are memoised by node, so that a shared node costs once.
class ModularRun {
public:
    explicit ModularRun(const ModularModel& model) : model_(model) {}

    /// The value of an expression; kept, with all that it is made of, as long as the run. Throws Error(Limit)
    /// when an intermediate would have more than 2^24 entries, Error(Usage) when an expression does not fit
    /// the model (a family of another size).
    const ModularArray& value(const Expr& expression);
    /// The same, but only what it is made of is kept: for the terms of long sums.
    ModularArray value_once(const Expr& expression);

    const ModularModel& model() const { return model_; }
    /// Values of functions asked for so far: softmax rows, rstd vectors, pointwise entries.
    std::size_t atoms() const { return atoms_; }

private:
    struct Kept {
        Expr node;
        ModularArray value;
    };
    ModularArray compute(const Expr& expression);
    ModularArray compute(const Product& product, const std::vector<Space>& ports);
    ModularArray compute(const Sum& sum, const std::vector<Space>& ports);
    ModularArray compute(const Family& family, const std::vector<Space>& ports);
    ModularArray compute(const Apply& apply, const std::vector<Space>& ports);
    ModularArray compute(const Frozen& frozen, const std::vector<Space>& ports);
    ModularArray compute_softmax(const Apply& apply);

    ModularModel model_;
    std::unordered_map<const Node*, Kept> kept_;
    std::size_t atoms_ = 0;
};

}  // namespace headway
