// Numbers that are followed through the checkpoints of a training run, as a table in long form and as curves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/composition.hpp"
#include "headway/measure/probe.hpp"
#include "headway/report/plot.hpp"
#include "headway/report/table.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// `induction` of `L1H4` at step 1500.
struct SeriesValue {
    std::int64_t step = 0;
    std::string quantity;
    std::string of;
    double value = 0;  ///< NaN where undefined
};

/// The values of some columns of a table with a column `head`; absent ones are left out. Throws
/// Error(Usage) for a column that it has not, or that holds no numbers.
std::vector<SeriesValue> head_series(const Table& heads, std::span<const std::string> columns,
                                     std::int64_t step);
/// The `loss` of the `first half` and the `second half`.
std::vector<SeriesValue> loss_series(const Probe& probe, std::int64_t step);
/// `K-composition` of `L0H0>L1H7`, and the other kinds alike; pairs of all rows.
std::vector<SeriesValue> composition_series(const CompositionTable& scores, std::int64_t step);

/// Rows `step,quantity,of,value`, by quantity in order of appearance, then by value at the last step, then by
/// step; of each quantity but the
/// loss the `top` largest at the last step, and in the caption the steps between which each
/// leading curve rises most.
Table series_rows(std::span<const SeriesValue> values, std::size_t top);

/// A plot for each quantity: the `top` largest at the last step by name, the others grey; `baseline` is drawn
/// where it is not 0, in plots of compositions. Throws Error(Usage) without values.
PlotSheet series_plot(std::span<const SeriesValue> values, std::size_t top, const std::string& title,
                      double baseline = 0);

}  // namespace headway
