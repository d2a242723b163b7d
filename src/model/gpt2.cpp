// GPT-2 as Hugging Face saves it (GPT2LMHeadModel, GPT2Model, DistilGPT-2). Its Conv1D weights are [in, out].
// SPDX-License-Identifier: Apache-2.0
#include "model/architecture.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace headway {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "[transformer.]wte.weight", "v d"},
    TensorRule{"W_pos", "[transformer.]wpe.weight", "p d"},
    TensorRule{"ln1.w", "[transformer.]h.{}.ln_1.weight", "d"},
    TensorRule{"ln1.b", "[transformer.]h.{}.ln_1.bias", "d"},
    TensorRule{"W_Q", "[transformer.]h.{}.attn.c_attn.weight", "d (3 h e)", 0},
    TensorRule{"W_K", "[transformer.]h.{}.attn.c_attn.weight", "d (3 g e)", 1},
    TensorRule{"W_V", "[transformer.]h.{}.attn.c_attn.weight", "d (3 g e)", 2},
    TensorRule{"b_Q", "[transformer.]h.{}.attn.c_attn.bias", "(3 h e)", 0},
    TensorRule{"b_K", "[transformer.]h.{}.attn.c_attn.bias", "(3 g e)", 1},
    TensorRule{"b_V", "[transformer.]h.{}.attn.c_attn.bias", "(3 g e)", 2},
    TensorRule{"W_O", "[transformer.]h.{}.attn.c_proj.weight", "(h e) d"},
    TensorRule{"b_O", "[transformer.]h.{}.attn.c_proj.bias", "d"},
    TensorRule{"ln2.w", "[transformer.]h.{}.ln_2.weight", "d"},
    TensorRule{"ln2.b", "[transformer.]h.{}.ln_2.bias", "d"},
    TensorRule{"W_in", "[transformer.]h.{}.mlp.c_fc.weight", "d m"},
    TensorRule{"b_in", "[transformer.]h.{}.mlp.c_fc.bias", "m"},
    TensorRule{"W_out", "[transformer.]h.{}.mlp.c_proj.weight", "m d"},
    TensorRule{"b_out", "[transformer.]h.{}.mlp.c_proj.bias", "d"},
    TensorRule{"ln_final.w", "[transformer.]ln_f.weight", "d"},
    TensorRule{"ln_final.b", "[transformer.]ln_f.bias", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
};

constexpr std::array<std::string_view, 2> masks{"[transformer.]h.{}.attn.bias",
                                                "[transformer.]h.{}.attn.masked_bias"};

ConfigReading config(const Json& json, const HasTensor& /*has*/) {
    refuse(json, "add_cross_attention", "cross-attention is not supported");
    ConfigReading reading;
    Config& c = reading.config;
    c.n_layers = json.count("n_layer");
    c.n_heads = c.n_kv_heads = json.count("n_head");
    c.d_model = json.count("n_embd");
    require(c.d_model % c.n_heads == 0, ErrorKind::Unsupported, "{}: n_embd={} is no multiple of n_head={}",
            json.where(), c.d_model, c.n_heads);
    c.d_head = c.d_model / c.n_heads;
    c.d_mlp = json.count("n_inner", 4 * std::min(c.d_model, 1 << 26));
    c.n_ctx = json.has("n_positions") ? json.count("n_positions") : json.count("n_ctx");
    c.d_vocab = json.count("vocab_size");
    c.positions = Positions::Learned;
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_epsilon");
    c.activation = read_activation(json, "activation_function");
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    if (!json.boolean("scale_attn_weights", true)) c.attention_scale = 1.0;
    c.scale_by_inverse_layer = json.boolean("scale_attn_by_inverse_layer_idx", false);
    return reading;
}

}  // namespace

const Architecture gpt2{"gpt2", "GPT2LMHeadModel", tensors, masks, config};

}  // namespace headway
