// Blocks of 256 elements whose scales are themselves small integers times one or two binary16 numbers.
// SPDX-License-Identifier: Apache-2.0
#include "io/block_bits.hpp"
#include "io/block_codebooks.hpp"
#include "io/block_decoders.hpp"

#include <array>

namespace headway {
namespace {

// Two bits of each of 32 bytes, in the order of elements: part 0 of all, part 1 of all, ...
int two_bits(const std::uint8_t* bytes, int part, int i) { return (bytes[i] >> (2 * part)) & 3; }

// Q4_K and Q5_K: eight scales and eight minima of six bits each in 12 bytes.
struct ScalesAndMinima {
    std::array<float, 8> scale;
    std::array<float, 8> minimum;
};

ScalesAndMinima scales_and_minima(const std::uint8_t* block) {
    const float d = half(block);
    const float d_minimum = half(block + 2);
    const std::uint8_t* packed = block + 4;
    ScalesAndMinima result;
    for (std::size_t i = 0; i < 4; ++i) {
        const int both = packed[i + 8];  // the low four bits of scale and minimum i + 4
        result.scale[i] = d * static_cast<float>(packed[i] & 63);
        result.minimum[i] = d_minimum * static_cast<float>(packed[i + 4] & 63);
        result.scale[i + 4] = d * static_cast<float>((both & 15) | (packed[i] >> 6) << 4);
        result.minimum[i + 4] = d_minimum * static_cast<float>((both >> 4) | (packed[i + 4] >> 6) << 4);
    }
    return result;
}

// Q3_K: scale `index` of 16, six bits: four in the first 8 bytes, two in the last 4.
int scale_of_q3_k(const std::uint8_t* packed, int index) {
    const int low = (packed[index % 8] >> (4 * (index / 8))) & 15;
    const int high = (packed[8 + index % 4] >> (2 * (index / 4))) & 3;
    return (low | high << 4) - 32;
}

}  // namespace

void decode_q2_k(const std::uint8_t* __restrict block, float* __restrict out) {
    const std::uint8_t* scales = block;
    const float d = half(block + 80);
    const float d_minimum = half(block + 82);
    for (int run = 0; run < 16; ++run) {  // of 16 elements, each run with its scale and minimum
        const std::uint8_t* codes = block + 16 + 32 * (run / 8) + 16 * (run % 2);
        const float scale = d * static_cast<float>(scales[run] & 15);
        const float minimum = d_minimum * static_cast<float>(scales[run] >> 4);
        for (int i = 0; i < 16; ++i) {
            out[16 * run + i] = scale * static_cast<float>(two_bits(codes, run / 2 % 4, i)) - minimum;
        }
    }
}

void decode_q3_k(const std::uint8_t* __restrict block, float* __restrict out) {
    const float d = half(block + 108);
    for (int run = 0; run < 16; ++run) {
        const std::uint8_t* high = block + 16 * (run % 2);
        const std::uint8_t* codes = block + 32 + 32 * (run / 8) + 16 * (run % 2);
        const float scale = d * static_cast<float>(scale_of_q3_k(block + 96, run));
        for (int i = 0; i < 16; ++i) {
            const int high_bit = (high[i] >> (run / 2)) & 1;
            const int code = two_bits(codes, run / 2 % 4, i) + 4 * high_bit - 4;
            out[16 * run + i] = scale * static_cast<float>(code);
        }
    }
}

void decode_q4_k(const std::uint8_t* __restrict block, float* __restrict out) {
    const ScalesAndMinima of = scales_and_minima(block);
    for (std::size_t pair = 0; pair < 4; ++pair) {  // 32 bytes: the low halves, then the high halves
        const std::uint8_t* codes = block + 16 + 32 * pair;
        float* to = out + 64 * pair;
        for (int i = 0; i < 32; ++i) {
            to[i] = of.scale[2 * pair] * static_cast<float>(codes[i] & 15) - of.minimum[2 * pair];
        }
        for (int i = 0; i < 32; ++i) {
            to[32 + i] =
                of.scale[2 * pair + 1] * static_cast<float>(codes[i] >> 4) - of.minimum[2 * pair + 1];
        }
    }
}

void decode_q5_k(const std::uint8_t* __restrict block, float* __restrict out) {
    const ScalesAndMinima of = scales_and_minima(block);
    const std::uint8_t* high = block + 16;
    for (std::size_t group = 0; group < 8; ++group) {
        const std::uint8_t* codes = block + 48 + 32 * (group / 2);
        const auto shift = static_cast<int>(4 * (group % 2));
        for (int i = 0; i < 32; ++i) {
            const int code = ((codes[i] >> shift) & 15) | ((high[i] >> group) & 1) << 4;
            out[32 * group + static_cast<std::size_t>(i)] =
                of.scale[group] * static_cast<float>(code) - of.minimum[group];
        }
    }
}

void decode_q6_k(const std::uint8_t* __restrict block, float* __restrict out) {
    const float d = half(block + 208);
    for (int run = 0; run < 16; ++run) {
        const int part = run / 2 % 4;  // of the 128 elements that share 64 + 32 bytes
        const std::uint8_t* low = block + 64 * (run / 8) + 32 * (part % 2) + 16 * (run % 2);
        const std::uint8_t* high = block + 128 + 32 * (run / 8) + 16 * (run % 2);
        const float scale = d * static_cast<float>(static_cast<std::int8_t>(block[192 + run]));
        for (int i = 0; i < 16; ++i) {
            const int code = (((low[i] >> (4 * (part / 2))) & 15) | two_bits(high, part, i) << 4) - 32;
            out[16 * run + i] = scale * static_cast<float>(code);
        }
    }
}

void decode_iq4_xs(const std::uint8_t* __restrict block, float* __restrict out) {
    const float d = half(block);
    const int high = word16(block + 2);
    for (int group = 0; group < 8; ++group) {
        const std::uint8_t* codes = block + 8 + 16 * group;
        const int six_bits = nibble(block + 4, group) | ((high >> (2 * group)) & 3) << 4;
        const float scale = d * static_cast<float>(six_bits - 32);
        for (int i = 0; i < 16; ++i) {
            out[32 * group + i] = scale * static_cast<float>(values_iq4[codes[i] & 15]);
            out[32 * group + i + 16] = scale * static_cast<float>(values_iq4[codes[i] >> 4]);
        }
    }
}

// A byte holds five ternary digits as a fraction of 256: the next one is the whole part of three times it.
void decode_tq1_0(const std::uint8_t* __restrict block, float* __restrict out) {
    struct Part {
        int first_byte, bytes, digits;
    };
    const float scale = half(block + 52);
    for (const Part part : {Part{0, 32, 5}, Part{32, 16, 5}, Part{48, 4, 4}}) {
        unsigned power = 1;
        for (int digit = 0; digit < part.digits; ++digit, power *= 3) {
            for (int i = 0; i < part.bytes; ++i) {
                const unsigned fraction = (block[part.first_byte + i] * power) & 255U;
                *out++ = scale * static_cast<float>(static_cast<int>(fraction * 3 >> 8) - 1);
            }
        }
    }
}

void decode_tq2_0(const std::uint8_t* __restrict block, float* __restrict out) {
    const float scale = half(block + 64);
    for (int group = 0; group < 8; ++group) {
        const std::uint8_t* codes = block + 32 * (group / 4);
        for (int i = 0; i < 32; ++i) {
            out[32 * group + i] = scale * static_cast<float>(two_bits(codes, group % 4, i) - 1);
        }
    }
}

}  // namespace headway
