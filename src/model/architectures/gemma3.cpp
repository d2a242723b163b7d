// Gemma 3, the language model: Gemma 2 with norms of queries and keys instead of soft caps, five local layers
// to a full one, and another rotary base in local layers. The larger ones have their config in `text_config`,
// and a vision model beside.
// SPDX-License-Identifier: Apache-2.0
#include "model/features.hpp"
#include "model/gemma.hpp"

namespace headway::architectures::gemma3 {

namespace {

constexpr std::array<std::string_view, 4> vision{"vision_tower.*", "multi_modal_projector.*",
                                                 "model.vision_tower.*", "model.multi_modal_projector.*"};
constexpr std::string_view read_features =
    "rope_scaling attention_bias sliding_window "
    "attn_logit_softcapping final_logit_softcapping use_bidirectional_attention";

/// Every sixth layer is full.
bool local(const Json& json, int layer) {
    return (layer + 1) % read_count(json, "sliding_window_pattern _sliding_window_pattern", 6) != 0;
}

ConfigReading config(const Json& whole, const FileTensors& file) {
    const Json json = whole.find("text_config").value_or(whole);
    refuse_features(json, read_features);
    refuse(json, "use_bidirectional_attention", "bidirectional attention is not supported");
    Config c = read_gemma_like(json, file);
    c.query_key_norm = QueryKeyNorm::Head;
    c.score_cap = json.positive("attn_logit_softcapping", 0.0);
    c.logit_cap = json.positive("final_logit_softcapping", 0.0);
    c.rotary = read_rotary(json, c, {.default_theta = 1e6, .layer_type = "full_attention"});
    Rotary near = c.rotary;  // local layers: another base, and never scaled
    near.scaling = RotaryScaling::None;
    near.factor = 1.0;
    near.theta = read_positive(json, "rope_local_base_freq", 10000.0);
    if (json.has("rope_parameters") && json.at("rope_parameters").has("sliding_attention"))
        near = read_rotary(json, c, {.layer_type = "sliding_attention"});
    for (const bool here : read_local_layers(json, c, local))
        c.layer_attention.push_back({here ? json.count("sliding_window", 4096) : 0, here ? near : c.rotary});
    ConfigReading reading{c};
    if (whole.has("text_config")) reading.notes.emplace_back("the language model alone: images are left out");
    return reading;
}

}  // namespace

extern const Architecture architecture{
    .name = "gemma3",
    .other_names = "gemma3_text Gemma3ForCausalLM Gemma3ForConditionalGeneration",
    .tensors = gemma_tensors,
    .ignored = vision,
    .config = config,
    .features = read_features,
    .wrappers = "language_model. model.language_model."};

}  // namespace headway::architectures::gemma3
