// Placement of one product: its chains as rails, junctions where wires meet, free legs at the border. What is
// placed, and the steps; rails in placer_rails.cpp, rows and borders in placer_rows.cpp, wires in
// placer_wires.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "draw/sketch.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace headway::placement {

inline constexpr double box_gap = 34;
inline constexpr double row_gap = 26;
inline constexpr double stub = 24;
inline constexpr double dot_size = 5.5;
inline constexpr double far = 1e9;

/// A box, a region or a junction with its place.
struct Cell {
    int factor = -1;
    int label = -1;  ///< of a junction
    Box box;
    Sketch region;
    bool is_region = false;
    bool tall = false;  ///< reaches from row 0 to row 1
    double x = 0;
    double width = 0;
    double up = 0;    ///< extent above the row's line
    double down = 0;  ///< extent below it
    int row = 0;
    double y = 0;  ///< of the line
};

/// A wire's end on a cell (or on a free leg: cell -1).
struct Terminal {
    int cell = -1;
    int leg = -1;
    int mark = -1;
    Side side = Side::Left;
    double key = 0;
    Point at;
    bool fixed = false;
};

struct Strand {
    Terminal a;
    Terminal b;
    int label;
    bool loop = false;
};

struct Mark {
    int label;
    Side side;
    Point at;
    std::size_t box = 0;
};

/// The direction in which a wire leaves by a side.
Point normal(Side side);

class Placer {
public:
    Placer(Sketcher& sketcher, const Product& product, const std::vector<Space>& ports,
           const std::vector<std::string>& names);
    Sketch run();

private:
    const Space& space(int label) const { return wiring_.spaces[static_cast<std::size_t>(label)]; }
    Cell& cell(int index) { return cells_[static_cast<std::size_t>(index)]; }
    void make_cells();
    int add_junction(int label);
    bool needs_junction(int label) const {
        return wiring_.arity(label) != 2 && junction_[static_cast<std::size_t>(label)] < 0;
    }
    /// The chain as cells: factors, and the junctions that lie on it.
    std::vector<int> line_of(const Chain& chain);
    void remember(const std::vector<int>& line, int row);
    double run_length(const std::vector<int>& line);
    double gap_after(int c) { return cell(c).label >= 0 ? 22 : box_gap; }
    /// One after the other from `left`.
    double sequence(const std::vector<int>& line, double left);
    std::string tag(int c);
    /// Under (or over) the cells of `guide` with the same head or layer; the rest evenly; order kept, apart.
    /// Returns the right end.
    double align(const std::vector<int>& line, const std::vector<int>& guide, double left, double right);
    /// A single line.
    void place_first(const Chain& chain);
    /// Two lines, with the factors that are on both across them.
    void place_rails(const Rails& rails);
    /// The part of two rails between factors that lie across both. Returns where the next may start.
    double place_segment(const std::vector<int>& upper, const std::vector<int>& lower, double left);
    std::vector<double> neighbours_x(int c);
    /// Another chain: beside what it hangs on, in the nearest row that has room; above when it hangs on
    /// positions.
    void place_more(const Chain& chain);
    std::pair<double, double> span(const std::vector<int>& line, bool left, bool right);
    int free_row(const std::vector<int>& line, bool above, bool left, bool right);
    /// Factors without legs stand below at the left, off every wire.
    void place_scalars();
    /// Extents of a region about the line of its row: its gates stand on the line.
    void anchor(Cell& c);
    void place_rows();
    Point centre(int index) {
        const Cell& c = cell(index);
        return {c.x, c.tall ? (row_y_[0] + row_y_[1]) / 2 : c.y};
    }
    int add_mark(int label, Side side, Point at);
    double left_edge();
    double right_edge();
    /// Free legs at the ends of rails: at the left and right border. The rest are stubs, placed when their
    /// cell is known.
    void place_marks();
    /// Junctions that lie on no rail stand between the rows that they join.
    void place_junctions();
    /// Over or under the only end on one side; else in the middle.
    static double junction_x(const std::vector<Point>& at);
    /// A place for a junction near x at height y that touches nothing.
    double clear_x(double x, double y, int self);
    void connect();
    /// The mark of an open label; a stub above or below its cell when it is at no end of a rail.
    int mark_of(int label, int hub, const std::vector<Terminal>& ends);
    Point gate_place(const Cell& c, const Gate& gate) const {
        const Point at = c.region.diagram.boxes[gate.box].at;
        return {c.x - c.width / 2 + at.x - c.region.low.x, c.y - c.down + at.y - c.region.low.y};
    }
    Point target(const Terminal& t) {
        return t.mark >= 0 ? marks_[static_cast<std::size_t>(t.mark)].at : centre(t.cell);
    }
    bool along_rail(const Terminal& self, const Terminal& other, bool& rightwards);
    /// Which side of its cell a wire leaves by.
    void choose(const Strand& strand, Terminal& self, const Terminal& other);
    /// Wires that leave a box by the same side stand side by side.
    void spread();
    Space space_at(const Cell& c, const Terminal& t) const {
        return wiring_.factors[static_cast<std::size_t>(c.factor)]
            .node->ports()[static_cast<std::size_t>(t.leg)];
    }
    Point place_on(const Cell& c, Side side, double t, double key, std::size_t n, bool to_channel);
    std::vector<Point> path(const Strand& s);
    bool is_dot(const Terminal& t) { return t.cell >= 0 && cell(t.cell).label >= 0; }
    /// From one end of a closed chain over the top to the other.
    std::vector<Point> loop_path(const Strand& s);
    End end_of(const Terminal& t);
    Sketch finish();
    std::string einsum() const;
    /// An isometry points to the side where its channel leaves.
    void point_to_channel(Cell& c, int index);
    /// Marks of one side stand on one line, so that they can lie on a border.
    void align_marks(Point low, Point high);
    void add_wire(const Strand& s);

    Sketcher& sketcher_;
    Wiring wiring_;
    std::vector<std::string> names_;
    std::vector<Cell> cells_;
    std::vector<int> cell_of_;   ///< by factor
    std::vector<int> junction_;  ///< by label: a cell, or -1
    std::vector<int> mark_;      ///< by label
    std::vector<Mark> marks_;
    std::vector<Strand> strands_;
    std::set<std::pair<int, int>> beside_;
    std::set<int> placed_;
    std::set<int> labelled_;
    std::map<int, int> ends_left_;
    std::map<int, int> ends_right_;
    std::map<int, std::vector<std::pair<double, double>>> busy_;
    std::map<int, double> row_y_;
    std::map<std::pair<int, int>, std::string> region_ids_;
    bool two_rails_ = false;
    int closing_ = -1;
    int stubs_ = 0;
    bool straight_ = false;
    double rails_apart_ = 0;
    Sketch sketch_;
};

}  // namespace headway::placement
