// Pairs of heads as a table: K-composed matching, the reader's copying, and the induction corner; and how
// well each of them names the induction heads of a probe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/composition.hpp"
#include "headway/measure/judge.hpp"
#include "headway/report/table.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace headway {

/// Which pairs are shown, and in which order.
struct PairView {
    std::vector<Head> heads = {};                                 ///< writer or reader; empty: all
    std::vector<int> layers = {};                                 ///< writer and reader; empty: all
    double threshold = -std::numeric_limits<double>::infinity();  ///< least value in the column `sort`
    std::size_t top = std::numeric_limits<std::size_t>::max();
    std::string sort = "corner";  ///< a column of numbers, largest first, or `pair`
};

/// Columns `writer,reader,k_matching,copying_reader,corner`; `candidate`, 1 where the corner is at least
/// `corner_threshold`; `k_score` of `scores`, `k_ratio` to its baseline, and errors; with learned positions
/// `q_matching`; `undefined`, which says of every empty cell why. Throws Error(Usage) for a `sort` that is no
/// column of numbers.
Table pair_rows(const std::vector<PairMatching>& pairs, const CompositionTable& scores, const Config& config,
                const PairView& view = {});

/// A row a verdict: `method,named_by,named,hits,misses,false_alarms,precision,recall,average_precision`, and
/// the heads by name.
Table verdict_rows(const std::vector<Verdict>& verdicts, const Probe& probe, const JudgeOptions& options);

}  // namespace headway
