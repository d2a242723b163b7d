// Which GEMM a pairwise contraction is: labels sorted into batch, contracted, kept of a and kept of b,
// adjacent axes joined, transpose flags and packs decided. From shapes and strides only: no numbers, nothing
// allocated.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "contract/array.hpp"

namespace headway {

/// How a pairwise contraction is done.
enum class PairKind {
    Empty,        ///< the result has no elements, or a contracted axis has none (the result is 0)
    Elementwise,  ///< nothing is contracted: products of single elements (outer products and scalings too)
    Dot,          ///< neither operand keeps an axis: sums of products, in double
    Gemm          ///< a batch of matrix products (matrix-vector when m or n is 1)
};

/// What one contraction step is, for printing: `batch` products of `[m, k]` and `[k, n]`.
struct PairShape {
    PairKind kind = PairKind::Empty;
    std::int64_t batch = 1, m = 1, n = 1, k = 1;
    bool pack_a = false, pack_b = false;  ///< an operand is copied before BLAS can read it
    bool pack_out = false;                ///< the result is written elsewhere first and permuted into place
    bool presum_a = false, presum_b = false;  ///< labels of one operand only are summed first

    /// Floating-point operations of the products: 2 * batch * m * n * k.
    double flops() const;
    bool operator==(const PairShape&) const = default;
};

/// An operand or a result: its layout and one label per axis. A label that stands twice is a diagonal.
struct Labelled {
    const Layout& layout;
    std::span<const int> labels;
};

/// The shape of the step `a, b -> out` (einsum semantics).
/// Throws InvariantFailure when a label has two sizes, or `out` has a label twice or one that no operand has.
PairShape describe(const Labelled& a, const Labelled& b, const Labelled& out);

/// `gemm 12 x [64, 64] [64, 512]`, with what is packed.
std::string to_string(const PairShape& shape);

/// One index of the contraction and its stride in each array (0 where the array lacks it).
struct PairAxis {
    std::int64_t extent = 1;
    std::int64_t a = 0, b = 0, out = 0;
};
using PairAxes = std::vector<PairAxis>;
using PairOperand = std::int64_t PairAxis::*;

/// The loops of a step: products of [m, k] and [k, n] for every element of batch; within a group the last
/// axis is fastest.
struct PairPlan {
    PairShape shape;
    PairAxes batch, m, n, k;
};

PairPlan plan_pair(const Labelled& a, const Labelled& b, const Labelled& out);

/// The labels of an operand that neither the other operand nor the result has, taken away.
std::vector<int> without_summed(const Labelled& a, const Labelled& b, const Labelled& out);

/// How BLAS reads a matrix of the given row and column axes: its leading dimension and whether it stands
/// transposed; nothing when it must be packed first.
struct MatrixForm {
    std::int64_t leading;
    bool transposed;
};
std::optional<MatrixForm> matrix_form(const PairAxes& rows, const PairAxes& columns, PairOperand operand);

/// Product of the extents.
std::int64_t extent_of(const PairAxes& axes);

}  // namespace headway
