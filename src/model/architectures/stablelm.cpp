// StableLM: Llama with LayerNorm, a part of each head rotated and, in some, attention and MLP in parallel
// behind one norm.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::stablelm {

namespace {

constexpr std::array tensors = joined(
    llama_tensors, std::array{TensorRule{"ln1.b", "[model.]layers.{}.input_layernorm.bias", "d"},
                              TensorRule{"ln2.b", "[model.]layers.{}.post_attention_layernorm.bias", "d"},
                              TensorRule{"ln_final.b", "[model.]norm.bias", "d"}});

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_sizes(json, file);
    c.positions = Positions::Rotary;
    c.rotary = read_rotary(json, c, {.part = "partial_rotary_factor rope_pct", .default_part = 0.25});
    c.norm = Norm::LayerNorm;
    c.norm_eps = read_positive(json, "layer_norm_eps norm_eps", 1e-5);
    c.activation = read_activation(json, "hidden_act");
    c.gated_mlp = true;
    c.parallel_block = c.shared_norm = json.boolean("use_parallel_residual", false);
    c.biases = {.query_key_value = json.boolean("use_qkv_bias", false), .norm = true};
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "stablelm",
                                       .other_names = "StableLmForCausalLM StableLmModel",
                                       .tensors = tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling use_parallel_residual"};

}  // namespace headway::architectures::stablelm
