// Blocks of 256 elements that come in groups of eight or four from a codebook.
// SPDX-License-Identifier: Apache-2.0
#include "io/block_bits.hpp"
#include "io/block_codebooks.hpp"
#include "io/block_decoders.hpp"

#include <bit>

namespace headway {
namespace {

// Elements times scale, negative where the bit of `signs` is set.
template <std::size_t elements>
void decode_signed(const std::array<std::int8_t, elements>& magnitudes, float scale, unsigned signs,
                   float* __restrict out) {
    for (std::size_t i = 0; i < elements; ++i) {
        const int sign = 1 - 2 * static_cast<int>((signs >> i) & 1U);
        out[i] = scale * static_cast<float>(magnitudes[i] * sign);
    }
}

// Signs of eight elements from seven bits: the number of minus signs is even.
unsigned even_signs(unsigned seven_bits) {
    return seven_bits | (static_cast<unsigned>(std::popcount(seven_bits)) & 1U) << 7;
}

// IQ1_S and IQ1_M: -1, 0 and 1, all shifted by an eighth.
void decode_shifted(const std::array<std::int8_t, 8>& values, float scale, bool down, float* __restrict out) {
    const float shift = down ? -0.125F : 0.125F;
    for (std::size_t i = 0; i < 8; ++i) out[i] = scale * (static_cast<float>(values[i]) + shift);
}

}  // namespace

void decode_iq2_xxs(const std::uint8_t* block, float* out) {
    const float d = half(block);
    for (int part = 0; part < 8;
         ++part) {  // of 32 elements: four codes, then four times seven signs and a scale
        const std::uint8_t* codes = block + 2 + 8 * part;
        const std::uint32_t rest = word32(codes + 4);
        const float scale = d * (0.5F + static_cast<float>(rest >> 28)) * 0.25F;
        for (int group = 0; group < 4; ++group, out += 8) {
            decode_signed(codebook_iq2_xxs[codes[group]], scale, even_signs((rest >> (7 * group)) & 127U),
                          out);
        }
    }
}

void decode_iq2_xs(const std::uint8_t* block, float* out) {
    const float d = half(block);
    for (int group = 0; group < 32; ++group, out += 8) {
        const unsigned code = word16(block + 2 + 2 * group);  // nine bits, and seven signs
        const float scale = d * (0.5F + static_cast<float>(nibble(block + 66, group / 2))) * 0.25F;
        decode_signed(codebook_iq2_xs[code & 511U], scale, even_signs(code >> 9), out);
    }
}

void decode_iq2_s(const std::uint8_t* block, float* out) {
    const float d = half(block);
    for (int group = 0; group < 32; ++group, out += 8) {
        const int high = (block[66 + group / 4] >> (2 * (group % 4))) & 3;
        const auto code = static_cast<std::size_t>(block[2 + group] | high << 8);
        const float scale = d * (0.5F + static_cast<float>(nibble(block + 74, group / 2))) * 0.25F;
        decode_signed(codebook_iq2_s[code], scale, block[34 + group], out);
    }
}

void decode_iq3_xxs(const std::uint8_t* block, float* out) {
    const float d = half(block);
    for (int part = 0; part < 8; ++part) {  // of 32 elements, with one word of signs and a scale
        const std::uint8_t* codes = block + 2 + 8 * part;
        const std::uint32_t rest = word32(block + 66 + 4 * part);
        const float scale = d * (0.5F + static_cast<float>(rest >> 28)) * 0.5F;
        for (int group = 0; group < 4; ++group, out += 8) {
            const unsigned signs = even_signs((rest >> (7 * group)) & 127U);
            decode_signed(codebook_iq3_xxs[codes[2 * group]], scale, signs, out);
            decode_signed(codebook_iq3_xxs[codes[2 * group + 1]], scale, signs >> 4, out + 4);
        }
    }
}

void decode_iq3_s(const std::uint8_t* block, float* out) {
    const float d = half(block);
    for (int group = 0; group < 64; ++group, out += 4) {
        const int high = (block[66 + group / 8] >> (group % 8)) & 1;
        const auto code = static_cast<std::size_t>(block[2 + group] | high << 8);
        const unsigned signs = static_cast<unsigned>(nibble(block + 74, group));
        const float scale = d * static_cast<float>(1 + 2 * nibble(block + 106, group / 8));
        decode_signed(codebook_iq3_s[code], scale, signs, out);
    }
}

void decode_iq1_s(const std::uint8_t* block, float* out) {
    const float d = half(block);
    for (int part = 0; part < 8; ++part) {  // of 32 elements
        const unsigned word = word16(block + 34 + 2 * part);
        const float scale = d * static_cast<float>(2 * ((word >> 12) & 7U) + 1);
        for (int group = 0; group < 4; ++group, out += 8) {
            const std::size_t code = block[2 + 4 * part + group] | ((word >> (3 * group)) & 7U) << 8;
            decode_shifted(codebook_iq1[code], scale, (word & 0x8000U) != 0, out);
        }
    }
}

void decode_iq1_m(const std::uint8_t* block, float* out) {
    unsigned bits = 0;  // of d: four from the top of each of the four words of scales
    for (int word = 0; word < 4; ++word) bits |= (word16(block + 48 + 2 * word) >> 12U) << (4 * word);
    const float d = float_from_f16(static_cast<std::uint16_t>(bits));
    for (int group = 0; group < 32; ++group, out += 8) {
        const int scale_index = group / 2;
        const unsigned word = word16(block + 48 + 2 * (scale_index / 4));
        const float scale = d * static_cast<float>(2 * ((word >> (3 * (scale_index % 4))) & 7U) + 1);
        const int high = nibble(block + 32, group);
        const auto code = static_cast<std::size_t>(block[group] | (high & 7) << 8);
        decode_shifted(codebook_iq1[code], scale, (high & 8) != 0, out);
    }
}

}  // namespace headway
