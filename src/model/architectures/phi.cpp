// Phi 1, 1.5 and 2: attention and MLP in parallel behind one norm, a part of each head rotated, biases
// everywhere.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::phi {

namespace {

constexpr std::array more{
    TensorRule{"W_O", "[model.]layers.{}.self_attn.dense.weight", "d (h e)"},
    TensorRule{"b_O", "[model.]layers.{}.self_attn.dense.bias", "d"},
    TensorRule{"ln1.b", "[model.]layers.{}.input_layernorm.bias", "d"},
    TensorRule{"W_in", "[model.]layers.{}.mlp.fc1.weight", "m d"},
    TensorRule{"b_in", "[model.]layers.{}.mlp.fc1.bias", "m"},
    TensorRule{"W_out", "[model.]layers.{}.mlp.fc2.weight", "d m"},
    TensorRule{"b_out", "[model.]layers.{}.mlp.fc2.bias", "d"},
    TensorRule{"ln_final.w", "[model.]final_layernorm.weight", "d"},
    TensorRule{"ln_final.b", "[model.]final_layernorm.bias", "d"},
    TensorRule{"b_U", "lm_head.bias", "v"},
};
constexpr std::array tensors = joined(more, llama_tensors);

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file);
    c.positions = Positions::Rotary;
    c.rotary = read_rotary(json, c, {.default_part = 0.5});
    c.norm = Norm::LayerNorm;
    c.norm_eps = json.positive("layer_norm_eps", 1e-5);
    c.activation = read_activation(json, "hidden_act");
    c.parallel_block = c.shared_norm = true;
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true, .unembed = true};
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "phi",
                                       .other_names = "PhiForCausalLM PhiModel",
                                       .tensors = tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling"};

}  // namespace headway::architectures::phi
