// SmolLM 3: Llama with layers whose queries and keys are not rotated, every fourth unless the config says
// which.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

#include "headway/base/text.hpp"

namespace headway::architectures::smollm3 {

namespace {

/// `no_rope_layers` has 1 for a layer that is rotated.
bool is_rotated(const Json& json, int layer) {
    if (!json.has("no_rope_layers")) return (layer + 1) % json.count("no_rope_layer_interval", 4) != 0;
    return json.at("no_rope_layers").at(static_cast<std::size_t>(layer)).integer() != 0;
}

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    c.rotary = read_rotary(json, c, {.default_theta = 2e6});
    const bool attention = json.boolean("attention_bias", false);
    const bool mlp = json.boolean("mlp_bias", false);
    c.biases = {.query_key_value = attention, .attention_out = attention, .mlp = mlp, .gate = mlp};
    const bool slides = json.boolean("use_sliding_window", false) && json.has("sliding_window");
    const auto none = [](const Json&, int) { return false; };
    const std::vector<bool> local = read_local_layers(json, c, none);
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const bool here = slides && local[static_cast<std::size_t>(layer)];
        c.layer_attention.push_back(
            {here ? json.count("sliding_window") : 0, is_rotated(json, layer) ? c.rotary : Rotary{}});
    }
    return {c};
}

}  // namespace

extern const Architecture architecture{
    .name = "smollm3",
    .other_names = "SmolLM3ForCausalLM SmolLM3Model",
    .tensors = llama_tensors,
    .ignored = rotary_tables,
    .config = config,
    .features = "rope_scaling attention_bias mlp_bias sliding_window use_sliding_window no_rope_layers"};

}  // namespace headway::architectures::smollm3
