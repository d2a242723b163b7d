// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/tensor_diagram.hpp"

#include "draw/sketch.hpp"
#include "headway/base/error.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace headway {

namespace {

constexpr double label_size = 13;
constexpr double pad = 12;

const char* words_of(Function function) {
    switch (function) {
        case Function::Softmax:
            return "softmax over ";
        case Function::Rstd:
            return "1 / rms over ";
        case Function::Relu:
            return "ReLU";
        case Function::Gelu:
            return "GELU";
        case Function::GeluNew:
            return "GELU (tanh)";
        case Function::Silu:
            return "SiLU";
    }
    return "";
}

std::vector<int> straight_labels(std::size_t n) {
    std::vector<int> labels(n);
    for (std::size_t i = 0; i < n; ++i) labels[i] = static_cast<int>(i);
    return labels;
}

BoxKind kind_of(const Node& node) {
    if (node.as<Frozen>() != nullptr) return BoxKind::Pattern;
    if (node.as<Copy>() != nullptr) return BoxKind::Copy;
    if (const auto* structure = node.as<Structure>()) {
        return structure->relation == Relation::Token ? BoxKind::Input : BoxKind::Structure;
    }
    const auto* leaf = node.as<Tensor>();
    if (leaf == nullptr) return node.as<Family>() != nullptr ? BoxKind::Weight : BoxKind::Input;
    const std::vector<Space>& ports = node.ports();
    const auto channels = std::count(ports.begin(), ports.end(), Space::Channel);
    if (channels > 0 && channels == static_cast<long>(ports.size())) return BoxKind::Diagonal;
    if (channels > 0) return BoxKind::Isometry;
    if (leaf->symbol == "A") return BoxKind::Pattern;
    return leaf->symbol[0] == 'x' ? BoxKind::Input : BoxKind::Weight;
}

std::string function_label(const Apply& apply, const std::vector<std::string>& names) {
    std::string words = words_of(apply.function);
    if (apply.function == Function::Softmax) words += names[static_cast<std::size_t>(apply.axis)];
    if (apply.function == Function::Rstd) words += names.back();
    if (apply.mask) {
        const std::string mask = leaf_name(*apply.mask->node);
        words += ", " + (mask.empty() ? "masked" : mask);
    }
    return words;
}

}  // namespace

Words label_text(const std::string& name) {
    Atom atom;
    std::string rest = name;
    if (const std::size_t open = rest.find('['); open != std::string::npos && rest.ends_with(']')) {
        atom.sup = rest.substr(open + 1, rest.size() - open - 2);
        rest.resize(open);
    }
    const std::size_t under = rest.find('_');
    if (under != std::string::npos && under > 0 && rest.find('(') == std::string::npos) {
        atom.sub = rest.substr(under + 1);
        rest.resize(under);
    }
    atom.base = rest;
    return {atom};
}

std::size_t add_part(Diagram& diagram, const Sketch& part, Point offset, int region) {
    const std::size_t first = diagram.boxes.size();
    const int regions = static_cast<int>(diagram.regions.size());
    const auto placed = [&](int inner) { return inner < 0 ? region : inner + regions; };
    const auto moved = [&](Point p) { return Point{p.x + offset.x, p.y + offset.y}; };
    for (Box box : part.diagram.boxes) {
        box.at = moved(box.at);
        box.region = placed(box.region);
        if (box.kind == BoxKind::Note) box.id = fmt::format("note{}", diagram.boxes.size());
        diagram.boxes.push_back(std::move(box));
    }
    for (Wire wire : part.diagram.wires) {
        for (Point& p : wire.path) p = moved(p);
        wire.label_at = moved(wire.label_at);
        wire.region = placed(wire.region);
        diagram.wires.push_back(std::move(wire));
    }
    for (Region inner : part.diagram.regions) {
        inner.low = moved(inner.low);
        inner.high = moved(inner.high);
        inner.parent = placed(inner.parent);
        inner.id = fmt::format("r{}", diagram.regions.size());
        diagram.regions.push_back(std::move(inner));
    }
    return first;
}

void name_gates(Sketch& sketch, const std::vector<std::string>& names) {
    for (std::size_t port = 0; port < sketch.gates.size(); ++port) {
        const Gate gate = sketch.gates[port];
        const Point at = sketch.diagram.boxes[gate.box].at;
        const double width = text_width(names[port], 11) + 3;
        Point left{at.x - width - 3, at.y};
        if (gate.side == Side::Right) left.x = at.x + 3;
        if (gate.side == Side::Up || gate.side == Side::Down) {
            left = {at.x - width / 2, at.y + (gate.side == Side::Up ? 9.0 : -9.0)};
        }
        add_note(sketch.diagram, plain(names[port]), left, 11, "#1a1a1a");
    }
    std::tie(sketch.low, sketch.high) = bounds(sketch.diagram);
}

