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

/// The tint behind the points; returns where its name is to stand: in the corner's own upper left if it is
/// wide enough, or else left of it.
void draw_corner(SvgCanvas& canvas, const ScatterPlot& plot, const PlotFrame& frame, LabelPlacer& placer) {
    if (!plot.corner) return;
    const Point low{std::clamp(frame.x.at(plot.corner->x), 0.0, width),
                    std::clamp(frame.y.at(plot.corner->y), 0.0, height)};
    const Rect box{low.x, 0, width - low.x, low.y};
    canvas.rect(box, {"#fbe9d9"},
                {plot.corner->name, data_number("x", plot.corner->x) + data_number("y", plot.corner->y)});
    canvas.polyline({{low.x, 0}, low, {width, low.y}}, {"none", "#d9822b", 1, "4 2"});
    const Rect words = canvas.text({width, -6}, plot.corner->name,
                                   {.size = size_words, .anchor = Anchor::End, .colour = "#8a4b0b"});
    placer.keep_clear(words);
}

bool in_corner(const ScatterPlot& plot, const ScatterPlot::Point& point) {
    return plot.corner && point.x >= plot.corner->x && point.y >= plot.corner->y;
}

Meaning meaning_of(const ScatterPlot& plot, const ScatterPlot::Point& point) {
    const std::string name = point.note.empty() ? point.label : point.note;
    const std::string series = point.series < plot.series.size() ? plot.series[point.series] : "";
    return {fmt::format("{}{}{}, {}", name, name.empty() ? "" : ": ", figure(point.x), figure(point.y)),
            (name.empty() ? "" : data_text("name", name)) +
                (series.empty() ? "" : data_text("series", series)) + data_number("x", point.x) +
                data_number("y", point.y)};
}

/// Labels of points in the corner first: they are what the plot is about. Returns how many had no room.
std::size_t draw_labels(SvgCanvas& canvas, const ScatterPlot& plot, const PlotFrame& frame, double radius,
                        LabelPlacer& placer) {
    std::size_t unlabelled = 0;
    for (const bool corner : {true, false})
        for (const ScatterPlot::Point& point : plot.points) {
            if (point.label.empty() || !frame.holds(point.x, point.y)) continue;
            if (in_corner(plot, point) != corner) continue;
            const TextStyle style{.size = 8.5, .colour = "#1a1a1a"};
            if (!placer.place(canvas, frame.at(point.x, point.y), radius, point.label, style)) ++unlabelled;
        }
    return unlabelled;
}

}  // namespace

SvgCanvas body_of(const ScatterPlot& plot) {
    require_drawable(plot.points.size(), "points");
    const PlotFrame frame = frame_of(plot);
    const double radius = plot.points.size() > 2000 ? 1.8 : plot.points.size() > 400 ? 2.5 : 3.6;
    LabelPlacer placer({0, 0, width + 60, height});
    SvgCanvas canvas;
    draw_corner(canvas, plot, frame, placer);
    draw_frame(canvas, frame, plot.x, plot.y);
    std::size_t outside = 0;
    for (const ScatterPlot::Point& point : plot.points) {
        if (!frame.holds(point.x, point.y)) {
            ++outside;
            continue;
        }
        const Point at = frame.at(point.x, point.y);
        draw_marker(canvas, at, radius, point.series, meaning_of(plot, point));
        placer.keep_clear({at.x - radius, at.y - radius, 2 * radius, 2 * radius});
    }
    const std::size_t unlabelled = draw_labels(canvas, plot, frame, radius, placer);
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
