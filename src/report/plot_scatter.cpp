// Points with labels.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "report/plot_axis.hpp"
#include "report/plot_bodies.hpp"
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace headway {

namespace {

constexpr double plane_width = 380, plane_height = 320;

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
    return {scale_of(plot.x, xs, 0, plane_width), scale_of(plot.y, ys, plane_height, 0), plane_width,
            plane_height};
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

/// A point and where it is drawn.
struct Dot {
    const ScatterPlot::Point* point;
    Point at;
};
using Dots = std::vector<Dot>;

constexpr std::size_t most_dot_tooltips = 12'000;

/// Very many points: the unlabelled ones of a series are one path of dots, their values attributes of it.
void draw_cloud(SvgCanvas& canvas, const ScatterPlot& plot, const Dots& dots, double radius) {
    struct Cloud {
        std::string dots, xs, ys;
    };
    std::map<std::size_t, Cloud> clouds;
    for (const Dot& dot : dots) {
        if (!dot.point->label.empty()) continue;
        Cloud& cloud = clouds[dot.point->series];
        const char* gap = cloud.dots.empty() ? "" : " ";
        cloud.dots += fmt::format("M{} {}h0", pixels(dot.at.x), pixels(dot.at.y));
        cloud.xs += fmt::format("{}{:.4g}", gap, dot.point->x);
        cloud.ys += fmt::format("{}{:.4g}", gap, dot.point->y);
    }
    for (const auto& [series, cloud] : clouds) {
        const std::string name = series < plot.series.size() ? plot.series[series] : "";
        canvas.path(cloud.dots, canvas.bounds(),
                    {"none", series_colour(series), 2 * radius, {}, series == 0 ? 0.3 : 0.8},
                    {"", " stroke-linecap=\"round\"" + data_text("series", name) + data_text("xs", cloud.xs) +
                             data_text("ys", cloud.ys)});
    }
}

/// The points, with labels for those of `labelled`, in their order, within `area`. Returns how many had no
/// room.
std::size_t draw_dots(SvgCanvas& canvas, const ScatterPlot& plot, const Dots& dots, const Dots& labelled,
                      const Rect& area) {
    const bool many = dots.size() > most_dot_tooltips;
    const double radius = dots.size() > 2000 ? 1.8 : dots.size() > 400 ? 2.5 : 3.6;
    LabelPlacer placer(area);
    if (many) draw_cloud(canvas, plot, dots, 1);
    for (const auto& [point, at] : dots) {
        if (many && point->label.empty()) continue;
        draw_marker(canvas, at, radius, point->series, meaning_of(plot, *point));
        placer.keep_clear({at.x - radius, at.y - radius, 2 * radius, 2 * radius});
    }
    std::size_t unlabelled = 0;
    for (const auto& [point, at] : labelled) {
        const TextStyle style{.size = 8.5, .colour = "#1a1a1a"};
        if (!point->label.empty() && !placer.place(canvas, at, radius, point->label, style)) ++unlabelled;
    }
    return unlabelled;
}

/// How far values lie below the upper end of their axis, at least a hundred-thousandth of the corner.
struct Distance {
    double high = 1, floor = 1e-6;
    double operator()(double value) const { return std::max(high - value, floor); }
};

/// An axis of distances from the end: logarithmic, so that what lies very near to it comes apart.
PlotScale distance_scale(const std::vector<double>& distances, double corner, double from, double to) {
    const double least = *std::min_element(distances.begin(), distances.end());
    return scale_of({.low = std::min(least, corner / 2) / 1.6, .high = corner, .log = true}, {}, from, to);
}

/// The corner once more, to the right of the plot, by the distances from the upper ends of the axes, `high`.
/// Returns how many labels had no room.
std::size_t draw_enlarged(SvgCanvas& canvas, const ScatterPlot& plot, const ScatterPlot::Corner& bounds,
                          Point high, const Dots& corner) {
    constexpr double side = 250;
    const Distance x_distance{high.x, 1e-5 * (high.x - bounds.x)};
    const Distance y_distance{high.y, 1e-5 * (high.y - bounds.y)};
    std::vector<double> xs, ys;
    for (const Dot& dot : corner) {
        xs.push_back(x_distance(dot.point->x));
        ys.push_back(y_distance(dot.point->y));
    }
    const PlotFrame frame{distance_scale(xs, high.x - bounds.x, side, 0),
                          distance_scale(ys, high.y - bounds.y, 0, side), side, side};
    Dots dots;
    for (std::size_t i = 0; i < corner.size(); ++i) dots.push_back({corner[i].point, frame.at(xs[i], ys[i])});
    SvgCanvas part;
    part.rect({0, 0, side, side}, {"#fdf6ef"});
    draw_frame(part, frame, {.title = fmt::format("{} \u2212 {}", figure(high.x), plot.x.title)},
               {.title = fmt::format("{} \u2212 {}", figure(high.y), plot.y.title)});
    part.text({side, -6}, "the corner, by the distance from its end (logarithmic)",
              {.size = size_words, .anchor = Anchor::End, .colour = "#8a4b0b"});
    const bool nearer = std::count(xs.begin(), xs.end(), x_distance.floor) > 0 ||
                        std::count(ys.begin(), ys.end(), y_distance.floor) > 0;
    if (nearer) add_remark(part, "What is nearer than the last tick stands there.", side);
    const std::size_t unlabelled = draw_dots(part, plot, dots, dots, {0, 0, side + 40, side});
    canvas.add(part, {plane_width + 28 - part.bounds().x, 0});
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
    Dots all, corner, others;
    for (const ScatterPlot::Point& point : plot.points) {
        if (!frame.holds(point.x, point.y)) continue;
        all.push_back({&point, frame.at(point.x, point.y)});
        (in_corner(plot, point) ? corner : others).push_back(all.back());
    }
    const ScatterPlot::Corner bounds = plot.corner.value_or(ScatterPlot::Corner{});
    const Point high{plot.x.high.value_or(bounds.x), plot.y.high.value_or(bounds.y)};
    const bool enlarged = corner.size() >= crowd && high.x > bounds.x && high.y > bounds.y;
    if (!enlarged) others.insert(others.begin(), corner.begin(), corner.end());
    const double reach = enlarged ? 0 : 40;  // of labels out of the frame
    std::size_t unlabelled = draw_dots(canvas, plot, all, others, {0, 0, plane_width + reach, plane_height});
    if (enlarged) unlabelled += draw_enlarged(canvas, plot, bounds, high, corner);
    std::vector<LegendItem> legend;
    for (std::size_t s = 0; s < plot.series.size(); ++s)
        legend.push_back({Sample::Marker, s, plot.series[s]});
    if (legend.size() > 1) add_legend(canvas, legend, plane_width);
    if (unlabelled > 0)
        add_remark(canvas, fmt::format("{} more unlabelled: no room.", unlabelled), plane_width);
    if (const std::string words = left_out(plot.points.size() - all.size(), plot.x, plot.y); !words.empty())
        add_remark(canvas, words + ".", plane_width);
    return canvas;
}

}  // namespace headway
