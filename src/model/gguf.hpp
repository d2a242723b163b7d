// What GGUF files of llama.cpp's converters have in common: sizes as key-values, tensors named blk.N.*.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/hugging_face.hpp"

#include <string>
#include <string_view>

namespace headway {

/// Sizes, tied_unembed when there is no `output.weight`, and the norm's epsilon. Keys begin with
/// `general.architecture`.
/// Throws Error(Unsupported) also for mixtures of experts, and keys of other features than `features`.
Config read_gguf(const Json& metadata, const FileTensors& file, std::string_view features = {});

/// The rotation of all layers, scaled ones told by the table `rope_freqs.weight` among them.
Rotary read_gguf_rotary(const Json& metadata, const Config& c, const FileTensors& file);

/// The same with rotary positions and a gated MLP of this activation: what Llama and its kin have in common.
Config read_gguf_llama_like(const Json& metadata, const FileTensors& file, Activation activation,
                            std::string_view features = {});

/// A key of the file's architecture: `llama.block_count`.
std::string gguf_key(const Json& metadata, std::string_view key);

/// Llama's tensors; the rows of Q and K are in `query` and `key` layout.
constexpr std::array<TensorRule, 21> gguf_tensors(std::string_view query, std::string_view query_bias,
                                                  std::string_view key, std::string_view key_bias) {
    return {{
        {"W_E", "token_embd.weight", "v d"},
        {"ln1.w", "blk.{}.attn_norm.weight", "d"},
        {"W_Q", "blk.{}.attn_q.weight", query},
        {"W_K", "blk.{}.attn_k.weight", key},
        {"W_V", "blk.{}.attn_v.weight", "(g e) d"},
        {"W_O", "blk.{}.attn_output.weight", "d (h e)"},
        {"b_Q", "blk.{}.attn_q.bias", query_bias},
        {"b_K", "blk.{}.attn_k.bias", key_bias},
        {"b_V", "blk.{}.attn_v.bias", "(g e)"},
        {"b_O", "blk.{}.attn_output.bias", "d"},
        {"q_norm.w", "blk.{}.attn_q_norm.weight", "e"},
        {"k_norm.w", "blk.{}.attn_k_norm.weight", "e"},
        {"ln2.w", "blk.{}.ffn_norm.weight", "d"},
        {"W_gate", "blk.{}.ffn_gate.weight", "m d"},
        {"W_in", "blk.{}.ffn_up.weight", "m d"},
        {"W_out", "blk.{}.ffn_down.weight", "d m"},
        {"b_gate", "blk.{}.ffn_gate.bias", "m"},
        {"b_in", "blk.{}.ffn_up.bias", "m"},
        {"b_out", "blk.{}.ffn_down.bias", "d"},
        {"ln_final.w", "output_norm.weight", "d"},
        {"W_U", "output.weight", "v d"},
    }};
}

/// As Hugging Face has them.
inline constexpr std::array gguf_plain = gguf_tensors("(h e) d", "(h e)", "(g e) d", "(g e)");
/// Rotated pairs side by side, as llama.cpp's converter leaves those of Llama.
inline constexpr std::array gguf_permuted = gguf_tensors("(h i j) d", "(h i j)", "(g i j) d", "(g i j)");

inline constexpr std::array<std::string_view, 1> gguf_tables{"rope_freqs.weight"};

}  // namespace headway
