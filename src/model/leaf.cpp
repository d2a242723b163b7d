// SPDX-License-Identifier: Apache-2.0
#include "headway/model/leaf.hpp"

#include "headway/base/error.hpp"

#include <array>
#include <span>
#include <utility>

namespace headway {

namespace {

enum class Place { First, Layer, Last };

struct LeafRule {
    std::string_view symbol;
    std::string_view axes;
    Place place;
    bool (*present)(const Config&);
};

bool always(const Config&) { return true; }
bool has_norm(const Config& c) { return c.norms_before() || c.norms_stream(); }
bool has_norm_bias(const Config& c) { return has_norm(c) && c.norm_bias(); }
bool has_second_norm(const Config& c) { return has_norm(c) && c.has_mlp() && !c.shared_norm; }
bool has_second_norm_bias(const Config& c) { return has_second_norm(c) && c.norm_bias(); }
bool has_norm_after(const Config& c) { return c.norms_after(); }
bool has_second_norm_after(const Config& c) { return c.norms_after() && c.has_mlp(); }
bool has_embed_norm(const Config& c) { return c.norm != Norm::None && c.embed_norm; }
bool has_embed_norm_bias(const Config& c) { return has_embed_norm(c) && c.norm_bias(); }
bool has_query_key_norm(const Config& c) { return c.query_key_norm != QueryKeyNorm::None; }
bool has_final_norm(const Config& c) { return c.norm != Norm::None && c.final_norm; }
bool has_final_norm_bias(const Config& c) { return has_final_norm(c) && c.norm_bias(); }
bool has_attention_bias(const Config& c) { return c.biases.query_key_value; }
bool has_output_bias(const Config& c) { return c.biases.attention_out; }
bool has_mlp(const Config& c) { return c.has_mlp(); }
bool has_gate(const Config& c) { return c.has_mlp() && c.gated_mlp; }
bool has_mlp_bias(const Config& c) { return c.has_mlp() && c.biases.mlp; }
bool has_gate_bias(const Config& c) { return has_gate(c) && c.biases.gate; }
bool has_masked_head(const Config& c) { return c.masked_head; }
bool has_image_in_mlp(const Config& c) {
    return has_norm_bias(c) && c.has_mlp();
}  // of ln1 when it is shared
bool has_image_in_gate(const Config& c) { return has_image_in_mlp(c) && c.gated_mlp; }
bool has_positions(const Config& c) {
    return c.positions == Positions::Learned || c.positions == Positions::Shortformer;
}

constexpr std::array weights{
    LeafRule{"W_E", "vd", Place::First, always},
    LeafRule{"W_pos", "pd", Place::First, has_positions},
    LeafRule{"b_E", "d", Place::First, [](const Config& c) { return c.biases.embed; }},
    LeafRule{"W_Q", "hde", Place::Layer, always},
    LeafRule{"W_K", "gde", Place::Layer, always},
    LeafRule{"W_V", "gde", Place::Layer, always},
    LeafRule{"W_O", "hed", Place::Layer, always},
    LeafRule{"b_Q", "he", Place::Layer, has_attention_bias},
    LeafRule{"b_K", "ge", Place::Layer, has_attention_bias},
    LeafRule{"b_V", "ge", Place::Layer, has_attention_bias},
    LeafRule{"b_O", "d", Place::Layer, has_output_bias},
    LeafRule{"W_in", "dm", Place::Layer, has_mlp},
    LeafRule{"W_gate", "dm", Place::Layer, has_gate},
    LeafRule{"W_out", "md", Place::Layer, has_mlp},
    LeafRule{"b_in", "m", Place::Layer, has_mlp_bias},
    LeafRule{"b_gate", "m", Place::Layer, has_gate_bias},
    LeafRule{"b_out", "d", Place::Layer, has_mlp_bias},
    LeafRule{"W_head", "dd", Place::Last, has_masked_head},
    LeafRule{"b_head", "d", Place::Last, has_masked_head},
    LeafRule{"W_U", "dv", Place::Last, always},
    LeafRule{"b_U", "v", Place::Last, [](const Config& c) { return c.biases.unembed; }},
};

constexpr std::array norms{
    LeafRule{"ln1.w", "d", Place::Layer, has_norm},
    LeafRule{"ln1.b", "d", Place::Layer, has_norm_bias},
    LeafRule{"ln2.w", "d", Place::Layer, has_second_norm},
    LeafRule{"ln2.b", "d", Place::Layer, has_second_norm_bias},
    LeafRule{"ln_final.w", "d", Place::Last, has_final_norm},
    LeafRule{"ln_final.b", "d", Place::Last, has_final_norm_bias},
};

/// Gains that stay leaves when norms are folded: no weight stands behind them alone.
constexpr std::array branch_norms{
    LeafRule{"ln_embed.w", "d", Place::First, has_embed_norm},
    LeafRule{"ln_embed.b", "d", Place::First, has_embed_norm_bias},
    LeafRule{"q_norm.w", "he", Place::Layer, has_query_key_norm},
    LeafRule{"k_norm.w", "ge", Place::Layer, has_query_key_norm},
    LeafRule{"ln1_post.w", "d", Place::Layer, has_norm_after},
    LeafRule{"ln2_post.w", "d", Place::Layer, has_second_norm_after},
};

constexpr std::array norm_images{
    LeafRule{"ln1.b.Q", "he", Place::Layer, has_norm_bias},
    LeafRule{"ln1.b.K", "ge", Place::Layer, has_norm_bias},
    LeafRule{"ln1.b.V", "ge", Place::Layer, has_norm_bias},
    LeafRule{"ln2.b.in", "m", Place::Layer, has_image_in_mlp},
    LeafRule{"ln2.b.gate", "m", Place::Layer, has_image_in_gate},
    LeafRule{"ln_final.b.U", "v", Place::Last, has_final_norm_bias},
};

constexpr std::array scales{
    LeafRule{"embed_scale", "", Place::First, [](const Config& c) { return c.embed_scale != 1.0; }},
    LeafRule{"scale", "", Place::Layer, always},
    LeafRule{"slope", "h", Place::Layer, [](const Config& c) { return c.positions == Positions::Alibi; }},
};

using Rules = std::span<const LeafRule>;

void append(std::vector<Leaf>& leaves, Rules rules, Place place, int layer, const Config& config) {
    for (const LeafRule& rule : rules) {
        if (rule.place != place || !rule.present(config)) continue;
        Leaf leaf{{std::string(rule.symbol), layer}, rule.axes, {}};
        for (const char axis : rule.axes) leaf.shape.push_back(axis_size(axis, config));
        leaves.push_back(std::move(leaf));
    }
}

std::vector<Leaf> all_leaves(const Config& config, std::span<const Rules> tables) {
    std::vector<Leaf> leaves;
    for (const Rules rules : tables) append(leaves, rules, Place::First, -1, config);
    for (int layer = 0; layer < config.n_layers; ++layer) {
        for (const Rules rules : tables) append(leaves, rules, Place::Layer, layer, config);
    }
    for (const Rules rules : tables) append(leaves, rules, Place::Last, -1, config);
    return leaves;
}

}  // namespace

std::string label(const LeafName& leaf) {
    return leaf.layer < 0 ? leaf.symbol : fmt::format("{}[L{}]", leaf.symbol, leaf.layer);
}

std::int64_t Leaf::size() const {
    std::int64_t product = 1;
    for (const std::int64_t extent : shape) product *= extent;
    return product;
}

std::int64_t axis_size(char axis, const Config& config) {
    switch (axis) {
        case 'v':
            return config.d_vocab;
        case 'p':
            return config.n_ctx;
        case 'd':
            return config.d_model;
        case 'h':
            return config.n_heads;
        case 'g':
            return config.n_kv_heads;
        case 'e':
        case 'c':
            return config.d_head;
        case 'm':
            return config.d_mlp;
        default:
            throw InvariantFailure("no such axis letter");
    }
}

std::string_view axis_name(char axis) {
    switch (axis) {
        case 'v':
            return "d_vocab";
        case 'p':
            return "n_ctx";
        case 'd':
            return "d_model";
        case 'h':
            return "n_heads";
        case 'g':
            return "n_kv_heads";
        case 'e':
        case 'c':
            return "d_head";
        case 'm':
            return "d_mlp";
        default:
            throw InvariantFailure("no such axis letter");
    }
}

std::vector<Leaf> stored_leaves(const Config& config) {
    std::vector<Leaf> leaves = all_leaves(config, std::array<Rules, 3>{weights, norms, branch_norms});
    if (config.tied_unembed)
        std::erase_if(leaves, [](const Leaf& leaf) { return leaf.name.symbol == "W_U"; });
    return leaves;
}

std::vector<Leaf> network_leaves(const Config& config) {
    const Rules norm_rules = config.folding.gains ? Rules(norm_images) : Rules(norms);
    return all_leaves(config, std::array<Rules, 4>{scales, weights, norm_rules, branch_norms});
}

}  // namespace headway
