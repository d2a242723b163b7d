// What all plots share: colours, the shapes of series, legends, labels that keep clear of each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/svg_canvas.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

inline constexpr const char* ink_grid = "#e4e4e4";
inline constexpr const char* ink_axis = "#777777";
inline constexpr const char* ink_words = "#333333";
inline constexpr const char* ink_faint = "#666666";
inline constexpr const char* ink_background = "#c4c4c4";
inline constexpr double size_words = 9;

inline double real(std::size_t n) { return static_cast<double>(n); }

/// Light (0) to dark (1): yellow, green, blue; its lightness falls evenly.
std::string sequential_colour(double t);
/// Blue (-1), white (0), orange (1).
std::string diverging_colour(double t);
/// Black or white, whichever is read better on a colour `#rrggbb`.
const char* ink_on(std::string_view colour);

/// Series take colours, shapes and dashes in turn; no two of the first six share any of them.
const char* series_colour(std::size_t series);
const char* series_dash(std::size_t series);
void draw_marker(SvgCanvas& canvas, Point at, double radius, std::size_t series, const Meaning& meaning = {},
                 const char* colour = nullptr);

enum class Sample { Marker, Line, Bar, Reference, Background, Hatched, Blank };

struct LegendItem {
    Sample sample = Sample::Marker;
    std::size_t series = 0;
    std::string name;
};

/// In lines below everything that the canvas holds, from x = 0 on, at most `width` wide.
void add_legend(SvgCanvas& canvas, const std::vector<LegendItem>& items, double width);
/// A line of words below everything.
void add_remark(SvgCanvas& canvas, std::string_view words, double width);

void draw_sample(SvgCanvas& canvas, Point left, const LegendItem& item);
/// Slanted lines over a box.
void hatch(SvgCanvas& canvas, const Rect& box, const Meaning& meaning = {});

/// `wanted` moved as little as it takes to lie at least `gap` apart, within [low, high] if there is room.
std::vector<double> spread(const std::vector<double>& wanted, double gap, double low, double high);

/// Puts labels beside points where they hit nothing.
class LabelPlacer {
public:
    explicit LabelPlacer(const Rect& area) : area_(area) {}
    void keep_clear(const Rect& room) { taken_.push_back(room); }
    /// Whether there was room; a label away from its point is joined to it by a line.
    bool place(SvgCanvas& canvas, Point at, double radius, std::string_view words, const TextStyle& style);

private:
    bool is_free(const Rect& room) const;
    Rect area_;
    std::vector<Rect> taken_;
};

/// Four digits for people: `0.3125`, `−1.2e-05`.
std::string figure(double value);

}  // namespace headway
