// SPDX-License-Identifier: Apache-2.0
#include "draw/legend.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace headway {

namespace {
constexpr double line_height = 16;
constexpr double sample_length = 24;
constexpr double gap_between = 14;
constexpr double size = 9.5;
}  // namespace

Legend::Legend(Diagram& diagram) : diagram_(diagram) {
    const auto [low, high] = bounds(diagram);
    left_ = low.x;
    width_ = std::max(380.0, high.x - low.x);
    at_ = {low.x, low.y - 24};
}

void Legend::make_room(double width) {
    if (at_.x > left_ && at_.x + width > left_ + width_) next_line();
}

void Legend::sample(const Stroke& stroke, const std::string& words) {
    make_room(sample_length + 5 + text_width(words, size));
    const std::string id = fmt::format("legend{}", diagram_.boxes.size());
    for (int side = 0; side < 2; ++side) {
        Box mark;
        mark.id = id + (side == 0 ? "a" : "b");
        mark.kind = BoxKind::Mark;
        mark.at = {at_.x + side * sample_length, at_.y};
        mark.width = mark.height = 1;
        diagram_.boxes.push_back(mark);
    }
    Wire wire;
    wire.from = {id + "a", -1, ""};
    wire.to = {id + "b", -1, ""};
    wire.stroke = stroke;
    wire.path = straight(at_, {at_.x + sample_length, at_.y});
    wire.name = "legend";
    diagram_.wires.push_back(std::move(wire));
    at_.x += sample_length + 5;
    at_.x += add_note(diagram_, plain(words), at_, size, "#333333") + gap_between;
}

void Legend::words(const std::string& words) {
    make_room(text_width(words, size));
    at_.x += add_note(diagram_, plain(words), at_, size) + gap_between / 2;
}

void Legend::next_line() { at_ = {left_, at_.y - line_height}; }

}  // namespace headway
