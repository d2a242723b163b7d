// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace headway {

namespace {

/// Advance widths of DejaVu Sans, thousandths of the size, from U+0020 to U+007E.
constexpr std::array<int, 95> advance = {
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361,  318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,  611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352,  635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592,  525, 636, 337, 636, 838};

constexpr char32_t bad_byte = 0x110000;  // added to the byte that is not UTF-8

bool continues(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

/// The code point at `at`, which is moved past it; bytes that are not UTF-8 come singly, marked.
char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : (lead >> 4U) == 0xE         ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    char32_t value = length == 1   ? lead
                     : length == 2 ? lead & 0x1FU
                     : length == 3 ? lead & 0x0FU
                                   : lead & 0x07U;
    bool good = length > 0;
    for (std::size_t i = 1; i < length && good; ++i) {
        good = continues(text, at + i);
        if (good) value = (value << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    }
    constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    good = good && value >= least[length] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
    at += good ? length : 1;
    return good ? value : bad_byte + lead;
}

/// Characters that are not seen, that reorder their neighbours, or that XML does not allow.
bool hidden(char32_t c) {
    const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
    return c < 0x20 || in(0x7F, 0xA0) || c == 0xAD || c == 0x34F || c == 0x61C || in(0x115F, 0x1160) ||
           c == 0x1680 || in(0x17B4, 0x17B5) || in(0x180B, 0x180F) || in(0x2000, 0x200F) ||
           in(0x2028, 0x202F) || in(0x205F, 0x206F) || c == 0x2423 || c == 0x2026 || c == 0x2800 ||
           c == 0x3000 || c == 0x3164 || in(0xE000, 0xF8FF) || in(0xFDD0, 0xFDEF) || in(0xFE00, 0xFE0F) ||
           c == 0xFEFF || c == 0xFFA0 || in(0xFFF0, 0xFFFF) || (c & 0xFFFEU) == 0xFFFE ||
           in(0xE0000, 0x10FFFF);
}

std::string utf8(char32_t c) {
    const auto byte = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
    if (c < 0x80) return {byte(c)};
    if (c < 0x800) return {byte(0xC0U | (c >> 6U)), byte(0x80U | (c & 0x3FU))};
    if (c < 0x10000) {
        return {byte(0xE0U | (c >> 12U)), byte(0x80U | ((c >> 6U) & 0x3FU)), byte(0x80U | (c & 0x3FU))};
    }
    return {byte(0xF0U | (c >> 18U)), byte(0x80U | ((c >> 12U) & 0x3FU)), byte(0x80U | ((c >> 6U) & 0x3FU)),
            byte(0x80U | (c & 0x3FU))};
}

std::string visible(char32_t c) {
    if (c >= bad_byte) return fmt::format("\\x{:02x}", static_cast<unsigned>(c - bad_byte));
    if (c == U'\\') return "\\\\";
    if (c == U'\n') return "\\n";
    if (c == U'\r') return "\\r";
    if (c == U'\t') return "\\t";
    return hidden(c) ? fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c)) : utf8(c);
}

/// FNV-1a: tells cut strings apart.
std::uint64_t digest(std::string_view text) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return hash;
}

}  // namespace

Words plain(std::string_view words) { return {Atom{std::string(words), {}, {}}}; }

std::string shown(std::string_view text, std::size_t limit) {
    std::string out;
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        if (count == limit) return out + fmt::format("\u2026#{:016x}", digest(text));
        const std::size_t start = at;
        const char32_t c = next_code_point(text, at);
        const bool edge = start == 0 || at == text.size() || text[start - 1] == ' ';
        out += c == U' ' && edge ? "\u2423" : visible(c);
    }
    return out;
}

std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        const bool ours = c == U'\\' || c == 0x2423 || c == 0x2026;  // as `shown` itself writes them
        out += ours ? utf8(c) : visible(c);
    }
    return out;
}

double text_width(std::string_view text, double size) {
    double thousandths = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        const bool latin = c >= 0x20 && c < 0x7F;
        thousandths += latin         ? advance[static_cast<std::size_t>(c - 0x20)]
                       : c == 0x2016 ? 500
                       : c < 0x2000  ? 640
                                     : 838;
    }
    return thousandths * size / 1000;
}

double text_width(const Words& text, double size) {
    double width = 0;
    for (const Atom& atom : text) {
        width += text_width(atom.base, size);
        width += std::max(text_width(atom.sub, 0.65 * size), text_width(atom.sup, 0.65 * size));
    }
    return width;
}

}  // namespace headway
