// Points with labels.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "report/plot_axis.hpp"
#include "report/plot_bodies.hpp"
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headway {

namespace {

constexpr double width = 380, height = 320;

PlotFrame frame_of(const ScatterPlot& plot) {
    std::vector<double> xs, ys;
    for (const ScatterPlot::Point& point : plot.points) {
        xs.push_back(point.x);
        ys.push_back(point.y);
    }
    if (plot.corner) {
        xs.push_back(plot.corner->x);
        ys.push_back(plot.corner->y);
    }
    return {scale_of(plot.x, xs, 0, width), scale_of(plot.y, ys, height, 0), width, height};
}

bool in_corner(const ScatterPlot& plot, const ScatterPlot::Point& point) {
    return plot.corner && point.x >= plot.corner->x && point.y >= plot.corner->y;
}

/// The tint behind the points, named above the frame.
void draw_corner(SvgCanvas& canvas, const ScatterPlot& plot, const PlotFrame& frame) {
    if (!plot.corner) return;
    const Point low{std::clamp(frame.x.at(plot.corner->x), 0.0, frame.width),
                    std::clamp(frame.y.at(plot.corner->y), 0.0, frame.height)};
    canvas.rect({low.x, 0, frame.width - low.x, low.y}, {"#fbe9d9"},
                {plot.corner->name, data_number("x", plot.corner->x) + data_number("y", plot.corner->y)});
    canvas.polyline({{low.x, 0}, low, {frame.width, low.y}}, {"none", "#d9822b", 1, "4 2"});
    canvas.text({frame.width, -6}, plot.corner->name,
                {.size = size_words, .anchor = Anchor::End, .colour = "#8a4b0b"});
}

Meaning meaning_of(const ScatterPlot& plot, const ScatterPlot::Point& point) {
    const std::string name = point.note.empty() ? point.label : point.note;
    const std::string series = point.series < plot.series.size() ? plot.series[point.series] : "";
    return {fmt::format("{}{}{}, {}", name, name.empty() ? "" : ": ", figure(point.x), figure(point.y)),
            (name.empty() ? "" : data_text("name", name)) +
                (series.empty() ? "" : data_text("series", series)) + data_number("x", point.x) +
                data_number("y", point.y)};
}

using Points = std::vector<ScatterPlot::Point>;

/// The points in a frame, with labels for those of `labelled`, in their order, which may stand out of it to the
/// right by `reach`. Returns how many had no room.
std::size_t draw_points(SvgCanvas& canvas, const ScatterPlot& plot, const PlotFrame& frame,
                        const Points& points, const Points& labelled, double reach) {
    const double radius = points.size() > 2000 ? 1.8 : points.size() > 400 ? 2.5 : 3.6;
    LabelPlacer placer({0, 0, frame.width + reach, frame.height});
    for (const ScatterPlot::Point& point : points) {
        if (!frame.holds(point.x, point.y)) continue;
        const Point at = frame.at(point.x, point.y);
        draw_marker(canvas, at, radius, point.series, meaning_of(plot, point));
        placer.keep_clear({at.x - radius, at.y - radius, 2 * radius, 2 * radius});
    }
    std::size_t unlabelled = 0;
    for (const ScatterPlot::Point& point : labelled) {
        if (point.label.empty() || !frame.holds(point.x, point.y)) continue;
        const TextStyle style{.size = 8.5, .colour = "#1a1a1a"};
        if (!placer.place(canvas, frame.at(point.x, point.y), radius, point.label, style)) ++unlabelled;
    }
    return unlabelled;
}

/// The corner once more, as large as its points need, to the right of the plot. Returns how many had no room.
std::size_t draw_enlarged(SvgCanvas& canvas, const ScatterPlot& plot, const Points& corner) {
    constexpr double side = 250;
    std::vector<double> xs, ys;
    for (const ScatterPlot::Point& point : corner) {
        xs.push_back(point.x);
        ys.push_back(point.y);
    }
    const PlotAxis x{.title = "the corner, enlarged", .high = plot.x.high}, y{.high = plot.y.high};
    const PlotFrame frame{scale_of(x, xs, 0, side), scale_of(y, ys, side, 0), side, side};
    SvgCanvas part;
    part.rect({0, 0, side, side}, {"#fdf6ef"});
    draw_frame(part, frame, x, y);
    const std::size_t unlabelled = draw_points(part, plot, frame, corner, corner, 40);
    canvas.add(part, {width + 28 - part.bounds().x, 0});
    return unlabelled;
}

}  // namespace

SvgCanvas body_of(const ScatterPlot& plot) {
    constexpr std::size_t crowd = 4;  // points in the corner from which on it is drawn enlarged
    require_drawable(plot.points.size(), "points");
    const PlotFrame frame = frame_of(plot);
    SvgCanvas canvas;
    draw_corner(canvas, plot, frame);
    draw_frame(canvas, frame, plot.x, plot.y);
    Points corner, others;
    std::size_t outside = 0;
    for (const ScatterPlot::Point& point : plot.points) {
        if (!frame.holds(point.x, point.y)) ++outside;
        (in_corner(plot, point) ? corner : others).push_back(point);
    }
    const bool enlarged = corner.size() >= crowd;
    if (!enlarged) others.insert(others.begin(), corner.begin(), corner.end());
    std::size_t unlabelled = draw_points(canvas, plot, frame, plot.points, others, enlarged ? 0 : 40);
    if (enlarged) unlabelled += draw_enlarged(canvas, plot, corner);
    std::vector<LegendItem> legend;
    for (std::size_t s = 0; s < plot.series.size(); ++s)
        legend.push_back({Sample::Marker, s, plot.series[s]});
    if (legend.size() > 1) add_legend(canvas, legend, width);
    if (unlabelled > 0) add_remark(canvas, fmt::format("{} more unlabelled: no room.", unlabelled), width);
    if (const std::string words = left_out(outside, plot.x, plot.y); !words.empty())
        add_remark(canvas, words + ".", width);
    return canvas;
}

}  // namespace headway
