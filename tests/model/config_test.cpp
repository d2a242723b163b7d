// What configs say, architecture by architecture, where no checkpoint of other people's shows it; and what is
// refused by name.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/text.hpp"
#include "headway/io/json.hpp"
#include "model/architecture.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace headway {
namespace {

using Tensors = std::map<std::string, std::vector<std::int64_t>>;

ConfigReading reading(const std::string& text, const Tensors& tensors = {},
                      ConfigSource source = ConfigSource::ConfigJson) {
    const FileTensors file{
        .shape = [&](std::string_view pattern) -> std::optional<std::vector<std::int64_t>> {
            const auto found = tensors.find(std::string(pattern));
            return found == tensors.end() ? std::nullopt : std::optional(found->second);
        },
        .values = [](std::string_view) { return std::vector<double>{}; }};
    const Json json = parse_json(text, "config.json");
    return read_config(find_architecture(json, source), json, file);
}

/// Two layers of two heads; `more` are members of the object, after a comma.
std::string llama_text(const std::string& type, const std::string& more) {
    return R"({"model_type": ")" + type + R"(", "num_hidden_layers": 2, "num_attention_heads": 2,
        "hidden_size": 8, "intermediate_size": 12, "max_position_embeddings": 16, "vocab_size": 9,
        "rms_norm_eps": 1e-5, "hidden_act": "silu")" +
           (more.empty() ? "" : ", " + more) + "}";
}

Config llama_config(const std::string& type, const std::string& more) {
    return reading(llama_text(type, more)).config;
}

void expect_refused(const std::string& config, const std::string& message,
                    ConfigSource source = ConfigSource::ConfigJson) {
    test::expect_error(ErrorKind::Unsupported, message, [&] { return reading(config, {}, source); });
}

TEST(Config, ScaledRotationIsReadInBothSpellings) {
    const std::string rope = R"({"type": "linear", "factor": 4.0})";
    const Rotary older = llama_config("llama", R"("rope_theta": 500.0, "rope_scaling": )" + rope).rotary;
    EXPECT_EQ(older.scaling, RotaryScaling::Linear);
    EXPECT_EQ(older.factor, 4.0);
    EXPECT_EQ(older.theta, 500.0);
    EXPECT_EQ(llama_config("llama", R"("rope_parameters": {"rope_type": "linear", "factor": 4.0,
        "rope_theta": 500.0})")
                  .rotary,
              older);
}

TEST(Config, OtherScalingsOfTheRotationAreRefusedByName) {
    for (const std::string type : {"dynamic", "yarn", "longrope", "su"}) {
        expect_refused(
            llama_text("llama", R"("rope_scaling": {"type": ")" + type + R"(", "factor": 2.0})"),
            "\"rope_scaling.type\" is \"" + type + "\": of scaled rotary frequencies, linear and llama3");
        expect_refused(llama_text("phi3", R"("rope_parameters": {"rope_type": ")" + type + R"("})"),
                       "\"rope_parameters.rope_type\" is \"" + type + "\"");
    }
    expect_refused(llama_text("llama", R"("rope_scaling": {"type": "linear", "factor": 2.0, "mscale": 1.5})"),
                   "\"rope_scaling.mscale\" is 1.5: this key of a rotation is not known");
    expect_refused(llama_text("llama", R"("rope_scaling": {"type": "linear"}, "rope_parameters": {})"),
                   "rope_parameters and rope_scaling are both there");
    expect_refused(llama_text("llama", R"("rope_scaling": {"rope_type": "llama3", "factor": 8.0,
        "low_freq_factor": 4.0, "high_freq_factor": 1.0, "original_max_position_embeddings": 8})"),
                   "low_freq_factor=4 is not below its high_freq_factor=1");
}

TEST(Config, APartOfAHeadMayBeRotatedButNoMoreThanAll) {
    EXPECT_EQ(llama_config("phi3", R"("partial_rotary_factor": 0.5)").rotary.dims, 2);
    expect_refused(llama_text("llama", R"("partial_rotary_factor": 1.5)"),
                   "\"partial_rotary_factor\" is 1.5, expected at most 1");
    expect_refused(llama_text("llama", R"("partial_rotary_factor": 0.3)"),
                   "1 rotary dimensions of d_head=4, expected an even number");
}

