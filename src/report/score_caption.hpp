// What composition scores and edges are of, in sentences: offsets, shared heads, what is left out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/score_network.hpp"

#include <string>
#include <vector>

namespace headway {

/// `Baseline 1/sqrt(768) = 0.0361: ...`.
std::string baseline_sentence(int effective_dimension, double baseline);

/// Of heads: shared keys and values, the rotary offset, norms on the stream, gains that are left out. Scales
/// that are frozen are among the model's approximations.
std::vector<std::string> score_sentences(const Config& config, const ScoreOptions& score);

}  // namespace headway
