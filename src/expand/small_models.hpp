// Small models that have every feature of a Config between them, for campaigns of mutants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <vector>

namespace headway {

/// Models whose logits are sums of paths.
std::vector<Config> small_models();

/// One with a nonlinear head.
Config small_masked_model();

}  // namespace headway
