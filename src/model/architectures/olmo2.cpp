// OLMo 2: Llama with the norms behind the branches instead of in front of them, and norms over all queries
// and all keys of a layer.
// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

namespace headway::architectures::olmo2 {

namespace {

constexpr std::array behind{
    TensorRule{"ln1_post.w", "[model.]layers.{}.post_attention_layernorm.weight", "d"},
    TensorRule{"ln2_post.w", "[model.]layers.{}.post_feedforward_layernorm.weight", "d"}};
constexpr TensorRule query_norm{"q_norm.w", "[model.]layers.{}.self_attn.q_norm.weight", "(h e)"};
constexpr TensorRule key_norm{"k_norm.w", "[model.]layers.{}.self_attn.k_norm.weight", "(g e)"};
constexpr std::array tensors = joined(with_rule(with_rule(llama_tensors, query_norm), key_norm), behind);

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_llama_like(json, file);
    c.norm_placement = NormPlacement::After;
    c.query_key_norm = QueryKeyNorm::Layer;
    const bool bias = json.boolean("attention_bias", false);
    c.biases = {.query_key_value = bias, .attention_out = bias};
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "olmo2",
                                       .other_names = "Olmo2ForCausalLM Olmo2Model",
                                       .tensors = tensors,
                                       .ignored = rotary_tables,
                                       .config = config,
                                       .features = "rope_scaling attention_bias"};

}  // namespace headway::architectures::olmo2
