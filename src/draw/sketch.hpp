// A picture of part of an expression with its free legs at the border, before it is put into a region or on
// the sheet.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "draw/chains.hpp"
#include "headway/draw/tensor_diagram.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace headway {

enum class Side { Left, Right, Up, Down };

/// A free leg: a Mark box of the sketch.
struct Gate {
    std::size_t box = 0;
    Side side = Side::Left;
};

struct Sketch {
    Diagram diagram;
    std::vector<Gate> gates;  ///< by port
    Point low;
    Point high;
    std::string einsum;  ///< of a product, in the names of its wires
};

/// What all parts of one diagram share: names of boxes and of wires.
class Sketcher {
public:
    explicit Sketcher(const TensorDiagramOptions& options);

    /// A node with its ports as free legs, named `names`.
    Sketch node(const Expr& node, const std::vector<std::string>& names);
    /// The same as a region with a border and a label: an Apply around its argument, a Sum around its cells.
    Sketch region(const Expr& node, const std::vector<std::string>& names, int operand);
    /// True when a node is drawn as one box.
    bool is_box(const Expr& node) const;
    /// The box of such a node (or of any node, with a name made up).
    Box box(const Expr& node, int operand);
    /// The cells of a sum, with their captions when they stand on the sheet.
    Sketch cells(const Expr& node, const std::vector<std::string>& names, bool sheet);

    std::string fresh_id() { return "n" + std::to_string(next_id_++); }
    std::string fresh_name(Space space);

private:
    std::vector<std::size_t> order_of(const Sum& sum) const;
    Sketch cell(const Term& term, int operand, const std::vector<std::string>& names, bool sheet,
                std::vector<Side>& sides);
    void add_gates(Sketch& sketch, const Expr& node, const std::vector<Side>& sides);
    Sketch single(const Expr& node, const std::vector<std::string>& names);

    const TensorDiagramOptions& options_;
    std::map<const Node*, std::string> boxes_;
    std::set<std::string> names_;
    int next_id_ = 0;
    std::size_t n_boxes_ = 0;
};

/// Lays a product out.
Sketch sketch_product(Sketcher& sketcher, const Product& product, const std::vector<Space>& ports,
                      const std::vector<std::string>& names);

/// Adds `part` to `diagram`, moved by `offset`; what it holds at top level goes into `region`. Returns the
/// index of its first box.
std::size_t add_part(Diagram& diagram, const Sketch& part, Point offset, int region);

/// Puts a frame around a sketch; its gates come to lie on the border.
Sketch framed(const Sketch& inner, const std::vector<Gate>& gates, RegionKind kind, const std::string& label,
              int operand);

/// Labels at free legs.
void name_gates(Sketch& sketch, const std::vector<std::string>& names);

/// `W_OV[L1H4]` as W with sub OV and sup L1H4.
Words label_text(const std::string& name);

}  // namespace headway
