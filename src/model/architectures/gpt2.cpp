// GPT-2 as Hugging Face saves it (GPT2LMHeadModel, GPT2Model, DistilGPT-2).
// SPDX-License-Identifier: Apache-2.0
#include "model/gpt2.hpp"

namespace headway::architectures::gpt2 {

namespace {

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file,
                          {.layers = "n_layer",
                           .heads = "n_head",
                           .d_model = "n_embd",
                           .d_mlp = "n_inner",
                           .n_ctx = "n_positions n_ctx",
                           .d_mlp_is_optional = true});
    c.positions = Positions::Learned;
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_epsilon");
    c.activation = read_activation(json, "activation_function");
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    if (!json.boolean("scale_attn_weights", true)) c.attention_scale = 1.0;
    c.scale_by_inverse_layer = json.boolean("scale_attn_by_inverse_layer_idx", false);
    return {.config = c, .tensors = gpt2_tensors(c, file)};
}

}  // namespace

extern const Architecture architecture{.name = "gpt2",
                                       .other_names = "GPT2LMHeadModel GPT2Model",
                                       .tensors = gpt2_conv1d,
                                       .ignored = gpt2_masks,
                                       .config = config};

}  // namespace headway::architectures::gpt2
