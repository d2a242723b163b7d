// Composition scores as heat maps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/report/plot.hpp"
#include "headway/report/table.hpp"

#include <string>

namespace headway {

/// A heat map for each kind of `rows`, which are those of composition_rows: writers by readers, colours around
/// the baseline, all on one scale. Heads without a pair are left out. Throws Error(Usage) without rows.
PlotSheet composition_plot(const Table& rows, const std::string& title);

}  // namespace headway
