// SPDX-License-Identifier: Apache-2.0
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

namespace headway {

namespace {

struct Rgb {
    double red = 0, green = 0, blue = 0;
};

// Evenly spaced in lightness (OKLab), the hue from yellow over green to blue.
constexpr std::array<Rgb, 9> sequence{{{255, 251, 183},
                                       {195, 233, 146},
                                       {112, 216, 142},
                                       {2, 189, 156},
                                       {15, 154, 158},
                                       {0, 122, 150},
                                       {1, 90, 141},
                                       {37, 57, 116},
                                       {40, 32, 71}}};
constexpr std::array<Rgb, 7> blues{{{245, 245, 245},
                                    {199, 216, 235},
                                    {154, 187, 224},
                                    {109, 158, 212},
                                    {61, 128, 199},
                                    {0, 98, 179},
                                    {0, 72, 134}}};
constexpr std::array<Rgb, 7> oranges{{{245, 245, 245},
                                      {238, 217, 199},
                                      {232, 189, 154},
                                      {225, 158, 111},
                                      {218, 126, 67},
                                      {210, 91, 0},
                                      {185, 67, 0}}};
constexpr std::array colours{"#0b64a0", "#c4501b", "#1f8a5b", "#6b4c9a", "#a07800", "#4a4a4a"};
constexpr std::array dashes{"", "6 3", "2 2", "8 3 2 3", "1 3", "12 4"};

/// The second round of six has other shapes with the colours than the first.
std::size_t shape_of(std::size_t series) { return (series + series / 6) % 6; }

std::string between(std::span<const Rgb> colours_of, double t) {
    const double place = std::clamp(t, 0.0, 1.0) * real(colours_of.size() - 1);
    const std::size_t low = std::min(static_cast<std::size_t>(place), colours_of.size() - 2);
    const double part = place - real(low);
    const auto mix = [part](double a, double b) { return std::lround(a + (b - a) * part); };
    const Rgb a = colours_of[low], b = colours_of[low + 1];
    return fmt::format("#{:02x}{:02x}{:02x}", mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue));
}

std::string polygon(const std::vector<Point>& corners) {
    std::string commands;
    for (const Point& corner : corners)
        commands += fmt::format("{}{} {}", commands.empty() ? "M" : "L", pixels(corner.x), pixels(corner.y));
    return commands + "Z";
}

}  // namespace

std::string sequential_colour(double t) { return between(sequence, t); }
std::string diverging_colour(double t) { return t < 0 ? between(blues, -t) : between(oranges, t); }

const char* ink_on(std::string_view colour) {
    const auto part = [&](std::size_t at) {
        return std::stoi(std::string(colour.substr(at, 2)), nullptr, 16);
    };
    return 0.3 * part(1) + 0.59 * part(3) + 0.11 * part(5) > 140 ? "#1a1a1a" : "#ffffff";
}

const char* series_colour(std::size_t series) { return colours[series % colours.size()]; }
const char* series_dash(std::size_t series) { return dashes[shape_of(series)]; }

void draw_marker(SvgCanvas& canvas, Point at, double radius, std::size_t series, const Meaning& meaning,
                 const char* colour) {
    const Ink ink{colour ? colour : series_colour(series), "#ffffff", 0.6, {}, 0.85};
    const double r = radius, x = at.x, y = at.y;
    const Rect room{x - r, y - r, 2 * r, 2 * r};
    switch (shape_of(series)) {
        case 0:
            return canvas.circle(at, r, ink, meaning);
        case 1:
            return canvas.rect({x - 0.85 * r, y - 0.85 * r, 1.7 * r, 1.7 * r}, ink, meaning);
        case 2:
            return canvas.path(polygon({{x, y - r}, {x + r, y + 0.75 * r}, {x - r, y + 0.75 * r}}), room, ink,
                               meaning);
        case 3:
            return canvas.path(polygon({{x, y - r}, {x + r, y}, {x, y + r}, {x - r, y}}), room, ink, meaning);
        case 4:
            return canvas.path(polygon({{x, y + r}, {x + r, y - 0.75 * r}, {x - r, y - 0.75 * r}}), room, ink,
                               meaning);
        default:
            return canvas.circle(at, 0.8 * r, {"#ffffff", ink.fill, 1.4, {}, 0.85}, meaning);
    }
}

void hatch(SvgCanvas& canvas, const Rect& box, const Meaning& meaning) {
    canvas.rect(box, {"#f2f2f2"}, meaning);
    std::string commands;
    const double step = std::max(3.0, std::min(box.width, box.height) / 4);
    for (double at = step; at < box.width + box.height; at += step) {
        const double x0 = std::max(0.0, at - box.height), x1 = std::min(at, box.width);
        commands += fmt::format("M{} {}L{} {}", pixels(box.x + x0), pixels(box.y + at - x0),
                                pixels(box.x + x1), pixels(box.y + at - x1));
    }
    canvas.path(commands, box, {"none", "#9a9a9a", 0.7});
}

