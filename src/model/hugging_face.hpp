// What config.json files of Hugging Face's transformers have in common, in the spelling of version 5 and in
// those before.
// A list of keys in one text, separated by spaces, is one thing's names: the first that is there counts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/architecture.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace headway {

/// Names of the sizes.
struct SizeKeys {
    std::string_view layers = "num_hidden_layers";
    std::string_view heads = "num_attention_heads";
    std::string_view d_model = "hidden_size";
    std::string_view d_mlp = "intermediate_size";
    std::string_view n_ctx = "max_position_embeddings";
    bool d_mlp_is_optional = false;  ///< 4 d_model when it is null or absent
    int default_ctx = 0;             ///< 0: n_ctx must be there
};

/// Sizes, tied_unembed when the config ties or, if it does not say, `file` has no W_U; head_dim is d_model /
/// heads where the config has none, num_key_value_heads the heads.
Config read_sizes(const Json& config, const FileTensors& file, const SizeKeys& keys = {});

/// The activation under one of the keys. Throws Error(Unsupported) that lists those there are.
Activation read_activation(const Json& config, std::string_view keys);

/// A positive size or number under one of the keys.
int read_count(const Json& config, std::string_view keys);
int read_count(const Json& config, std::string_view keys, int otherwise);
double read_positive(const Json& config, std::string_view keys, double otherwise);

/// Where a rotation is described, and what holds when it is not.
struct RotaryKeys {
    std::string_view theta = "rope_theta";
    std::string_view part = "partial_rotary_factor";
    double default_theta = 10000.0;
    double default_part = 1.0;      ///< of the dimensions of a head
    std::string_view layer_type{};  ///< key inside rope_parameters, where layers differ
};

/// The rotation of heads of c.d_head dimensions: rope_parameters (version 5), or keys at top level and
/// rope_scaling.
/// Throws Error(Unsupported) for any scaling but `default`, `linear` and `llama3`.
Rotary read_rotary(const Json& config, const Config& c, const RotaryKeys& keys = {});

/// Which layers attend locally: `layer_types`, or `otherwise(layer)` where the config has none.
std::vector<bool> read_local_layers(const Json& config, const Config& c, bool (*otherwise)(const Json&, int));

/// Gives the local layers a window, and every layer `c.rotary`.
void set_windows(Config& c, const std::vector<bool>& local, int window);

/// RMSNorm, gated MLP, rotary positions: what Llama and its descendants share.
Config read_llama_like(const Json& config, const FileTensors& file);

/// The tensors of Llama and its descendants; Linear weights are [out, in].
inline constexpr std::array llama_tensors{
    TensorRule{"W_E", "[model.]embed_tokens.weight", "v d"},
    TensorRule{"ln1.w", "[model.]layers.{}.input_layernorm.weight", "d"},
    TensorRule{"W_Q", "[model.]layers.{}.self_attn.q_proj.weight", "(h e) d"},
    TensorRule{"W_K", "[model.]layers.{}.self_attn.k_proj.weight", "(g e) d"},
    TensorRule{"W_V", "[model.]layers.{}.self_attn.v_proj.weight", "(g e) d"},
    TensorRule{"W_O", "[model.]layers.{}.self_attn.o_proj.weight", "d (h e)"},
    TensorRule{"b_Q", "[model.]layers.{}.self_attn.q_proj.bias", "(h e)"},
    TensorRule{"b_K", "[model.]layers.{}.self_attn.k_proj.bias", "(g e)"},
    TensorRule{"b_V", "[model.]layers.{}.self_attn.v_proj.bias", "(g e)"},
    TensorRule{"b_O", "[model.]layers.{}.self_attn.o_proj.bias", "d"},
    TensorRule{"q_norm.w", "[model.]layers.{}.self_attn.q_norm.weight", "e"},
    TensorRule{"k_norm.w", "[model.]layers.{}.self_attn.k_norm.weight", "e"},
    TensorRule{"ln2.w", "[model.]layers.{}.post_attention_layernorm.weight", "d"},
    TensorRule{"W_gate", "[model.]layers.{}.mlp.gate_proj.weight", "m d"},
    TensorRule{"W_in", "[model.]layers.{}.mlp.up_proj.weight", "m d"},
    TensorRule{"W_out", "[model.]layers.{}.mlp.down_proj.weight", "d m"},
    TensorRule{"b_gate", "[model.]layers.{}.mlp.gate_proj.bias", "m"},
    TensorRule{"b_in", "[model.]layers.{}.mlp.up_proj.bias", "m"},
    TensorRule{"b_out", "[model.]layers.{}.mlp.down_proj.bias", "d"},
    TensorRule{"ln_final.w", "[model.]norm.weight", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
};

/// Tables of rotary frequencies that old checkpoints keep.
inline constexpr std::array<std::string_view, 1> rotary_tables{
    "[model.]layers.{}.self_attn.rotary_emb.inv_freq"};

/// The table with one rule for another.
template <std::size_t n>
constexpr std::array<TensorRule, n> with_rule(std::array<TensorRule, n> tensors, const TensorRule& rule) {
    for (TensorRule& old : tensors) {
        if (old.leaf == rule.leaf) old = rule;
    }
    return tensors;
}

/// One table behind the other.
template <std::size_t n, std::size_t m>
constexpr std::array<TensorRule, n + m> joined(const std::array<TensorRule, n>& first,
                                               const std::array<TensorRule, m>& second) {
    std::array<TensorRule, n + m> result{};
    std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), result.begin()));
    return result;
}

/// The table of an architecture that stores the gain of a norm as gain - 1.
template <std::size_t n>
constexpr std::array<TensorRule, n> with_gains_plus_one(std::array<TensorRule, n> tensors) {
    for (TensorRule& rule : tensors) {
        if (rule.leaf.ends_with(".w")) rule.plus = 1.0;
    }
    return tensors;
}

}  // namespace headway