TEST(Config, BiasesOfAGatedMlpAreThree) {
    const Config c = llama_config("llama", R"("mlp_bias": true)");
    EXPECT_TRUE(c.biases.mlp);
    EXPECT_TRUE(c.biases.gate);
    EXPECT_FALSE(c.biases.query_key_value);
}

TEST(Config, WindowsAreReadFromLayerTypesOrTheOlderKeys) {
    const Config mistral = llama_config("mistral", R"("sliding_window": 5)");
    EXPECT_EQ(mistral.window_of(0), 5);
    EXPECT_TRUE(llama_config("mistral", R"("sliding_window": null)").layer_attention.empty());
    const Config qwen =
        llama_config("qwen2", R"("use_sliding_window": true, "sliding_window": 5, "max_window_layers": 1)");
    EXPECT_EQ(qwen.window_of(0), 0);
    EXPECT_EQ(qwen.window_of(1), 5);
    EXPECT_TRUE(
        llama_config("qwen2", R"("use_sliding_window": false, "sliding_window": 5, "max_window_layers": 0)")
            .layer_attention.empty());
    EXPECT_EQ(llama_config("qwen3", R"("sliding_window": 5,
        "layer_types": ["sliding_attention", "full_attention"])")
                  .window_of(0),
              5);
    const Config gemma = llama_config("gemma2", R"("sliding_window": 5, "num_key_value_heads": 2)");
    EXPECT_EQ(gemma.window_of(0), 5);
    EXPECT_EQ(gemma.window_of(1), 0);
}

TEST(Config, AnAbsentKeyHasTheDefaultOfTheOriginalCode) {
    EXPECT_EQ(llama_config("mistral", "").window_of(1), 4096);
    EXPECT_EQ(llama_config("qwen2", R"("use_sliding_window": true, "max_window_layers": 0)").window_of(0),
              4096);
    EXPECT_EQ(llama_config("qwen3", "").d_head, 128);
    EXPECT_EQ(llama_config("gemma", "").rotary.dims, 256);
    EXPECT_EQ(llama_config("smollm3", "").rotary.theta, 2e6);
    EXPECT_EQ(llama_config("phi", R"("layer_norm_eps": 1e-5)").rotary.dims, 2);
    EXPECT_TRUE(llama_config("phi3", "").layer_attention.empty());
}

TEST(Config, LayerTypesMustFitTheLayers) {
    expect_refused(llama_text("qwen3", R"("layer_types": ["full_attention"])"),
                   "\"layer_types\" has 1 entries, expected one for each of 2 layers");
    expect_refused(
        llama_text("qwen3", R"("layer_types": ["full_attention", "linear_attention"])"),
        "\"layer_types[1]\" is \"linear_attention\", expected full_attention or sliding_attention");
}

TEST(Config, EveryFourthLayerOfSmolLm3IsNotRotatedUnlessItSaysWhich) {
    const Config every_second = llama_config("smollm3", R"("no_rope_layer_interval": 2)");
    EXPECT_EQ(every_second.rotary_of(0).dims, 4);
    EXPECT_EQ(every_second.rotary_of(1).dims, 0);
    EXPECT_EQ(llama_config("smollm3", R"("no_rope_layers": [0, 1])").rotary_of(0).dims, 0);
}

TEST(Config, AMultimodalGemmaHasItsLanguageModelInside) {
    const ConfigReading gemma = reading(
        R"({"model_type": "gemma3", "vision_config": {}, "text_config": {"model_type": "gemma3_text",
            "num_hidden_layers": 6, "hidden_size": 16, "intermediate_size": 32, "sliding_window": 4,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0}}})",
        {{"[model.]embed_tokens.weight", {11, 16}}});
    const Config& c = gemma.config;
    EXPECT_EQ(c.d_vocab, 11);
    EXPECT_EQ(c.n_heads, 8);
    EXPECT_EQ(c.d_head, 256);
    EXPECT_EQ(c.rotary_of(5).scaling, RotaryScaling::Linear);
    EXPECT_EQ(c.rotary_of(0).scaling, RotaryScaling::None);
    EXPECT_EQ(c.rotary_of(0).theta, 10000.0);
    EXPECT_EQ(c.window_of(0), 4);
    EXPECT_EQ(c.window_of(5), 0);
    ASSERT_EQ(gemma.notes.size(), 1U);
    EXPECT_EQ(gemma.notes.front(), "the language model alone: images are left out");
}

