// What models in several files have in common, shards of safetensors and parts of GGUF.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/weight_content.hpp"

#include <span>
#include <string>
#include <string_view>

namespace headway {

/// Throws Error(Io) that begins with `shown` and names all `files` that are not there; `what` they are: "shards".
void require_present(std::span<const std::filesystem::path> files, const std::string& shown,
                     std::string_view what);

/// Sorts the tensors of all files by name. Throws Error(Malformed) when two files have the same one.
void sort_tensors(WeightFiles::Content& content);

}  // namespace headway
