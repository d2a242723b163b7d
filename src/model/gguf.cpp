// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.hpp"

#include "headway/base/text.hpp"
#include "model/features.hpp"

#include <cmath>

namespace headway {

namespace {

/// Keys of features, behind the architecture's name.
constexpr std::array refused{
    std::pair{"expert_count", "mixtures of experts are not supported"},
    std::pair{"attention.sliding_window", "local attention is not read for this architecture"},
    std::pair{"attn_logit_softcapping", "soft caps are not read for this architecture"},
    std::pair{"final_logit_softcapping", "soft caps are not read for this architecture"},
    std::pair{"attention.scale", "this factor is not read for this architecture"},
    std::pair{"logit_scale", "this factor is not read for this architecture"},
    std::pair{"residual_scale", "this factor is not read for this architecture"},
    std::pair{"embedding_scale", "this factor is not read for this architecture"},
    std::pair{"attention.max_alibi_bias", "ALiBi is not read for this architecture"},
    std::pair{"attention.clamp_kqv", "clipped queries, keys and values are not supported"},
    std::pair{"attention.kv_lora_rank", "multi-head latent attention is not supported"},
    std::pair{"use_parallel_residual", "parallel branches are not read for this architecture"},
};

/// Frequencies divided by a table of factors: those of Llama 3, whose scaling is known by its largest factor,
/// or nothing that is known.
void read_factors(const std::vector<double>& factors, Rotary& rotary) {
    Rotary scaled = rotary;
    scaled.scaling = RotaryScaling::Llama3;
    scaled.original_ctx = 8192;
    for (const double factor : factors) scaled.factor = std::max(scaled.factor, factor);
    bool same = factors.size() == static_cast<std::size_t>(rotary.dims / 2);
    for (std::size_t i = 0; same && i < factors.size(); ++i) {
        const int pair = static_cast<int>(i);
        const double want = rotary.frequency(pair) / scaled.frequency(pair);
        same = std::abs(factors[i] - want) <= 1e-4 * want;
    }
    require(same, ErrorKind::Unsupported,
            "rope_freqs.weight has factors of rotary frequencies that are not those of Llama 3");
    rotary = scaled;
}

}  // namespace

std::string gguf_key(const Json& metadata, std::string_view key) {
    return fmt::format("{}.{}", metadata.text("general.architecture"), key);
}

Config read_gguf(const Json& metadata, const FileTensors& file, std::string_view features) {
    const auto key = [&](std::string_view name) { return gguf_key(metadata, name); };
    for (const auto& [name, why] : refused) {
        if (!contains_word(features, name)) refuse(metadata, key(name), why);
    }
    Config c;
    c.n_layers = metadata.count(key("block_count"));
    check_layers(c.n_layers, metadata.where(), ErrorKind::Unsupported);
    c.n_heads = metadata.count(key("attention.head_count"));
    c.n_kv_heads = metadata.count(key("attention.head_count_kv"), c.n_heads);
    c.d_model = metadata.count(key("embedding_length"));
    require(metadata.has(key("attention.key_length")) || c.d_model % c.n_heads == 0, ErrorKind::Unsupported,
            "{}: embedding_length={} is no multiple of attention.head_count={}, and there is no "
            "attention.key_length",
            metadata.where(), c.d_model, c.n_heads);
    c.d_head = metadata.count(key("attention.key_length"), std::max(1, c.d_model / c.n_heads));
    const int d_value = metadata.count(key("attention.value_length"), c.d_head);
    require(d_value == c.d_head, ErrorKind::Unsupported, "{} is {}, expected the length of keys, {}",
            where(metadata, key("attention.value_length")), d_value, c.d_head);
    c.d_mlp = metadata.count(key("feed_forward_length"));
    c.n_ctx = metadata.count(key("context_length"));
    const auto embedding = file.shape("token_embd.weight");
    const bool rows = embedding && embedding->size() == 2 && embedding->front() < (1 << 27);
    c.d_vocab = metadata.count(key("vocab_size"), rows ? static_cast<int>(embedding->front()) : 1);
    c.tied_unembed = !file.has("output.weight");
    const std::string rms = key("attention.layer_norm_rms_epsilon");
    c.norm = metadata.has(rms) ? Norm::RmsNorm : Norm::LayerNorm;
    c.norm_eps = metadata.positive(metadata.has(rms) ? rms : key("attention.layer_norm_epsilon"));
    return c;
}

Rotary read_gguf_rotary(const Json& metadata, const Config& c, const FileTensors& file) {
    const auto key = [&](std::string_view name) { return gguf_key(metadata, name); };
    Rotary rotary{.dims = metadata.count(key("rope.dimension_count"), c.d_head),
                  .theta = metadata.positive(key("rope.freq_base"), 10000.0)};
    const std::string type_key = key("rope.scaling.type");
    const std::string type = metadata.text(type_key, "none");
    require(type == "none" || type == "linear", ErrorKind::Unsupported,
            "{} is {}: of scaled rotary frequencies, linear ones and Llama 3's are supported",
            where(metadata, type_key), quote(type));
    const double old_factor = metadata.positive(key("rope.scale_linear"), 1.0);
    rotary.factor = type == "linear" ? metadata.positive(key("rope.scaling.factor")) : old_factor;
    if (rotary.factor != 1.0) rotary.scaling = RotaryScaling::Linear;
    const std::vector<double> factors = file.values("rope_freqs.weight");
    if (!factors.empty()) read_factors(factors, rotary);
    return rotary;
}

Config read_gguf_llama_like(const Json& metadata, const FileTensors& file, Activation activation,
                            std::string_view features) {
    Config c = read_gguf(metadata, file, features);
    c.positions = Positions::Rotary;
    c.rotary = read_gguf_rotary(metadata, c, file);
    c.activation = activation;
    c.gated_mlp = true;
    return c;
}

}  // namespace headway
