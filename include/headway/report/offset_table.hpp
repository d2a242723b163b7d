// Where heads look by position alone, offset by offset: as a table and as curves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/positional.hpp"
#include "headway/report/plot.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <vector>

namespace headway {

/// The heads that have a preference, the strongest (`at_offset`) first, at most `top` of them.
std::vector<PositionalPreference> strongest_preferences(const std::vector<PositionalPreference>& heads,
                                                        std::size_t top);

/// Rows `head,offset,attention` and, of rotary models and ALiBi, `kernel`: the score, the same for all
/// queries.
Table offset_rows(const std::vector<PositionalPreference>& heads, const Config& config);

/// A curve a head of the mean attention, and another of the kernel where there is one; `others` in grey.
/// Throws Error(Usage) without a head.
PlotSheet offset_plot(const std::vector<PositionalPreference>& heads,
                      const std::vector<PositionalPreference>& others, const std::string& title);

}  // namespace headway
