// A picture before any drawing program sees it: boxes, wires, nested regions, with places and strokes.
// Circuit graphs and tensor diagrams are both Diagrams. DOT text comes from it (dot.hpp), and nothing else
// needs Graphviz. Places are in points, y upwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/text.hpp"

#include <string>
#include <utility>
#include <vector>

namespace headway {

struct Point {
    double x = 0;
    double y = 0;
    bool operator==(const Point&) const = default;
};

enum class BoxKind {
    Weight,     ///< a tensor of the model
    Input,      ///< tokens, and other data that come in
    Pattern,    ///< an attention pattern, or another frozen value
    Structure,  ///< a relation of indices: mask, shift, one-hot, rotation
    Function,   ///< a function drawn as one box
    Isometry,   ///< a triangle that points to its small side
    Diagonal,   ///< a diagonal tensor: a small disc
    Copy,       ///< a copy tensor: a small black disc
    Junction,   ///< where a wire with more than two ends meets: as Copy, but no operand
    Stream,     ///< a wide bar: embedding, unembedding, MLP
    Head,       ///< an attention head with ports q, k, v below and o above
    Mark,       ///< nothing to see: the end of a free leg, or where a wire passes a region's border
    Note        ///< words only
};

/// A box. `operand` is its place among the operands of its region's einsum, or -1.
struct Box {
    std::string id;  ///< unique; letters, digits and `_`
    BoxKind kind = BoxKind::Weight;
    Words label;
    std::string note;  ///< a second, smaller line
    Point at;          ///< the centre
    double width = 0;
    double height = 0;
    int operand = -1;
    int leg = -1;     ///< of a Mark: which port of the region (or of the whole) it is
    int region = -1;  ///< index into Diagram::regions, or -1
    double size = 13;
    std::string colour;    ///< fill, or of a Note the ink; empty: the kind's own
    bool flipped = false;  ///< an Isometry that points right; a Note set flush right
    bool bold = false;
    std::string tooltip;
};

/// One end of a wire: a leg (port number) of a box, or a named port of a Head.
struct End {
    std::string box;
    int leg = -1;
    std::string port;
};

enum class Dash { Solid, Dashed, Dotted };

struct Stroke {
    std::string colour = "#1a1a1a";
    double width = 1.2;
    Dash dash = Dash::Solid;
};

/// A wire between two boxes, along a cubic spline: 3n + 1 control points.
struct Wire {
    End from;
    End to;
    Stroke stroke;
    std::vector<Point> path;
    std::string label;
    Point label_at;
    std::string name;  ///< the index that the wire carries, or the kind of an edge
    std::string tooltip;
    int region = -1;  ///< the region it lies in: index into Diagram::regions, or -1
};

enum class RegionKind {
    Function,  ///< dashed and rounded: a function of what is inside
    Sum,       ///< its cells are the terms
    Term       ///< one cell
};

/// A dashed or framed part of the picture. Regions nest; a region is an operand where it stands.
struct Region {
    std::string id;
    RegionKind kind = RegionKind::Function;
    Words label;
    Point low;
    Point high;
    int parent = -1;
    int operand = -1;
    long coefficient = 1;  ///< of a Term
};

struct Diagram {
    std::string name;
    std::vector<Box> boxes;
    std::vector<Wire> wires;
    std::vector<Region> regions;
};

/// A straight path.
std::vector<Point> straight(Point from, Point to);
/// A path that leaves and arrives vertically.
std::vector<Point> upward(Point from, Point to);
/// A path that leaves and arrives horizontally.
std::vector<Point> sideways(Point from, Point to);

/// Adds words with their left edge at `left` and their middle at height `y`; returns their width.
double add_note(Diagram& diagram, const Words& words, Point left, double size = 10,
                const std::string& colour = "#555555", bool bold = false);

/// Adds the caption below everything: a bold title, then lines, wrapped to the width of the picture (at least
/// `min_width`).
void add_caption(Diagram& diagram, const std::string& title, const std::vector<Words>& lines,
                 double min_width = 380);

/// The smallest box around everything placed so far.
std::pair<Point, Point> bounds(const Diagram& diagram);

}  // namespace headway
