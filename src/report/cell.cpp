// SPDX-License-Identifier: Apache-2.0
#include "report/cell.hpp"

#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace headway {

namespace {

// Fixed point where it says enough, else with an exponent.
std::string rounded(double value, int decimals) {
    if (!std::isfinite(value)) return std::isnan(value) ? "-" : (value > 0 ? "inf" : "-inf");
    const double least = 0.5 * std::pow(10.0, -decimals);
    const double size = std::abs(value);
    if (size != 0 && (size < least || size >= 1e7)) return fmt::format("{:.3g}", value);
    return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::string shown_cell(const Cell& cell, const Column& column) {
    if (const auto* text = std::get_if<std::string>(&cell))
        return column.safe ? *text : escaped(*text, std::numeric_limits<std::size_t>::max());
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *integer);
    if (const auto* number = std::get_if<double>(&cell)) return rounded(*number, column.decimals);
    return "-";
}

std::string full_cell(const Cell& cell) {
    if (const auto* text = std::get_if<std::string>(&cell)) return *text;
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *integer);
    if (const auto* number = std::get_if<double>(&cell)) {
        if (std::isnan(*number)) return "nan";
        return fmt::format("{}", *number);
    }
    return {};
}

}  // namespace headway
