// Mistral: Llama with, in its first version, local attention in every layer.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures {

namespace {

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    const auto everywhere = [](const Json& j, int) { return j.has("sliding_window"); };
    set_windows(c, read_local_layers(json, c, everywhere), json.count("sliding_window", 1));
    return {c};
}

}  // namespace

extern const Architecture mistral{.name = "mistral",
                                  .other_names = "MistralForCausalLM MistralModel",
                                  .tensors = llama_tensors,
                                  .ignored = rotary_tables,
                                  .config = config,
                                  .features = "rope_scaling sliding_window"};

}  // namespace headway::architectures
