// The index of a model in shards, held against what the shards have.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/weight_content.hpp"

namespace headway {

/// Adds every shard that the index names; each tensor must be where the index says, and nowhere else.
/// Throws Error: Malformed, Io (all missing shards at once), Limit (an index above 100 MB).
void open_shards(const std::filesystem::path& index, WeightFiles::Content& content);

}  // namespace headway
