// Keys of config.json that change what a model computes and that not every architecture reads. What a config
// says and nobody reads is refused by name, never passed over.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/json.hpp"

#include <string>
#include <string_view>

namespace headway {

/// Throws Error(Unsupported) for the first key of a feature that is on and not among `read`, a list separated
/// by spaces.
void refuse_features(const Json& config, std::string_view read);

/// Throws Error(Unsupported) unless the key is absent, null, false, zero or an empty list.
void refuse(const Json& config, std::string_view key, std::string_view why);

/// What is missing for a model of this type, a kind of network that is not supported; empty for an unknown
/// type.
std::string missing_support(std::string_view model_type);

/// `config.json: "eps"`, whether the key is there or not.
std::string where(const Json& config, std::string_view key);

}  // namespace headway
