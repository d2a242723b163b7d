// What the numbers of a tensor look like: extremes, mean, root mean square, zeros, and what is not finite.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace headway {

/// Of the finite values: extremes (0 without any), sums in double.
struct TensorStatistics {
    std::uint64_t count = 0;  ///< values in all
    std::uint64_t nan = 0, infinite = 0, zeros = 0;
    double least = 0, largest = 0;
    double sum = 0, sum_of_squares = 0;

    std::uint64_t finite() const { return count - nan - infinite; }
    double mean() const;              ///< NaN without finite values
    double root_mean_square() const;  ///< NaN without finite values
    void add(std::span<const double> values);
};

/// Reads the tensor once, block by block, never the whole of it; `read_bytes` hears how many stored bytes
/// each block was. Throws as WeightFiles::read_range.
TensorStatistics statistics_of(const WeightFiles& files, const StoredTensor& tensor,
                               const std::function<void(std::uint64_t)>& read_bytes = {});

}  // namespace headway
