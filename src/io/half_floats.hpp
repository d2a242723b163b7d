// Sixteen-bit floats without a branch, so that loops over many of them are vectorised.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace headway {

inline float f16_value(std::uint16_t code) {
    // The fields moved to a float's places have a value 2^112 too small, exactly; also when they are subnormal.
    const float magnitude = std::bit_cast<float>((code & 0x7FFFU) << 13) * 0x1p112F;
    const std::uint32_t special = (code & 0x7C00U) == 0x7C00U ? 0x7F800000U : 0U;  // infinite or NaN
    const std::uint32_t sign = (code & 0x8000U) << 16;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | special | sign);
}

inline float bf16_value(std::uint16_t code) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(code) << 16);
}

}  // namespace headway
