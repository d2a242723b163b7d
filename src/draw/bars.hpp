// Two bars that share a row: embed and pos.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace headway {

/// Where an edge would meet its bar if it ran straight up.
struct BarEnd {
    double x = 0;
    double weight = 1;
};

struct BarCut {
    double x = 0;          ///< where the first bar ends and the second begins, or the other way round
    bool swapped = false;  ///< the second bar is on the left
};

/// Cuts the row from `low` to `high` so that edges have to bend as little as can be; each bar keeps at least
/// `least`.
BarCut cut_row(const std::vector<BarEnd>& first, const std::vector<BarEnd>& second, double low, double high,
               double least);

}  // namespace headway