TEST(Config, TheFalconsDifferInTheirKeys) {
    const auto falcon = [](const std::string& more) {
        return reading(R"({"model_type": "falcon", "num_hidden_layers": 1, "num_attention_heads": 4,
            "hidden_size": 16, "vocab_size": 9, "layer_norm_epsilon": 1e-5)" +
                       more + "}")
            .config;
    };
    EXPECT_EQ(falcon("").n_kv_heads, 1);
    EXPECT_TRUE(falcon("").shared_norm);
    EXPECT_EQ(falcon("").n_ctx, 2048);
    EXPECT_EQ(falcon(R"(, "multi_query": false)").n_kv_heads, 4);
    EXPECT_FALSE(falcon(R"(, "parallel_attn": false)").parallel_block);
    const Config large = falcon(R"(, "new_decoder_architecture": true, "num_kv_heads": 2)");
    EXPECT_EQ(large.n_kv_heads, 2);
    EXPECT_TRUE(large.parallel_block);
    EXPECT_FALSE(large.shared_norm);
}

TEST(Config, AStableLmInParallelHasOneNorm) {
    const std::string text = llama_text("stablelm", R"("use_parallel_residual": true, "rope_pct": 0.5)");
    EXPECT_TRUE(reading(text).config.shared_norm);
    EXPECT_FALSE(reading(text).config.biases.query_key_value);
}

TEST(Config, ABertWithoutAHeadSaysSo) {
    const ConfigReading bert = reading(llama_text("bert", ""));
    EXPECT_FALSE(bert.config.masked_head);
    ASSERT_EQ(bert.notes.size(), 2U);
    EXPECT_NE(bert.notes.back().find("no masked-language head"), std::string::npos);
    expect_refused(llama_text("bert", R"("position_embedding_type": "relative_key")"),
                   "\"position_embedding_type\" is \"relative_key\", expected absolute");
}

TEST(Config, NanoGptIsKnownByItsKeysAndItsLayoutByTheFusedWeight) {
    const std::string text = R"({"n_layer": 1, "n_head": 2, "n_embd": 8, "block_size": 16, "vocab_size": 9,
        "bias": false, "dropout": 0.0})";
    const char* fused = "[transformer.]h.{}.attn.c_attn.weight";
    const auto layout_of = [&](std::vector<std::int64_t> shape) {
        const ConfigReading nano = reading(text, {{fused, std::move(shape)}});
        EXPECT_EQ(nano.config.architecture, "nanogpt");
        EXPECT_EQ(nano.config.biases, Biases{});
        return std::string(std::ranges::find(nano.tensors, "W_O", &TensorRule::leaf)->layout);
    };
    EXPECT_EQ(layout_of({24, 8}), "d (h e)");
    EXPECT_EQ(layout_of({8, 24}), "(h e) d");
}

TEST(Config, GptNeoSaysWhichLayersAreLocal) {
    const auto neo = [](const std::string& types) {
        return R"({"model_type": "gpt_neo", "num_layers": 3, "num_heads": 2, "hidden_size": 8,
            "max_position_embeddings": 16, "vocab_size": 9, "layer_norm_epsilon": 1e-5,
            "activation_function": "gelu_new", "window_size": 7, "attention_types": )" +
               types + "}";
    };
    const Config c = reading(neo(R"([[["global", "local"], 1], [["local"], 1]])")).config;
    EXPECT_EQ(c.window_of(0), 0);
    EXPECT_EQ(c.window_of(2), 7);
    EXPECT_EQ(c.attention_scale, 1.0);
    expect_refused(neo(R"([[["global"], 2]])"), "describes 2 layers, expected num_layers=3");
    expect_refused(neo(R"([[["global"], 1000000000]])"),
                   "repeats 1000000000 times, which is more than there are layers");
    expect_refused(neo(R"([[["sparse"], 3]])"), "is \"sparse\", expected global or local");
}

