// GPT-2 in a GGUF file: the converter transposed the weights to [out, in].
// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.hpp"

namespace headway::architectures::gguf_gpt2 {

namespace {

constexpr std::array fused{
    TensorRule{"W_pos", "position_embd.weight", "p d"},
    TensorRule{"ln1.b", "blk.{}.attn_norm.bias", "d"},
    TensorRule{"W_Q", "blk.{}.attn_qkv.weight", "(3 h e) d", 0},
    TensorRule{"W_K", "blk.{}.attn_qkv.weight", "(3 g e) d", 1},
    TensorRule{"W_V", "blk.{}.attn_qkv.weight", "(3 g e) d", 2},
    TensorRule{"b_Q", "blk.{}.attn_qkv.bias", "(3 h e)", 0},
    TensorRule{"b_K", "blk.{}.attn_qkv.bias", "(3 g e)", 1},
    TensorRule{"b_V", "blk.{}.attn_qkv.bias", "(3 g e)", 2},
    TensorRule{"ln2.b", "blk.{}.ffn_norm.bias", "d"},
    TensorRule{"ln_final.b", "output_norm.bias", "d"},
};
constexpr std::array tensors = joined(fused, gguf_plain);

ConfigReading config(const Json& metadata, const FileTensors& file) {
    Config c = read_gguf(metadata, file);
    c.positions = Positions::Learned;
    c.activation = Activation::GeluNew;
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true};
    return {c};
}

}  // namespace

extern const Architecture architecture{
    .name = "gpt2", .tensors = tensors, .config = config, .source = ConfigSource::Gguf};

}  // namespace headway::architectures::gguf_gpt2
