// Qwen 3 in a GGUF file.
// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.hpp"

namespace headway::architectures::gguf_qwen3 {

namespace {

ConfigReading config(const Json& metadata, const FileTensors& file) {
    Config c = read_gguf_llama_like(metadata, file, Activation::Silu);
    c.query_key_norm = QueryKeyNorm::Head;
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "qwen3",
                                       .tensors = gguf_plain,
                                       .ignored = gguf_tables,
                                       .config = config,
                                       .source = ConfigSource::Gguf};

}  // namespace headway::architectures::gguf_qwen3
