// Falcon: attention and MLP in parallel. One tensor has, for every key-value head, its query heads, its key
// and its value: with one key-value head that is all queries, a key and a value (7B), with as many as queries
// three a head (RW), else the new decoder (40B, 180B), which has a norm for each branch.
// SPDX-License-Identifier: Apache-2.0
#include "model/bloom.hpp"
#include "model/features.hpp"

namespace headway::architectures::falcon {

namespace {

constexpr std::array tensors = joined(
    bloom_tensors,
    std::array{
        TensorRule{"ln1.w", "[transformer.]h.{}.ln_attn.weight", "d"},
        TensorRule{"ln1.b", "[transformer.]h.{}.ln_attn.bias", "d"},
        TensorRule{"W_Q", "[transformer.]h.{}.self_attention.query_key_value.weight", "(g r+1+1 e) d", 0},
        TensorRule{"W_K", "[transformer.]h.{}.self_attention.query_key_value.weight", "(g r+1+1 e) d", 1},
        TensorRule{"W_V", "[transformer.]h.{}.self_attention.query_key_value.weight", "(g r+1+1 e) d", 2},
        TensorRule{"b_Q", "[transformer.]h.{}.self_attention.query_key_value.bias", "(g r+1+1 e)", 0},
        TensorRule{"b_K", "[transformer.]h.{}.self_attention.query_key_value.bias", "(g r+1+1 e)", 1},
        TensorRule{"b_V", "[transformer.]h.{}.self_attention.query_key_value.bias", "(g r+1+1 e)", 2},
        TensorRule{"ln2.w", "[transformer.]h.{}.ln_mlp.weight", "d"},
        TensorRule{"ln2.b", "[transformer.]h.{}.ln_mlp.bias", "d"},
    });

ConfigReading config(const Json& json, const FileTensors& file) {
    refuse(json, "alibi", "Falcon's ALiBi, whose slopes are divided by sqrt(d_head), is not supported");
    Config c = read_sizes(json, file,
                          {.layers = "num_hidden_layers n_layer",
                           .heads = "num_attention_heads n_head",
                           .d_mlp = "ffn_hidden_size",
                           .d_mlp_is_optional = true,
                           .default_ctx = 2048});
    const bool new_decoder = json.boolean("new_decoder_architecture", false);
    const bool one_key = json.boolean("multi_query", true);
    c.n_kv_heads = new_decoder ? read_count(json, "num_kv_heads n_head_kv", c.n_heads)
                   : one_key   ? 1
                               : c.n_heads;
    c.positions = Positions::Rotary;
    c.rotary = read_rotary(json, c);
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_epsilon");
    c.activation = json.has("activation") ? read_activation(json, "activation") : Activation::Gelu;
    c.parallel_block = new_decoder || json.boolean("parallel_attn", true);
    const bool two_norms = new_decoder && json.count("num_ln_in_parallel_attn", 2) == 2;
    c.shared_norm = c.parallel_block && !two_norms;
    const bool bias = json.boolean("bias", false);
    c.biases = {.query_key_value = bias, .attention_out = bias, .mlp = bias, .norm = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    return {c};
}

}  // namespace

extern const Architecture architecture{
    .name = "falcon",
    .other_names = "FalconForCausalLM FalconModel RefinedWebModel RWForCausalLM",
    .tensors = tensors,
    .config = config,
    .features = "rope_scaling alibi"};

}  // namespace headway::architectures::falcon
