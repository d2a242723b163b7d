// What each format's reader makes of a file: the tensors in it, nothing of them read yet.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"
#include "io/input_file.hpp"
#include "io/zip.hpp"

#include <optional>
#include <string>
#include <vector>

namespace headway {

/// The tensors of one file. Each lies inside the file, or inside the member that its `source` names.
struct WeightListing {
    std::vector<StoredTensor> tensors =
        {};  ///< `file` is not set; `source` is 0 for the file itself, else 1 + index of:
    std::vector<ZipMember> deflated = {};  ///< members to be unpacked when they are read
    std::vector<std::string> warnings = {};
    std::optional<Json> metadata = {};
};

/// Sorts by name. Throws Error(Malformed) that begins with `shown` when a name comes twice.
void sort_by_name(std::vector<StoredTensor>& tensors, const std::string& shown);

}  // namespace headway
