// Numbers as stored bytes.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/encode.hpp"

#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace headway {
namespace {

using test::expect_error;

std::vector<std::uint8_t> encoded(std::vector<double> values, DType dtype) {
    const std::vector<std::byte> bytes = encode(values, dtype, "w");
    std::vector<std::uint8_t> codes(bytes.size());
    std::memcpy(codes.data(), bytes.data(), bytes.size());
    return codes;
}

TEST(Encode, EachTypeHasItsBytes) {
    using Bytes = std::vector<std::uint8_t>;
    EXPECT_EQ(encoded({1.0}, DType::F64), (Bytes{0, 0, 0, 0, 0, 0, 0xF0, 0x3F}));
    EXPECT_EQ(encoded({-2.0}, DType::F32), (Bytes{0, 0, 0, 0xC0}));
    EXPECT_EQ(encoded({1.5}, DType::F16), (Bytes{0x00, 0x3E}));
    EXPECT_EQ(encoded({1.5, 0.0}, DType::BF16), (Bytes{0xC0, 0x3F, 0, 0}));
}

TEST(Encode, ValuesAreRoundedToNearest) {
    EXPECT_EQ(encoded({1.0 + 1.0 / 1024 + 1.0 / 4096}, DType::F16), encoded({1.0 + 1.0 / 1024}, DType::F16));
    EXPECT_EQ(encoded({1.0 + 1.0 / 512}, DType::BF16), encoded({1.0}, DType::BF16));
}

TEST(Encode, WhatWouldBecomeInfiniteIsRefused) {
    expect_error(ErrorKind::Numeric, "w: 70000 is too large for F16",
                 [] { return encoded({70000.0}, DType::F16); });
    expect_error(ErrorKind::Numeric, "too large for F32", [] { return encoded({1e300}, DType::F32); });
    const double infinite = std::numeric_limits<double>::infinity();
    EXPECT_EQ(encoded({infinite}, DType::F16).size(), 2U);  // what is infinite already may stay so
}

TEST(Encode, TypesAreKnownByName) {
    EXPECT_EQ(parse_dtype("bf16"), DType::BF16);
    EXPECT_EQ(parse_dtype("F64"), DType::F64);
    expect_error(ErrorKind::Usage, "\"float\" is no type for weights", [] { return parse_dtype("float"); });
    expect_error(ErrorKind::Usage, "not I64", [] { return encoded({1.0}, DType::I64); });
}

}  // namespace
}  // namespace headway
