// Tensors read in row-major order, however they lie in their source.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"
#include "io/byte_source.hpp"

namespace headway {

/// Elements `first` to `first + out.size() - 1`, decoded. Requires: a readable dtype, a range inside the tensor.
template <class T>  // float or double
void read_elements(const SourceReader& source, const StoredTensor& tensor, std::uint64_t first,
                   std::span<T> out);

/// The same as stored, little-endian, from byte `first_byte` of the elements on.
/// Requires: a range inside the tensor that begins and ends between blocks.
void read_codes(const SourceReader& source, const StoredTensor& tensor, std::uint64_t first_byte,
                std::span<std::byte> out);

}  // namespace headway
