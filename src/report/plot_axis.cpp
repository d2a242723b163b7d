// SPDX-License-Identifier: Apache-2.0
#include "report/plot_axis.hpp"

#include "headway/base/error.hpp"
#include "report/plot_style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace headway {

namespace {

/// 1, 2 or 5 times a power of ten: the range in about `parts` steps.
double round_step(double range, double parts) {
    const double raw = range / parts;
    const double power = std::pow(10, std::floor(std::log10(raw)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= raw * 0.999) return factor * power;
    return 10 * power;
}

/// How many steps an axis has room for: ticks above each other may be closer than those side by side.
double parts_of(double from, double to) {
    return std::clamp(from > to ? (from - to) / 36 : (to - from) / 55, 2.0, 10.0);
}

std::string grouped(std::string digits) {
    const std::size_t end = std::min(digits.find('.'), digits.size());
    const std::size_t begin = digits.front() == '-' ? 1 : 0;
    for (std::size_t at = end; at > begin + 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string with_minus(const std::string& text) {
    return text.front() == '-' ? "\u2212" + text.substr(1) : text;
}

std::string superscript(int exponent) {
    static constexpr std::string_view digits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                                  "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    std::string text = exponent < 0 ? "\u207b" : "";
    for (const char c : std::to_string(std::abs(exponent))) text += digits[c - '0'];
    return text;
}

std::string power_text(int exponent) {
    if (exponent < -3 || exponent > 5) return "10" + superscript(exponent);
    return exponent < 0 ? fmt::format("{:.{}f}", std::pow(10, exponent), -exponent)
                        : grouped(fmt::format("{:.0f}", std::pow(10, exponent)));
}

std::vector<Tick> log_ticks(const PlotScale& scale) {
    std::vector<Tick> ticks;
    const int first = static_cast<int>(std::floor(std::log10(scale.low) + 1e-9));
    const int last = static_cast<int>(std::ceil(std::log10(scale.high) - 1e-9));
    const double decades = std::log10(scale.high / scale.low);
    const int every = std::max(1, static_cast<int>(std::ceil(decades / parts_of(scale.from, scale.to))));
    for (int exponent = first; exponent <= last; ++exponent)
        for (int factor = 1; factor < 10; ++factor) {
            const double value = factor * std::pow(10, exponent);
            if (value < scale.low * 0.9999 || value > scale.high * 1.0001) continue;
            std::string text;
            if (factor == 1 && (exponent - first) % every == 0) text = power_text(exponent);
            if (decades < 1.6 && (factor == 2 || factor == 5))
                text = tick_text(value, std::pow(10, exponent));
            if (factor == 1 || decades < 4) ticks.push_back({value, text});
        }
    return ticks;
}

}  // namespace

double PlotScale::at(double value) const {
    const double part = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return from + part * (to - from);
}

bool PlotScale::holds(double value) const {
    const double slack = 1e-9 * (high - low);
    return std::isfinite(value) && value >= low - (log ? 0 : slack) && value <= high + slack;
}

std::string tick_text(double value, double step) {
    const double size = std::max(std::abs(value), step);
    if (size >= 1e6 || step < 1e-4) return value == 0 ? "0" : figure(value);
    const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
    const std::string text = fmt::format("{:.{}f}", value, decimals);
    if (text.find_first_not_of("-0.") == std::string::npos) return fmt::format("{:.{}f}", 0.0, decimals);
    return with_minus(grouped(text));
}

PlotScale scale_of(const PlotAxis& axis, const std::vector<double>& values, double from, double to) {
    double low = std::numeric_limits<double>::max(), high = -low;
    for (const double value : values) {
        if (!std::isfinite(value) || (axis.log && value <= 0)) continue;
        low = std::min(low, value);
        high = std::max(high, value);
    }
    if (low > high) std::tie(low, high) = axis.log ? std::pair{0.1, 1.0} : std::pair{0.0, 1.0};
    low = axis.low.value_or(low);
    high = axis.high.value_or(high);
    require(!axis.log || low > 0, ErrorKind::Usage, "a logarithmic axis cannot begin at {}", low);
    if (!axis.low && !axis.high && low == high) {
        const double pad = low == 0 ? 1 : std::abs(low) / 2;
        low -= pad, high += pad;
    }
    if (!axis.high && high <= low) high = axis.log ? low * 10 : low + 1;
    if (!axis.low && low >= high) low = axis.log ? high / 10 : high - 1;
    require(std::isfinite(high - low) && low < high, ErrorKind::Usage, "an axis from {} to {} has no length",
            low, high);
    if (!axis.log) {
        const double step = round_step(high - low, parts_of(from, to));
        if (!axis.low) low = std::floor(low / step + 1e-9) * step;
        if (!axis.high) high = std::ceil(high / step - 1e-9) * step;
    }
    return {low, high, axis.log, from, to, false};
}

std::vector<Tick> ticks_of(const PlotScale& scale) {
    if (scale.log) return log_ticks(scale);
    double step = round_step(scale.high - scale.low, parts_of(scale.from, scale.to));
    if (scale.whole) step = std::max(1.0, step);
    std::vector<Tick> ticks;
    const double first = std::ceil(scale.low / step - 1e-6), last = std::floor(scale.high / step + 1e-6);
    const int count = static_cast<int>(std::min(last - first, 100.0)) + 1;
    for (int i = 0; i < count; ++i)
        ticks.push_back({(first + i) * step, tick_text((first + i) * step, step)});
    return ticks;
}

void draw_y_axis(SvgCanvas& canvas, const PlotFrame& frame, const PlotAxis& y) {
    double widest = 0;
    for (const Tick& tick : ticks_of(frame.y)) {
        const double at = frame.y.at(tick.value);
        if (!tick.text.empty()) canvas.line({0, at}, {frame.width, at}, {"none", ink_grid});
        canvas.line({tick.text.empty() ? -3.0 : -4.0, at}, {0, at}, {"none", ink_axis});
        if (tick.text.empty()) continue;
        canvas.text({-7, at}, tick.text,
                    {.size = size_words, .anchor = Anchor::End, .colour = ink_words, .centred = true});
        widest = std::max(widest, text_width(tick.text, size_words));
    }
    canvas.line({0, 0}, {0, frame.height}, {"none", ink_axis});
    // A title longer than the axis goes into lines, the last one next to the ticks.
    const std::vector<std::string> lines = wrapped(y.title, std::max(120.0, frame.height), 10);
    for (std::size_t i = 0; i < lines.size(); ++i)
        canvas.text({-widest - 18 - 12 * real(lines.size() - 1 - i), frame.height / 2}, lines[i],
                    {.size = 10, .anchor = Anchor::Middle, .centred = true, .upwards = true});
}

void draw_frame(SvgCanvas& canvas, const PlotFrame& frame, const PlotAxis& x, const PlotAxis& y,
                bool x_words) {
    for (const Tick& tick : ticks_of(frame.x)) {
        const double at = frame.x.at(tick.value);
        if (!tick.text.empty()) canvas.line({at, 0}, {at, frame.height}, {"none", ink_grid});
        canvas.line({at, frame.height}, {at, frame.height + (tick.text.empty() ? 3.0 : 4.0)},
                    {"none", ink_axis});
        if (x_words && !tick.text.empty())
            canvas.text({at, frame.height + 14}, tick.text, {.size = size_words, .anchor = Anchor::Middle});
    }
    draw_y_axis(canvas, frame, y);
    canvas.line({0, frame.height}, {frame.width, frame.height}, {"none", ink_axis});
    if (!x_words) return;
    for (const std::string& line : wrapped(x.title, frame.width, 10))
        canvas.text({frame.width / 2, canvas.bounds().bottom() + 12}, line,
                    {.size = 10, .anchor = Anchor::Middle});
}

std::string left_out(std::size_t count, const PlotAxis& x, const PlotAxis& y) {
    if (count == 0) return {};
    const char* why = x.log || y.log ? "at or below 0 on a logarithmic axis, or outside" : "outside the axes";
    return fmt::format("{} {} not shown: {}", count, count == 1 ? "value is" : "values are", why);
}

}  // namespace headway
