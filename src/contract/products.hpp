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
};

/// Into how many parts each product is cut, and how many products one task does.
struct Cut {
    std::int64_t m = 1, n = 1, k = 1;  ///< parts; parts of k are summed afterwards, in order
    std::int64_t items = 1;            ///< products per task (when they are not cut)
    bool operator==(const Cut&) const = default;
};
Cut choose_cut(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k);

template <class T>
void run_products(const ProductBatch<T>& products, Workspace& workspace);

}  // namespace headway