Sketcher::Sketcher(const TensorDiagramOptions& options) : options_(options) {
    for (const Definition& box : options.boxes) boxes_.emplace(box.node.get(), box.name);
}

namespace {

std::string letters_of(Space space) {
    switch (space) {
        case Space::Position:
            return "qklpst";
        case Space::Vocab:
            return "vwu";
        case Space::Residual:
            return "dfgijab";
        case Space::HeadInner:
            return "eoxy";
        case Space::Head:
            return "hn";
        case Space::Member:
            return "rz";
        case Space::Neuron:
            return "mn";
        case Space::Channel:
            return "cab";
        case Space::Layer:
            return "lyz";
    }
    return "";
}

}  // namespace

std::string Sketcher::fresh_name(Space space) {
    for (const char c : letters_of(space) + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
        if (names_.insert({c}).second) return {c};
    }
    for (int n = 1;; ++n) {
        std::string name = letters_of(space).substr(0, 1) + std::to_string(n);
        if (names_.insert(name).second) return name;
    }
}

bool Sketcher::is_box(const Expr& node) const {
    return boxes_.contains(node.get()) || !leaf_name(*node).empty() || node->as<Tensor>() != nullptr ||
           node->as<Copy>() != nullptr || node->as<Structure>() != nullptr || node->as<Frozen>() != nullptr ||
           node->as<Family>() != nullptr;
}

Box Sketcher::box(const Expr& node, int operand) {
    require(++n_boxes_ <= options_.max_boxes, ErrorKind::Limit,
            "a diagram of more than {} boxes is not drawn: name parts that are to be single boxes, or expand "
            "less",
            options_.max_boxes);
    Box box;
    box.id = fresh_id();
    box.operand = operand;
    const auto named = boxes_.find(node.get());
    std::string name = named != boxes_.end() ? named->second : leaf_name(*node);
    box.kind = named != boxes_.end() && node->as<Tensor>() == nullptr ? BoxKind::Input : kind_of(*node);
    if (name.empty()) name = node->as<Family>() != nullptr ? "family" : "t";
    box.tooltip = name;
    if (box.kind == BoxKind::Copy) {
        box.width = box.height = 6.5;
        if (node->ports().size() == 2) {  // the identity is a bare line
            box.kind = BoxKind::Mark;
            box.width = box.height = 1;
        }
        return box;
    }
    box.label = label_text(name);
    box.size = label_size;
    const double words = text_width(box.label, label_size);
    box.width = std::max(36.0, words + 16);
    box.height = 30;
    if (box.kind == BoxKind::Isometry) {
        box.width = words + 40;
        box.height = 46;
    }
    if (box.kind == BoxKind::Diagonal) box.width = box.height = std::max(26.0, words + 10);
    return box;
}

Sketch Sketcher::node(const Expr& node, const std::vector<std::string>& names) {
    if (const auto* product = node->as<Product>())
        return sketch_product(*this, *product, node->ports(), names);
    return single(node, names);
}

Sketch Sketcher::single(const Expr& node, const std::vector<std::string>& names) {
    const Product one{{Use{node, straight_labels(node->ports().size())}}, {}};
    return sketch_product(*this, one, node->ports(), names);
}

namespace {

/// Puts a frame around a sketch whose gates lie on its border.
Sketch framed(const Sketch& inner, const std::vector<Gate>& gates, RegionKind kind, const std::string& label,
              int operand) {
    Sketch out;
    Region region;
    region.id = "r0";
    region.kind = kind;
    region.operand = operand;
    double left = inner.low.x - pad;
    double right = inner.high.x + pad;
    double top = inner.high.y + pad;
    double bottom = inner.low.y - pad;
    out.diagram.regions.push_back(region);
    const std::size_t first = add_part(out.diagram, inner, {0, 0}, 0);
    const bool sides[2] = {
        std::any_of(gates.begin(), gates.end(), [](const Gate& g) { return g.side == Side::Left; }),
        std::any_of(gates.begin(), gates.end(), [](const Gate& g) { return g.side == Side::Right; })};
    if (sides[0]) left = inner.low.x;
    if (sides[1]) right = inner.high.x;
    if (!label.empty()) {
        const double width = add_note(out.diagram, plain(label), {left + 8, top + 4}, 10, "#6b4c80");
        out.diagram.boxes.back().region = 0;
        right = std::max(right, left + width + 16);
        top += 14;
    }
    out.diagram.regions[0].low = {left, bottom};
    out.diagram.regions[0].high = {right, top};
    for (const Gate& gate : gates) {
        out.gates.push_back({first + gate.box, gate.side});
        Point& at = out.diagram.boxes[first + gate.box].at;
        const Point was = at;
        if (gate.side == Side::Left) at.x = left;
        if (gate.side == Side::Right) at.x = right;
        if (gate.side == Side::Up) at.y = top;
        if (gate.side == Side::Down) at.y = bottom;
        for (Wire& wire : out.diagram.wires) {
            const std::string& id = out.diagram.boxes[first + gate.box].id;
            const auto move = [&](Point& end) {
                if (end.x == was.x && end.y == was.y) end = at;
            };
            if (wire.from.box == id) move(wire.path.front());
            if (wire.to.box == id) move(wire.path.back());
        }
    }
    out.low = out.diagram.regions[0].low;
    out.high = out.diagram.regions[0].high;
    return out;
}

}  // namespace

