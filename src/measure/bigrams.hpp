// What the direct path says of the triples of a table, for comparison.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/skip_trigrams.hpp"

#include <vector>

namespace headway {

/// Fills `bigram` and `bugs` of the rows.
void add_bigrams(const Model& model, std::vector<SkipTrigramRow>& rows, const EvaluateOptions& options);

}  // namespace headway
