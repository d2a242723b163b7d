// SPDX-License-Identifier: Apache-2.0
#include "headway/base/text.hpp"

#include "headway/base/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace headway {
namespace {

// One code point at the front of a text: its bytes, and whether they are well-formed UTF-8.
struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 1;
    bool well_formed = false;
};

CodePoint first_code_point(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {lead, 1, false};
    char32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return {lead, 1, false};
        value = (value << 6) | (byte(i) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest[length] || value > 0x10FFFF || surrogate) return {lead, 1, false};
    return {value, length, true};
}

// Code points that act on the reader's terminal or eyes without being seen.
bool is_invisible(char32_t c) {
    struct Range {
        char32_t first, last;
    };
    constexpr std::array<Range, 10> ranges = {{{0x7F, 0x9F},
                                               {0xAD, 0xAD},
                                               {0x61C, 0x61C},
                                               {0x200B, 0x200F},
                                               {0x2028, 0x202E},
                                               {0x2060, 0x206F},
                                               {0xFEFF, 0xFEFF},
                                               {0xFFF9, 0xFFFB},
                                               {0xFFFE, 0xFFFF},
                                               {0xE0000, 0xE0FFF}}};
    if (c < 0x20) return true;
    return std::any_of(ranges.begin(), ranges.end(),
                       [c](Range range) { return c >= range.first && c <= range.last; });
}

std::string shown(CodePoint point, std::string_view bytes) {
    if (!point.well_formed) return fmt::format("\\x{:02x}", static_cast<unsigned>(point.value));
    switch (point.value) {
        case U'\n':
            return "\\n";
        case U'\r':
            return "\\r";
        case U'\t':
            return "\\t";
        case U'"':
            return "\\\"";
        case U'\\':
            return "\\\\";
        default:
            break;
    }
    if (!is_invisible(point.value)) return std::string(bytes);
    const auto code = static_cast<unsigned>(point.value);
    if (code < 0x80) return fmt::format("\\x{:02x}", code);
    return code > 0xFFFF ? fmt::format("\\U{:08x}", code) : fmt::format("\\u{:04x}", code);
}

// Optimal string alignment distance, or anything above `limit` as soon as it is known to be above.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        if (*std::min_element(row.begin(), row.end()) > limit) return limit + 1;
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

}  // namespace

std::string escaped(std::string_view text, std::size_t max_bytes) {
    std::string out;
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        const std::string next = shown(point, text.substr(0, point.bytes));
        if (out.size() + next.size() > max_bytes) return out + "...";
        out += next;
        text.remove_prefix(point.bytes);
    }
    return out;
}

std::string quote(std::string_view text, std::size_t max_bytes) {
    return '"' + escaped(text, max_bytes) + '"';
}

std::string shape_text(std::span<const std::int64_t> shape) {
    std::string out = "[";
    for (const std::int64_t size : shape) out += fmt::format("{}{}", out.size() > 1 ? ", " : "", size);
    return out + "]";
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
    constexpr std::size_t longest = 256;  // names longer than this have no neighbours: the search stays cheap
    std::string_view best;
    std::size_t best_distance = longest;
    if (word.empty() || word.size() > longest) return {};
    for (const std::string& candidate : candidates) {
        const std::size_t length = std::max(word.size(), candidate.size());
        const std::size_t shorter = std::min(word.size(), candidate.size());
        const std::size_t limit = std::min(length / 3, best_distance - 1);
        if (length > longest || length - shorter > limit) continue;
        const std::size_t distance = edit_distance(word, candidate, limit);
        if (distance > limit) continue;
        best = candidate;
        best_distance = distance;
        if (distance == 0) break;
    }
    return std::string(best);
}

std::uint64_t parse_bytes(std::string_view text) {
    double number = 0;
    const char* end = text.data() + text.size();
    const bool starts_well = !text.empty() && text.front() >= '0' && text.front() <= '9';
    const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    bool good = starts_well && read.ec == std::errc{};
    std::string_view unit(read.ptr, static_cast<std::size_t>(end - read.ptr));
    constexpr std::string_view letters = "KMGT";
    double factor = 1;
    if (good && !unit.empty()) {
        const char letter =
            unit.front() >= 'a' ? static_cast<char>(unit.front() - ('a' - 'A')) : unit.front();
        if (const std::size_t power = letters.find(letter); power != std::string_view::npos) {
            factor = std::ldexp(1.0, 10 * (static_cast<int>(power) + 1));
            unit.remove_prefix(1);
            good = unit.empty() || unit == "B" || unit == "iB" || unit == "b" || unit == "ib";
        } else {
            good = unit == "B";
        }
    }
    good = good && number * factor < std::ldexp(1.0, 63);
    require(good, ErrorKind::Usage, "{} is not a size in bytes: expected one like 512M or 4G", quote(text));
    return static_cast<std::uint64_t>(number * factor);
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes == 1) return "1 byte";
    if (bytes < 1024) return fmt::format("{} bytes", bytes);
    constexpr std::array<std::string_view, 6> units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    double value = static_cast<double>(bytes) / 1024;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    std::string digits = fmt::format("{:.3f}", value);
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return fmt::format("{} {}", digits, units[unit]);
}

}  // namespace headway
