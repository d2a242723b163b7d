// A quantised type as an element format: its block decoder, and the numbers of a block that are wider than a
// byte.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/block_decoders.hpp"
#include "io/element_formats.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace headway {

/// Numbers in a block: `count` of `width` bytes each, the first at `offset`, one every `stride` bytes.
struct Words {
    int offset, width;
    int count = 1;
    int stride = width;
};

namespace blocks {

template <int elements, int bytes, DecodeBlock* decode>
void to_floats(const std::byte* from, std::size_t count, float* out) {
    const auto* block = reinterpret_cast<const std::uint8_t*>(from);
    for (std::size_t i = 0; i < count; ++i) decode(block + i * bytes, out + i * elements);
}

template <int elements, int bytes, DecodeBlock* decode>
void to_doubles(const std::byte* from, std::size_t count, double* out) {
    std::array<float, elements> values;
    for (std::size_t i = 0; i < count; ++i) {
        to_floats<elements, bytes, decode>(from + i * bytes, 1, values.data());
        std::copy(values.begin(), values.end(), out + i * elements);
    }
}

template <int bytes, Words... words>
void swap(std::byte* from, std::size_t count) {
    const auto swap_words = [](std::byte* block, const Words& some) {
        for (int i = 0; i < some.count; ++i) {
            std::byte* word = block + some.offset + i * some.stride;
            std::reverse(word, word + some.width);
        }
    };
    for (std::size_t i = 0; i < count; ++i) (swap_words(from + i * bytes, words), ...);
}

}  // namespace blocks

/// A big-endian file has the `words` in its order, everything else byte by byte as in any other.
template <int elements, int bytes, DecodeBlock* decode, Words... words>
constexpr ElementFormat quantised(DType dtype, std::string_view name) {
    ElementFormat format{
        .dtype = dtype, .name = name, .elements = elements, .bytes = bytes, .is_float = true};
    format.to_floats = blocks::to_floats<elements, bytes, decode>;
    format.to_doubles = blocks::to_doubles<elements, bytes, decode>;
    if constexpr (sizeof...(words) > 0) format.swap = blocks::swap<bytes, words...>;
    return format;
}

}  // namespace headway
