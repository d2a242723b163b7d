// SPDX-License-Identifier: Apache-2.0
#include "expand/mark.hpp"

#include "expand/rewrite.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace headway {

namespace {

// The kind of source that a weight is, or what a head writes with; nothing for other leaves.
std::optional<SourceKind> source_kind(std::string_view symbol) {
    using enum SourceKind;
    static const std::map<std::string_view, SourceKind> kinds{{"W_E", Embed},
                                                              {"W_pos", Pos},
                                                              {"b_E", EmbedBias},
                                                              {"ln_embed.b", EmbedNormBias},
                                                              {"W_O", HeadOutput},
                                                              {"W_OV", HeadOutput},
                                                              {"b_O", OutBias},
                                                              {"b_V", ValueBias},
                                                              {"b_Q", QueryBias},
                                                              {"b_K", KeyBias},
                                                              {"b_U", UnembedBias},
                                                              {"ln1.b", NormBias},
                                                              {"ln1.b.Q", NormBias},
                                                              {"ln1.b.K", NormBias},
                                                              {"ln1.b.V", NormBias},
                                                              {"ln2.b", MlpNormBias},
                                                              {"ln_final.b", FinalNormBias},
                                                              {"ln_final.b.U", FinalNormBias}};
    const auto found = kinds.find(symbol);
    return found == kinds.end() ? std::nullopt : std::optional(found->second);
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
    const std::optional<SourceKind> kind = source_kind(leaf->symbol);
    if (!kind) return node;
    const std::string word(name(*kind));
    if (kind != SourceKind::HeadOutput) return times(node, scalar(word, leaf->layer));
    std::vector<Space> heads;
    for (Space space : node->ports())
        if (space == Space::Head || space == Space::Member) heads.push_back(space);
    return times(node, tensor({"mark." + side_ + word, leaf->layer, leaf->head, -1}, heads));
}

Expr Marks::mark(const Expr& expression) {
    if (const auto known = done_.find(expression); known != done_.end()) return known->second;
    const bool is_leaf = expression->as<Tensor>() != nullptr || expression->as<Frozen>() != nullptr;
    Expr result = is_leaf ? marked_leaf(expression)
                          : rebuild(expression, [this](const Expr& child) { return mark(child); });
    return done_.emplace(expression, std::move(result)).first->second;
}

std::vector<Expr> Marks::of(const Source& source) const {
    const std::string word(name(source.kind));
    if (source.kind == SourceKind::HeadOutput) return {scalar(word, source.layer, source.head)};
    if (source.kind == SourceKind::ValueBias)
        return {scalar(word, source.layer), scalar("head", source.layer, source.head)};
    return {scalar(word, source.layer)};
}

std::vector<Expr> Marks::of(const Path& path) const {
    std::vector<Expr> marks = of(path.source);
    for (const Head& head : path.heads) marks.push_back(scalar("head", head.layer, head.index));
    return marks;
}

}  // namespace headway
