// SPDX-License-Identifier: Apache-2.0
#include "headway/network/leaves.hpp"

#include "headway/base/error.hpp"

#include <map>

namespace headway {

namespace {

const std::map<std::string_view, LeafShape>& shapes() {
    using enum Space;
    static const std::map<std::string_view, LeafShape> table{
        {"W_E", {{Vocab, Residual}}},
        {"W_pos", {{Position, Residual}}},
        {"b_E", {{Residual}}},
        {"embed_scale", {{}}},
        {"ln_embed.w", {{Residual}}},
        {"ln_embed.b", {{Residual}}},
        {"W_head", {{Residual, Residual}}},
        {"b_head", {{Residual}}},
        {"W_U", {{Residual, Vocab}}},
        {"b_U", {{Vocab}}},
        {"W_Q", {{Residual, HeadInner}, PerHead::Query, true}},
        {"W_K", {{Residual, HeadInner}, PerHead::KeyValue, true}},
        {"W_V", {{Residual, HeadInner}, PerHead::KeyValue, true}},
        {"W_O", {{HeadInner, Residual}, PerHead::Query, true}},
        {"W_OV", {{Residual, Residual}, PerHead::Query, true}},
        {"W_QK", {{Residual, Residual}, PerHead::Query, true}},
        {"U_OV", {{Residual, Channel}, PerHead::Query, true}},
        {"s_OV", {{Channel}, PerHead::Query, true}},
        {"V_OV", {{Channel, Residual}, PerHead::Query, true}},
        {"U_QK", {{Residual, Channel}, PerHead::Query, true}},
        {"s_QK", {{Channel}, PerHead::Query, true}},
        {"V_QK", {{Channel, Residual}, PerHead::Query, true}},
        {"head_scale", {{}, PerHead::Query, true}},
        {"component_scale", {{Channel}, PerHead::Query, true}},
        {"given_pattern", {{Position, Position}, PerHead::Query, true}},
        {"b_Q", {{HeadInner}, PerHead::Query, true}},
        {"b_K", {{HeadInner}, PerHead::KeyValue, true}},
        {"b_V", {{HeadInner}, PerHead::KeyValue, true}},
        {"b_O", {{Residual}, PerHead::None, true}},
        {"scale", {{}, PerHead::None, true}},
        {"slope", {{}, PerHead::Query, true}},
        {"q_norm.w", {{HeadInner}, PerHead::Query, true}},
        {"k_norm.w", {{HeadInner}, PerHead::KeyValue, true}},
        {"ln1_post.w", {{Residual}, PerHead::None, true}},
        {"ln2_post.w", {{Residual}, PerHead::None, true}},
        {"W_in", {{Residual, Neuron}, PerHead::None, true}},
        {"W_gate", {{Residual, Neuron}, PerHead::None, true}},
        {"W_out", {{Neuron, Residual}, PerHead::None, true}},
        {"b_in", {{Neuron}, PerHead::None, true}},
        {"b_gate", {{Neuron}, PerHead::None, true}},
        {"b_out", {{Residual}, PerHead::None, true}},
        {"ln1.w", {{Residual}, PerHead::None, true}},
        {"ln1.b", {{Residual}, PerHead::None, true}},
        {"ln2.w", {{Residual}, PerHead::None, true}},
        {"ln2.b", {{Residual}, PerHead::None, true}},
        {"ln_final.w", {{Residual}}},
        {"ln_final.b", {{Residual}}},
        {"ln1.b.Q", {{HeadInner}, PerHead::Query, true}},
        {"ln1.b.K", {{HeadInner}, PerHead::KeyValue, true}},
        {"ln1.b.V", {{HeadInner}, PerHead::KeyValue, true}},
        {"ln2.b.in", {{Neuron}, PerHead::None, true}},
        {"ln2.b.gate", {{Neuron}, PerHead::None, true}},
        {"ln_final.b.U", {{Vocab}}},
    };
    return table;
}

// A factor of an edge from one writer, as its reader has it: `edge_scale.L0H3.K`, `edge_scale.mlp0.unembed`.
std::optional<LeafShape> edge_shape(std::string_view symbol) {
    if (!symbol.starts_with("edge_scale.")) return std::nullopt;
    if (symbol.ends_with(".Q")) return LeafShape{{}, PerHead::Query, true};
    if (symbol.ends_with(".K") || symbol.ends_with(".V")) return LeafShape{{}, PerHead::KeyValue, true};
    if (symbol.ends_with(".mlp")) return LeafShape{{}, PerHead::None, true};
    if (symbol.ends_with(".unembed")) return LeafShape{};
    return std::nullopt;
}

LeafShape known_shape(const std::string& symbol) {
    const std::optional<LeafShape> shape = leaf_shape(symbol);
    require(shape.has_value(), ErrorKind::Usage, "\"{}\" is not the name of a weight", symbol);
    return *shape;
}

}  // namespace

std::optional<LeafShape> leaf_shape(std::string_view symbol) {
    const auto found = shapes().find(symbol);
    return found == shapes().end() ? edge_shape(symbol) : std::optional(found->second);
}

Expr leaf(const std::string& symbol, int layer, int group_size) {
    const LeafShape shape = known_shape(symbol);
    std::vector<Space> ports;
    if (shape.heads != PerHead::None) ports.push_back(Space::Head);
    if (shape.heads == PerHead::Query && group_size > 1) ports.push_back(Space::Member);
    ports.insert(ports.end(), shape.ports.begin(), shape.ports.end());
    return tensor({symbol, layer, -1, -1}, std::move(ports));
}

Expr head_leaf(const std::string& symbol, Head head, int group_size) {
    const LeafShape shape = known_shape(symbol);
    require(shape.heads != PerHead::None, ErrorKind::Usage, "\"{}\" is not a weight of a head", symbol);
    if (shape.heads == PerHead::KeyValue && group_size > 1)
        return tensor({symbol, head.layer, -1, head.index / group_size}, shape.ports);
    return tensor({symbol, head.layer, head.index, -1}, shape.ports);
}

Expr layers_leaf(const std::string& symbol, int n_layers, int group_size) {
    std::vector<Expr> members;
    for (int layer = 0; layer < n_layers; ++layer) members.push_back(leaf(symbol, layer, group_size));
    return family(std::move(members), Space::Layer);
}

}  // namespace headway
