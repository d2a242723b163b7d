// SPDX-License-Identifier: Apache-2.0
#include "model/gemma.hpp"

#include <cmath>

namespace headway {

Config read_gemma_like(const Json& json, const FileTensors& file) {
    Config c;
    c.n_layers = json.count("num_hidden_layers");
    check_layers(c.n_layers, json.where(), ErrorKind::Unsupported);
    c.d_model = json.count("hidden_size");
    c.d_mlp = json.count("intermediate_size");
    c.n_heads = json.count("num_attention_heads", 8);
    c.n_kv_heads = json.count("num_key_value_heads", 4);
    c.d_head = json.count("head_dim", 256);
    c.n_ctx = json.count("max_position_embeddings", 131072);
    const auto embedding = file.shape("[model.]embed_tokens.weight");
    const bool silent = !json.has("vocab_size") && embedding && embedding->size() == 2;
    c.d_vocab = silent ? static_cast<int>(embedding->front()) : json.count("vocab_size");
    c.positions = Positions::Rotary;
    c.norm = Norm::RmsNorm;
    c.norm_placement = NormPlacement::Sandwich;
    c.norm_eps = json.positive("rms_norm_eps", 1e-6);
    c.activation =
        json.has("hidden_activation") ? read_activation(json, "hidden_activation") : Activation::GeluNew;
    c.gated_mlp = true;
    c.attention_scale = 1.0 / std::sqrt(json.positive("query_pre_attn_scalar", 256.0));
    c.embed_scale = std::sqrt(static_cast<double>(c.d_model));
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    const bool bias = json.boolean("attention_bias", false);
    c.biases = {.query_key_value = bias, .attention_out = bias};
    return c;
}

}  // namespace headway
