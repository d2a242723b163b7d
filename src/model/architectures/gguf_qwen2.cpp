// Qwen 2 and 2.5 in a GGUF file.
// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.hpp"

namespace headway::architectures::gguf_qwen2 {

namespace {

ConfigReading config(const Json& metadata, const FileTensors& file) {
    Config c = read_gguf_llama_like(metadata, file, Activation::Silu);
    c.biases.query_key_value = true;
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "qwen2",
                                       .tensors = gguf_plain,
                                       .ignored = gguf_tables,
                                       .config = config,
                                       .source = ConfigSource::Gguf};

}  // namespace headway::architectures::gguf_qwen2
