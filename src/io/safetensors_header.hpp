// The header of one safetensors file: read, and held against the file's size.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/safetensors.hpp"
#include "io/input_file.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

struct SafetensorsHeader {
    std::vector<StoredTensor> tensors;  ///< sorted by name; offsets count from the start of the file
    std::vector<std::string> warnings;
};

/// Throws Error: Malformed, Limit (a header above 100 MB), Io.
SafetensorsHeader read_header(const InputFile& file);

/// The same from the header's JSON. `data_begin` is where the data start in a file of `file_size` bytes.
SafetensorsHeader parse_header(std::string_view json, const std::string& shown, std::uint64_t data_begin,
                               std::uint64_t file_size);

}  // namespace headway
