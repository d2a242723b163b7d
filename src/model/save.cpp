// SPDX-License-Identifier: Apache-2.0
#include "headway/model/save.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/output_file.hpp"
#include "headway/io/safetensors.hpp"
#include "model/architecture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace headway {

namespace {

namespace fs = std::filesystem;

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

const char* positions_text(Positions positions) {
    switch (positions) {
        case Positions::None:
            return "none";
        case Positions::Learned:
            return "standard";
        case Positions::Shortformer:
            return "shortformer";
        case Positions::Rotary:
            return "rotary";
        case Positions::Alibi:
            return "alibi";
    }
    return "";
}

const char* activation_text(Activation activation) {
    switch (activation) {
        case Activation::Relu:
            return "relu";
        case Activation::Gelu:
            return "gelu";
        case Activation::GeluNew:
            return "gelu_new";
        case Activation::Silu:
            return "silu";
    }
    return "";
}

// Keys and values of HookedTransformerConfig.
std::string config_json(const Config& c) {
    std::vector<std::pair<std::string, std::string>> members{
        {"model_type", quoted("transformer_lens")},
        {"n_layers", fmt::format("{}", c.n_layers)},
        {"n_heads", fmt::format("{}", c.n_heads)},
        {"n_key_value_heads", fmt::format("{}", c.n_kv_heads)},
        {"d_model", fmt::format("{}", c.d_model)},
        {"d_head", fmt::format("{}", c.d_head)},
        {"n_ctx", fmt::format("{}", c.n_ctx)},
        {"d_vocab", fmt::format("{}", c.d_vocab)},
        {"attn_only", c.has_mlp() ? "false" : "true"},
        {"positional_embedding_type", quoted(positions_text(c.positions))},
        {"normalization_type",
         c.norm == Norm::None ? "null" : quoted(c.norm == Norm::LayerNorm ? "LN" : "RMS")},
        {"attention_dir", quoted(c.causal ? "causal" : "bidirectional")},
        {"scale_attn_by_inverse_layer_idx", c.scale_by_inverse_layer ? "true" : "false"}};
    const auto add = [&](const char* key, std::string value) { members.emplace_back(key, std::move(value)); };
    if (c.norm != Norm::None) add("eps", fmt::format("{}", c.norm_eps));
    if (c.attention_scale > 0) add("attn_scale", fmt::format("{}", 1.0 / c.attention_scale));
    if (c.positions == Positions::Rotary) {
        add("rotary_dim", fmt::format("{}", c.rotary.dims));
        add("rotary_base", fmt::format("{}", c.rotary.theta));
        add("rotary_adjacent_pairs", c.rotary.adjacent_pairs ? "true" : "false");
    }
    if (c.has_mlp()) {
        add("d_mlp", fmt::format("{}", c.d_mlp));
        add("act_fn", quoted(activation_text(c.activation)));
        add("gated_mlp", c.gated_mlp ? "true" : "false");
        add("parallel_attn_mlp", c.parallel_block ? "true" : "false");
    }
    std::string text;
    for (const auto& [key, value] : members)
        text += fmt::format("{}\n  \"{}\": {}", text.empty() ? "{" : ",", key, value);
    return text + "\n}\n";
}

// One leaf under its name in the file, with its numbers.
struct Saved {
    std::string name;
    Leaf leaf;
    WeightArray<float> values;
};

std::vector<Saved> saved_leaves(const Model& model) {
    std::vector<Saved> result;
    std::vector<Leaf> leaves = stored_leaves(model.config());
    if (model.config().tied_unembed) leaves.push_back(model.at("W_U"));  // these names have no ties
    for (const Leaf& leaf : leaves) {
        const auto rule = std::ranges::find(transformer_lens.tensors, leaf.name.symbol, &TensorRule::leaf);
        invariant(rule != transformer_lens.tensors.end(), "every stored leaf has a name in TransformerLens");
        result.push_back({tensor_name(rule->tensor, leaf.name.layer, true), leaf,
                          model.leaf<float>(leaf.name.symbol, leaf.name.layer)});
    }
    return result;
}

}  // namespace

void save_model(const Model& model, const fs::path& folder) {
    const Config& config = model.config();
    require(config.folding == Folding{}, ErrorKind::Unsupported,
            "{} has folded weights, which no file can say: load it with nothing folded", model.name());
    require(!config.shared_norm, ErrorKind::Unsupported,
            "{} shares a norm between attention and MLP, for which there is no name", model.name());
    require(config.norm == Norm::None || config.final_norm, ErrorKind::Unsupported,
            "{} has norms but no final one, for which there is no name", model.name());
    std::error_code error;
    fs::create_directories(folder, error);
    require(!error, ErrorKind::Io, "{}: cannot be made: {}", escaped(folder.native()), error.message());
    const std::vector<Saved> leaves = saved_leaves(model);
    std::vector<TensorToWrite> tensors;
    for (const Saved& saved : leaves)
        tensors.push_back({saved.name, DType::F32, saved.leaf.shape, std::as_bytes(saved.values.values())});
    write_safetensors(folder / "model.safetensors", std::move(tensors));
    write_file(folder / "config.json", config_json(config));
}

}  // namespace headway
