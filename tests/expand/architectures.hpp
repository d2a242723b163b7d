// Open models in small: two layers with what each architecture does differently from GPT-2 and Llama.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/tiny.hpp"

namespace headway {

/// Llama in small: RMSNorm, rotation, gated MLP, four heads that share keys and values in pairs.
inline Config tiny_llama() {
    Config config = tiny(2, 4);
    config.n_kv_heads = 2;
    config.d_head = 4;
    config.d_mlp = 6;
    config.gated_mlp = true;
    config.norm = Norm::RmsNorm;
    config.positions = Positions::Rotary;
    config.rotary.dims = 4;
    config.folding.gains = true;
    return config;
}

inline Config tiny_llama3() {
    Config config = tiny_llama();
    config.rotary.scaling = RotaryScaling::Llama3;
    config.rotary.factor = 8;
    config.rotary.original_ctx = 16;
    return config;
}

inline Config tiny_gemma2() {
    Config config = tiny_llama();
    config.norm_placement = NormPlacement::Sandwich;
    config.score_cap = 50;
    config.logit_cap = 30;
    config.embed_scale = 2.25;
    config.layer_attention = {{2, config.rotary}, {0, config.rotary}};
    return config;
}

inline Config tiny_gemma3() {
    Config config = tiny_llama();
    config.norm_placement = NormPlacement::Sandwich;
    config.query_key_norm = QueryKeyNorm::Head;
    config.embed_scale = 2.25;
    Rotary global = config.rotary;
    global.theta = 1e6;
    global.scaling = RotaryScaling::Linear;
    global.factor = 8;
    config.layer_attention = {{2, config.rotary}, {0, global}};
    return config;
}

inline Config tiny_olmo2() {
    Config config = tiny_llama();
    config.norm_placement = NormPlacement::After;
    config.query_key_norm = QueryKeyNorm::Layer;
    return config;
}

inline Config tiny_qwen3() {
    Config config = tiny_llama();
    config.query_key_norm = QueryKeyNorm::Head;
    return config;
}

/// Every second layer without rotation.
inline Config tiny_smollm3() {
    Config config = tiny_llama();
    config.layer_attention = {{0, config.rotary}, {0, {}}};
    return config;
}

inline Config tiny_bloom(bool folded = true) {
    Config config = tiny_gpt2(2, 2, folded);
    config.positions = Positions::Alibi;
    config.embed_norm = true;
    config.biases.unembed = false;
    return config;
}

inline Config tiny_gptj() {
    Config config = tiny_gpt2();
    config.d_head = 6;
    config.positions = Positions::Rotary;
    config.rotary = {.dims = 4, .adjacent_pairs = true};
    config.parallel_block = config.shared_norm = true;
    config.biases.query_key_value = config.biases.attention_out = false;
    return config;
}

inline Config tiny_falcon() {
    Config config = tiny_gptj();
    config.n_kv_heads = 1;
    config.rotary = {.dims = 6};
    config.biases = {.norm = true};
    return config;
}

inline Config tiny_opt() {
    Config config = tiny_gpt2();
    config.biases.unembed = false;
    return config;
}

inline Config tiny_gpt_neo() {
    Config config = tiny_gpt2();
    config.biases.query_key_value = config.biases.unembed = false;
    config.layer_attention = {{0, {}}, {2, {}}};
    config.attention_scale = 1;
    return config;
}

/// Norms on the stream: GPT-1.
inline Config tiny_gpt1() {
    Config config = tiny_gpt2(2, 2, false);
    config.norm_placement = NormPlacement::Stream;
    config.final_norm = false;
    config.biases.unembed = false;
    return config;
}

/// BERT with a linear head, and without one.
inline Config tiny_bert(bool masked_head = false) {
    Config config = tiny_gpt1();
    config.causal = false;
    config.embed_norm = config.biases.embed = config.biases.unembed = true;
    config.masked_head = config.final_norm = masked_head;
    return config;
}

/// Features that the architectures do not combine.
inline Config tiny_mixture() {
    Config config = tiny_gemma3();
    config.positions = Positions::Alibi;
    config.layer_attention = {{3, {}}, {2, {}}};
    config.embed_norm = true;
    config.folding = {};
    config.query_key_norm = QueryKeyNorm::Layer;
    config.biases = {
        .query_key_value = true, .attention_out = true, .mlp = true, .unembed = true, .embed = true};
    return config;
}

/// All of them whose logits are sums of paths.
inline std::vector<NamedConfig> tiny_architectures() {
    Config attention_only = tiny_gpt1();
    attention_only.n_layers = 3;
    attention_only.d_mlp = 0;
    attention_only.norm = Norm::RmsNorm;
    return {{"llama 3", tiny_llama3()},
            {"gemma 2", tiny_gemma2()},
            {"gemma 3", tiny_gemma3()},
            {"olmo 2", tiny_olmo2()},
            {"qwen 3", tiny_qwen3()},
            {"smollm 3", tiny_smollm3()},
            {"bloom", tiny_bloom()},
            {"bloom, unfolded", tiny_bloom(false)},
            {"gpt-j", tiny_gptj()},
            {"falcon", tiny_falcon()},
            {"opt", tiny_opt()},
            {"gpt-neo", tiny_gpt_neo()},
            {"gpt-1", tiny_gpt1()},
            {"bert with a linear head", tiny_bert()},
            {"attention and norms on the stream", attention_only},
            {"mixture", tiny_mixture()}};
}

}  // namespace headway
