// SPDX-License-Identifier: Apache-2.0
#include "model/hugging_face.hpp"

#include "headway/base/text.hpp"
#include "model/features.hpp"

#include <algorithm>
#include <string>

namespace headway {

namespace {

struct NamedActivation {
    std::string_view name;
    Activation activation;
};
constexpr std::array activations{
    NamedActivation{"relu", Activation::Relu},
    NamedActivation{"gelu", Activation::Gelu},
    NamedActivation{"gelu_new", Activation::GeluNew},
    NamedActivation{"gelu_fast", Activation::GeluNew},
    NamedActivation{"gelu_pytorch_tanh", Activation::GeluNew},
    NamedActivation{"silu", Activation::Silu},
    NamedActivation{"swish", Activation::Silu},
};

/// The first of the keys that the config has, or the first of all.
std::string_view first_key(const Json& config, std::string_view keys) {
    for (std::string_view rest = keys; !rest.empty();) {
        const std::string_view key = rest.substr(0, rest.find(' '));
        if (config.has(key)) return key;
        rest.remove_prefix(std::min(rest.size(), key.size() + 1));
    }
    return keys.substr(0, keys.find(' '));
}

/// The object that describes the rotation, besides keys at top level.
std::optional<Json> rope_object(const Json& config, std::string_view layer_type) {
    const std::optional<Json> newer = config.find("rope_parameters");
    const std::optional<Json> older = config.find("rope_scaling");
    if (!newer) return older;
    require(!older, ErrorKind::Unsupported, "{}: rope_parameters and rope_scaling are both there",
            config.where());
    return layer_type.empty() || !newer->has(layer_type) ? newer : newer->find(layer_type);
}

double rope_number(const Json& config, const std::optional<Json>& rope, std::string_view key,
                   std::string_view top_keys, double otherwise) {
    return rope && rope->has(key) ? rope->positive(key) : read_positive(config, top_keys, otherwise);
}

void check_rope_keys(const Json& rope) {
    constexpr std::string_view known =
        "rope_theta rope_type type factor low_freq_factor high_freq_factor original_max_position_embeddings "
        "partial_rotary_factor";
    for (const std::string& key : rope.keys()) {
        if (!contains_word(known, key)) refuse(rope, key, "this key of a rotation is not known");
    }
}

void read_scaling(const Json& rope, Rotary& rotary) {
    const std::string_view key = first_key(rope, "rope_type type");
    const std::string type = rope.text(key, "default");
    if (type == "default") return;
    require(type == "linear" || type == "llama3", ErrorKind::Unsupported,
            "{} is {}: of scaled rotary frequencies, linear and llama3 are supported", where(rope, key),
            quote(type));
    check_rope_keys(rope);
    rotary.factor = rope.positive("factor");
    rotary.scaling = RotaryScaling::Linear;
    if (type == "linear") return;
    rotary.scaling = RotaryScaling::Llama3;
    rotary.low_factor = rope.positive("low_freq_factor");
    rotary.high_factor = rope.positive("high_freq_factor");
    rotary.original_ctx = rope.count("original_max_position_embeddings");
}

}  // namespace

int read_count(const Json& config, std::string_view keys) { return config.count(first_key(config, keys)); }

int read_count(const Json& config, std::string_view keys, int otherwise) {
    return config.count(first_key(config, keys), otherwise);
}

double read_positive(const Json& config, std::string_view keys, double otherwise) {
    return config.positive(first_key(config, keys), otherwise);
}

Activation read_activation(const Json& config, std::string_view keys) {
    const std::string_view key = first_key(config, keys);
    const std::string name = config.text(key);
    std::string known;
    for (const NamedActivation& entry : activations) {
        if (entry.name == name) return entry.activation;
        known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
    }
    throw Error(ErrorKind::Unsupported,
                fmt::format("{} is {}, expected one of {}", config.at(key).where(), quote(name), known));
}

Config read_sizes(const Json& config, const FileTensors& file, const SizeKeys& keys) {
    Config c;
    c.n_layers = read_count(config, keys.layers);
    check_layers(c.n_layers, config.where(), ErrorKind::Unsupported);
    c.n_heads = read_count(config, keys.heads);
    c.n_kv_heads = config.count("num_key_value_heads", c.n_heads);
    c.d_model = read_count(config, keys.d_model);
    require(config.has("head_dim") || c.d_model % c.n_heads == 0, ErrorKind::Unsupported,
            "{}: {}={} is no multiple of {}={}, and there is no head_dim", config.where(),
            first_key(config, keys.d_model), c.d_model, first_key(config, keys.heads), c.n_heads);
    c.d_head = config.count("head_dim", c.d_model / c.n_heads);
    const std::string_view d_mlp = first_key(config, keys.d_mlp);
    const bool four = keys.d_mlp_is_optional && !config.has(d_mlp);
    c.d_mlp = four ? 4 * std::min(c.d_model, 1 << 26) : config.count(d_mlp);
    const std::string_view n_ctx = first_key(config, keys.n_ctx);
    c.n_ctx = keys.default_ctx > 0 ? config.count(n_ctx, keys.default_ctx) : config.count(n_ctx);
    c.d_vocab = config.count("vocab_size");
    c.tied_unembed = config.boolean("tie_word_embeddings", !file.has("lm_head.weight"));
    return c;
}

Rotary read_rotary(const Json& config, const Config& c, const RotaryKeys& keys) {
    const std::optional<Json> rope = rope_object(config, keys.layer_type);
    Rotary rotary;
    rotary.theta = rope_number(config, rope, "rope_theta", keys.theta, keys.default_theta);
    const double part = rope_number(config, rope, "partial_rotary_factor", keys.part, keys.default_part);
    require(part <= 1.0, ErrorKind::Unsupported, "{} is {}, expected at most 1", where(config, keys.part),
            part);
    rotary.dims = static_cast<int>(c.d_head * part);
    if (rope) read_scaling(*rope, rotary);
    return rotary;
}

std::vector<bool> read_local_layers(const Json& config, const Config& c,
                                    bool (*otherwise)(const Json&, int)) {
    std::vector<bool> local;
    if (!config.has("layer_types")) {
        for (int layer = 0; layer < c.n_layers; ++layer) local.push_back(otherwise(config, layer));
        return local;
    }
    const Json types = config.at("layer_types");
    for (std::size_t i = 0; i < types.size(); ++i) {
        const std::string type = types.at(i).text();
        require(type == "full_attention" || type == "sliding_attention", ErrorKind::Unsupported,
                "{} is {}, expected full_attention or sliding_attention", types.at(i).where(), quote(type));
        local.push_back(type == "sliding_attention");
    }
    require(local.size() == static_cast<std::size_t>(c.n_layers), ErrorKind::Unsupported,
            "{} has {} entries, expected one for each of {} layers", types.where(), local.size(), c.n_layers);
    return local;
}

void set_windows(Config& c, const std::vector<bool>& local, int window) {
    if (std::ranges::find(local, true) == local.end()) return;
    for (const bool here : local) c.layer_attention.push_back({here ? window : 0, c.rotary});
}

Config read_llama_like(const Json& config, const FileTensors& file) {
    Config c = read_sizes(config, file);
    c.positions = Positions::Rotary;
    c.rotary = read_rotary(config, c);
    c.norm = Norm::RmsNorm;
    c.norm_eps = config.positive("rms_norm_eps");
    c.activation = read_activation(config, "hidden_activation hidden_act");
    c.gated_mlp = true;
    return c;
}

}  // namespace headway
