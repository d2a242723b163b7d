// Histograms, bars and spectra.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "report/plot_axis.hpp"
#include "report/plot_bodies.hpp"
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headway {

namespace {

constexpr double width = 400, height = 230;

std::vector<LegendItem> legend_of(const std::vector<PlotSeries>& series) {
    std::vector<LegendItem> legend;
    for (std::size_t s = 0; s < series.size(); ++s) legend.push_back({Sample::Bar, s, series[s].name});
    if (legend.size() < 2) legend.clear();
    return legend;
}

/// Dashed lines from top to bottom with names above, in rows where they are close.
void draw_places(SvgCanvas& canvas, const std::vector<PlotReference>& references, const PlotFrame& frame) {
    std::vector<Rect> taken;
    for (const PlotReference& reference : references) {
        if (!frame.x.holds(reference.at)) continue;
        Point at{frame.x.at(reference.at), -6};
        canvas.line({at.x, 0}, {at.x, frame.height}, {"none", ink_faint, 1, "4 3"});
        const TextStyle style{.size = size_words, .anchor = Anchor::Middle, .colour = ink_faint};
        const auto meets = [&](const Rect& other) {
            return SvgCanvas::room_of(at, reference.name, style).meets(other);
        };
        while (std::any_of(taken.begin(), taken.end(), meets)) at.y -= 11;
        taken.push_back(canvas.text(at, reference.name, style));
    }
}

/// Dashed lines from side to side with names at the right, apart from each other.
void draw_levels(SvgCanvas& canvas, const std::vector<PlotReference>& references, const PlotFrame& frame) {
    std::vector<double> wanted;
    for (const PlotReference& reference : references) wanted.push_back(frame.y.at(reference.at));
    const std::vector<double> places = spread(wanted, 11.5, 0, frame.height);
    for (std::size_t i = 0; i < references.size(); ++i) {
        if (!frame.y.holds(references[i].at)) continue;
        canvas.line({0, wanted[i]}, {frame.width, wanted[i]}, {"none", ink_faint, 1, "4 3"});
        canvas.text({frame.width + 6, places[i]}, references[i].name,
                    {.size = size_words, .colour = ink_faint, .centred = true});
    }
}

struct Bins {
    PlotScale x;
    std::vector<std::vector<std::size_t>> counts;  ///< by series and bin
    std::size_t outside = 0;
    double largest = 0;

    double edge(std::size_t bin) const {
        return x.low + (x.high - x.low) * real(bin) / real(counts.empty() ? 1 : counts[0].size());
    }
};

Bins bins_of(const Histogram& plot) {
    require(plot.bins > 0 && plot.bins <= 1000, ErrorKind::Usage, "a histogram of {} bins", plot.bins);
    require(!plot.x.log, ErrorKind::Usage, "a histogram has no logarithmic axis");
    std::vector<double> all;
    for (const PlotSeries& series : plot.series)
        all.insert(all.end(), series.values.begin(), series.values.end());
    require_drawable(all.size(), "values");
    Bins bins{scale_of(plot.x, all, 0, width), {}, 0, 0};
    std::vector<std::size_t> stacked(plot.bins);
    for (const PlotSeries& series : plot.series) {
        std::vector<std::size_t>& counts = bins.counts.emplace_back(plot.bins);
        for (const double value : series.values) {
            if (!bins.x.holds(value)) {
                ++bins.outside;
                continue;
            }
            const double part = std::max(0.0, (value - bins.x.low) / (bins.x.high - bins.x.low));
            const std::size_t bin = std::min(static_cast<std::size_t>(part * real(plot.bins)), plot.bins - 1);
            ++counts[bin];
            bins.largest = std::max(bins.largest, real(++stacked[bin]));
        }
    }
    return bins;
}

void draw_bins(SvgCanvas& canvas, const Histogram& plot, const Bins& bins, const PlotFrame& frame) {
    std::vector<double> foot(plot.bins, 0);
    for (std::size_t s = 0; s < plot.series.size(); ++s) {
        canvas.open_group(data_text("series", plot.series[s].name));
        for (std::size_t bin = 0; bin < plot.bins; ++bin) {
            const double count = real(bins.counts[s][bin]);
            if (count == 0) continue;
            const double left = frame.x.at(bins.edge(bin)), right = frame.x.at(bins.edge(bin + 1));
            const double top = frame.y.at(foot[bin] + count);
            canvas.rect(
                {left, top, right - left, frame.y.at(foot[bin]) - top}, {series_colour(s), "#ffffff", 0.8},
                {fmt::format("{}{} to {}: {}", plot.series[s].name.empty() ? "" : plot.series[s].name + ", ",
                             figure(bins.edge(bin)), figure(bins.edge(bin + 1)), count),
                 data_number("from", bins.edge(bin)) + data_number("to", bins.edge(bin + 1)) +
                     data_number("count", count)});
            foot[bin] += count;
        }
        canvas.close_group();
    }
}

double value_foot(const PlotScale& scale) {
    return scale.log ? scale.low : std::clamp(0.0, scale.low, scale.high);
}

/// A bar from the axis's zero (or its lower end) to a value.
void draw_bar(SvgCanvas& canvas, const PlotScale& scale, double left, double wide, double value,
              const Ink& ink, const Meaning& meaning) {
    const double a = scale.at(value_foot(scale)), b = scale.at(std::clamp(value, scale.low, scale.high));
    canvas.rect({left, std::min(a, b), wide, std::abs(a - b)}, ink, meaning);
}

/// An axis of bars begins at 0, or below the least of them.
PlotScale bar_scale(PlotAxis axis, std::vector<double> values, double from, double to) {
    if (!axis.log) values.push_back(0);
    PlotScale scale = scale_of(axis, values, from, to);
    if (axis.log && !axis.low) scale.low /= 1.5;  // the least bar is seen too
    return scale;
}

void draw_names(SvgCanvas& canvas, const BarPlot& plot, double step) {
    double widest = 0;
    for (const std::string& name : plot.names) widest = std::max(widest, text_width(name, size_words));
    const bool upwards = widest + 4 > step;
    double last = -100;
    for (std::size_t i = 0; i < plot.names.size(); ++i) {
        const double x = step * (real(i) + 0.5);
        if (x - last < 11) continue;
        last = x;
        if (upwards)
            canvas.text({x, height + 6}, plot.names[i],
                        {.size = size_words, .anchor = Anchor::End, .centred = true, .upwards = true});
        else
            canvas.text({x, height + 13}, plot.names[i], {.size = size_words, .anchor = Anchor::Middle});
    }
}

}  // namespace

SvgCanvas body_of(const Histogram& plot) {
    const Bins bins = bins_of(plot);
    const PlotAxis count_axis{.title = plot.count_title, .low = 0};
    PlotScale counts = scale_of(count_axis, {0, std::max(1.0, bins.largest)}, height, 0);
    counts.whole = true;
    const PlotFrame frame{bins.x, counts, width, height};
    SvgCanvas canvas;
    draw_frame(canvas, frame, plot.x, count_axis);
    draw_bins(canvas, plot, bins, frame);
    draw_places(canvas, plot.references, frame);
    add_legend(canvas, legend_of(plot.series), width);
    if (const std::string words = left_out(bins.outside, plot.x, count_axis); !words.empty())
        add_remark(canvas, words + " or undefined.", width);
    return canvas;
}

SvgCanvas body_of(const BarPlot& plot) {
    std::vector<double> all;
    for (const PlotSeries& series : plot.series) {
        require(series.values.size() == plot.names.size(), ErrorKind::Usage,
                "bars of {} names have {} values", plot.names.size(), series.values.size());
        all.insert(all.end(), series.values.begin(), series.values.end());
    }
    require_drawable(all.size(), "bars");
    for (const PlotReference& reference : plot.references) all.push_back(reference.at);
    const double step = width / real(std::max<std::size_t>(1, plot.names.size()));
    const PlotFrame frame{{}, bar_scale(plot.y, all, height, 0), width, height};
    SvgCanvas canvas;
    draw_y_axis(canvas, frame, plot.y);
    const double wide = 0.8 * step / real(std::max<std::size_t>(1, plot.series.size()));
    for (std::size_t s = 0; s < plot.series.size(); ++s)
        for (std::size_t i = 0; i < plot.names.size(); ++i) {
            const double value = plot.series[s].values[i];
            if (!std::isfinite(value) || (plot.y.log && value <= 0)) continue;
            draw_bar(canvas, frame.y, step * (real(i) + 0.1) + wide * real(s), wide, value,
                     {series_colour(s), "#ffffff", 0.5},
                     {plot.names[i] + ": " + figure(value), data_text("name", plot.names[i]) +
                                                                data_text("series", plot.series[s].name) +
                                                                data_number("value", value)});
        }
    const double foot = frame.y.at(value_foot(frame.y));
    canvas.line({0, foot}, {width, foot}, {"none", ink_axis});
    draw_levels(canvas, plot.references, frame);
    draw_names(canvas, plot, step);
    add_legend(canvas, legend_of(plot.series), width);
    return canvas;
}

namespace {

/// One half of a spectrum: bars over the components.
void draw_half(SvgCanvas& canvas, const SpectrumPlot& plot, const PlotFrame& frame,
               const std::vector<double>& values, const PlotAxis& axis, std::size_t series) {
    const double step = width / real(values.size());
    canvas.open_group(data_text("quantity", axis.title));
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i]) || (axis.log && values[i] <= 0)) continue;
        const bool marked =
            plot.marked.empty() || std::find(plot.marked.begin(), plot.marked.end(), i) != plot.marked.end();
        const char* colour = series_colour(series);
        draw_bar(canvas, frame.y, step * (real(i) + 0.15), 0.7 * step, values[i],
                 {marked ? colour : "#ffffff", colour, marked ? 0.0 : 1.0},
                 {fmt::format("{} {}: {}", plot.component_title, i, figure(values[i])),
                  data_number("component", real(i)) + data_number("value", values[i])});
    }
    canvas.close_group();
    const double foot = frame.y.at(value_foot(frame.y));
    canvas.line({0, foot}, {width, foot}, {"none", ink_axis});
}

