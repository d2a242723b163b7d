// A model of numbers in memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/model.hpp"

#include <map>
#include <vector>

namespace headway {

using LeafArrays = std::map<LeafName, std::vector<double>>;

/// See model_from_arrays.
Model model_of(const Config& config, LeafArrays arrays, const Folding& fold, ModelDescription description);

}  // namespace headway
