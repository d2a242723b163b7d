// Axes of plots: from values to pixels, round ticks, and the frame with its grid.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/report/plot.hpp"
#include "report/svg_canvas.hpp"

#include <string>
#include <vector>

namespace headway {

/// Values from `low` to `high` lie between the pixels `from` and `to`.
struct PlotScale {
    double low = 0, high = 1;
    bool log = false;
    double from = 0, to = 1;
    bool whole = false;  ///< ticks at whole numbers only: counts

    double at(double value) const;
    /// Whether a value has a place: it is finite, and within the axis.
    bool holds(double value) const;
};

struct Tick {
    double value = 0;
    std::string text;  ///< empty: between two powers of ten
};

/// The scale that holds all of `values` that are finite, unless the axis says otherwise. Throws Error(Usage)
/// for bounds in the wrong order.
PlotScale scale_of(const PlotAxis& axis, const std::vector<double>& values, double from, double to);

std::vector<Tick> ticks_of(const PlotScale& scale);

/// A number on an axis whose ticks are `step` apart.
std::string tick_text(double value, double step);

/// The area of a plot: x from 0 to `width`, y from 0 (above) to `height`.
struct PlotFrame {
    PlotScale x, y;
    double width = 0, height = 0;
    Point at(double x_value, double y_value) const { return {x.at(x_value), y.at(y_value)}; }
    bool holds(double x_value, double y_value) const { return x.holds(x_value) && y.holds(y_value); }
};

/// Grid, ticks and titles. `x_words` false: without ticks and title of x (another frame below has them).
void draw_frame(SvgCanvas& canvas, const PlotFrame& frame, const PlotAxis& x, const PlotAxis& y,
                bool x_words = true);
/// Only those of the y axis.
void draw_y_axis(SvgCanvas& canvas, const PlotFrame& frame, const PlotAxis& y);

/// Words about values that the axes leave out; empty for none.
std::string left_out(std::size_t count, const PlotAxis& x, const PlotAxis& y);

}  // namespace headway
