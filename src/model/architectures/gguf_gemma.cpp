// Gemma 1 in a GGUF file: the converter added 1 to the gains, and embeddings are scaled when they are read.
// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.hpp"

#include <cmath>

namespace headway::architectures::gguf_gemma {

namespace {

ConfigReading config(const Json& metadata, const FileTensors& file) {
    Config c = read_gguf_llama_like(metadata, file, Activation::GeluNew);
    c.embed_scale = std::sqrt(static_cast<double>(c.d_model));
    return {c};
}

}  // namespace

extern const Architecture architecture{.name = "gemma",
                                       .tensors = gguf_plain,
                                       .ignored = gguf_tables,
                                       .config = config,
                                       .source = ConfigSource::Gguf};

}  // namespace headway::architectures::gguf_gemma
