// What folding did to a model, and what stays inexact, in sentences.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <string>
#include <vector>

namespace headway {

/// What was folded, and what was not although it was wanted, one sentence each.
std::vector<std::string> folding_notes(const Config& stored, const Folding& wanted, const Folding& done);

/// What is exact in a run but held fixed, or left out, where paths and scores are looked at. Empty: nothing.
std::vector<std::string> approximation_notes(const Config& config);

}  // namespace headway
