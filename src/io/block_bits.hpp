// What the block decoders read from the bytes of a block.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/float_formats.hpp"

#include <cstdint>
#include <cstring>

namespace headway {

inline std::uint16_t word16(const std::uint8_t* bytes) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

inline std::uint32_t word32(const std::uint8_t* bytes) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

/// The binary16 number at `bytes`.
inline float half(const std::uint8_t* bytes) { return float_from_f16(word16(bytes)); }

/// Four-bit code `index` of a row of codes that are packed in pairs, the low half first.
inline int nibble(const std::uint8_t* packed, int index) {
    return (packed[index / 2] >> (4 * (index % 2))) & 15;
}

}  // namespace headway
