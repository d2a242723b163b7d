// The header of a GGUF file: which tensors lie where, and what the file says of its model.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/weight_listing.hpp"

namespace headway {

/// Whether a file begins as GGUF of any version does.
bool has_gguf_magic(const InputFile& file);

/// The tensors of a file of version 2 or 3, in either byte order, and its metadata as a JSON object. Shapes
/// are row-major: the fastest axis, which the file names first, comes last. Throws Error: Malformed,
/// Unsupported (another version), Limit (a header above 256 MiB), Io.
WeightListing list_gguf(const InputFile& file);

}  // namespace headway
