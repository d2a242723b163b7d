// Lines over an axis, named at their ends.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "report/plot_axis.hpp"
#include "report/plot_bodies.hpp"
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace headway {

namespace {

constexpr double width = 430, height = 270;
constexpr double label_gap = 11.5;

void check(const LinePlot& plot) {
    std::size_t count = 0;
    for (const LinePlot::Series& series : plot.series) {
        require(series.x.size() == series.y.size(), ErrorKind::Usage, "line \"{}\" has {} x and {} y",
                series.name, series.x.size(), series.y.size());
        count += series.x.size();
    }
    require_drawable(count, "points");
}

PlotFrame frame_of(const LinePlot& plot) {
    std::vector<double> xs, ys;
    for (const LinePlot::Series& series : plot.series) {
        xs.insert(xs.end(), series.x.begin(), series.x.end());
        ys.insert(ys.end(), series.y.begin(), series.y.end());
    }
    for (const PlotReference& reference : plot.references) ys.push_back(reference.at);
    PlotAxis x = plot.x;  // lines reach from side to side
    if (!xs.empty()) {
        const auto [low, high] = std::minmax_element(xs.begin(), xs.end());
        if (!x.low && *low < *high && (!x.log || *low > 0)) x.low = *low;
        if (!x.high && *low < *high) x.high = *high;
    }
    return {scale_of(x, xs, 0, width), scale_of(plot.y, ys, height, 0), width, height};
}

/// The pieces of a line between its gaps.
std::vector<std::vector<Point>> pieces_of(const LinePlot::Series& series, const PlotFrame& frame) {
    std::vector<std::vector<Point>> pieces(1);
    for (std::size_t i = 0; i < series.x.size(); ++i) {
        if (frame.holds(series.x[i], series.y[i]))
            pieces.back().push_back(frame.at(series.x[i], series.y[i]));
        else if (!pieces.back().empty())
            pieces.emplace_back();
    }
    if (pieces.back().empty()) pieces.pop_back();
    return pieces;
}

Meaning meaning_of(const LinePlot::Series& series) {
    std::string xs, ys;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
        xs += fmt::format("{}{:.6g}", i > 0 ? " " : "", series.x[i]);
        ys += fmt::format("{}{:.6g}", i > 0 ? " " : "", series.y[i]);
    }
    return {series.name, data_text("series", series.name) + data_text("x", xs) + data_text("y", ys)};
}

void draw_background(SvgCanvas& canvas, const LinePlot::Series& series, const PlotFrame& frame) {
    canvas.open_group(meaning_of(series).data);
    for (const std::vector<Point>& piece : pieces_of(series, frame))
        canvas.polyline(piece, {"none", ink_background, 1}, {series.name, ""});
    canvas.close_group();
}

void draw_series(SvgCanvas& canvas, const LinePlot& plot, const LinePlot::Series& series, std::size_t style,
                 const PlotFrame& frame) {
    canvas.open_group(meaning_of(series).data);
    for (const std::vector<Point>& piece : pieces_of(series, frame))
        canvas.polyline(piece, {"none", series_colour(style), 1.8, series_dash(style)}, {series.name, ""});
    if (plot.markers && series.x.size() <= 64)
        for (std::size_t i = 0; i < series.x.size(); ++i)
            if (frame.holds(series.x[i], series.y[i]))
                draw_marker(
                    canvas, frame.at(series.x[i], series.y[i]), 2.8, style,
                    {fmt::format("{}: {}, {}", series.name, figure(series.x[i]), figure(series.y[i])), ""});
    canvas.close_group();
}

/// A name at the right side, at the height where its line ends.
struct EndLabel {
    std::string name;
    Point at;
    std::string colour;
};

std::vector<EndLabel> end_labels(const LinePlot& plot, const PlotFrame& frame) {
    std::vector<EndLabel> labels;
    std::size_t style = 0;
    for (const LinePlot::Series& series : plot.series) {
        if (series.background) continue;
        const auto pieces = pieces_of(series, frame);
        if (!pieces.empty() && !series.name.empty() && !plot.name_peaks)
            labels.push_back({series.name, pieces.back().back(), series_colour(style)});
        ++style;
    }
    for (const PlotReference& reference : plot.references)
        if (frame.y.holds(reference.at))
            labels.push_back({reference.name, {width, frame.y.at(reference.at)}, ink_faint});
    return labels;
}

void draw_end_labels(SvgCanvas& canvas, const std::vector<EndLabel>& labels) {
    std::vector<double> wanted;
    for (const EndLabel& label : labels) wanted.push_back(label.at.y);
    const std::vector<double> places = spread(wanted, label_gap, 0, height);
    for (std::size_t i = 0; i < labels.size(); ++i) {
        canvas.polyline(
            {{labels[i].at.x + 3, labels[i].at.y}, {width + 8, places[i]}, {width + 12, places[i]}},
            {"none", labels[i].colour, 0.6, {}, 0.7});
        canvas.text({width + 15, places[i]}, labels[i].name,
                    {.size = size_words, .colour = labels[i].colour, .centred = true});
    }
}

/// Named lines, when a name at a peak may have found no room.
std::vector<LegendItem> legend_of(const LinePlot& plot) {
    std::vector<LegendItem> legend;
    for (const LinePlot::Series& series : plot.series)
        if (!series.background) legend.push_back({Sample::Line, legend.size(), series.name});
    return legend;
}

/// Room along a line, in squares of a few pixels.
void keep_line_clear(LabelPlacer& placer, const std::vector<Point>& line) {
    constexpr double step = 4;
    for (std::size_t i = 0; i + 1 < line.size(); ++i) {
        const double x = line[i + 1].x - line[i].x, y = line[i + 1].y - line[i].y;
        const int parts = static_cast<int>(std::hypot(x, y) / step) + 1;
        for (int part = 0; part <= parts; ++part)
            placer.keep_clear({line[i].x + x * part / parts - 1, line[i].y + y * part / parts - 1, 2, 2});
    }
}

/// Names beside the highest points of the lines, where they hit no line and no other name.
void draw_peak_labels(SvgCanvas& canvas, const LinePlot& plot, const PlotFrame& frame) {
    LabelPlacer placer({0, 0, width + 60, height});
    for (const LinePlot::Series& series : plot.series)
        if (!series.background)
            for (const std::vector<Point>& piece : pieces_of(series, frame)) keep_line_clear(placer, piece);
    std::size_t style = 0;
    for (const LinePlot::Series& series : plot.series) {
        if (series.background) continue;
        std::optional<Point> peak;
        for (std::size_t i = 0; i < series.x.size(); ++i)
            if (frame.holds(series.x[i], series.y[i]) && (!peak || frame.y.at(series.y[i]) < peak->y))
                peak = frame.at(series.x[i], series.y[i]);
        const std::string colour = series_colour(style);
        if (peak) {
            draw_marker(canvas, *peak, 3, style);
            placer.place(canvas, *peak, 3, series.name, {.size = size_words, .colour = colour});
        }
        ++style;
    }
}

/// Events: dashed lines from top to bottom, named above the frame, in rows where they are close.
void draw_events(SvgCanvas& canvas, const LinePlot& plot, const PlotFrame& frame) {
    std::vector<Rect> taken;
    for (const PlotReference& event : plot.events) {
        if (!frame.x.holds(event.at)) continue;
        const double x = frame.x.at(event.at);
        canvas.line({x, 0}, {x, height}, {"none", ink_faint, 1, "4 3"});
        Point at{x, -6};
        const TextStyle style{.size = size_words, .anchor = Anchor::Middle, .colour = ink_faint};
        const auto meets = [&](const Rect& other) {
            return SvgCanvas::room_of(at, event.name, style).meets(other);
        };
        while (std::any_of(taken.begin(), taken.end(), meets)) at.y -= 11;
        taken.push_back(canvas.text(at, event.name, style));
    }
}

}  // namespace

