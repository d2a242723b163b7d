// SPDX-License-Identifier: Apache-2.0
#include "model/features.hpp"

#include "headway/base/error.hpp"
#include "model/architecture.hpp"

#include <array>
#include <utility>

namespace headway {

namespace {

struct Feature {
    std::string_view key;
    std::string_view why;
};

constexpr std::string_view experts = "mixtures of experts are not supported";
constexpr std::string_view encoder = "encoder-decoder models are not supported";
constexpr std::string_view latent = "multi-head latent attention is not supported";
constexpr std::string_view factor = "this factor is not read for this architecture";

constexpr std::array features{
    Feature{"is_encoder_decoder", encoder},
    Feature{"add_cross_attention", "cross-attention is not supported"},
    Feature{"num_local_experts", experts},
    Feature{"num_experts", experts},
    Feature{"n_routed_experts", experts},
    Feature{"moe_intermediate_size", experts},
    Feature{"kv_lora_rank", latent},
    Feature{"q_lora_rank", latent},
    Feature{"sliding_window", "local attention is not read for this architecture"},
    Feature{"use_sliding_window", "local attention is not read for this architecture"},
    Feature{"attention_chunk_size", "attention in chunks is not supported"},
    Feature{"no_rope_layers", "layers without rotation are not read for this architecture"},
    Feature{"rope_scaling", "scaled rotary frequencies are not read for this architecture"},
    Feature{"alibi", "ALiBi is not read for this architecture"},
    Feature{"attention_bias", "biases of attention are not read for this architecture"},
    Feature{"mlp_bias", "biases of the MLP are not read for this architecture"},
    Feature{"use_parallel_residual", "parallel branches are not read for this architecture"},
    Feature{"qk_layernorm", "LayerNorm of queries and keys is not supported"},
    Feature{"use_qk_norm", "norms of queries and keys are not read for this architecture"},
    Feature{"attn_logit_softcapping", "soft caps are not read for this architecture"},
    Feature{"final_logit_softcapping", "soft caps are not read for this architecture"},
    Feature{"clip_qkv", "clipped queries, keys and values are not supported"},
    Feature{"use_bidirectional_attention", "bidirectional attention is not read for this architecture"},
    Feature{"logit_scale", factor},
    Feature{"logits_scaling", factor},
    Feature{"attention_multiplier", factor},
    Feature{"residual_multiplier", factor},
    Feature{"embedding_multiplier", factor},
};

/// Kinds of networks that a transformer of one stream cannot say.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kinds{{
    {"t5 mt5 umt5 bart mbart pegasus marian m2m_100 whisper blenderbot led longt5 fsmt "
     "T5ForConditionalGeneration "
     "BartForConditionalGeneration encoder-decoder",
     encoder},
    {"mixtral qwen2_moe qwen3_moe gpt_oss olmoe phimoe dbrx jamba granitemoe llama4 MixtralForCausalLM "
     "Qwen2MoeForCausalLM Qwen3MoeForCausalLM GptOssForCausalLM grok qwen2moe qwen3moe",
     experts},
    {"deepseek_v2 deepseek_v3 deepseek2 DeepseekV3ForCausalLM", latent},
    {"mamba mamba2 rwkv falcon_mamba recurrent_gemma RecurrentGemmaForCausalLM",
     "state-space and recurrent layers are not supported"},
    {"vit clip clip_text_model siglip", "vision models are not supported"},
}};

}  // namespace

void refuse_features(const Json& config, std::string_view read) {
    if (config.has("quantization_config")) {
        const Json quantisation = config.at("quantization_config");
        const bool named = quantisation.type() == Json::Type::Object && quantisation.has("quant_method");
        throw Error(
            ErrorKind::Unsupported,
            fmt::format("{} is there{}: quantised checkpoints are read as GGUF only", quantisation.where(),
                        named ? fmt::format(" ({})", quantisation.at("quant_method").shown()) : ""));
    }
    for (const Feature& feature : features) {
        if (!contains_word(read, feature.key)) refuse(config, feature.key, feature.why);
    }
}

void refuse(const Json& config, std::string_view key, std::string_view why) {
    if (!config.has(key)) return;
    const Json value = config.at(key);
    const Json::Type type = value.type();
    const bool off = (type == Json::Type::Boolean && !value.boolean()) ||
                     (type == Json::Type::Integer && value.integer() == 0) ||
                     (type == Json::Type::Array && value.size() == 0);
    require(off, ErrorKind::Unsupported, "{} is {}: {}", value.where(), value.shown(), why);
}

std::string missing_support(std::string_view model_type) {
    for (const auto& [types, why] : kinds) {
        if (contains_word(types, model_type)) return std::string(why);
    }
    return {};
}

std::string where(const Json& config, std::string_view key) {
    return config.contains(key) ? config.at(key).where() : fmt::format("{}: \"{}\"", config.where(), key);
}

}  // namespace headway
