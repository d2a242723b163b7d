// Numbers as a weights file stores them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/dtype.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace headway {

/// The values as F64, F32, F16 or BF16, little-endian, each rounded to nearest (to F16 and BF16 by way of
/// float). `what` begins the message. Throws Error: Numeric when a finite value would become infinite, Usage
/// for another dtype.
std::vector<std::byte> encode(std::span<const float> values, DType dtype, std::string_view what);
std::vector<std::byte> encode(std::span<const double> values, DType dtype, std::string_view what);

/// `f32`, `f16`, `bf16`, `f64`, in any case. Throws Error(Usage) with the nearest.
DType parse_dtype(std::string_view name);

}  // namespace headway
