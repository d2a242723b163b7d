// Two models held against each other leaf by leaf, whatever formats and names their files have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/progress.hpp"
#include "headway/model/model.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace headway {

/// A leaf of two models.
struct LeafDifference {
    LeafName name;
    bool in_a = false, in_b = false;
    std::vector<std::int64_t> shape_a = {}, shape_b = {};
    std::int64_t differing = 0;  ///< elements that are not the same number (NaN is NaN)
    double largest = 0;          ///< of |a - b|; NaN when a finite number stands against one that is not
    std::vector<std::int64_t> at = {};  ///< where
    double norm_a = 0;                  ///< Frobenius
    double relative = 0;                ///< Frobenius norm of a - b over that of a; infinite when a is zero

    bool same_shape() const { return in_a && in_b && shape_a == shape_b; }
    bool equal() const { return same_shape() && differing == 0; }
};

/// Compares all leaves of both, in a's order, then those that only b has. Memory: one leaf of each at a time,
/// in double when `in_double`. Load both with nothing folded to compare the files' own weights. Throws as
/// Model::leaf.
std::vector<LeafDifference> compare_leaves(const Model& a, const Model& b, bool in_double = false,
                                           Progress* progress = nullptr);

}  // namespace headway
