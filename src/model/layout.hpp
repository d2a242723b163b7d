// How a leaf lies in a file's tensor: every layout that architectures use (transposed, heads in rows or
// columns, several matrices fused, rows left out) is a strided view of the tensor, written as text with one
// letter an axis, as in leaf.hpp.
//   "(h e) d"        rows are heads' dimensions: a Hugging Face Linear, [n_heads * d_head, d_model]
//   "d (3 h e)"      queries, keys and values side by side in the columns: GPT-2's c_attn, with `part` 0, 1,
//   2 "(h+g+g e) d"    one behind the other, of different size: Phi-3's qkv_proj; in a sum, `part` counts the
//   terms "(g r+1+1 e) d"  for every key-value head its r query heads, its key and its value: Falcon 40B
//   "2+p d"          two rows that are no positions, then the positions: OPT, part 1
//   "* d"            the row `part` of however many
//   "e"              one vector for all heads: an axis h or g that the text leaves out
//   "(h i j) d"      dimension e of a head is j * d_head/2 + i: rotated pairs side by side, in converted GGUF
//   files "D d"            D is the second of a leaf's two axes d
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/leaf.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// Steps along one axis, or one factor of it: `extent` of them, so many elements apart in the tensor and in
/// the leaf.
struct LayoutLoop {
    std::int64_t extent = 1;
    std::int64_t from = 0;  ///< 0: the same element again
    std::int64_t to = 0;
};

/// A leaf inside a tensor: the elements at offset + Σ i from, for every index i of every loop.
struct TensorLayout {
    std::vector<std::int64_t> tensor_shape;  ///< -1: any extent
    std::string expected;                    ///< the shape with names: `[d_model=32, 3*n_heads*d_head=96]`
    std::int64_t offset = 0;
    std::vector<LayoutLoop> loops;  ///< outermost first, as they lie in the leaf

    /// Whether a tensor has this shape.
    bool fits(const std::vector<std::int64_t>& shape) const;
    /// Whether the leaf is the tensor, element by element.
    bool is_whole() const;
};

/// Reads a layout text for a leaf of a model.
TensorLayout parse_layout(std::string_view text, int part, const Leaf& leaf, const Config& config);

/// A piece of a tensor that is read at once, and what of the leaf is in it.
struct Piece {
    std::int64_t first = 0;  ///< element of the tensor
    std::int64_t size = 0;
    std::int64_t to = 0;            ///< the leaf's element where the piece begins
    std::vector<LayoutLoop> loops;  ///< with offset 0
};

/// Cuts a layout into pieces of about `most` elements, along the loop that strides furthest.
std::vector<Piece> pieces(const TensorLayout& layout, std::int64_t most);

/// Copies a piece into the leaf, row-major.
template <class T>
void gather(std::span<const T> elements, const Piece& piece, std::span<T> leaf);

/// out `[columns, rows]` = in `[rows, columns]`ᵀ.
template <class T>
void transpose(std::span<const T> in, std::int64_t rows, std::int64_t columns, std::span<T> out);

}  // namespace headway
