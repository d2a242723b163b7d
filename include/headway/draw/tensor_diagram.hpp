// An expression in graphical tensor notation: factors are boxes, indices are wires. Positions run on the
// upper rail, features on the lower one; free legs of the output are on the left; a function is a dashed
// region around its argument; a sum is a sheet of cells. Where more than two ends meet an index the wires
// join in a dot (a copy tensor).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/diagram.hpp"
#include "headway/network/text.hpp"

#include <string>
#include <vector>

namespace headway {

/// What the cell of a term says above its picture. Cells stand in the order of these.
struct TermTitle {
    Expr term;
    std::string title;
};

struct TensorDiagramOptions {
    std::string name = "network";
    std::string title;              ///< of the caption; no caption when empty
    std::vector<Words> remarks;     ///< more lines of the caption
    std::vector<Definition> boxes;  ///< nodes that are drawn as one box with this name, whatever is inside
    std::vector<TermTitle> terms;   ///< of a sum
    std::size_t columns = 2;        ///< of the sheet of a sum
    std::size_t max_boxes = 400;
};

/// The picture of an expression. Its einsum can be read off the DOT text: see dot.hpp.
/// Throws Error(Limit) above `max_boxes` boxes.
Diagram diagram_of(const Expr& expression, const TensorDiagramOptions& options = {});

}  // namespace headway