void draw_component_axis(SvgCanvas& canvas, const SpectrumPlot& plot, double foot) {
    const double step = width / real(plot.values.size());
    std::size_t every = 1;
    for (const std::size_t each : {1U, 2U, 5U, 10U, 20U, 50U, 100U, 200U, 500U, 1000U}) {
        every = each;
        if (step * real(each) >= 20) break;
    }
    for (std::size_t i = 0; i < plot.values.size(); i += every)
        canvas.text({step * (real(i) + 0.5), foot + 13}, std::to_string(i),
                    {.size = size_words, .anchor = Anchor::Middle});
    canvas.text({width / 2, foot + 28}, plot.component_title, {.size = 10, .anchor = Anchor::Middle});
}

}  // namespace

SvgCanvas body_of(const SpectrumPlot& plot) {
    require(!plot.values.empty(), ErrorKind::Usage, "a spectrum without values is not drawn");
    require(plot.seconds.empty() || plot.seconds.size() == plot.values.size(), ErrorKind::Usage,
            "a spectrum of {} values has {} second ones", plot.values.size(), plot.seconds.size());
    require_drawable(plot.values.size(), "values");
    constexpr double half = 140, gap = 22;
    const bool two = !plot.seconds.empty();
    const PlotFrame upper{{}, bar_scale(plot.value, plot.values, half, 0), width, half};
    SvgCanvas canvas;
    draw_y_axis(canvas, upper, plot.value);
    draw_half(canvas, plot, upper, plot.values, plot.value, 0);
    if (two) {
        std::vector<double> all = plot.seconds;
        if (plot.second_reference) all.push_back(plot.second_reference->at);
        const PlotFrame lower{{}, bar_scale(plot.second, all, half, 0), width, half};
        SvgCanvas part;
        draw_y_axis(part, lower, plot.second);
        draw_half(part, plot, lower, plot.seconds, plot.second, 1);
        if (plot.second_reference) draw_levels(part, {*plot.second_reference}, lower);
        canvas.add(part, {0, half + gap});
    }
    draw_component_axis(canvas, plot, two ? 2 * half + gap : half);
    return canvas;
}

}  // namespace headway
