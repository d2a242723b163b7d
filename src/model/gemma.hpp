// What Gemma 2 and 3 share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/hugging_face.hpp"

namespace headway {

/// Gemma's tensors with a norm behind each branch: `post_attention_layernorm` is Llama's name for another
/// one.
inline constexpr std::array gemma_tensors = with_gains_plus_one(
    joined(with_rule(llama_tensors, {"ln2.w", "[model.]layers.{}.pre_feedforward_layernorm.weight", "d"}),
           std::array{TensorRule{"ln1_post.w", "[model.]layers.{}.post_attention_layernorm.weight", "d"},
                      TensorRule{"ln2_post.w", "[model.]layers.{}.post_feedforward_layernorm.weight", "d"}}));

/// Sizes, norms and scales. The configs of multimodal models leave out what has its usual value.
Config read_gemma_like(const Json& config, const FileTensors& file);

}  // namespace headway
