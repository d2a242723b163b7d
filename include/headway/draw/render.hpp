// DOT text to SVG, PNG or PDF through Graphviz, in memory. One process-wide context and lock: libgvc is not
// safe in threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace headway {

enum class Picture { Dot, Svg, Png, Pdf };

/// Most edges that are laid out or drawn in one picture.
inline constexpr int max_drawn_edges = 3200;

/// The bytes of the picture: the same for the same text and Graphviz (no versions, no times). `Picture::Dot`
/// returns the text. Throws Error(Limit) above `max_drawn_edges`, Error(Malformed) when Graphviz complains
/// about the text, Error(Io) when it has no such renderer here.
std::string render(std::string_view dot, Picture format);

/// `dot`, `svg`, `png`, `pdf`. Throws Error(Usage).
Picture parse_picture(std::string_view extension);

}  // namespace headway
