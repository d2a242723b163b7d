// Heads, layers and tokens as people write them: `L0H3,L1H*`, `0-3,5`, `1,2,3`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/head.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace headway {

/// A comma-separated list of `L0H3`, `0.3`, `L1H*` and `L*H2`, sorted, without repeats. Throws Error(Usage)
/// that shows the item, Error(Unsupported) when the model has no such head.
std::vector<Head> parse_heads(std::string_view text, const Config& config);

/// The same for one head.
Head parse_head_of(std::string_view text, const Config& config);

/// A comma-separated list of layers and ranges: `0-3,5`. Throws as parse_heads.
std::vector<int> parse_layers(std::string_view text, const Config& config);

/// Comma-separated token ids, at least one. Throws Error(Usage).
std::vector<int> parse_tokens(std::string_view text);

/// A whole number with nothing before or behind it. `what` begins the message: `--top`. Throws Error(Usage).
std::int64_t parse_integer(std::string_view text, std::string_view what);

}  // namespace headway
