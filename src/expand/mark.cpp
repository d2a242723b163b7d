// SPDX-License-Identifier: Apache-2.0
#include "expand/mark.hpp"

#include "expand/rewrite.hpp"

#include <map>
#include <string_view>
#include <utility>

namespace headway {

namespace {

// The source that a weight is, or what a head writes with; nothing for other leaves.
std::string_view mark_name(std::string_view symbol) {
    static const std::map<std::string_view, std::string_view> names{{"W_E", "embed"},
                                                                    {"W_pos", "pos"},
                                                                    {"W_O", "head"},
                                                                    {"W_OV", "head"},
                                                                    {"b_O", "b_O"},
                                                                    {"b_V", "b_V"},
                                                                    {"b_Q", "b_Q"},
                                                                    {"b_K", "b_K"},
                                                                    {"b_U", "b_U"},
                                                                    {"ln1.b", "ln1.b"},
                                                                    {"ln1.b.Q", "ln1.b"},
                                                                    {"ln1.b.K", "ln1.b"},
                                                                    {"ln1.b.V", "ln1.b"},
                                                                    {"ln_final.b", "ln_final.b"},
                                                                    {"ln_final.b.U", "ln_final.b"}};
    const auto found = names.find(symbol);
    return found == names.end() ? std::string_view() : found->second;
}

std::string_view mark_name(SourceKind kind) {
    switch (kind) {
        case SourceKind::Embed:
            return "embed";
        case SourceKind::Pos:
            return "pos";
        case SourceKind::Mlp:
            return "mlp";
        case SourceKind::OutBias:
            return "b_O";
        case SourceKind::ValueBias:
            return "b_V";
        case SourceKind::NormBias:
            return "ln1.b";
        case SourceKind::FinalNormBias:
            return "ln_final.b";
        case SourceKind::UnembedBias:
            return "b_U";
        case SourceKind::QueryBias:
            return "b_Q";
        case SourceKind::KeyBias:
            return "b_K";
        case SourceKind::HeadOutput:
            return "head";
    }
    return {};
}

// `node` times a mark whose ports are the leading ports of `node`.
Expr times(const Expr& node, const Expr& mark) {
    const std::vector<int> all = straight(node->ports().size());
    return product({{node, all}, {mark, straight(mark->ports().size())}}, node->ports(),
                   std::vector<Space>{});
}

}  // namespace

Marks::Marks(std::string side, const std::vector<Expr>& as_they_are) : side_(std::move(side)) {
    for (const Expr& node : as_they_are) done_.emplace(node, node);
}

Expr Marks::scalar(const std::string& name, int layer, int head) const {
    return tensor({"mark." + side_ + name, layer, head, -1}, {});
}

Expr Marks::marked_leaf(const Expr& node) const {
    if (const auto* value = node->as<Frozen>())
        return value->symbol == "mlp" ? times(node, scalar("mlp", value->layer)) : node;
    const auto* leaf = node->as<Tensor>();
    const std::string name(mark_name(leaf->symbol));
    if (name.empty()) return node;
    if (name != "head") return times(node, scalar(name, leaf->layer));
    std::vector<Space> heads;
    for (Space space : node->ports())
        if (space == Space::Head || space == Space::Member) heads.push_back(space);
    return times(node, tensor({"mark." + side_ + name, leaf->layer, leaf->head, -1}, heads));
}

Expr Marks::mark(const Expr& expression) {
    if (const auto known = done_.find(expression); known != done_.end()) return known->second;
    const bool is_leaf = expression->as<Tensor>() != nullptr || expression->as<Frozen>() != nullptr;
    Expr result = is_leaf ? marked_leaf(expression)
                          : rebuild(expression, [this](const Expr& child) { return mark(child); });
    return done_.emplace(expression, std::move(result)).first->second;
}

std::vector<Expr> Marks::of(const Source& source) const {
    const std::string name(mark_name(source.kind));
    if (source.kind == SourceKind::HeadOutput) return {scalar(name, source.layer, source.head)};
    if (source.kind == SourceKind::ValueBias)
        return {scalar(name, source.layer), scalar("head", source.layer, source.head)};
    return {scalar(name, source.layer)};
}

std::vector<Expr> Marks::of(const Path& path) const {
    std::vector<Expr> marks = of(path.source);
    for (const Head& head : path.heads) marks.push_back(scalar("head", head.layer, head.index));
    return marks;
}

}  // namespace headway
