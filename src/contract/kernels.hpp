// What is done to arrays besides contraction: sums, copies, gathers, masks, rotations, and the functions of
// Apply nodes. Every kernel returns a new row-major array and leaves its operand alone. Sums are accumulated
// in double.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "contract/array.hpp"
#include "headway/base/config.hpp"

namespace headway {

/// einsum of one operand: takes diagonals of repeated labels, sums the labels that `out_labels` lacks,
/// permutes.
template <class T>
Array<T> reduce(const Array<T>& a, std::span<const int> a_labels, std::span<const int> out_labels,
                Workspace& workspace);

/// Row-major copy.
template <class T>
Array<T> copy(const Array<T>& a, Workspace& workspace);

/// Copies the elements of `a` into `out`, of the same shape.
template <class T>
void copy_to(const Array<T>& out, const Array<T>& a, Workspace& workspace);

/// The same elements in another precision.
template <class To, class From>
Array<To> convert(const Array<From>& a, Workspace& workspace);

/// out += c * a, axes matched by label; along labels that `a` lacks it is repeated. Labels may not repeat.
template <class T>
void add_to(const Array<T>& out, std::span<const int> out_labels, T c, const Array<T>& a,
            std::span<const int> a_labels, Workspace& workspace);

/// result[..., i, ...] = a[..., index[i], ...] along `axis`; zeros where the index is -1.
template <class T>
Array<T> gather(const Array<T>& a, int axis, std::span<const int> index, Workspace& workspace);

/// result[..., q, ...] = a[..., q, ..., index[q], ...]: picks along `axis` for each element of `by`; `axis`
/// disappears.
template <class T>
Array<T> gather_each(const Array<T>& a, int by, int axis, std::span<const int> index, Workspace& workspace);

/// result[..., index[i], ...] += a[..., i, ...]; `axis` gets `extent` elements, -1 is skipped.
template <class T>
Array<T> scatter_add(const Array<T>& a, int axis, std::span<const int> index, std::int64_t extent,
                     Workspace& workspace);

/// a minus its mean along `axis`.
template <class T>
Array<T> centre(const Array<T>& a, int axis, Workspace& workspace);

/// Which columns j a row i keeps: j <= i + shift, and of these the last `window`; 0: all of them.
/// Causal: row = query, column = key, shift = 0. `before[l, l']`: row = l', column = l, shift = -1.
struct Band {
    std::int64_t shift = 0;
    std::int64_t window = 0;
};

/// Keeps a[..., i, ..., j, ...] (i along `row`, j along `column`) inside the band; 0 elsewhere.
template <class T>
Array<T> keep_lower(const Array<T>& a, int row, int column, const Band& band, Workspace& workspace);

/// How a head's vectors turn: element p of the position axis by angle `sign * (first + p) *
/// rotary.frequency(i)`.
struct Turn {
    Rotary rotary;
    int sign = 1;            ///< -1: the inverse (transposed) rotation
    std::int64_t first = 0;  ///< position of element 0
};

/// Rotates the first `rotary.dims` elements of `axis` by the position along `positions`; the others are
/// copied.
template <class T>
Array<T> rotate(const Array<T>& a, int axis, int positions, const Turn& turn, Workspace& workspace);

/// softmax along `keys`. With a query axis (>= 0) key j counts for query i only where it is inside the band;
/// other entries are exactly 0.
template <class T>
Array<T> softmax(const Array<T>& a, int keys, int causal_queries, const Band& band, Workspace& workspace);

/// 1 / sqrt(mean(a²) + eps) along the `count` axes from `axis` on, which disappear.
template <class T>
Array<T> rstd(const Array<T>& a, int axis, int count, double eps, Workspace& workspace);

/// cap tanh(a / cap).
template <class T>
Array<T> soft_cap(const Array<T>& a, double cap, Workspace& workspace);

/// The pointwise function of an MLP.
template <class T>
Array<T> activate(const Array<T>& a, Activation function, Workspace& workspace);

/// Σ a², in double.
template <class T>
double sum_of_squares(const Array<T>& a, Workspace& workspace);

}  // namespace headway
