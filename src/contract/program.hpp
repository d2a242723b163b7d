// A plan: the steps that turn leaves into the values of some expressions, in order, with their costs. It has
// no numbers of weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/array.hpp"
#include "headway/network/expression.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace headway {

/// The number of a value in a program: what a step makes.
using ValueId = int;

/// An operand with a label for each of its axes; equal labels are one index.
struct Operand {
    ValueId value = -1;
    std::vector<int> labels;
};

/// What a step does to its operands.
enum class Operation : std::uint8_t {
    Leaf,       ///< the array of a weight
    Stack,      ///< members of a family, kept as a list
    Fix,        ///< element `shift` of `axis`, which disappears
    Slice,      ///< the current tile of a loop along an axis
    Contract,   ///< two operands -> `out`; under a strict order when `row` >= 0
    Reduce,     ///< diagonals, sums over labels that `out` lacks, permutation
    Add,        ///< Σ coefficient * operand
    Scale,      ///< operand * `number`
    Gather,     ///< out[q] = in[v(q)]: tokens (`structure`), or shifts
    Centre,     ///< minus the mean along `axis`
    Rotate,     ///< rotary rotation of `axis` by the position along `other`
    Mask,       ///< keeps elements whose index along `other` is at most that along `axis` plus `shift`, the
                ///< last `window` of them
    Broadcast,  ///< a new leading axis of equal copies
    Dense,      ///< a structure as an array; only where nothing better is possible
    Softmax,
    Rstd,
    Pointwise
};

/// One step. Fields that an operation does not name are unused.
struct Step {
    Operation operation = Operation::Leaf;
    ValueId result = -1;
    std::vector<Operand> operands = {};
    std::vector<int> out = {};                    ///< labels of the result's axes
    Expr node = nullptr;                          ///< Leaf, Gather, Rotate, Dense: the leaf
    std::vector<std::int64_t> coefficients = {};  ///< Add
    Function function = Function::Relu;           ///< Pointwise
    int axis = -1, other = -1;                    ///< axes of the operand
    int sign = 1;                                 ///< Rotate: -1 is the inverse; Gather of a shift: direction
    std::int64_t shift = 0;                       ///< Mask, Fix
    std::int64_t window = 0;                      ///< Mask, Softmax: how many are kept at most; 0: all
    int count = 1;                                ///< Rstd: how many axes from `axis` on
    double number = 1;                            ///< Scale; eps of Rstd; cap of a Pointwise SoftCap
    int row = -1, column = -1;                    ///< Contract: `before[row, column]`
    int loop = -1;                                ///< Slice: which index of the loop; -1: of the blocks
    int blocked = -1;                             ///< in Blocks: the axis of the result that is a block
    int counted = 0;  ///< in Blocks: how often the block's first element is added to where it counts from
    double multiply_adds = 0;  ///< of one execution, before a strict order saves anything
};

/// Tiles of contracted indices. Steps of depth i depend on the tiles of the first i+1 indices and on nothing
/// that is inside: so what does not depend on an index is computed once (hoisted).
struct Loop {
    std::vector<std::int64_t> extents;
    std::vector<std::int64_t> tiles;
    bool symmetric = false;  ///< two indices that a symmetry of the network swaps: only tile pairs i >= j,
                             ///< others counted twice
    std::vector<std::vector<Step>> depths;
    std::vector<Step> sums;  ///< Contract steps that add into their results, in the innermost part
    /// How often the innermost part runs.
    double iterations() const;
};

/// Steps that run block by block along one index that is free in all of them, so that what they hand to each
/// other is never whole. What does not have the index is made before, once (hoisted).
struct Blocks {
    /// A block of values that is needed whole afterwards, or handed over block by block when it is an output.
    struct Kept {
        ValueId block, whole;
        int axis;
        bool handed;  ///< never whole
    };
    std::int64_t extent = 0, size = 0;
    std::vector<Step> steps;  ///< shapes are those of a full block; slices of what is whole among them
    std::vector<Kept> kept;
    std::int64_t count() const { return (extent + size - 1) / size; }
};

struct ValueInfo {
    Dims shape;
    std::string name;  ///< for people: what it is
};

using Item = std::variant<Step, Loop, Blocks>;

/// Calls visit(step) for every step of an item.
template <class Visit>
void for_each_step(const Item& item, const Visit& visit) {
    if (const auto* step = std::get_if<Step>(&item)) {
        visit(*step);
    } else if (const auto* blocks = std::get_if<Blocks>(&item)) {
        for (const Step& inner : blocks->steps) visit(inner);
    } else {
        const auto& loop = std::get<Loop>(item);
        for (const auto& depth : loop.depths)
            for (const Step& inner : depth) visit(inner);
        for (const Step& sum : loop.sums) visit(sum);
    }
}

/// The values that an item leaves behind.
template <class Visit>
void for_each_result(const Item& item, const Visit& visit) {
    for_each_step(item, [&](const Step& step) { visit(step.result); });
    if (const auto* blocks = std::get_if<Blocks>(&item))
        for (const Blocks::Kept& kept : blocks->kept) visit(kept.whole);
}

/// Items run in order; a value may be dropped after the last item that reads it.
struct Program {
    std::vector<ValueInfo> values;
    std::vector<Item> items;
    std::vector<ValueId> outputs;  ///< of the expressions, axes in the order of their ports
};

}  // namespace headway
