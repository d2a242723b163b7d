// Eigenvalues in the complex plane, the radius logarithmic.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "report/plot_axis.hpp"
#include "report/plot_bodies.hpp"
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace headway {

namespace {

constexpr double rim = 128;  // pixels

struct Disc {
    double floor = 1e-4, high = 1;

    double radius(double size) const {
        if (!(size > floor)) return 0;
        return std::min(rim, rim * std::log(size / floor) / std::log(high / floor));
    }
    Point at(std::complex<double> value) const {
        const double r = radius(std::abs(value)), angle = std::arg(value);
        return {r * std::cos(angle), -r * std::sin(angle)};
    }
};

bool is_finite(std::complex<double> value) {
    return std::isfinite(value.real()) && std::isfinite(value.imag());
}

Disc disc_of(const EigenvaluePlot& plot) {
    double largest = 0;
    std::size_t count = 0;
    for (const EigenvaluePlot::Series& series : plot.series)
        for (const std::complex<double>& value : series.values)
            if (++count; is_finite(value)) largest = std::max(largest, std::abs(value));
    require_drawable(count, "eigenvalues");
    if (!(largest > 0)) largest = 1;
    const double high = plot.high.value_or(largest * 1.15);  // the largest stands off the rim
    const Disc disc{plot.floor.value_or(std::pow(10, std::floor(std::log10(largest)) - 3)), high};
    require(disc.floor > 0 && disc.floor < disc.high, ErrorKind::Usage,
            "eigenvalues between radii {} and {} are not drawn", disc.floor, disc.high);
    return disc;
}

std::vector<Tick> circles_of(const Disc& disc) {
    std::vector<Tick> circles;
    for (const Tick& tick : ticks_of({disc.floor, disc.high, true, 0, 3 * rim}))
        if (!tick.text.empty() && disc.radius(tick.value) > 14 &&
            (circles.empty() || disc.radius(tick.value) - disc.radius(circles.back().value) > 13))
            circles.push_back(tick);
    return circles;
}

/// The direction, among some off the axes, along which the names of the circles hit the fewest points.
double free_direction(const EigenvaluePlot& plot, const Disc& disc, const std::vector<Tick>& circles) {
    static constexpr std::array degrees{-67.5, -112.5, 67.5, 112.5, -52.5, -127.5, 52.5, 127.5};
    double best = degrees[0];
    std::size_t fewest = static_cast<std::size_t>(-1);
    for (const double degree : degrees) {
        std::size_t hits = 0;
        for (const Tick& circle : circles) {
            const Point name = disc.at(std::polar(circle.value, degree * std::numbers::pi / 180));
            for (const EigenvaluePlot::Series& series : plot.series)
                for (const std::complex<double>& value : series.values) {
                    if (!is_finite(value)) continue;
                    const Point at = disc.at(value);
                    if (std::abs(at.x - name.x) < 22 && std::abs(at.y - name.y) < 9) ++hits;
                }
        }
        if (hits < fewest) fewest = hits, best = degree;
    }
    return best;
}

void draw_grid(SvgCanvas& canvas, const EigenvaluePlot& plot, const Disc& disc) {
    canvas.circle({0, 0}, rim, {"#fcfcfc", ink_axis, 0.8});
    const std::vector<Tick> circles = circles_of(disc);
    for (const Tick& circle : circles)
        canvas.circle({0, 0}, disc.radius(circle.value), {"none", "#d4d4d4", 0.8});
    canvas.line({-rim, 0}, {0, 0}, {"none", "#d4d4d4", 0.8});
    canvas.line({0, -rim}, {0, rim}, {"none", "#d4d4d4", 0.8});
    canvas.line({0, 0}, {rim, 0}, {"none", "#d9822b", 2.2});
    const double direction = free_direction(plot, disc, circles) * std::numbers::pi / 180;
    for (const Tick& circle : circles) {
        const Point name = disc.at(std::polar(circle.value, direction));
        const TextStyle style{.size = 8, .anchor = Anchor::Middle, .colour = ink_faint, .centred = true};
        const Rect room = SvgCanvas::room_of(name, circle.text, style);
        canvas.rect({room.x - 1, room.y + 1, room.width + 2, room.height - 2}, {"#fcfcfc"});
        canvas.text(name, circle.text, style);
    }
    canvas.text({rim + 5, 0}, "+ real", {.size = size_words, .colour = "#8a4b0b", .centred = true});
    canvas.text({-rim - 5, 0}, "\u2212 real",
                {.size = size_words, .anchor = Anchor::End, .colour = ink_faint, .centred = true});
    canvas.text({0, -rim - 6}, "+ imaginary",
                {.size = size_words, .anchor = Anchor::Middle, .colour = ink_faint});
}

void draw_values(SvgCanvas& canvas, const EigenvaluePlot& plot, const Disc& disc) {
    for (std::size_t s = 0; s < plot.series.size(); ++s) {
        canvas.open_group(data_text("series", plot.series[s].name));
        for (const std::complex<double>& value : plot.series[s].values) {
            if (!is_finite(value)) continue;
            const std::string sign = value.imag() < 0 ? " \u2212 " : " + ";
            const Meaning meaning{fmt::format("{}{}{}{}i, |\u03bb| = {}",
                                              plot.series[s].name.empty() ? "" : plot.series[s].name + ": ",
                                              figure(value.real()), sign, figure(std::abs(value.imag())),
                                              figure(std::abs(value))),
                                  data_number("re", value.real()) + data_number("im", value.imag())};
            draw_marker(canvas, disc.at(value), 3.2, s, meaning);
        }
        canvas.close_group();
    }
}

std::string remark_of(const EigenvaluePlot& plot, const Disc& disc) {
    std::size_t small = 0, all = 0, undefined = 0;
    for (const EigenvaluePlot::Series& series : plot.series)
        for (const std::complex<double>& value : series.values) {
            if (!is_finite(value)) {
                ++undefined;
                continue;
            }
            ++all;
            if (std::abs(value) <= disc.floor) ++small;
        }
    std::string words =
        fmt::format("Radius: {}, logarithmic from {} at the centre", plot.value_title, figure(disc.floor));
    words += small > 0 ? fmt::format(", where {} of {} lie that are no larger.", small, all) : ".";
    if (undefined > 0) words += fmt::format(" {} undefined.", undefined);
    return words;
}

}  // namespace

SvgCanvas body_of(const EigenvaluePlot& plot) {
    const Disc disc = disc_of(plot);
    SvgCanvas area;
    draw_grid(area, plot, disc);
    draw_values(area, plot, disc);
    SvgCanvas canvas;
    canvas.add(area, {-area.bounds().x, 0});
    const double width = std::max(260.0, canvas.bounds().width);
    std::vector<LegendItem> legend;
    for (std::size_t s = 0; s < plot.series.size(); ++s)
        if (!plot.series[s].name.empty()) legend.push_back({Sample::Marker, s, plot.series[s].name});
    if (legend.size() > 1) add_legend(canvas, legend, width);
    add_remark(canvas, remark_of(plot, disc), width);
    return canvas;
}

}  // namespace headway