TEST(Config, AnOptWithoutItsUsualShapeIsRefusedByName) {
    const auto opt = [](const std::string& more) {
        return llama_text("opt", R"("ffn_dim": 12, "activation_function": "relu", )" + more);
    };
    expect_refused(opt(R"("word_embed_proj_dim": 4)"), "projected embeddings (OPT-350m) are not supported");
    expect_refused(opt(R"("do_layer_norm_before": false)"),
                   "norms behind the sums (OPT-350m) are not supported");
    const ConfigReading bare =
        reading(opt(R"("layer_norm_elementwise_affine": false, "enable_bias": false)"));
    EXPECT_TRUE(bare.unit_gains);
    EXPECT_EQ(bare.config.biases, Biases{});
}

TEST(Config, WhatNobodyReadsIsRefusedByName) {
    const auto refused = [](const std::string& type, const std::string& member, const std::string& message) {
        expect_refused(llama_text(type, member), message);
    };
    refused("llama", R"("sliding_window": 4096)", "\"sliding_window\" is 4096: local attention is not read");
    refused("llama", R"("num_local_experts": 8)", "\"num_local_experts\" is 8: mixtures of experts");
    refused("llama", R"("is_encoder_decoder": true)", "encoder-decoder models are not supported");
    refused("llama", R"("add_cross_attention": true)", "cross-attention is not supported");
    refused("llama", R"("kv_lora_rank": 512)", "multi-head latent attention is not supported");
    refused("llama", R"("alibi": true)", "ALiBi is not read for this architecture");
    refused("mistral", R"("attention_bias": true)", "biases of attention are not read");
    refused("mistral", R"("logit_scale": 0.5)", "\"logit_scale\" is 0.5: this factor is not read");
    refused("phi", R"("qk_layernorm": true)", "LayerNorm of queries and keys is not supported");
    refused("olmo2", R"("clip_qkv": 8.0)", "clipped queries, keys and values are not supported");
    refused("gemma", R"("attn_logit_softcapping": 50.0)", "soft caps are not read");
    refused("gemma3", R"("use_bidirectional_attention": true)", "bidirectional attention is not supported");
    refused("bloom", R"("apply_residual_connection_post_layernorm": true)", "a stream of normed values");
    refused("falcon", R"("alibi": true)", "Falcon's ALiBi");
}

TEST(Config, SizesBeyondAnyMemoryAreRefusedBeforeAnythingIsMade) {
    expect_refused(
        R"({"model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 67108864,
        "hidden_size": 67108864, "intermediate_size": 12, "max_position_embeddings": 16, "vocab_size": 9,
        "rms_norm_eps": 1e-5, "hidden_act": "silu"})",
        "a weight of n_heads*d_head=134217728 times d_model=67108864 is beyond any memory");
    const std::string many = R"({"model_type": ")";
    for (const std::string type : {"smollm3", "gemma3", "qwen2"}) {
        expect_refused(many + type + R"(", "num_hidden_layers": 2000000000, "num_attention_heads": 2,
            "hidden_size": 8, "intermediate_size": 8})",
                       "n_layers is 2000000000, expected at most 100000");
    }
}

TEST(Config, KindsOfModelsThatAreMissingAreNamed) {
    const auto refused = [](const std::string& type, const std::string& why) {
        expect_refused(llama_text(type, ""), "is of the architecture \"" + type + "\": " + why);
    };
    refused("t5", "encoder-decoder models are not supported");
    refused("mixtral", "mixtures of experts are not supported");
    refused("deepseek_v3", "multi-head latent attention is not supported");
    refused("mamba", "state-space and recurrent layers are not supported");
    refused("clip", "vision models are not supported");
}

std::string gguf_text(const std::string& more) {
    return R"({"general.architecture": "llama", "llama.block_count": 2, "llama.attention.head_count": 2,
        "llama.embedding_length": 8, "llama.feed_forward_length": 12, "llama.context_length": 16,
        "llama.vocab_size": 9, "llama.attention.layer_norm_rms_epsilon": 1e-5)" +
           more + "}";
}

