// Sums of products of small arrays modulo p, two arrays at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/modular.hpp"

namespace headway {

/// An array whose axis i carries the label `labels[i]`; a label may stand on several axes (a diagonal).
struct LabelledArray {
    const ModularArray* array = nullptr;
    std::vector<int> labels;
};

/// Number of entries of an array of that shape. Throws Error(Limit) above 2^24.
std::size_t checked_size(const std::vector<std::int64_t>& shape);

/// `out[0 .. n_ports-1] = Σ Π factors`, the sum over all other labels; `extents` are those of the labels. The
/// pair with the smallest result, less what it replaces, goes first.
ModularArray contract_modular(const std::vector<LabelledArray>& factors, std::size_t n_ports,
                              const std::vector<std::int64_t>& extents);

}  // namespace headway
