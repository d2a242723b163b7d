// How a leaf lies in a file's tensor: every layout that architectures use (transposed, heads in rows or columns, several
// matrices fused) is a strided view of the tensor, written as text with the leaf's axis letters.
//   "(h e) d"    rows are heads' dimensions: a Hugging Face Linear, [n_heads * d_head, d_model]
//   "d (3 h e)"  queries, keys and values side by side in the columns: GPT-2's c_attn, with `part` 0, 1, 2
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/leaf.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A leaf inside a tensor: element (i, j, ..) is at `offset + i strides[0] + j strides[1] + ..`.
struct Layout {
    std::vector<std::int64_t> tensor_shape;
    std::string expected;  ///< the shape with names: `[d_model=32, 3*n_heads*d_head=96]`
    std::int64_t offset = 0;
    std::vector<std::int64_t> strides;  ///< one for each axis of the leaf

    /// Whether the leaf is the tensor, element by element.
    bool is_whole(const Leaf& leaf) const;
};

/// Reads a layout text for a leaf of a model.
Layout parse_layout(std::string_view text, int part, const Leaf& leaf, const Config& config);

/// Copies the leaf out of its tensor, row-major.
template <class T>
void gather(std::span<const T> tensor, const Layout& layout, const Leaf& leaf, std::span<T> out);

/// out `[columns, rows]` = in `[rows, columns]`ᵀ.
template <class T>
void transpose(std::span<const T> in, std::int64_t rows, std::int64_t columns, std::span<T> out);

}  // namespace headway
