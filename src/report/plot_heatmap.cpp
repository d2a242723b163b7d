// Heat maps: cells, names along both sides, the bar that tells what the colours are.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "report/plot_axis.hpp"
#include "report/plot_bodies.hpp"
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace headway {

namespace {

constexpr std::size_t most_numbers = 400;
constexpr std::size_t most_tooltips = 12'000;
constexpr double name_gap = 11;  // between the feet of two names

struct Work {
    const Heatmap& plot;
    double cell_width = 0, cell_height = 0;
    double low = 0, high = 1;
    bool numbers = false;
    std::vector<bool> undefined = {};

    double width() const { return cell_width * real(plot.columns.size()); }
    double height() const { return cell_height * real(plot.rows.size()); }
    double value(std::size_t row, std::size_t column) const {
        return plot.values[row * plot.columns.size() + column];
    }
    bool is_undefined(std::size_t row, std::size_t column) const {
        return !undefined.empty() && undefined[row * plot.columns.size() + column];
    }
    Rect cell(std::size_t row, std::size_t column) const {
        return {cell_width * real(column), cell_height * real(row), cell_width, cell_height};
    }
    /// A step of the same size has the same weight on both sides of the centre.
    std::string colour(double value) const {
        if (!plot.centre) return sequential_colour(high > low ? (value - low) / (high - low) : 0.5);
        const double reach = std::max(high - plot.centre->at, plot.centre->at - low);
        return diverging_colour(reach > 0 ? (value - plot.centre->at) / reach : 0);
    }
};

std::string cell_text(double value, double largest) {
    const int decimals = largest < 10 ? 2 : largest < 100 ? 1 : 0;
    const std::string text =
        largest < 1e5 ? fmt::format("{:.{}f}", value, decimals) : fmt::format("{:.1e}", value);
    if (text.find_first_not_of("-0.") == std::string::npos) return "0";
    return text.front() == '-' ? "\u2212" + text.substr(1) : text;
}

double largest_size(const Heatmap& plot) {
    double largest = 0;
    for (const double value : plot.values)
        if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    return largest;
}

double cell_size(std::size_t longest) {
    return longest <= 16    ? 26
           : longest <= 24  ? 20
           : longest <= 48  ? 13
           : longest <= 100 ? 8
           : longest <= 200 ? 5
                            : 3;
}

void check(const Heatmap& plot) {
    const std::size_t cells = plot.rows.size() * plot.columns.size();
    require(cells == plot.values.size(), ErrorKind::Usage, "a heat map of {} x {} names has {} values",
            plot.rows.size(), plot.columns.size(), plot.values.size());
    require(cells > 0, ErrorKind::Usage, "a heat map without cells is not drawn");
    require_drawable(cells, "cells");
    for (const std::size_t place : plot.undefined)
        require(place < cells, ErrorKind::Usage, "place {} of a heat map of {} cells", place, cells);
}

Work prepare(const Heatmap& plot) {
    check(plot);
    Work work{plot};
    double low = std::numeric_limits<double>::max(), high = -low;
    for (const double value : plot.values) {
        if (!std::isfinite(value)) continue;
        low = std::min(low, value);
        high = std::max(high, value);
    }
    if (low > high) low = 0, high = 1;
    work.low = plot.low.value_or(low);
    work.high = plot.high.value_or(high);
    if (plot.centre) {
        work.low = std::min(work.low, plot.centre->at);
        work.high = std::max(work.high, plot.centre->at);
    }
    require(work.low <= work.high, ErrorKind::Usage, "colours from {} to {}", work.low, work.high);
    work.cell_width = work.cell_height = cell_size(std::max(plot.rows.size(), plot.columns.size()));
    work.numbers = plot.numbers && plot.values.size() <= most_numbers;
    if (work.numbers) {
        double widest = 0;
        for (const double value : plot.values)
            if (std::isfinite(value))
                widest = std::max(widest, text_width(cell_text(value, largest_size(plot)), 8));
        work.cell_width = std::max(work.cell_width, widest + 7);
    }
    if (!plot.undefined.empty()) work.undefined.resize(plot.values.size());
    for (const std::size_t place : plot.undefined) work.undefined[place] = true;
    return work;
}

Meaning meaning_of(const Work& work, std::size_t row, std::size_t column) {
    const std::string names = work.plot.rows[row] + " \u2192 " + work.plot.columns[column];
    if (work.is_undefined(row, column)) return {names + ": undefined", " data-value=\"undefined\""};
    const double value = work.value(row, column);
    return {names + ": " + figure(value),
            data_text("column", work.plot.columns[column]) + data_number("value", value)};
}

void draw_cells(SvgCanvas& canvas, const Work& work) {
    const double largest = largest_size(work.plot);
    for (std::size_t r = 0; r < work.plot.rows.size(); ++r) {
        canvas.open_group(data_text("row", work.plot.rows[r]));
        for (std::size_t c = 0; c < work.plot.columns.size(); ++c) {
            const Rect cell = work.cell(r, c);
            if (work.is_undefined(r, c)) {
                hatch(canvas, cell, meaning_of(work, r, c));
                continue;
            }
            const double value = work.value(r, c);
            if (!std::isfinite(value)) continue;
            const std::string colour = work.colour(value);
            canvas.rect(cell, {colour}, meaning_of(work, r, c));
            if (work.numbers)
                canvas.text({cell.x + cell.width / 2, cell.y + cell.height / 2}, cell_text(value, largest),
                            {.size = 8, .anchor = Anchor::Middle, .colour = ink_on(colour), .centred = true});
        }
        canvas.close_group();
    }
}

/// Very many cells: one path for each colour; the values stand in attributes, a row each.
void draw_many_cells(SvgCanvas& canvas, const Work& work) {
    constexpr double shades = 64;
    std::map<long, std::string> paths;
    std::string undefined;
    const Rect all{0, 0, work.width(), work.height()};
    for (std::size_t r = 0; r < work.plot.rows.size(); ++r) {
        std::string values;
        for (std::size_t c = 0; c < work.plot.columns.size(); ++c) {
            const double value = work.value(r, c);
            const Rect cell = work.cell(r, c);
            const std::string square =
                fmt::format("M{} {}h{}v{}h-{}z", pixels(cell.x), pixels(cell.y), pixels(cell.width),
                            pixels(cell.height), pixels(cell.width));
            if (c > 0) values += ' ';
            if (work.is_undefined(r, c)) undefined += square;
            values += std::isfinite(value) ? fmt::format("{:.4g}", value) : "-";
            if (!std::isfinite(value)) continue;
            const double part = work.high > work.low ? (value - work.low) / (work.high - work.low) : 0;
            paths[std::lround(std::clamp(part, 0.0, 1.0) * shades)] += square;
        }
        canvas.open_group(data_text("row", work.plot.rows[r]) + data_text("values", values));
        canvas.close_group();
    }
    for (const auto& [shade, path] : paths) {
        const double value = work.low + (work.high - work.low) * static_cast<double>(shade) / shades;
        canvas.path(path, all, {work.colour(value)});
    }
    if (!undefined.empty()) canvas.path(undefined, all, {"#9a9a9a"});
}

/// Which names are written: all, or else the first of each group, and no two closer than a line.
std::vector<std::size_t> shown_names(std::size_t count, double step, const std::vector<std::size_t>& groups) {
    std::vector<std::size_t> wanted;
    if (step >= name_gap || groups.empty()) {
        for (std::size_t i = 0; i < count; ++i) wanted.push_back(i);
    } else {
        wanted = groups;
        if (wanted.front() != 0) wanted.insert(wanted.begin(), 0);
    }
    std::vector<std::size_t> shown;
    for (const std::size_t i : wanted)
        if (i < count && (shown.empty() || real(i - shown.back()) * step >= name_gap)) shown.push_back(i);
    return shown;
}

void draw_row_names(SvgCanvas& canvas, const Work& work) {
    double widest = 0;
    for (const std::size_t i : shown_names(work.plot.rows.size(), work.cell_height, work.plot.row_groups)) {
        const double y = work.cell_height * (real(i) + 0.5);
        if (work.cell_height < name_gap) canvas.line({-3, y}, {0, y}, {"none", ink_axis, 0.7});
        canvas.text({-5, y}, work.plot.rows[i], {.size = size_words, .anchor = Anchor::End, .centred = true});
        widest = std::max(widest, text_width(work.plot.rows[i], size_words));
    }
    canvas.text({-widest - 16, work.height() / 2}, work.plot.row_title,
                {.size = 10, .anchor = Anchor::Middle, .centred = true, .upwards = true});
}

void draw_column_names(SvgCanvas& canvas, const Work& work) {
    const auto shown = shown_names(work.plot.columns.size(), work.cell_width, work.plot.column_groups);
    double widest = 0;
    for (const std::size_t i : shown) widest = std::max(widest, text_width(work.plot.columns[i], size_words));
    const bool upwards = work.cell_width < name_gap || widest + 4 > work.cell_width;
    for (const std::size_t i : shown) {
        const double x = work.cell_width * (real(i) + 0.5);
        if (work.cell_width < name_gap)
            canvas.line({x, work.height()}, {x, work.height() + 3}, {"none", ink_axis, 0.7});
        if (upwards)
            canvas.text({x, work.height() + 5}, work.plot.columns[i],
                        {.size = size_words, .anchor = Anchor::End, .centred = true, .upwards = true});
        else
            canvas.text({x, work.height() + 12}, work.plot.columns[i],
                        {.size = size_words, .anchor = Anchor::Middle});
    }
    canvas.text({work.width() / 2, work.height() + (upwards ? widest + 5 : 12) + 15}, work.plot.column_title,
                {.size = 10, .anchor = Anchor::Middle});
}

void draw_lines(SvgCanvas& canvas, const Work& work) {
    const bool small = work.cell_height < 6;
    const Ink ink{"none", small ? "#c8c8c8" : "#8a8a8a", small ? 0.5 : 0.8};
    for (const std::size_t r : work.plot.row_groups)
        if (r > 0 && r < work.plot.rows.size())
            canvas.line({0, work.cell_height * real(r)}, {work.width(), work.cell_height * real(r)}, ink);
    for (const std::size_t c : work.plot.column_groups)
        if (c > 0 && c < work.plot.columns.size())
            canvas.line({work.cell_width * real(c), 0}, {work.cell_width * real(c), work.height()}, ink);
    canvas.rect({0, 0, work.width(), work.height()}, {"none", ink_axis, 0.8});
}

/// `baseline 0.0884`; a centre that is called by its number has it once.
std::string centre_text(const PlotReference& centre) {
    std::string number = fmt::format("{:.3g}", centre.at == 0 ? 0 : centre.at);
    if (number.front() == '-') number = "\u2212" + number.substr(1);
    return centre.name.empty() || centre.name == number ? number : centre.name + " " + number;
}

/// The bar of colours, with ticks; the centre's line goes through it and has its name.
void draw_colour_bar(SvgCanvas& canvas, const Work& work) {
    constexpr double width = 12;
    constexpr int steps = 48;
    const double x = work.width() + 22, height = std::clamp(work.height(), 90.0, 240.0);
    double top = 0;
    for (const std::string& line : wrapped(work.plot.value_title, 96, size_words)) {
        canvas.text({x, top + 7}, line, {.size = size_words});
        top += 12;
    }
    if (top > 0) top += 4;
    const double flat = work.high > work.low ? 0 : 0.5;  // one value: a bar around it
    const PlotScale scale{work.low - flat, work.high + flat, false, top + height, top};
    canvas.open_group(" shape-rendering=\"crispEdges\"");
    for (int i = 0; i < steps; ++i) {
        const double y = top + height * i / steps;
        const double value = scale.high - (scale.high - scale.low) * (i + 0.5) / steps;
        canvas.rect({x, y, width, height / steps}, {work.colour(value)});
    }
    canvas.close_group();
    canvas.rect({x, top, width, height}, {"none", ink_axis, 0.6});
    const auto write = [&](double value, const std::string& words, double reach) {
        canvas.line({x + width - reach, scale.at(value)}, {x + width + 4, scale.at(value)},
                    {"none", "#333333", reach > 0 ? 1.2 : 0.8});
        canvas.text({x + width + 6, scale.at(value)}, words, {.size = size_words, .centred = true});
    };
    const std::optional<PlotReference>& centre = work.plot.centre;
    if (centre) write(centre->at, centre_text(*centre), width);
    for (const Tick& tick : ticks_of(scale))
        if (!centre || std::abs(scale.at(tick.value) - scale.at(centre->at)) >= name_gap)
            write(tick.value, tick.text, 0);
}

}  // namespace

SvgCanvas body_of(const Heatmap& plot) {
    const Work work = prepare(plot);
    SvgCanvas canvas;
    canvas.open_group(" shape-rendering=\"crispEdges\"");
    if (plot.values.size() <= most_tooltips)
        draw_cells(canvas, work);
    else
        draw_many_cells(canvas, work);
    canvas.close_group();
    draw_lines(canvas, work);
    draw_row_names(canvas, work);
    draw_column_names(canvas, work);
    draw_colour_bar(canvas, work);
    std::vector<LegendItem> legend;
    if (!plot.undefined.empty()) legend.push_back({Sample::Hatched, 0, "undefined"});
    add_legend(canvas, legend, work.width());
    return canvas;
}

}  // namespace headway
