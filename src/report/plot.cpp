// Titles, captions and sheets of plots.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/plot.hpp"

#include "headway/base/error.hpp"
#include "report/plot_bodies.hpp"
#include "report/plot_style.hpp"

#include <algorithm>

namespace headway {

namespace {

struct Heading {
    double title_size = 13;
    double caption_size = 9.5;
    double min_width = 340;  ///< of the lines
};

/// The title above a body and the caption below it, both flush left and wrapped to its width.
SvgCanvas framed(const SvgCanvas& body, const std::string& title, const std::vector<std::string>& caption,
                 const Heading& heading) {
    const Rect room = body.bounds();
    const double width = std::max(room.width, heading.min_width);
    SvgCanvas canvas;
    double y = 0;
    for (const std::string& line : wrapped(title, width, heading.title_size, true)) {
        canvas.text({0, y}, line, {.size = heading.title_size, .colour = "#111111", .bold = true});
        y += heading.title_size * 1.35;
    }
    if (!title.empty()) y -= 2;
    canvas.add(body, {-room.x, y - room.y});
    y = canvas.bounds().bottom() + heading.caption_size * 1.9;
    for (const std::string& sentence : caption)
        for (const std::string& line : wrapped(sentence, width, heading.caption_size)) {
            canvas.text({0, y}, line, {.size = heading.caption_size, .colour = "#555555"});
            y += heading.caption_size * 1.4;
        }
    return canvas;
}

SvgCanvas framed(const Plot& plot, const Heading& heading) {
    return std::visit(
        [&](const auto& each) { return framed(body_of(each), each.title, each.caption, heading); }, plot);
}

/// Plots in rows; columns are as wide as their widest plot.
SvgCanvas arranged(const std::vector<SvgCanvas>& parts, std::size_t columns) {
    constexpr double gap = 34;
    std::vector<double> widths(std::min(columns, parts.size()), 0);
    for (std::size_t i = 0; i < parts.size(); ++i)
        widths[i % columns] = std::max(widths[i % columns], parts[i].bounds().width);
    SvgCanvas sheet;
    double y = 0;
    for (std::size_t first = 0; first < parts.size(); first += columns) {
        double x = 0, height = 0;
        for (std::size_t i = first; i < std::min(first + columns, parts.size()); ++i) {
            const Rect room = parts[i].bounds();
            sheet.add(parts[i], {x - room.x, y - room.y});
            height = std::max(height, room.height);
            x += widths[i % columns] + gap;
        }
        y += height + gap;
    }
    return sheet;
}

}  // namespace

void require_drawable(std::size_t count, const char* what) {
    constexpr std::size_t most = 1'000'000;
    require(count <= most, ErrorKind::Limit, "a plot of {} {} is not drawn: the limit is {}", count, what,
            most);
}

std::string svg(const Plot& plot) {
    const std::string title = std::visit([](const auto& each) { return each.title; }, plot);
    return framed(plot, {}).file(title);
}

std::string svg(const PlotSheet& sheet) {
    require(!sheet.plots.empty() && sheet.columns > 0, ErrorKind::Usage,
            "a sheet without plots is not drawn");
    require_drawable(sheet.plots.size(), "plots");
    std::vector<SvgCanvas> parts;
    for (const Plot& plot : sheet.plots)
        parts.push_back(framed(plot, {.title_size = 11, .caption_size = 9, .min_width = 0}));
    return framed(arranged(parts, sheet.columns), sheet.title, sheet.caption, {}).file(sheet.title);
}

}  // namespace headway