TEST(Config, GgufMetadataIsAConfig) {
    const auto read = [](const std::string& more) {
        return reading(gguf_text(more), {}, ConfigSource::Gguf).config;
    };
    EXPECT_EQ(read("").d_head, 4);
    EXPECT_TRUE(read("").tied_unembed);
    const Config scaled = read(R"(, "llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 2.0)");
    EXPECT_EQ(scaled.rotary.scaling, RotaryScaling::Linear);
    EXPECT_EQ(scaled.rotary.factor, 2.0);
    EXPECT_EQ(read(R"(, "llama.attention.sliding_window": 5)").window_of(1), 5);
}

TEST(Config, GgufMetadataOfOtherFeaturesIsRefusedByName) {
    const auto refused = [](const std::string& more, const std::string& message) {
        expect_refused(gguf_text(more), message, ConfigSource::Gguf);
    };
    refused(R"(, "llama.expert_count": 8)", "\"llama.expert_count\" is 8: mixtures of experts");
    refused(R"(, "llama.rope.scaling.type": "yarn")", "is \"yarn\": of scaled rotary frequencies");
    refused(R"(, "llama.attention.value_length": 5)", "is 5, expected the length of keys, 4");
    expect_refused(R"({"general.architecture": "bert"})", "\"bert\", which is not supported",
                   ConfigSource::Gguf);
    expect_refused("{}", "names no architecture", ConfigSource::Gguf);
}

TEST(Config, GgufSizesAreCountsAndThere) {
    const auto with_heads = [](const std::string& value) {
        std::string text = gguf_text("");
        const std::string key = R"("llama.attention.head_count": 2,)";
        return text.replace(text.find(key), key.size(),
                            value.empty() ? "" : R"("llama.attention.head_count": )" + value + ",");
    };
    for (const auto& [value, message] : std::vector<std::pair<std::string, std::string>>{
             {"[2, 4]", "\"llama.attention.head_count\" is an array of 2, expected an integer"},
             {"2.0", "\"llama.attention.head_count\" is 2.0, expected an integer"},
             {"0", "\"llama.attention.head_count\" is 0, expected"},
             {"3", "is no multiple of"},
             {"", "\"llama.attention.head_count\""}})
        expect_refused(with_heads(value), message, ConfigSource::Gguf);
}

TEST(Config, TheFactorsOfLlama3InAGgufFileAreKnown) {
    const Json json = parse_json(
        gguf_text(R"(, "llama.rope.freq_base": 500000.0, "llama.attention.key_length": 64)"), "m.gguf");
    Rotary plain{.dims = 64, .theta = 500000.0};
    Rotary scaled = plain;
    scaled.scaling = RotaryScaling::Llama3;
    scaled.factor = 32.0;
    scaled.original_ctx = 8192;
    std::vector<double> factors;
    for (int pair = 0; pair < 32; ++pair) factors.push_back(plain.frequency(pair) / scaled.frequency(pair));
    const auto read = [&] {
        const FileTensors file{.shape = [](std::string_view) { return std::nullopt; },
                               .values = [&](std::string_view) { return factors; }};
        return read_config(find_architecture(json, ConfigSource::Gguf), json, file).config;
    };
    EXPECT_EQ(read().rotary, scaled);
    factors[20] *= 1.01;
    test::expect_error(ErrorKind::Unsupported, "are not those of Llama 3", read);
}

TEST(Architectures, EveryLeafOfEveryLayoutIsNamedOnce) {
    for (const Architecture* architecture : all_architectures()) {
        EXPECT_FALSE(architecture->name.empty());
        for (const TensorRule& rule : architecture->tensors) {
            EXPECT_FALSE(rule.leaf.empty()) << architecture->name << " " << rule.tensor;
            EXPECT_FALSE(rule.layout.empty()) << architecture->name << " " << rule.tensor;
        }
    }
    EXPECT_GE(all_architectures().size(), 28U);
}

}  // namespace
}  // namespace headway
