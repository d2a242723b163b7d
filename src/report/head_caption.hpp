// Sentences that captions about heads share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <cstddef>
#include <string>

namespace headway {

/// What a preferred offset is, over so many positions.
std::string position_sentence(const Config& config, std::size_t positions);

}  // namespace headway
