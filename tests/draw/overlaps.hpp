// What a picture must not have: boxes or words on top of each other, wires through boxes that are not theirs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/diagram.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace headway::test {

inline bool is_seen(const Box& box) { return box.kind != BoxKind::Mark; }

/// Pairs of boxes (words included) that overlap by more than half a point.
inline std::vector<std::string> overlapping_boxes(const Diagram& diagram) {
    std::vector<std::string> found;
    const auto overlap = [](double a, double half_a, double b, double half_b) {
        return std::abs(a - b) < half_a + half_b - 0.5;
    };
    for (std::size_t i = 0; i < diagram.boxes.size(); ++i) {
        for (std::size_t j = i + 1; j < diagram.boxes.size(); ++j) {
            const Box& a = diagram.boxes[i];
            const Box& b = diagram.boxes[j];
            if (is_seen(a) && is_seen(b) && overlap(a.at.x, a.width / 2, b.at.x, b.width / 2) &&
                overlap(a.at.y, a.height / 2, b.at.y, b.height / 2)) {
                found.push_back(a.id + " and " + b.id);
            }
        }
    }
    return found;
}

/// Wires that run through the inside of a box (or words) at which they do not end.
inline std::vector<std::string> crossed_boxes(const Diagram& diagram) {
    std::vector<std::string> found;
    for (const Wire& wire : diagram.wires) {
        for (const Box& box : diagram.boxes) {
            if (!is_seen(box) || box.id == wire.from.box || box.id == wire.to.box) continue;
            bool inside = false;
            for (std::size_t k = 0; k + 3 < wire.path.size(); k += 3) {
                for (double t = 0; t <= 1; t += 0.02) {
                    const double w[4] = {(1 - t) * (1 - t) * (1 - t), 3 * t * (1 - t) * (1 - t),
                                         3 * t * t * (1 - t), t * t * t};
                    Point p;
                    for (std::size_t c = 0; c < 4; ++c) {
                        p.x += w[c] * wire.path[k + c].x;
                        p.y += w[c] * wire.path[k + c].y;
                    }
                    inside = inside || (std::abs(p.x - box.at.x) < box.width / 2 - 1 &&
                                        std::abs(p.y - box.at.y) < box.height / 2 - 1);
                }
            }
            if (inside) found.push_back(wire.from.box + " -> " + wire.to.box + " through " + box.id);
        }
    }
    return found;
}

}  // namespace headway::test
