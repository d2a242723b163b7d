// Views: tensors whose neighbours are not neighbours in the file (transposed, sliced, Fortran order).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"
#include "io/byte_source.hpp"

#include <functional>

namespace headway {

/// Some elements of a tensor, as stored but little-endian; element i of them goes to `first + i * step`.
struct StoredRun {
    std::span<const std::byte> codes;
    std::size_t count = 0;
    std::size_t first = 0;  ///< counted from the first element asked for, in row-major order
    std::size_t step = 1;
};

/// Calls `visit` with every element of `count` from `first` on, in runs. The source is passed through once,
/// in the order in which it lies, whatever the strides: no element costs a read of its own. Requires:
/// strides >= 0, one for each axis; a dtype whose blocks are single elements.
void read_strided(const SourceReader& source, const StoredTensor& tensor, std::uint64_t first,
                  std::uint64_t count, const std::function<void(const StoredRun&)>& visit);

}  // namespace headway
