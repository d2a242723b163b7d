// Mistral: Llama with, in its first version, local attention in every layer.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::mistral {

namespace {

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    const bool full = json.contains("sliding_window") && !json.has("sliding_window");  // null
    if (!full) set_windows(c, std::vector<bool>(c.n_layers, true), json.count("sliding_window", 4096));
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "mistral",
                                       .other_names = "MistralForCausalLM MistralModel",
                                       .tensors = llama_tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling sliding_window"};

}  // namespace headway::architectures::mistral
