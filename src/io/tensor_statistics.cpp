// SPDX-License-Identifier: Apache-2.0
#include "headway/io/tensor_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace headway {

namespace {

double quotient(double sum, std::uint64_t count) {
    return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

}  // namespace

double TensorStatistics::mean() const { return quotient(sum, finite()); }

double TensorStatistics::root_mean_square() const { return std::sqrt(quotient(sum_of_squares, finite())); }

void TensorStatistics::add(std::span<const double> values) {
    for (const double value : values) {
        ++count;
        if (std::isnan(value)) {
            ++nan;
        } else if (std::isinf(value)) {
            ++infinite;
        } else {
            const bool first = finite() == 1;
            least = first ? value : std::min(least, value);
            largest = first ? value : std::max(largest, value);
            zeros += value == 0 ? 1 : 0;
            sum += value;
            sum_of_squares += value * value;
        }
    }
}

TensorStatistics statistics_of(const WeightFiles& files, const StoredTensor& tensor,
                               const std::function<void(std::uint64_t)>& read_bytes) {
    constexpr std::uint64_t block = std::uint64_t{1} << 18;  // 2 MiB of doubles, whole blocks of any type
    const auto size = static_cast<std::uint64_t>(tensor.size());
    TensorStatistics statistics;
    std::vector<double> values(static_cast<std::size_t>(std::min(block, size)));
    for (std::uint64_t first = 0; first < size; first += block) {
        const auto count = std::min(block, size - first);
        const std::span<double> part = std::span(values).first(static_cast<std::size_t>(count));
        files.read_range<double>(tensor, first, part);
        statistics.add(part);
        if (read_bytes) read_bytes(tensor.bytes * (first + count) / size - tensor.bytes * first / size);
    }
    return statistics;
}

}  // namespace headway
