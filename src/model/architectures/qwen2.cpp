// Qwen 2 and 2.5: Llama with biases of queries, keys and values; its upper layers may attend locally.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::qwen2 {

namespace {

bool upper(const Json& json, int layer) {
    const bool full = json.contains("sliding_window") && !json.has("sliding_window");  // null
    return json.boolean("use_sliding_window", false) && !full &&
           layer >= json.integer("max_window_layers", 28);
}

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    c.biases.query_key_value = true;
    set_windows(c, read_local_layers(json, c, upper), json.count("sliding_window", 4096));
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "qwen2",
                                       .other_names = "Qwen2ForCausalLM Qwen2Model",
                                       .tensors = llama_tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling sliding_window use_sliding_window"};

}  // namespace headway::architectures::qwen2
