// SPDX-License-Identifier: Apache-2.0
#include "headway/io/float_formats.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace headway {
namespace {

__extension__ typedef _Float16 Half;  // the compiler's own binary16

// Equal bits, or both NaN.
bool same(float a, float b) {
    return (std::isnan(a) && std::isnan(b)) ||
           std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

}  // namespace

TEST(FloatFormats, EveryF16IsTheCompilersOwn) {
    for (unsigned code = 0; code < 0x10000; ++code) {
        const auto bits = static_cast<std::uint16_t>(code);
        ASSERT_TRUE(same(float_from_f16(bits), static_cast<float>(std::bit_cast<Half>(bits)))) << code;
    }
}

TEST(FloatFormats, EveryF16SurvivesTheWayThroughFloat) {
    for (unsigned code = 0; code < 0x10000; ++code) {
        const float value = float_from_f16(static_cast<std::uint16_t>(code));
        if (std::isnan(value)) {
            ASSERT_TRUE(std::isnan(float_from_f16(f16_from_float(value))));
        } else {
            ASSERT_EQ(f16_from_float(value), code);
        }
    }
}

TEST(FloatFormats, RoundingToF16IsTheCompilersOwnAtAndBesideEveryTie) {
    for (unsigned code = 0; code < 0x7C00; ++code) {
        const float low = float_from_f16(static_cast<std::uint16_t>(code));
        const float high = code == 0x7BFF ? 65536.0F : float_from_f16(static_cast<std::uint16_t>(code + 1));
        const float tie = low + (high - low) / 2;
        for (const float value : {tie, std::nextafter(tie, low), std::nextafter(tie, high), -tie}) {
            ASSERT_EQ(f16_from_float(value), std::bit_cast<std::uint16_t>(static_cast<Half>(value))) << value;
        }
    }
    EXPECT_EQ(f16_from_float(1e30F), 0x7C00);
    EXPECT_EQ(f16_from_float(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(FloatFormats, EveryBf16IsAFloatCutInHalf) {
    for (unsigned code = 0; code < 0x10000; ++code) {
        const float value = float_from_bf16(static_cast<std::uint16_t>(code));
        ASSERT_EQ(std::bit_cast<std::uint32_t>(value), code << 16);
        if (!std::isnan(value)) {
            ASSERT_EQ(bf16_from_float(value), code);
        } else {
            ASSERT_TRUE(std::isnan(float_from_bf16(bf16_from_float(value))));
        }
    }
}

TEST(FloatFormats, RoundingToBf16IsToNearestTiesToEven) {
    const auto rounded = [](std::uint32_t bits) { return bf16_from_float(std::bit_cast<float>(bits)); };
    EXPECT_EQ(rounded(0x3F807FFF), 0x3F80);
    EXPECT_EQ(rounded(0x3F808000), 0x3F80);
    EXPECT_EQ(rounded(0x3F808001), 0x3F81);
    EXPECT_EQ(rounded(0x3F818000), 0x3F82);
    EXPECT_EQ(rounded(0x7F7FFFFF), 0x7F80);
    EXPECT_TRUE(std::isnan(float_from_bf16(rounded(0x7F800001))));
}

TEST(FloatFormats, EveryF8E4M3IsWhatItsBitsSay) {
    for (unsigned code = 0; code < 0x100; ++code) {
        const double sign = (code & 0x80) != 0 ? -1 : 1;
        const int exponent = static_cast<int>((code >> 3) & 15);
        const double fraction = (code & 7) / 8.0;
        const double value =
            exponent == 0 ? std::pow(2.0, -6) * fraction : std::pow(2.0, exponent - 7) * (1 + fraction);
        const bool nan = (code & 0x7F) == 0x7F;
        const float expected = nan ? std::nanf("") : static_cast<float>(sign * value);
        ASSERT_TRUE(same(float_from_f8_e4m3(static_cast<std::uint8_t>(code)), expected)) << code;
    }
    EXPECT_EQ(float_from_f8_e4m3(0x7E), 448.0F);
}

TEST(FloatFormats, EveryF8E5M2IsTheUpperHalfOfAnF16) {
    for (unsigned code = 0; code < 0x100; ++code) {
        const auto half = std::bit_cast<Half>(static_cast<std::uint16_t>(code << 8));
        ASSERT_TRUE(same(float_from_f8_e5m2(static_cast<std::uint8_t>(code)), static_cast<float>(half)))
            << code;
    }
    EXPECT_EQ(float_from_f8_e5m2(0x7B), 57344.0F);
}

TEST(FloatFormats, WhatIsNotFiniteIsCountedAndTheFirstIsNamed) {
    const float infinite = std::numeric_limits<float>::infinity();
    const std::vector<float> values = {0, 1e38F, infinite, -2, std::nanf(""), -infinite};
    EXPECT_EQ(find_non_finite(std::span(values)).count, 3U);
    EXPECT_EQ(find_non_finite(std::span(values)).first, 2U);
    EXPECT_EQ(find_non_finite(std::vector<double>{1, 2, 5e-324}).count, 0U);
}

}  // namespace headway
