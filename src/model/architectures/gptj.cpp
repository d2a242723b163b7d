// GPT-J: attention and MLP in parallel behind one norm, and pairs of neighbouring dimensions rotated.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::gptj {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "[transformer.]wte.weight", "v d"},
    TensorRule{"ln1.w", "[transformer.]h.{}.ln_1.weight", "d"},
    TensorRule{"ln1.b", "[transformer.]h.{}.ln_1.bias", "d"},
    TensorRule{"W_Q", "[transformer.]h.{}.attn.q_proj.weight", "(h e) d"},
    TensorRule{"W_K", "[transformer.]h.{}.attn.k_proj.weight", "(g e) d"},
    TensorRule{"W_V", "[transformer.]h.{}.attn.v_proj.weight", "(g e) d"},
    TensorRule{"W_O", "[transformer.]h.{}.attn.out_proj.weight", "d (h e)"},
    TensorRule{"W_in", "[transformer.]h.{}.mlp.fc_in.weight", "m d"},
    TensorRule{"b_in", "[transformer.]h.{}.mlp.fc_in.bias", "m"},
    TensorRule{"W_out", "[transformer.]h.{}.mlp.fc_out.weight", "d m"},
    TensorRule{"b_out", "[transformer.]h.{}.mlp.fc_out.bias", "d"},
    TensorRule{"ln_final.w", "[transformer.]ln_f.weight", "d"},
    TensorRule{"ln_final.b", "[transformer.]ln_f.bias", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
    TensorRule{"b_U", "lm_head.bias", "v"},
};

constexpr std::array<std::string_view, 3> tables{"[transformer.]h.{}.attn.bias",
                                                 "[transformer.]h.{}.attn.masked_bias",
                                                 "[transformer.]h.{}.attn.embed_positions"};

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file,
                          {.layers = "n_layer",
                           .heads = "n_head",
                           .d_model = "n_embd",
                           .d_mlp = "n_inner",
                           .n_ctx = "n_positions",
                           .d_mlp_is_optional = true});
    c.positions = Positions::Rotary;
    c.rotary = {.dims = json.count("rotary_dim"), .adjacent_pairs = true};
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_epsilon");
    c.activation = read_activation(json, "activation_function");
    c.parallel_block = c.shared_norm = true;
    c.biases = {.mlp = true, .norm = true, .unembed = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", false);
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "gptj",
                                       .other_names = "GPTJForCausalLM GPTJModel",
                                       .tensors = tensors,
                                       .ignored = tables,
                                       .config = config};

}  // namespace headway::architectures::gptj
