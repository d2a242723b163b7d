// How well the weights alone name induction heads: each way to read them off the pairs of heads, against the
// heads that a probe on repeated random tokens finds. A way gives every head a strength, the best that it has
// with any earlier head:
//   k_score      the K-composition score: the reader reads what the writer writes
//   k_matching   the matching score of the K-composed QK circuit: tokens meet themselves
//   corner       the smaller of k_matching and the reader's full OV copying
//   score_and_matching   the K score among the pairs that match: both claims about one pair
// and names heads in two ways, neither of which looks at the answer: by a threshold that was fixed before,
// and the n strongest, where n is how many the probe found (for which precision and recall are equal).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/composition.hpp"
#include "headway/measure/corner.hpp"
#include "headway/measure/probe.hpp"

#include <string>
#include <vector>

namespace headway {

struct JudgeOptions {
    double induction = 0.3;              ///< least induction of the probe that makes an induction head
    double score_ratio = 1.75;           ///< least K score by threshold, over its baseline: that of circuits
    double matching = corner_threshold;  ///< least k_matching by threshold, and least corner
};

/// One way to name heads, and what became of it.
struct Verdict {
    std::string method = {};              ///< `k_score`, `k_matching`, `corner`, `score_and_matching`
    std::string named_by = {};            ///< `at least 0.9`, `the 15 strongest`
    std::vector<Head> hits = {};          ///< by strength, the strongest first
    std::vector<Head> false_alarms = {};  ///< the same
    std::vector<Head> misses = {};        ///< by the probe's induction, the strongest first
    double precision = 0, recall = 0;     ///< NaN where nothing is named, nothing to be found
    double average_precision = 0;         ///< of the method's whole order, no threshold; NaN: nothing to find
};

/// Two verdicts a method, by threshold and by number. `pairs`, `scores` and `probe` are of one model and of
/// all its heads; `scores` has the K kind.
std::vector<Verdict> judge_induction(const std::vector<PairMatching>& pairs, const CompositionTable& scores,
                                     const Probe& probe, const JudgeOptions& options = {});

}  // namespace headway
