// The body of each kind of plot, all but title and caption; its area's upper left corner is the origin.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/report/plot.hpp"
#include "report/svg_canvas.hpp"

namespace headway {

SvgCanvas body_of(const Heatmap& plot);
SvgCanvas body_of(const EigenvaluePlot& plot);
SvgCanvas body_of(const ScatterPlot& plot);
SvgCanvas body_of(const LinePlot& plot);
SvgCanvas body_of(const Histogram& plot);
SvgCanvas body_of(const BarPlot& plot);
SvgCanvas body_of(const SpectrumPlot& plot);

/// Throws Error(Limit) above a million of what is drawn.
void require_drawable(std::size_t count, const char* what);

}  // namespace headway
