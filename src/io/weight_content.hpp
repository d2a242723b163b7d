// What WeightFiles knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/safetensors.hpp"
#include "io/input_file.hpp"

namespace headway {

struct WeightFiles::Content {
    std::filesystem::path shown;  // the file or index that was opened
    std::vector<std::filesystem::path> files;
    std::vector<FileState> states;  // of each file when it was opened
    std::vector<StoredTensor> tensors;
    std::vector<std::string> warnings;
};

}  // namespace headway
