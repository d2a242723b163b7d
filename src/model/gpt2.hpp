// GPT-2's tensors in both of their layouts: Conv1D, [in, out], as Hugging Face saves it, and Linear, [out,
// in], as nanoGPT does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/hugging_face.hpp"

namespace headway {

inline constexpr std::array gpt2_vectors{
    TensorRule{"W_E", "[transformer.]wte.weight", "v d"},
    TensorRule{"W_pos", "[transformer.]wpe.weight", "p d"},
    TensorRule{"ln1.w", "[transformer.]h.{}.ln_1.weight", "d"},
    TensorRule{"ln1.b", "[transformer.]h.{}.ln_1.bias", "d"},
    TensorRule{"b_Q", "[transformer.]h.{}.attn.c_attn.bias", "(3 h e)", 0},
    TensorRule{"b_K", "[transformer.]h.{}.attn.c_attn.bias", "(3 g e)", 1},
    TensorRule{"b_V", "[transformer.]h.{}.attn.c_attn.bias", "(3 g e)", 2},
    TensorRule{"b_O", "[transformer.]h.{}.attn.c_proj.bias", "d"},
    TensorRule{"ln2.w", "[transformer.]h.{}.ln_2.weight", "d"},
    TensorRule{"ln2.b", "[transformer.]h.{}.ln_2.bias", "d"},
    TensorRule{"b_in", "[transformer.]h.{}.mlp.c_fc.bias", "m"},
    TensorRule{"b_out", "[transformer.]h.{}.mlp.c_proj.bias", "d"},
    TensorRule{"ln_final.w", "[transformer.]ln_f.weight", "d"},
    TensorRule{"ln_final.b", "[transformer.]ln_f.bias", "d"},
    TensorRule{"W_U", "lm_head.weight", "v d"},
};

inline constexpr std::array gpt2_conv1d =
    joined(gpt2_vectors, std::array{
                             TensorRule{"W_Q", "[transformer.]h.{}.attn.c_attn.weight", "d (3 h e)", 0},
                             TensorRule{"W_K", "[transformer.]h.{}.attn.c_attn.weight", "d (3 g e)", 1},
                             TensorRule{"W_V", "[transformer.]h.{}.attn.c_attn.weight", "d (3 g e)", 2},
                             TensorRule{"W_O", "[transformer.]h.{}.attn.c_proj.weight", "(h e) d"},
                             TensorRule{"W_in", "[transformer.]h.{}.mlp.c_fc.weight", "d m"},
                             TensorRule{"W_out", "[transformer.]h.{}.mlp.c_proj.weight", "m d"},
                         });

inline constexpr std::array gpt2_linear =
    joined(gpt2_vectors, std::array{
                             TensorRule{"W_Q", "[transformer.]h.{}.attn.c_attn.weight", "(3 h e) d", 0},
                             TensorRule{"W_K", "[transformer.]h.{}.attn.c_attn.weight", "(3 g e) d", 1},
                             TensorRule{"W_V", "[transformer.]h.{}.attn.c_attn.weight", "(3 g e) d", 2},
                             TensorRule{"W_O", "[transformer.]h.{}.attn.c_proj.weight", "d (h e)"},
                             TensorRule{"W_in", "[transformer.]h.{}.mlp.c_fc.weight", "m d"},
                             TensorRule{"W_out", "[transformer.]h.{}.mlp.c_proj.weight", "d m"},
                         });

inline constexpr std::array<std::string_view, 2> gpt2_masks{"[transformer.]h.{}.attn.bias",
                                                            "[transformer.]h.{}.attn.masked_bias"};

/// The layout of all weights, told by c_attn, which is never square; c_proj is, and alone says nothing.
/// Empty: neither.
inline std::span<const TensorRule> gpt2_tensors(const Config& c, const FileTensors& file) {
    const auto shape = file.shape("[transformer.]h.{}.attn.c_attn.weight");
    const std::int64_t d = c.d_model;
    if (shape == std::vector<std::int64_t>{d, 3 * d}) return gpt2_conv1d;
    if (shape == std::vector<std::int64_t>{3 * d, d}) return gpt2_linear;
    return {};
}

}  // namespace headway
