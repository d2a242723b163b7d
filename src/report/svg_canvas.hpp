// SVG text in the making: shapes and words with the room that they take. Places are in pixels, y downwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/diagram.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A box: its upper left corner, and its size.
struct Rect {
    double x = 0, y = 0;
    double width = 0, height = 0;
    double right() const { return x + width; }
    double bottom() const { return y + height; }
    bool meets(const Rect& other) const;
};

enum class Anchor { Start, Middle, End };

struct Ink {
    std::string fill = "none";
    std::string stroke = "none";
    double width = 1;       ///< of the stroke
    std::string dash = {};  ///< lengths of strokes and gaps: `4 2`
    double opacity = 1;
};

struct TextStyle {
    double size = 9;
    Anchor anchor = Anchor::Start;
    std::string colour = "#333333";
    bool bold = false;
    bool centred = false;  ///< the place is in the middle of the line's height, not on its foot
    bool upwards = false;  ///< turned: it reads from below to above
};

/// What a shape says about itself: a tooltip, and attributes for programs (` data-value="0.5"`).
struct Meaning {
    std::string tooltip = {};
    std::string data = {};
};

/// ` data-NAME="NUMBER"`, six digits.
std::string data_number(std::string_view name, double value);
/// ` data-NAME="TEXT"`.
std::string data_text(std::string_view name, std::string_view text);
/// A number of pixels: at most two decimals.
std::string pixels(double value);
/// Text for an XML file: printable, and `& < > "` as references.
std::string xml_text(std::string_view text);
/// Lines of words, none wider than `width` unless it is a single word.
std::vector<std::string> wrapped(std::string_view text, double width, double size, bool bold = false);

class SvgCanvas {
public:
    void rect(const Rect& box, const Ink& ink, const Meaning& meaning = {});
    void line(Point from, Point to, const Ink& ink);
    void polyline(const std::vector<Point>& points, const Ink& ink, const Meaning& meaning = {});
    void circle(Point centre, double radius, const Ink& ink, const Meaning& meaning = {});
    /// A path in SVG's own words, of which it is known that it lies inside `room`.
    void path(std::string_view commands, const Rect& room, const Ink& ink, const Meaning& meaning = {});
    /// Returns the room that the words take.
    Rect text(Point at, std::string_view words, const TextStyle& style = {});
    static Rect room_of(Point at, std::string_view words, const TextStyle& style);

    void open_group(std::string_view attributes);
    void close_group();
    /// Another canvas, moved so that its origin is at `at`.
    void add(const SvgCanvas& part, Point at);

    /// The smallest box around everything.
    Rect bounds() const { return bounds_; }
    /// The whole file, with a margin around everything; `label`: what the picture is, for screen readers.
    std::string file(std::string_view label) const;

private:
    void shape(std::string_view element, const Ink& ink, const Meaning& meaning);
    void grow(const Rect& room);

    std::string body_;
    Rect bounds_ = {};
    bool empty_ = true;
};

}  // namespace headway
