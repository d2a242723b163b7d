// DOT text of a Diagram: own emitter, deterministic, with every string escaped.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/diagram.hpp"

#include <string>
#include <string_view>

namespace headway {

/// The picture as DOT with places and splines fixed (`layout=nop2`: Graphviz draws it, and moves nothing).
/// Attributes `operand` and `leg` of nodes and clusters and `legs` of edges say which operand of the einsum a
/// box is and which of its ports an edge ends at, so that the einsum can be read off the edges.
std::string dot(const Diagram& diagram);

/// `text` as a quoted DOT string that Graphviz shows literally: `shown`, then `\` doubled, `&` and `"`
/// escaped.
std::string dot_quoted(std::string_view text, std::size_t limit = 120);

/// `text` for the inside of an HTML-like label: `shown`, then everything but plain letters, digits and blanks
/// as references.
std::string dot_html(std::string_view text, std::size_t limit = 120);

}  // namespace headway
