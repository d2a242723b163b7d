// The config.json of a saved model: the keys of TransformerLens's HookedTransformerConfig, and what these
// cannot say under `headway`. Written and read by one list of fields, so that the two agree.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/io/json.hpp"

#include <string>

namespace headway {

/// The file's text.
std::string saved_config(const Config& config);

/// The config with its numbers as floats: some formats keep no more.
Config as_float(Config config);

/// Puts what `own`, the member `headway` of such a file, says in place of what `config` has. Keys that are
/// absent change nothing. Throws Error(Unsupported) for unknown keys and words.
void read_saved_kinds(const Json& own, Config& config);

}  // namespace headway
