// GPT-NeoX (Pythia): queries, keys and values of a head side by side in one tensor, a part of each head
// rotated, attention and MLP in parallel unless the config says not.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::gpt_neox {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "[gpt_neox.]embed_in.weight", "v d"},
    TensorRule{"ln1.w", "[gpt_neox.]layers.{}.input_layernorm.weight", "d"},
    TensorRule{"ln1.b", "[gpt_neox.]layers.{}.input_layernorm.bias", "d"},
    TensorRule{"W_Q", "[gpt_neox.]layers.{}.attention.query_key_value.weight", "(h 3 e) d", 0},
    TensorRule{"W_K", "[gpt_neox.]layers.{}.attention.query_key_value.weight", "(g 3 e) d", 1},
    TensorRule{"W_V", "[gpt_neox.]layers.{}.attention.query_key_value.weight", "(g 3 e) d", 2},
    TensorRule{"b_Q", "[gpt_neox.]layers.{}.attention.query_key_value.bias", "(h 3 e)", 0},
    TensorRule{"b_K", "[gpt_neox.]layers.{}.attention.query_key_value.bias", "(g 3 e)", 1},
    TensorRule{"b_V", "[gpt_neox.]layers.{}.attention.query_key_value.bias", "(g 3 e)", 2},
    TensorRule{"W_O", "[gpt_neox.]layers.{}.attention.dense.weight", "d (h e)"},
    TensorRule{"b_O", "[gpt_neox.]layers.{}.attention.dense.bias", "d"},
    TensorRule{"ln2.w", "[gpt_neox.]layers.{}.post_attention_layernorm.weight", "d"},
    TensorRule{"ln2.b", "[gpt_neox.]layers.{}.post_attention_layernorm.bias", "d"},
    TensorRule{"W_in", "[gpt_neox.]layers.{}.mlp.dense_h_to_4h.weight", "m d"},
    TensorRule{"b_in", "[gpt_neox.]layers.{}.mlp.dense_h_to_4h.bias", "m"},
    TensorRule{"W_out", "[gpt_neox.]layers.{}.mlp.dense_4h_to_h.weight", "d m"},
    TensorRule{"b_out", "[gpt_neox.]layers.{}.mlp.dense_4h_to_h.bias", "d"},
    TensorRule{"ln_final.w", "[gpt_neox.]final_layer_norm.weight", "d"},
    TensorRule{"ln_final.b", "[gpt_neox.]final_layer_norm.bias", "d"},
    TensorRule{"W_U", "embed_out.weight", "v d"},
};

constexpr std::array<std::string_view, 3> tables{"[gpt_neox.]layers.{}.attention.bias",
                                                 "[gpt_neox.]layers.{}.attention.masked_bias",
                                                 "[gpt_neox.]layers.{}.attention.rotary_emb.inv_freq"};

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file);
    c.positions = Positions::Rotary;
    c.rotary = read_rotary(json, c,
                           {.theta = "rotary_emb_base rope_theta",
                            .part = "rotary_pct partial_rotary_factor",
                            .default_part = 0.25});
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_eps");
    c.activation = read_activation(json, "hidden_act");
    c.parallel_block = json.boolean("use_parallel_residual", true);
    const bool bias = json.boolean("attention_bias", true);
    c.biases = {.query_key_value = bias, .attention_out = bias, .mlp = true, .norm = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", false);
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "gpt_neox",
                                       .other_names = "GPTNeoXForCausalLM GPTNeoXModel",
                                       .tensors = tensors,
                                       .ignored = tables,
                                       .config = config,
                                       .features = "rope_scaling attention_bias use_parallel_residual"};

}  // namespace headway::architectures::gpt_neox
