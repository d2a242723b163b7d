// The shapes that `random:` knows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <string_view>

namespace headway {

struct RandomShape {
    Config config;
    bool bfloat16 = false;
};

/// A name (`gpt2`) or sizes (`layers=4,heads=8,d_model=256`). Throws Error(Usage).
RandomShape find_random_shape(std::string_view text);

}  // namespace headway
