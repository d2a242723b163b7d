// SPDX-License-Identifier: Apache-2.0
#include "expand/small_models.hpp"

namespace headway {

namespace {

Config plain() {
    Config config;
    config.n_layers = config.n_heads = config.n_kv_heads = 2;
    config.d_model = 8;
    config.d_head = 4;
    config.n_ctx = 8;
    config.d_vocab = 11;
    config.positions = Positions::Learned;
    return config;
}

Config gpt2() {
    Config config = plain();
    config.d_mlp = 16;
    config.norm = Norm::LayerNorm;
    config.biases = {
        .query_key_value = true, .attention_out = true, .mlp = true, .norm = true, .unembed = true};
    return config;
}

Config folded_gpt2() {
    Config config = gpt2();
    config.folding = {.gains = true, .centring = true};
    return config;
}

Config llama() {
    Config config = plain();
    config.n_heads = 4;
    config.d_mlp = 16;
    config.gated_mlp = true;
    config.norm = Norm::RmsNorm;
    config.positions = Positions::Rotary;
    config.rotary.dims = 4;
    return config;
}

Config gptj() {
    Config config = gpt2();
    config.parallel_block = config.shared_norm = true;
    config.positions = Positions::Rotary;
    config.rotary = {.dims = 2, .adjacent_pairs = true};
    return config;
}

Config shortformer() {
    Config config = plain();
    config.n_layers = 3;
    config.positions = Positions::Shortformer;
    config.biases = {.query_key_value = true, .attention_out = true, .unembed = true};
    return config;
}

// Sandwich norms, soft caps, a window, scaled embeddings.
Config gemma2() {
    Config config = llama();
    config.norm_placement = NormPlacement::Sandwich;
    config.score_cap = 50;
    config.logit_cap = 30;
    config.embed_scale = 2.25;
    config.layer_attention = {{2, config.rotary}, {0, config.rotary}};
    config.folding.gains = true;
    return config;
}

// Norms of queries and keys, and a rotation for each kind of layer.
Config gemma3() {
    Config config = gemma2();
    config.query_key_norm = QueryKeyNorm::Head;
    config.score_cap = config.logit_cap = 0;
    config.layer_attention[1].rotary = {
        .dims = 4, .theta = 1e6, .scaling = RotaryScaling::Linear, .factor = 8};
    return config;
}

Config olmo2() {
    Config config = llama();
    config.norm_placement = NormPlacement::After;
    config.query_key_norm = QueryKeyNorm::Layer;
    config.biases.attention_out = true;
    return config;
}

Config bloom() {
    Config config = folded_gpt2();
    config.positions = Positions::Alibi;
    config.embed_norm = true;
    return config;
}

// Norms on the stream.
Config bert() {
    Config config = gpt2();
    config.norm_placement = NormPlacement::Stream;
    config.embed_norm = config.biases.embed = true;
    config.causal = config.final_norm = false;
    return config;
}

}  // namespace

std::vector<Config> small_models() {
    return {plain(),  gpt2(),   folded_gpt2(), llama(), gptj(), shortformer(),
            gemma2(), gemma3(), olmo2(),       bloom(), bert()};
}

Config small_masked_model() {
    Config config = bert();
    config.masked_head = config.final_norm = true;
    return config;
}

}  // namespace headway
