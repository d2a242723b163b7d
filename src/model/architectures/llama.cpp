// Llama as Hugging Face saves it (Llama 1 to 3, SmolLM 1 and 2, TinyLlama, Yi): RMSNorm, rotary positions,
// grouped queries, gated MLP.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::llama {

namespace {

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    const bool attention = json.boolean("attention_bias", false);
    const bool mlp = json.boolean("mlp_bias", false);
    c.biases = {.query_key_value = attention, .attention_out = attention, .mlp = mlp, .gate = mlp};
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "llama",
                                       .other_names = "LlamaForCausalLM LlamaModel",
                                       .tensors = llama_tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling attention_bias mlp_bias"};

}  // namespace headway::architectures::llama
