// The header of one safetensors file: read, and held against the file's size.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/weight_listing.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace headway {

/// The tensors of a file. Throws Error: Malformed, Limit (a header above 100 MB), Io.
WeightListing list_safetensors(const InputFile& file);

/// The same from the header's JSON. `data_begin` is where the data start in a file of `file_size` bytes.
WeightListing parse_header(std::string_view json, const std::string& shown, std::uint64_t data_begin,
                           std::uint64_t file_size);

}  // namespace headway
