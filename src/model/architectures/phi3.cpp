// Phi 3 and 4: Llama with queries, keys and values in one tensor, gate and MLP input in another.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::phi3 {

namespace {

constexpr std::array fused{
    TensorRule{"W_Q", "[model.]layers.{}.self_attn.qkv_proj.weight", "(h+g+g e) d", 0},
    TensorRule{"W_K", "[model.]layers.{}.self_attn.qkv_proj.weight", "(h+g+g e) d", 1},
    TensorRule{"W_V", "[model.]layers.{}.self_attn.qkv_proj.weight", "(h+g+g e) d", 2},
    TensorRule{"W_gate", "[model.]layers.{}.mlp.gate_up_proj.weight", "(2 m) d", 0},
    TensorRule{"W_in", "[model.]layers.{}.mlp.gate_up_proj.weight", "(2 m) d", 1},
};
constexpr std::array tensors = joined(fused, llama_tensors);

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    const auto everywhere = [](const Json& j, int) { return j.has("sliding_window"); };
    set_windows(c, read_local_layers(json, c, everywhere), json.count("sliding_window", 1));
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "phi3",
                                       .other_names = "Phi3ForCausalLM Phi3Model",
                                       .tensors = tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling sliding_window"};

}  // namespace headway::architectures::phi3
