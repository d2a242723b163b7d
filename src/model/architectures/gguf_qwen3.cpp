// Qwen 3 in a GGUF file.
// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.hpp"

namespace headway::architectures {

namespace {

ConfigReading config(const Json& metadata, const FileTensors& file) {
    Config c = read_gguf(metadata, file);
    c.positions = Positions::Rotary;
    c.rotary = read_gguf_rotary(metadata, c, file);
    c.activation = Activation::Silu;
    c.gated_mlp = true;
    c.query_key_norm = QueryKeyNorm::Head;
    return {c};
}

}  // namespace

extern const Architecture gguf_qwen3{.name = "qwen3",
                                     .tensors = gguf_plain,
                                     .ignored = gguf_tables,
                                     .config = config,
                                     .source = ConfigSource::Gguf};

}  // namespace headway::architectures
