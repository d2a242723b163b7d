// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/tensor_diagram.hpp"

#include "draw/sketch.hpp"
#include "headway/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headway {

namespace {

constexpr double label_size = 13;

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
        case Function::SoftCap:
            return "soft cap at ";
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
    if (apply.function == Function::Rstd)
        words += fmt::format("{}", fmt::join(names.end() - apply.consumed, names.end(), " "));
    if (apply.function == Function::SoftCap) words += fmt::format("{}", apply.parameter);
    if (apply.mask) {
        const std::string mask = leaf_name(*apply.mask->node);
        words += ", " + (mask.empty() ? "masked" : mask);
    }
    return words;
}

}  // namespace

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

Sketch Sketcher::region(const Expr& node, const std::vector<std::string>& names, int operand) {
    if (const auto* apply = node->as<Apply>()) {
        std::vector<std::string> inner_names = names;
        const std::vector<Space>& ports = apply->argument->ports();
        for (std::size_t port = names.size(); port < ports.size(); ++port)
            inner_names.push_back(fresh_name(ports[port]));
        Sketch inner = this->node(apply->argument, inner_names);
        std::vector<Gate> gates(inner.gates.begin(), inner.gates.begin() + static_cast<long>(names.size()));
        std::string label = function_label(*apply, inner_names);
        if (apply->argument->as<Product>() != nullptr) label += ": " + inner.einsum;
        return framed(inner, gates, RegionKind::Function, label, operand);
    }
    if (node->as<Sum>() != nullptr) {
        const Sketch inner = cells(node, names, false);
        return framed(inner, inner.gates, RegionKind::Sum, "", operand);
    }
    const Sketch inner = this->node(node, names);
    return framed(inner, inner.gates, RegionKind::Term, "", operand);
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