Sketch Sketcher::region(const Expr& node, const std::vector<std::string>& names, int operand) {
    if (const auto* apply = node->as<Apply>()) {
        std::vector<std::string> inner_names = names;
        if (apply->function == Function::Rstd)
            inner_names.push_back(fresh_name(apply->argument->ports().back()));
        Sketch inner = this->node(apply->argument, inner_names);
        std::vector<Gate> gates(inner.gates.begin(), inner.gates.begin() + static_cast<long>(names.size()));
        std::string label = function_label(*apply, inner_names);
        if (apply->argument->as<Product>() != nullptr) label += ": " + inner.einsum;
        return framed(inner, gates, RegionKind::Function, label, operand);
    }
    if (node->as<Sum>() != nullptr) {
        Sketch inner = cells(node, names, false);
        Sketch out = framed(inner, inner.gates, RegionKind::Sum, "", operand);
        return out;
    }
    const Sketch inner = this->node(node, names);
    return framed(inner, inner.gates, RegionKind::Term, "", operand);
}

std::vector<std::size_t> Sketcher::order_of(const Sum& sum) const {
    std::vector<std::pair<std::size_t, std::size_t>> keys;
    for (std::size_t i = 0; i < sum.terms.size(); ++i) {
        const Expr& term = sum.terms[i].use.node;
        std::size_t key = 0;
        while (key < options_.terms.size() && options_.terms[key].term != term) ++key;
        std::size_t factors = 0;
        for (const Expr& child : children(*term)) factors += child->as<Copy>() == nullptr ? 1 : 0;
        keys.emplace_back(key * 100000 + factors, i);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<std::size_t> order;
    for (const auto& [key, i] : keys) order.push_back(i);
    return order;
}

Sketch Sketcher::cells(const Expr& node, const std::vector<std::string>& names, bool sheet) {
    const Sum& sum = *node->as<Sum>();
    std::vector<Sketch> parts;
    std::vector<std::int64_t> coefficients;
    std::vector<Side> sides(names.size(), Side::Left);
    for (const std::size_t i : order_of(sum)) {
        const Term& term = sum.terms[i];
        std::vector<std::string> inner;
        for (const int label : term.use.labels) inner.push_back(names[static_cast<std::size_t>(label)]);
        const std::set<std::string> outer = names_;  // bound names are a cell's own
        Sketch part = boxes_.contains(term.use.node.get()) ? single(term.use.node, inner)
                                                           : this->node(term.use.node, inner);
        for (std::size_t port = 0; port < part.gates.size(); ++port) {
            part.diagram.boxes[part.gates[port].box].leg = term.use.labels[port];
            sides[static_cast<std::size_t>(term.use.labels[port])] = part.gates[port].side;
        }
        name_gates(part, inner);
        if (sheet) {
            double y = part.high.y + 18;
            for (const TermTitle& title : options_.terms) {
                if (title.term == term.use.node && !title.title.empty())
                    add_note(part.diagram, plain(title.title), {part.low.x, y}, 10.5, "#1a1a1a", true);
            }
            add_note(part.diagram, plain(part.einsum), {part.low.x, part.low.y - 14}, 9.5);
            std::tie(part.low, part.high) = bounds(part.diagram);
        }
        part.gates.clear();
        names_ = outer;
        Sketch cell = framed(part, {}, RegionKind::Term, "", static_cast<int>(i));
        cell.diagram.regions[0].coefficient = static_cast<long>(term.coefficient);
        parts.push_back(std::move(cell));
        coefficients.push_back(term.coefficient);
    }
    const std::size_t columns =
        sheet ? std::max<std::size_t>(1, std::min(options_.columns, parts.size())) : 1;
    std::vector<double> widths(columns, 0);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        widths[i % columns] = std::max(widths[i % columns], parts[i].high.x - parts[i].low.x);
    }
    Sketch out;
    if (sheet) {
        Region region;
        region.id = "r0";
        region.kind = RegionKind::Sum;
        out.diagram.regions.push_back(region);
    }
    const int home = sheet ? 0 : -1;
    constexpr double between = 26;
    double y = 0;
    for (std::size_t row = 0; row * columns < parts.size(); ++row) {
        double height = 0;
        for (std::size_t c = 0; c < columns && row * columns + c < parts.size(); ++c) {
            height = std::max(height, parts[row * columns + c].high.y - parts[row * columns + c].low.y);
        }
        double x = 0;
        for (std::size_t c = 0; c < columns && row * columns + c < parts.size(); ++c) {
            const std::size_t i = row * columns + c;
            Sketch& part = parts[i];
            // All cells of a row are equally high, all cells of a column equally wide.
            part.diagram.regions[0].low.y = part.high.y - height;
            part.diagram.regions[0].high.x = part.low.x + widths[c];
            std::string sign = i > 0 ? "+" : "";
            if (coefficients[i] < 0) sign = "\u2212";
            if (std::abs(coefficients[i]) != 1) sign += std::to_string(std::abs(coefficients[i])) + " \u00d7";
            const double room = text_width(sign, 14);
            if (!sign.empty()) {
                add_note(out.diagram, plain(sign), {x - 4 - room - 3, y - height / 2}, 14, "#1a1a1a");
                out.diagram.boxes.back().region = home;
            }
            add_part(out.diagram, part, {x - part.low.x, y - part.high.y}, home);
            x += widths[c] + between;
        }
        y -= height + (sheet ? 14 : 8);
    }
    if (parts.empty()) {
        add_note(out.diagram, plain("0"), {0, 0}, label_size, "#1a1a1a");
        out.diagram.boxes.back().region = home;
    }
    std::tie(out.low, out.high) = bounds(out.diagram);
    if (sheet) {
        out.diagram.regions[0].low = {out.low.x - 6, out.low.y - 6};
        out.diagram.regions[0].high = {out.high.x + 6, out.high.y + 6};
        return out;
    }
    add_gates(out, node, sides);
    return out;
}

