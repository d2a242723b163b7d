// The small floating-point formats of weight files, converted exactly to float, and what is not finite among
// numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace headway {

/// IEEE binary16: 1 sign, 5 exponent, 10 fraction bits.
float float_from_f16(std::uint16_t code);
/// bfloat16: the upper half of a float.
float float_from_bf16(std::uint16_t code);
/// F8_E4M3 (the "fn" variant): no infinities, 0x7F and 0xFF are NaN, largest 448.
float float_from_f8_e4m3(std::uint8_t code);
/// F8_E5M2: the upper half of a binary16.
float float_from_f8_e5m2(std::uint8_t code);
/// F8_E4M3FNUZ: exponents one lower, no negative zero: 0x80 is the only NaN; largest 240.
float float_from_f8_e4m3fnuz(std::uint8_t code);
/// F8_E5M2FNUZ: the same of F8_E5M2; largest 57344.
float float_from_f8_e5m2fnuz(std::uint8_t code);
/// F8_E8M0: a power of two from 2^-127 to 2^127; 0xFF is NaN.
float float_from_f8_e8m0(std::uint8_t code);

/// The nearest bfloat16, ties to even; NaN stays NaN.
std::uint16_t bf16_from_float(float value);
/// The nearest binary16, ties to even; too large becomes infinite; NaN stays NaN.
std::uint16_t f16_from_float(float value);

/// How many values are NaN or infinite, and the index of the first.
struct NonFinite {
    std::size_t count = 0;
    std::size_t first = 0;  ///< meaningful when count > 0
};
NonFinite find_non_finite(std::span<const float> values);
NonFinite find_non_finite(std::span<const double> values);

}  // namespace headway
