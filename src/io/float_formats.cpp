// SPDX-License-Identifier: Apache-2.0
#include "headway/io/float_formats.hpp"

#include "io/half_floats.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace headway {
namespace {

// The value of a sign, exponent and fraction of these widths, where no code is special.
float decoded(unsigned code, int exponent_bits, int fraction_bits) {
    const unsigned fraction = code & ((1U << fraction_bits) - 1U);
    const auto exponent = static_cast<int>((code >> fraction_bits) & ((1U << exponent_bits) - 1U));
    const bool negative = ((code >> (exponent_bits + fraction_bits)) & 1U) != 0;
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const bool subnormal = exponent == 0;
    const unsigned significand = subnormal ? fraction : fraction | (1U << fraction_bits);
    const float magnitude =
        std::ldexp(static_cast<float>(significand), (subnormal ? 1 : exponent) - bias - fraction_bits);
    return negative ? -magnitude : magnitude;
}

// The sign, and what an all-ones exponent means in IEEE formats.
float special(bool negative, bool is_nan) {
    const float value =
        is_nan ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    return negative ? -value : value;
}

// `value >> shift`, rounded to nearest, ties to even.
std::uint32_t shifted_to_even(std::uint32_t value, int shift) {
    const std::uint32_t half = 1U << (shift - 1);
    const std::uint32_t odd = (value >> shift) & 1U;
    return (value + half - 1U + odd) >> shift;
}

template <class T>
NonFinite count_non_finite(std::span<const T> values) {
    NonFinite found;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isfinite(values[i])) continue;
        if (found.count++ == 0) found.first = i;
    }
    return found;
}

}  // namespace

float float_from_f16(std::uint16_t code) { return f16_value(code); }
float float_from_bf16(std::uint16_t code) { return bf16_value(code); }

float float_from_f8_e4m3(std::uint8_t code) {
    if ((code & 0x7FU) == 0x7FU) return special((code & 0x80U) != 0, true);
    return decoded(code, 4, 3);
}

float float_from_f8_e5m2(std::uint8_t code) { return float_from_f16(static_cast<std::uint16_t>(code << 8)); }

float float_from_f8_e4m3fnuz(std::uint8_t code) {
    return code == 0x80U ? special(false, true) : decoded(code, 4, 3) / 2;
}

float float_from_f8_e5m2fnuz(std::uint8_t code) {
    return code == 0x80U ? special(false, true) : decoded(code, 5, 2) / 2;
}

float float_from_f8_e8m0(std::uint8_t code) {
    return code == 0xFFU ? special(false, true) : std::ldexp(1.0F, static_cast<int>(code) - 127);
}

std::uint16_t bf16_from_float(float value) {
    const auto code = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) return static_cast<std::uint16_t>((code >> 16) | 0x40U);
    return static_cast<std::uint16_t>(shifted_to_even(code, 16));
}

std::uint16_t f16_from_float(float value) {
    const auto code = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (code >> 16) & 0x8000U;
    const std::uint32_t magnitude = code & 0x7FFFFFFFU;
    if (std::isnan(value)) return static_cast<std::uint16_t>(sign | 0x7E00U);
    constexpr std::uint32_t rounds_to_infinity = 0x477FF000U;  // 65520
    if (magnitude >= rounds_to_infinity) return static_cast<std::uint16_t>(sign | 0x7C00U);
    constexpr std::uint32_t smallest_normal = 0x38800000U;  // 2^-14
    if (magnitude >= smallest_normal) {
        return static_cast<std::uint16_t>(sign | shifted_to_even(magnitude - (112U << 23), 13));
    }
    // Subnormal: the float is significand * 2^(exponent - 150); a unit of binary16 is 2^-24.
    const int shift = 126 - static_cast<int>(magnitude >> 23);
    if (shift > 24) return static_cast<std::uint16_t>(sign);
    const std::uint32_t significand = (magnitude & 0x7FFFFFU) | 0x800000U;
    return static_cast<std::uint16_t>(sign | shifted_to_even(significand, shift));
}

NonFinite find_non_finite(std::span<const float> values) { return count_non_finite(values); }
NonFinite find_non_finite(std::span<const double> values) { return count_non_finite(values); }

}  // namespace headway
