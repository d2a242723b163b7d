// Gemma 1: Llama with embeddings times sqrt(d_model), gains stored less 1 and the tanh approximation of GELU.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

#include <cmath>

namespace headway::architectures::gemma {

namespace {

constexpr std::array tensors = with_gains_plus_one(llama_tensors);

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    c.d_head = json.count("head_dim", 256);
    c.rotary = read_rotary(json, c);
    c.activation = Activation::GeluNew;  // old configs say gelu and mean this
    c.embed_scale = std::sqrt(static_cast<double>(c.d_model));
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    const bool bias = json.boolean("attention_bias", false);
    c.biases = {.query_key_value = bias, .attention_out = bias};
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "gemma",
                                       .other_names = "GemmaForCausalLM GemmaModel",
                                       .tensors = tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling attention_bias"};

}  // namespace headway::architectures::gemma
