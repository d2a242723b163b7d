// Names of tensors with a place `{}` for the layer and, in brackets, a prefix that some files leave out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace headway {

inline constexpr int no_layer = -1;
inline constexpr int no_match = -2;

/// The layer where `name` is the pattern with a number for `{}`: no_layer when the pattern has no layer,
/// no_match when it does not match. The prefix in brackets may be absent from `name`; a `*` at the end
/// matches anything.
int match_pattern(std::string_view pattern, std::string_view name);

/// The name for a layer, with or without the prefix in brackets.
std::string tensor_name(std::string_view pattern, int layer, bool with_prefix);

}  // namespace headway
