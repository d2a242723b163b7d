// SPDX-License-Identifier: Apache-2.0
#include "draw/bars.hpp"

#include <algorithm>

namespace headway {

namespace {

/// How far edges miss their bars when `left` ends at `x` and `right` begins there.
double misses(const std::vector<BarEnd>& left, const std::vector<BarEnd>& right, double x) {
    double sum = 0;
    for (const BarEnd& end : left) sum += end.weight * std::max(0.0, end.x - x);
    for (const BarEnd& end : right) sum += end.weight * std::max(0.0, x - end.x);
    return sum;
}

}  // namespace

BarCut cut_row(const std::vector<BarEnd>& first, const std::vector<BarEnd>& second, double low, double high,
               double least) {
    std::vector<double> ends;
    for (const BarEnd& end : first) ends.push_back(end.x);
    for (const BarEnd& end : second) ends.push_back(end.x);
    std::sort(ends.begin(), ends.end());
    std::vector<double> cuts{(low + high) / 2};  // the middle wins ties
    for (std::size_t i = 0; i + 1 < ends.size(); ++i) cuts.push_back((ends[i] + ends[i + 1]) / 2);
    cuts.insert(cuts.end(), {low + least, high - least});
    BarCut best{cuts.front(), false};
    double fewest = misses(first, second, cuts.front());
    for (const bool swapped : {false, true})
        for (double cut : cuts) {
            cut = std::clamp(cut, low + least, std::max(low + least, high - least));
            const double now = swapped ? misses(second, first, cut) : misses(first, second, cut);
            if (now < fewest - 1e-9) {
                fewest = now;
                best = {cut, swapped};
            }
        }
    return best;
}

}  // namespace headway
