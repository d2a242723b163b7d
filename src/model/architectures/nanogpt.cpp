// nanoGPT: GPT-2 whose weights are Linear, [out, in], with or without biases. Its config has the keys of
// GPTConfig.
// SPDX-License-Identifier: Apache-2.0
#include "model/gpt2.hpp"

namespace headway::architectures::nanogpt {

namespace {

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file,
                          {.layers = "n_layer",
                           .heads = "n_head",
                           .d_model = "n_embd",
                           .d_mlp = "n_inner",
                           .n_ctx = "block_size",
                           .d_mlp_is_optional = true});
    c.positions = Positions::Learned;
    c.norm = Norm::LayerNorm;
    c.activation =
        json.has("activation_function") ? read_activation(json, "activation_function") : Activation::Gelu;
    const bool bias = json.boolean("bias", true);
    c.biases = {.query_key_value = bias, .attention_out = bias, .mlp = bias, .norm = bias};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    return {.config = c, .tensors = gpt2_tensors(c, file)};
}

}  // namespace

extern const Architecture architecture{
    .name = "nanogpt", .tensors = gpt2_linear, .ignored = gpt2_masks, .config = config, .key = "block_size"};

}  // namespace headway::architectures::nanogpt
