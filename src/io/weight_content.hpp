// What WeightFiles knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"
#include "io/byte_source.hpp"

#include <memory>

namespace headway {

struct WeightFiles::Content {
    std::filesystem::path shown;  // the file or index that was opened
    std::vector<std::filesystem::path> files;
    std::vector<std::shared_ptr<const ByteSource>> sources;
    std::vector<StoredTensor> tensors;
    std::vector<std::string> warnings;
    std::optional<Json> metadata;
};

/// Adds one file of any format, told by its first bytes. The tensors are sorted as long as there is one file.
void add_file(const std::filesystem::path& file, WeightFiles::Content& content);

}  // namespace headway
