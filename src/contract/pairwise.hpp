// Contraction of two labelled arrays on BLAS. Labels shared by both and kept are batch indices, shared and
// not kept are
// contracted, labels of one operand that the result lacks are summed first.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "contract/array.hpp"

namespace headway {

/// `before[row, column]`: only elements whose row index is smaller than the column index are wanted, others
/// are 0.
struct StrictOrder {
    int row;     ///< a label of the result
    int column;  ///< another label of the result, of the same size
};

/// One label's axes hold only a part of an index of `whole` elements (label -1: nothing of the kind). Sums are
/// then split as they would be for the whole, so that an element is the same bits in any part.
struct SplitLike {
    int label = -1;
    std::int64_t whole = 0;
};

/// einsum(a, b -> out): row-major, axes in the order of `out_labels`. Labels may repeat within an operand
/// (diagonal), not in the result.
template <class T>
Array<T> contract_pair(const Array<T>& a, std::span<const int> a_labels, const Array<T>& b,
                       std::span<const int> b_labels, std::span<const int> out_labels, Workspace& workspace,
                       const SplitLike& like = {});

/// The same into `out`, which may be a view with gaps.
template <class T>
void contract_into(const Array<T>& out, std::span<const int> out_labels, const Array<T>& a,
                   std::span<const int> a_labels, const Array<T>& b, std::span<const int> b_labels,
                   Workspace& workspace, const SplitLike& like = {});

/// out += alpha * einsum(a, b -> out). `out` may be a view with gaps, but no two of its elements may share a
/// place.
template <class T>
void contract_add(const Array<T>& out, std::span<const int> out_labels, T alpha, const Array<T>& a,
                  std::span<const int> a_labels, const Array<T>& b, std::span<const int> b_labels,
                  Workspace& workspace, const SplitLike& like = {});

/// contract_pair under a strict order: the other elements are exactly 0 and (up to blocks) not computed.
template <class T>
Array<T> contract_pair_before(const Array<T>& a, std::span<const int> a_labels, const Array<T>& b,
                              std::span<const int> b_labels, std::span<const int> out_labels,
                              const StrictOrder& order, Workspace& workspace);

/// contract_add under a strict order: the other elements of `out` are left alone.
template <class T>
void contract_add_before(const Array<T>& out, std::span<const int> out_labels, T alpha, const Array<T>& a,
                         std::span<const int> a_labels, const Array<T>& b, std::span<const int> b_labels,
                         const StrictOrder& order, Workspace& workspace);

/// The order of result labels that costs no packing of the result: batch, then kept of a, then kept of b.
std::vector<int> natural_order(std::span<const int> a_labels, std::span<const int> b_labels,
                               std::span<const int> out_labels);

}  // namespace headway
