// SPDX-License-Identifier: Apache-2.0
#include "io/sizes.hpp"

#include "headway/base/error.hpp"
#include "headway/io/weight_files.hpp"

#include <limits>

namespace headway {

std::optional<std::uint64_t> element_count(std::span<const std::int64_t> shape) {
    std::uint64_t count = 1;
    for (const std::int64_t size : shape) {
        if (size < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(size), &count))
            return std::nullopt;
    }
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return count <= most ? std::optional(count) : std::nullopt;
}

std::optional<std::uint64_t> bytes_of(DType dtype, std::uint64_t elements) {
    const BlockSize block = block_size(dtype);
    const auto in_block = static_cast<std::uint64_t>(block.elements);
    invariant(elements % in_block == 0, "elements come in whole blocks");
    std::uint64_t total = 0;
    const bool overflow =
        __builtin_mul_overflow(elements / in_block, static_cast<std::uint64_t>(block.bytes), &total);
    return overflow ? std::nullopt : std::optional(total);
}

std::int64_t StoredTensor::size() const {
    std::int64_t count = 1;  // checked for overflow when the header was read
    for (const std::int64_t extent : shape) count *= extent;
    return count;
}

}  // namespace headway
