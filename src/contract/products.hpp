// A batch of matrix products, cut into tasks. The cut depends on the shape only, so that the bits of the
// result do not depend on the number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/elements.hpp"
#include "contract/pair_plan.hpp"
#include "contract/workspace.hpp"

namespace headway {

/// out[i] <- a[i] b[i] for every element i of the batch, out row-major `[m, n]`.
template <class T>
struct ProductBatch {
    PairAxes batch;
    std::int64_t m = 1, n = 1, k = 1;
    const T* a = nullptr;
    const T* b = nullptr;
    T* out = nullptr;
    MatrixForm a_form{}, b_form{};
    std::int64_t leading_out = 1;
    Update<T> update;
    std::int64_t k_parts = 0;  ///< into how many parts k is cut; 0: as many as suit
};

/// Into how many parts each product is cut, and how many products one task does.
struct Cut {
    std::int64_t m = 1, n = 1, k = 1;  ///< parts; parts of k are summed afterwards, in order
    std::int64_t items = 1;            ///< products per task (when they are not cut)
    bool operator==(const Cut&) const = default;
};
Cut choose_cut(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k);
/// The same with the parts of k given.
Cut choose_cut(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t k_parts);

/// How a contraction is a part of a whole one, along an index of the result that operand a, b or both have.
struct WholeExtent {
    bool in_a = false, in_b = false;
    std::int64_t part = 1, whole = 1;
};
/// Into how many parts k is cut where the contraction is whole: a part of it does the same.
std::int64_t parts_of_k(PairShape shape, const WholeExtent& whole);

template <class T>
void run_products(const ProductBatch<T>& products, Workspace& workspace);

}  // namespace headway
