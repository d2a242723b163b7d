// Qwen 3: Llama with a norm of every query and key, whose gain all heads share; its upper layers may attend
// locally.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::qwen3 {

namespace {

bool upper(const Json& json, int layer) {
    const bool full = json.contains("sliding_window") && !json.has("sliding_window");  // null
    return json.boolean("use_sliding_window", false) && !full &&
           layer >= json.integer("max_window_layers", 28);
}

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    c.d_head = json.count("head_dim", 128);
    c.rotary = read_rotary(json, c);
    c.query_key_norm = QueryKeyNorm::Head;
    const bool bias = json.boolean("attention_bias", false);
    c.biases = {.query_key_value = bias, .attention_out = bias};
    set_windows(c, read_local_layers(json, c, upper), json.count("sliding_window", 4096));
    return {c};
}

}  // namespace

extern const Architecture architecture{
    .name = "qwen3",
    .other_names = "Qwen3ForCausalLM Qwen3Model",
    .tensors = llama_tensors,
    .ignored = rotary_tables,
    .config = config,
    .features = "rope_scaling attention_bias sliding_window use_sliding_window"};

}  // namespace headway::architectures::qwen3
