// Names and sizes of element types, with checked arithmetic.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/safetensors.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace headway {

/// Unknown for a name that the format does not have.
DType dtype_named(std::string_view name);

/// The product, or nothing when it is negative or above 2^63 - 1 on the way.
std::optional<std::uint64_t> element_count(std::span<const std::int64_t> shape);

/// Bits of so many elements, or nothing above 2^64 - 1.
std::optional<std::uint64_t> bits_of(DType dtype, std::uint64_t elements);

}  // namespace headway
