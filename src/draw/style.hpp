// The one visual language of both kinds of picture: fills, lines and strokes. Colours stay apart for
// colour-blind readers (blue, vermilion, green of different lightness) and in grey print by width, dash and
// place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/diagram.hpp"
#include "headway/network/index.hpp"

namespace headway {

inline constexpr const char* colour_q = "#c4501b";
inline constexpr const char* colour_k = "#0b64a0";
inline constexpr const char* colour_v = "#1f8a5b";
inline constexpr const char* colour_other = "#6b4c9a";
inline constexpr const char* colour_quiet = "#cfcfcf";
inline constexpr double head_port_height = 15;
inline constexpr double head_output_height = 12;

const char* fill_of(BoxKind kind);
const char* line_of(BoxKind kind);
const char* name_of(BoxKind kind);
const char* fill_of(RegionKind kind);
const char* line_of(RegionKind kind);
const char* name_of(RegionKind kind);

/// How a wire of a space is drawn: positions grey, residual black, vocabulary blue, heads orange ...
Stroke stroke_of(Space space);

}  // namespace headway