SvgCanvas body_of(const LinePlot& plot) {
    check(plot);
    const PlotFrame frame = frame_of(plot);
    SvgCanvas canvas;
    draw_frame(canvas, frame, plot.x, plot.y);
    draw_events(canvas, plot, frame);
    std::size_t outside = 0;
    for (const LinePlot::Series& series : plot.series) {
        for (std::size_t i = 0; i < series.x.size(); ++i)
            if (std::isfinite(series.y[i]) && !frame.holds(series.x[i], series.y[i])) ++outside;
        if (series.background) draw_background(canvas, series, frame);
    }
    for (const PlotReference& reference : plot.references)
        if (frame.y.holds(reference.at))
            canvas.line(frame.at(frame.x.low, reference.at), frame.at(frame.x.high, reference.at),
                        {"none", ink_faint, 1, "4 3"});
    std::size_t style = 0;
    for (const LinePlot::Series& series : plot.series)
        if (!series.background) draw_series(canvas, plot, series, style++, frame);
    draw_end_labels(canvas, end_labels(plot, frame));
    if (plot.name_peaks) {
        draw_peak_labels(canvas, plot, frame);
        add_legend(canvas, legend_of(plot), width);
    }
    if (!plot.background_name.empty())
        add_legend(canvas, {{Sample::Background, 0, plot.background_name}}, width);
    if (const std::string words = left_out(outside, plot.x, plot.y); !words.empty())
        add_remark(canvas, words + ".", width);
    return canvas;
}

}  // namespace headway
