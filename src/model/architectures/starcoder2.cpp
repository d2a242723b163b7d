// StarCoder 2: Llama's attention with LayerNorm, biases everywhere and a plain MLP; local attention in some.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::starcoder2 {

namespace {

constexpr std::array more{
    TensorRule{"ln1.b", "[model.]layers.{}.input_layernorm.bias", "d"},
    TensorRule{"ln2.b", "[model.]layers.{}.post_attention_layernorm.bias", "d"},
    TensorRule{"ln_final.b", "[model.]norm.bias", "d"},
    TensorRule{"W_in", "[model.]layers.{}.mlp.c_fc.weight", "m d"},
    TensorRule{"W_out", "[model.]layers.{}.mlp.c_proj.weight", "d m"},
    TensorRule{"b_in", "[model.]layers.{}.mlp.c_fc.bias", "m"},
    TensorRule{"b_out", "[model.]layers.{}.mlp.c_proj.bias", "d"},
};
constexpr std::array tensors = joined(more, llama_tensors);

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file);
    c.positions = Positions::Rotary;
    c.rotary = read_rotary(json, c);
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("norm_epsilon", 1e-5);
    c.activation = read_activation(json, "hidden_act");
    const bool bias = json.boolean("use_bias", true);
    c.biases = {.query_key_value = bias, .attention_out = bias, .mlp = bias, .norm = true};
    const auto everywhere = [](const Json& j, int) { return j.has("sliding_window"); };
    set_windows(c, read_local_layers(json, c, everywhere), json.count("sliding_window", 1));
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "starcoder2",
                                       .other_names = "Starcoder2ForCausalLM Starcoder2Model",
                                       .tensors = tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling sliding_window"};

}  // namespace headway::architectures::starcoder2
