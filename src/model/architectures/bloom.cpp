// BLOOM: ALiBi, a norm behind the embedding, queries, keys and values of a head side by side in one tensor.
// SPDX-License-Identifier: Apache-2.0
#include "model/bloom.hpp"
#include "model/features.hpp"

namespace headway::architectures::bloom {

namespace {

constexpr std::array tensors =
    joined(bloom_tensors,
           std::array{
               TensorRule{"ln_embed.w", "[transformer.]word_embeddings_layernorm.weight", "d"},
               TensorRule{"ln_embed.b", "[transformer.]word_embeddings_layernorm.bias", "d"},
               TensorRule{"W_Q", "[transformer.]h.{}.self_attention.query_key_value.weight", "(h 3 e) d", 0},
               TensorRule{"W_K", "[transformer.]h.{}.self_attention.query_key_value.weight", "(g 3 e) d", 1},
               TensorRule{"W_V", "[transformer.]h.{}.self_attention.query_key_value.weight", "(g 3 e) d", 2},
               TensorRule{"b_Q", "[transformer.]h.{}.self_attention.query_key_value.bias", "(h 3 e)", 0},
               TensorRule{"b_K", "[transformer.]h.{}.self_attention.query_key_value.bias", "(g 3 e)", 1},
               TensorRule{"b_V", "[transformer.]h.{}.self_attention.query_key_value.bias", "(g 3 e)", 2},
           });

ConfigReading config(const Json& json, const FileTensors& file) {
    refuse(json, "apply_residual_connection_post_layernorm", "a stream of normed values is not supported");
    Config c = read_sizes(json, file,
                          {.layers = "n_layer num_hidden_layers",
                           .heads = "n_head num_attention_heads",
                           .d_model = "hidden_size n_embed",
                           .d_mlp = "n_inner",
                           .n_ctx = "seq_length",
                           .d_mlp_is_optional = true,
                           .default_ctx = 2048});
    c.positions = Positions::Alibi;
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_epsilon");
    c.embed_norm = true;
    c.activation = Activation::GeluNew;
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    return {c};
}

}  // namespace

extern const Architecture architecture{
    .name = "bloom", .other_names = "BloomForCausalLM BloomModel", .tensors = tensors, .config = config};

}  // namespace headway::architectures::bloom
