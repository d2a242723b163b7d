// One table of all element types: their names, the size of a block, and how blocks become numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/dtype.hpp"

#include <cstddef>
#include <string_view>

namespace headway {

struct ElementFormat {
    DType dtype = DType::Unknown;
    std::string_view name = {};
    int elements = 1;  ///< of a block
    int bytes = 0;     ///< of a block
    bool is_float = false;

    /// Decodes `count` blocks that need not be aligned; nullptr for a type that is listed, not read.
    void (*to_floats)(const std::byte* blocks, std::size_t count, float* out) = nullptr;
    void (*to_doubles)(const std::byte* blocks, std::size_t count, double* out) = nullptr;
    /// Turns `count` blocks from big-endian to little-endian; nullptr when a block is single bytes.
    void (*swap)(std::byte* blocks, std::size_t count) = nullptr;
};

const ElementFormat& element_format(DType dtype);

/// The type of this name in a safetensors file; Unknown for a name that the format does not have.
DType safetensors_dtype(std::string_view name);
/// Whether safetensors has this type.
constexpr bool is_safetensors_dtype(DType dtype) { return dtype <= DType::U64; }

}  // namespace headway
