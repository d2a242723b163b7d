// Sizes of tensors, with checked arithmetic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/dtype.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace headway {

/// The product, or nothing when it is negative or above 2^63 - 1 on the way.
std::optional<std::uint64_t> element_count(std::span<const std::int64_t> shape);

/// Bytes of so many elements, a multiple of the block's, or nothing above 2^64 - 1.
std::optional<std::uint64_t> bytes_of(DType dtype, std::uint64_t elements);

}  // namespace headway
