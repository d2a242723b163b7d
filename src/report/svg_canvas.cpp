// SPDX-License-Identifier: Apache-2.0
#include "report/svg_canvas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headway {

namespace {

constexpr double above_foot = 0.76, below_foot = 0.24;  // of the size of a font
constexpr double bold_width = 1.12;
constexpr double margin = 12;

double width_of(std::string_view words, double size, bool bold) {
    return text_width(words, size) * (bold ? bold_width : 1);
}

std::string paint(const Ink& ink) {
    std::string text = fmt::format(" fill=\"{}\"", ink.fill);
    if (ink.stroke != "none") {
        text += fmt::format(" stroke=\"{}\"", ink.stroke);
        if (ink.width != 1) text += fmt::format(" stroke-width=\"{}\"", pixels(ink.width));
    }
    if (!ink.dash.empty()) text += fmt::format(" stroke-dasharray=\"{}\"", ink.dash);
    if (ink.opacity != 1) text += fmt::format(" opacity=\"{}\"", pixels(ink.opacity));
    return text;
}

}  // namespace

bool Rect::meets(const Rect& other) const {
    return x < other.right() && other.x < right() && y < other.bottom() && other.y < bottom();
}

std::string pixels(double value) {
    std::string text = fmt::format("{:.2f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
}

std::string xml_text(std::string_view text) {
    std::string out;
    for (const char c : printable(text)) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

std::string data_number(std::string_view name, double value) {
    return fmt::format(" data-{}=\"{:.6g}\"", name, value == 0 ? 0 : value);
}

std::string data_text(std::string_view name, std::string_view text) {
    return fmt::format(" data-{}=\"{}\"", name, xml_text(text));
}

std::vector<std::string> wrapped(std::string_view text, double width, double size, bool bold) {
    std::vector<std::string> lines;
    std::string line;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string word(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string longer = line.empty() ? word : line + " " + word;
        if (!line.empty() && width_of(longer, size, bold) > width) {
            lines.push_back(line);
            line = word;
        } else {
            line = longer;
        }
    }
    if (!line.empty()) lines.push_back(line);
    return lines;
}

void SvgCanvas::grow(const Rect& room) {
    if (empty_) {
        bounds_ = room;
        empty_ = false;
        return;
    }
    const double right = std::max(bounds_.right(), room.right());
    const double bottom = std::max(bounds_.bottom(), room.bottom());
    bounds_.x = std::min(bounds_.x, room.x);
    bounds_.y = std::min(bounds_.y, room.y);
    bounds_.width = right - bounds_.x;
    bounds_.height = bottom - bounds_.y;
}

void SvgCanvas::shape(std::string_view element, const Ink& ink, const Meaning& meaning) {
    body_ += fmt::format("<{}{}{}", element, paint(ink), meaning.data);
    if (meaning.tooltip.empty()) {
        body_ += "/>\n";
    } else {
        const std::string_view name = element.substr(0, element.find(' '));
        body_ += fmt::format("><title>{}</title></{}>\n", xml_text(meaning.tooltip), name);
    }
}

void SvgCanvas::rect(const Rect& box, const Ink& ink, const Meaning& meaning) {
    grow(box);
    shape(fmt::format("rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", pixels(box.x), pixels(box.y),
                      pixels(box.width), pixels(box.height)),
          ink, meaning);
}

void SvgCanvas::line(Point from, Point to, const Ink& ink) {
    grow({std::min(from.x, to.x), std::min(from.y, to.y), std::abs(from.x - to.x), std::abs(from.y - to.y)});
    shape(fmt::format("line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"", pixels(from.x), pixels(from.y),
                      pixels(to.x), pixels(to.y)),
          ink, {});
}

void SvgCanvas::polyline(const std::vector<Point>& points, const Ink& ink, const Meaning& meaning) {
    std::string list;
    for (const Point& point : points) {
        grow({point.x, point.y, 0, 0});
        list += fmt::format("{}{},{}", list.empty() ? "" : " ", pixels(point.x), pixels(point.y));
    }
    shape(fmt::format("polyline points=\"{}\" stroke-linejoin=\"round\"", list), ink, meaning);
}

void SvgCanvas::circle(Point centre, double radius, const Ink& ink, const Meaning& meaning) {
    grow({centre.x - radius, centre.y - radius, 2 * radius, 2 * radius});
    shape(fmt::format("circle cx=\"{}\" cy=\"{}\" r=\"{}\"", pixels(centre.x), pixels(centre.y),
                      pixels(radius)),
          ink, meaning);
}

void SvgCanvas::path(std::string_view commands, const Rect& room, const Ink& ink, const Meaning& meaning) {
    grow(room);
    shape(fmt::format("path d=\"{}\"", commands), ink, meaning);
}

Rect SvgCanvas::room_of(Point at, std::string_view words, const TextStyle& style) {
    const double width = width_of(words, style.size, style.bold);
    const double before = style.anchor == Anchor::Start    ? 0
                          : style.anchor == Anchor::Middle ? width / 2
                                                           : width;
    const double height = (above_foot + below_foot) * style.size;
    const double lift = style.centred ? height / 2 : above_foot * style.size;
    if (style.upwards) return {at.x - lift, at.y + before - width, height, width};
    return {at.x - before, at.y - lift, width, height};
}

Rect SvgCanvas::text(Point at, std::string_view words, const TextStyle& style) {
    static constexpr std::string_view anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    const Rect room = room_of(at, words, style);
    if (words.empty()) return room;
    grow(room);
    if (style.centred) {
        const double foot = (above_foot - below_foot) / 2 * style.size;
        (style.upwards ? at.x : at.y) += foot;
    }
    body_ +=
        fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{}{}", pixels(at.x), pixels(at.y),
                    pixels(style.size), style.colour, anchors[static_cast<std::size_t>(style.anchor)],
                    style.bold ? " font-weight=\"bold\"" : "");
    if (style.upwards) body_ += fmt::format(" transform=\"rotate(-90 {} {})\"", pixels(at.x), pixels(at.y));
    body_ += fmt::format(">{}</text>\n", xml_text(words));
    return room;
}

void SvgCanvas::open_group(std::string_view attributes) { body_ += fmt::format("<g{}>\n", attributes); }
void SvgCanvas::close_group() { body_ += "</g>\n"; }

void SvgCanvas::add(const SvgCanvas& part, Point at) {
    Rect room = part.bounds_;
    room.x += at.x;
    room.y += at.y;
    grow(room);
    body_ +=
        fmt::format("<g transform=\"translate({} {})\">\n{}</g>\n", pixels(at.x), pixels(at.y), part.body_);
}

std::string SvgCanvas::file(std::string_view label) const {
    const double width = std::ceil(bounds_.width + 2 * margin);
    const double height = std::ceil(bounds_.height + 2 * margin);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"headway-plot\" role=\"img\" aria-label=\"{}\" "
        "width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" "
        "font-family=\"DejaVu Sans, Verdana, sans-serif\">\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        "<g transform=\"translate({} {})\">\n{}</g>\n</svg>\n",
        xml_text(label), pixels(width), pixels(height), pixels(width), pixels(height),
        pixels(margin - bounds_.x), pixels(margin - bounds_.y), body_);
}

}  // namespace headway