void Sketcher::add_gates(Sketch& sketch, const Expr& node, const std::vector<Side>& sides) {
    const std::vector<Space>& ports = node->ports();
    std::vector<std::size_t> left;
    std::vector<std::size_t> right;
    for (std::size_t port = 0; port < ports.size(); ++port)
        (sides[port] == Side::Right ? right : left).push_back(port);
    for (std::vector<std::size_t>* side : {&left, &right}) {
        std::stable_sort(side->begin(), side->end(), [&](std::size_t a, std::size_t b) {
            return (ports[a] == Space::Position) > (ports[b] == Space::Position);
        });
    }
    sketch.gates.resize(ports.size());
    const Point low = sketch.low;
    const Point high = sketch.high;
    const auto place = [&](const std::vector<std::size_t>& side, Side where) {
        for (std::size_t i = 0; i < side.size(); ++i) {
            Box box;
            box.id = fresh_id();
            box.kind = BoxKind::Mark;
            box.width = box.height = 1;
            box.leg = static_cast<int>(side[i]);
            const double t = (static_cast<double>(side.size()) - 1) / 2 - static_cast<double>(i);
            box.at = {where == Side::Left ? low.x - 14 : high.x + 14, (low.y + high.y) / 2 + 60 * t};
            sketch.gates[side[i]] = {sketch.diagram.boxes.size(), where};
            sketch.diagram.boxes.push_back(box);
        }
    };
    place(left, Side::Left);
    place(right, Side::Right);
    std::tie(sketch.low, sketch.high) = bounds(sketch.diagram);
}

Diagram diagram_of(const Expr& expression, const TensorDiagramOptions& options) {
    Sketcher sketcher(options);
    std::vector<std::string> names;
    for (const Space space : expression->ports()) names.push_back(sketcher.fresh_name(space));
    Sketch sketch;
    if (expression->as<Sum>() != nullptr) {
        sketch = sketcher.cells(expression, names, true);
    } else {
        sketch = sketcher.node(expression, names);
        name_gates(sketch, names);
    }
    sketch.diagram.name = options.name;
    if (!options.title.empty()) {
        std::vector<Words> lines;
        if (!sketch.einsum.empty() && expression->as<Product>() != nullptr)
            lines.push_back(plain("einsum " + sketch.einsum));
        lines.insert(lines.end(), options.remarks.begin(), options.remarks.end());
        add_caption(sketch.diagram, options.title, lines);
    }
    return std::move(sketch.diagram);
}

}  // namespace headway
