// BLOOM's tensors but for its queries, keys and values: Falcon took the names over.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/hugging_face.hpp"

namespace headway {

inline constexpr std::array bloom_tensors{
    TensorRule{"W_E", "[transformer.]word_embeddings.weight", "v d"},
    TensorRule{"ln1.w", "[transformer.]h.{}.input_layernorm.weight", "d"},
    TensorRule{"ln1.b", "[transformer.]h.{}.input_layernorm.bias", "d"},
    TensorRule{"W_O", "[transformer.]h.{}.self_attention.dense.weight", "d (h e)"},
    TensorRule{"b_O", "[transformer.]h.{}.self_attention.dense.bias", "d"},
    TensorRule{"ln2.w", "[transformer.]h.{}.post_attention_layernorm.weight", "d"},
    TensorRule{"ln2.b", "[transformer.]h.{}.post_attention_layernorm.bias", "d"},
    TensorRule{"W_in", "[transformer.]h.{}.mlp.dense_h_to_4h.weight", "m d"},
    TensorRule{"b_in", "[transformer.]h.{}.mlp.dense_h_to_4h.bias", "m"},
    TensorRule{"W_out", "[transformer.]h.{}.mlp.dense_4h_to_h.weight", "d m"},
    TensorRule{"b_out", "[transformer.]h.{}.mlp.dense_4h_to_h.bias", "d"},
    TensorRule{"ln_final.w", "[transformer.]ln_f.weight", "d"},
    TensorRule{"ln_final.b", "[transformer.]ln_f.bias", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
};

}  // namespace headway
