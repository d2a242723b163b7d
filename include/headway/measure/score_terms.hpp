// A head's attention score before softmax, taken apart: which source on the query side meets which on the key side, in numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/expand/score.hpp"

#include <span>
#include <vector>

namespace headway {

struct ScoreTermRow {
    Source query, key;
    ScoreClass score_class = ScoreClass::None;
    double value = 0;  ///< part of the score, scale included
};

struct ScoreTermTable {
    std::vector<ScoreTermRow>
        rows;          ///< by query source, then key source, in the order of the residual stream; alibi last
    double score = 0;  ///< of the untouched network, before any soft cap
    double closure = 0;  ///< |sum of the rows - score|
};

/// The terms of the score of `head` for the query at position `query` and the key at position `key`, with the run's patterns, norm
/// scales and MLP outputs frozen. Throws Error: Usage (no such head or position), and as evaluate.
ScoreTermTable score_terms(const Model& model, std::span<const int> tokens, Head head, int query, int key,
                           const EvaluateOptions& options = {.precision = Precision::Double});

}  // namespace headway
