// A legend below a picture: samples of strokes with words, in lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/diagram.hpp"

namespace headway {

class Legend {
public:
    /// Starts below everything that `diagram` holds.
    explicit Legend(Diagram& diagram);
    void sample(const Stroke& stroke, const std::string& words);
    void words(const std::string& words);
    void next_line();

private:
    void make_room(double width);
    Diagram& diagram_;
    double left_;
    double width_;
    Point at_;
};

}  // namespace headway
