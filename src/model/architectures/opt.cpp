// OPT: GPT-2's shape with ReLU; the first two rows of its position table are no positions.
// SPDX-License-Identifier: Apache-2.0
#include "model/features.hpp"
#include "model/hugging_face.hpp"

namespace headway::architectures::opt {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "[decoder.]embed_tokens.weight", "v d"},
    TensorRule{"W_pos", "[decoder.]embed_positions.weight", "2+p d", 1},
    TensorRule{"ln1.w", "[decoder.]layers.{}.self_attn_layer_norm.weight", "d"},
    TensorRule{"ln1.b", "[decoder.]layers.{}.self_attn_layer_norm.bias", "d"},
    TensorRule{"W_Q", "[decoder.]layers.{}.self_attn.q_proj.weight", "(h e) d"},
    TensorRule{"W_K", "[decoder.]layers.{}.self_attn.k_proj.weight", "(g e) d"},
    TensorRule{"W_V", "[decoder.]layers.{}.self_attn.v_proj.weight", "(g e) d"},
    TensorRule{"W_O", "[decoder.]layers.{}.self_attn.out_proj.weight", "d (h e)"},
    TensorRule{"b_Q", "[decoder.]layers.{}.self_attn.q_proj.bias", "(h e)"},
    TensorRule{"b_K", "[decoder.]layers.{}.self_attn.k_proj.bias", "(g e)"},
    TensorRule{"b_V", "[decoder.]layers.{}.self_attn.v_proj.bias", "(g e)"},
    TensorRule{"b_O", "[decoder.]layers.{}.self_attn.out_proj.bias", "d"},
    TensorRule{"ln2.w", "[decoder.]layers.{}.final_layer_norm.weight", "d"},
    TensorRule{"ln2.b", "[decoder.]layers.{}.final_layer_norm.bias", "d"},
    TensorRule{"W_in", "[decoder.]layers.{}.fc1.weight", "m d"},
    TensorRule{"b_in", "[decoder.]layers.{}.fc1.bias", "m"},
    TensorRule{"W_out", "[decoder.]layers.{}.fc2.weight", "d m"},
    TensorRule{"b_out", "[decoder.]layers.{}.fc2.bias", "d"},
    TensorRule{"ln_final.w", "[decoder.]final_layer_norm.weight", "d"},
    TensorRule{"ln_final.b", "[decoder.]final_layer_norm.bias", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
};

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file, {.d_mlp = "ffn_dim"});
    const int projected = json.count("word_embed_proj_dim", c.d_model);
    require(projected == c.d_model, ErrorKind::Unsupported,
            "{} is {}, hidden_size is {}: projected embeddings (OPT-350m) are not supported",
            where(json, "word_embed_proj_dim"), projected, c.d_model);
    require(json.boolean("do_layer_norm_before", true), ErrorKind::Unsupported,
            "{} is false: norms behind the sums (OPT-350m) are not supported",
            where(json, "do_layer_norm_before"));
    c.positions = Positions::Learned;
    c.norm = Norm::LayerNorm;
    c.final_norm = !json.boolean("_remove_final_layer_norm", false);
    c.activation = read_activation(json, "activation_function");
    const bool bias = json.boolean("enable_bias", true);
    const bool affine = json.boolean("layer_norm_elementwise_affine", true);
    c.biases = {.query_key_value = bias, .attention_out = bias, .mlp = bias, .norm = affine};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    return {.config = c, .unit_gains = !affine};
}

}  // namespace

extern const Architecture architecture{.name = "opt",
                                       .other_names = "OPTForCausalLM OPTModel",
                                       .tensors = tensors,
                                       .config = config,
                                       .wrappers = "model."};

}  // namespace headway::architectures::opt