void draw_sample(SvgCanvas& canvas, Point left, const LegendItem& item) {
    const Point middle{left.x + 10, left.y}, right{left.x + 20, left.y};
    const Rect box{left.x + 5, left.y - 5, 10, 10};
    switch (item.sample) {
        case Sample::Marker:
            return draw_marker(canvas, middle, 4, item.series);
        case Sample::Line:
            return canvas.line(left, right,
                               {"none", series_colour(item.series), 1.8, series_dash(item.series)});
        case Sample::Bar:
            return canvas.rect(box, {series_colour(item.series), "#ffffff", 0.5});
        case Sample::Reference:
            return canvas.line(left, right, {"none", ink_faint, 1, "4 3"});
        case Sample::Background:
            return canvas.line(left, right, {"none", ink_background, 1});
        case Sample::Hatched:
            return hatch(canvas, box);
        case Sample::Blank:
            return canvas.rect(box, {"#ffffff", ink_grid});
    }
}

void add_legend(SvgCanvas& canvas, const std::vector<LegendItem>& items, double width) {
    if (items.empty()) return;
    Point at{0, canvas.bounds().bottom() + 14};
    for (const LegendItem& item : items) {
        const double wide = 25 + text_width(item.name, size_words);
        if (at.x > 0 && at.x + wide > width) at = {0, at.y + 15};
        draw_sample(canvas, at, item);
        canvas.text({at.x + 25, at.y}, item.name, {.size = size_words, .centred = true});
        at.x += wide + 14;
    }
}

void add_remark(SvgCanvas& canvas, std::string_view words, double width) {
    for (const std::string& line : wrapped(words, width, size_words - 0.5))
        canvas.text({0, canvas.bounds().bottom() + 13}, line,
                    {.size = size_words - 0.5, .colour = ink_faint});
}

std::vector<double> spread(const std::vector<double>& wanted, double gap, double low, double high) {
    std::vector<std::size_t> order(wanted.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
    // With i gaps taken off the i-th place, "gap apart" is "in order": neighbours out of order are pooled.
    struct Pool {
        double sum = 0;
        std::size_t count = 0;
        double mean() const { return sum / real(count); }
    };
    std::vector<Pool> pools;
    for (std::size_t i = 0; i < order.size(); ++i) {
        pools.push_back({wanted[order[i]] - gap * real(i), 1});
        while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
            pools[pools.size() - 2].sum += pools.back().sum;
            pools[pools.size() - 2].count += pools.back().count;
            pools.pop_back();
        }
    }
    const double last = std::max(low, high - gap * (real(wanted.size()) - 1));
    std::vector<double> places(wanted.size());
    std::size_t i = 0;
    for (const Pool& pool : pools)
        for (std::size_t k = 0; k < pool.count; ++k, ++i)
            places[order[i]] = std::clamp(pool.mean(), low, last) + gap * real(i);
    return places;
}

bool LabelPlacer::is_free(const Rect& room) const {
    return room.x >= area_.x && room.y >= area_.y && room.right() <= area_.right() &&
           room.bottom() <= area_.bottom() &&
           std::none_of(taken_.begin(), taken_.end(), [&](const Rect& other) { return room.meets(other); });
}

bool LabelPlacer::place(SvgCanvas& canvas, Point at, double radius, std::string_view words,
                        const TextStyle& style) {
    constexpr std::array<Point, 8> directions{
        {{1, 0}, {0.7, -0.7}, {0.7, 0.7}, {-1, 0}, {-0.7, -0.7}, {-0.7, 0.7}, {0, -1}, {0, 1}}};
    for (const double distance : {3.0, 12.0, 24.0, 38.0}) {
        for (const Point& direction : directions) {
            TextStyle here = style;
            here.centred = true;
            here.anchor = direction.x > 0 ? Anchor::Start : direction.x < 0 ? Anchor::End : Anchor::Middle;
            const double away = radius + distance + (direction.x == 0 ? style.size / 2 : 0);
            const Point spot{at.x + direction.x * away, at.y + direction.y * away};
            const Rect room = SvgCanvas::room_of(spot, words, here);
            if (!is_free(room)) continue;
            if (distance > 3)
                canvas.line({at.x + direction.x * radius, at.y + direction.y * radius},
                            {spot.x - direction.x, spot.y - direction.y * (direction.x == 0 ? 5 : 1)},
                            {"none", "#999999", 0.6});
            canvas.text(spot, words, here);
            taken_.push_back(room);
            return true;
        }
    }
    return false;
}

std::string figure(double value) {
    const std::string text = fmt::format("{:.4g}", value == 0 ? 0 : value);
    return text.front() == '-' ? "\u2212" + text.substr(1) : text;
}

}  // namespace headway
