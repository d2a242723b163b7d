// Blocks of 32 (NVFP4: 64) elements. In those of 32, byte i of the codes holds element i in its low half and
// element i + 16 in its high half.
// SPDX-License-Identifier: Apache-2.0
#include "io/block_bits.hpp"
#include "io/block_codebooks.hpp"
#include "io/block_decoders.hpp"

#include <bit>

namespace headway {
namespace {

constexpr int half_block = 16;

// Codes of four bits at `codes`: value_of(code) of each.
template <class ValueOf>
void decode_nibbles(const std::uint8_t* __restrict codes, float* __restrict out, ValueOf value_of) {
    for (int i = 0; i < half_block; ++i) {
        out[i] = value_of(codes[i] & 15);
        out[i + half_block] = value_of(codes[i] >> 4);
    }
}

// Codes of five bits: the fifth of element i is bit i of `high`.
template <class ValueOf>
void decode_five_bits(std::uint32_t high, const std::uint8_t* __restrict codes, float* __restrict out,
                      ValueOf value_of) {
    for (int i = 0; i < half_block; ++i) {
        out[i] = value_of((codes[i] & 15) | static_cast<int>((high >> i) & 1U) << 4);
        out[i + half_block] =
            value_of((codes[i] >> 4) | static_cast<int>((high >> (i + half_block)) & 1U) << 4);
    }
}

// 2^(code - 128): the format's power of two, halved because the values are doubled.
float half_of_e8m0(std::uint8_t code) {
    const std::uint32_t subnormal = 0x00200000U << (code & 1U);  // 2^-128, 2^-127
    return std::bit_cast<float>(code < 2 ? subnormal : static_cast<std::uint32_t>(code - 1) << 23);
}

// Half an E4M3 number, whose sign is not looked at; the code of NaN counts as 0.
float half_of_e4m3(std::uint8_t code) {
    const int exponent = (code >> 3) & 15;
    const int fraction = code & 7;
    if (code == 0x7F) return 0;
    if (exponent == 0) return static_cast<float>(fraction) * 0x1p-10F;
    return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 119) << 23 |
                                static_cast<std::uint32_t>(fraction) << 20);
}

}  // namespace

void decode_q4_0(const std::uint8_t* block, float* out) {
    const float scale = half(block);
    decode_nibbles(block + 2, out, [scale](int code) { return scale * static_cast<float>(code - 8); });
}

void decode_q4_1(const std::uint8_t* block, float* out) {
    const float scale = half(block);
    const float minimum = half(block + 2);
    decode_nibbles(block + 4, out, [=](int code) { return scale * static_cast<float>(code) + minimum; });
}

void decode_q5_0(const std::uint8_t* block, float* out) {
    const float scale = half(block);
    decode_five_bits(word32(block + 2), block + 6, out,
                     [scale](int code) { return scale * static_cast<float>(code - 16); });
}

void decode_q5_1(const std::uint8_t* block, float* out) {
    const float scale = half(block);
    const float minimum = half(block + 2);
    decode_five_bits(word32(block + 4), block + 8, out,
                     [=](int code) { return scale * static_cast<float>(code) + minimum; });
}

void decode_q8_0(const std::uint8_t* __restrict block, float* __restrict out) {
    const float scale = half(block);
    for (int i = 0; i < 2 * half_block; ++i) {
        out[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * scale;
    }
}

void decode_iq4_nl(const std::uint8_t* block, float* out) {
    const float scale = half(block);
    decode_nibbles(block + 2, out, [scale](int code) {
        return scale * static_cast<float>(values_iq4[static_cast<std::size_t>(code)]);
    });
}

void decode_mxfp4(const std::uint8_t* block, float* out) {
    const float scale = half_of_e8m0(block[0]);
    decode_nibbles(block + 1, out, [scale](int code) {
        return scale * static_cast<float>(values_e2m1[static_cast<std::size_t>(code)]);
    });
}

void decode_nvfp4(const std::uint8_t* block, float* out) {
    for (int part = 0; part < 4; ++part) {
        const float scale = half_of_e4m3(block[part]);
        const std::uint8_t* codes = block + 4 + 8 * part;
        for (int i = 0; i < 8; ++i) {
            out[16 * part + i] = scale * static_cast<float>(values_e2m1[codes[i] & 15]);
            out[16 * part + i + 8] = scale * static_cast<float>(values_e2m1[codes[i] >> 4]);
        }
    }
}

}  // namespace headway
