// What Graphviz drew and what it said about it, for the tests: labels that do not fit their boxes are a mere
// warning.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/render.hpp"

namespace headway {

struct Drawn {
    std::string bytes;
    std::string warnings;
};

/// As `render`, for svg, png and pdf.
Drawn draw_picture(std::string_view dot, Picture format);

}  // namespace headway
