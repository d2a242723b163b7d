// Llama in a GGUF file (also Mistral, SmolLM, TinyLlama, Yi). The converter put rotated pairs side by side:
// undone.
// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.hpp"

namespace headway::architectures::gguf_llama {

namespace {

ConfigReading config(const Json& metadata, const FileTensors& file) {
    Config c = read_gguf_llama_like(metadata, file, Activation::Silu, "attention.sliding_window");
    const bool mlp = file.has("blk.{}.ffn_up.bias");
    c.biases = {.query_key_value = file.has("blk.{}.attn_q.bias"),
                .attention_out = file.has("blk.{}.attn_output.bias"),
                .mlp = mlp,
                .gate = mlp};
    const std::string window = gguf_key(metadata, "attention.sliding_window");
    if (metadata.integer(window, 0) > 0)
        set_windows(c, std::vector<bool>(static_cast<std::size_t>(c.n_layers), true), metadata.count(window));
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "llama",
                                       .tensors = gguf_permuted,
                                       .ignored = gguf_tables,
                                       .config = config,
                                       .source = ConfigSource::Gguf};

}  // namespace headway::architectures::gguf_llama
