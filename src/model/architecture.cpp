// SPDX-License-Identifier: Apache-2.0
#include "model/architecture.hpp"

#include "headway/base/text.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace headway {

namespace {

const std::array<const Architecture*, 3> architectures{&gpt2, &llama, &transformer_lens};

std::string supported() {
    std::string text;
    for (const Architecture* architecture : architectures) {
        if (!text.empty()) text += ", ";
        text += architecture->name;
    }
    return text;
}

const Architecture* by_name(std::string_view name) {
    for (const Architecture* architecture : architectures) {
        if (architecture->name == name || architecture->class_name == name) return architecture;
    }
    return nullptr;
}

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

/// The part of a pattern in front of `{}` or behind it; the whole pattern has no `{}` when `behind` is missing.
std::pair<std::string_view, std::string_view> split(std::string_view pattern) {
    const std::size_t at = pattern.find("{}");
    if (at == std::string_view::npos) return {pattern, {}};
    return {pattern.substr(0, at), pattern.substr(at + 2)};
}

int match_plain(std::string_view pattern, std::string_view name) {
    if (pattern.find("{}") == std::string_view::npos) return pattern == name ? -1 : no_match;
    const auto [front, behind] = split(pattern);
    if (name.size() <= front.size() + behind.size() || !name.starts_with(front) || !name.ends_with(behind)) {
        return no_match;
    }
    const std::string_view digits = name.substr(front.size(), name.size() - front.size() - behind.size());
    int layer = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
    const bool canonical = digits.size() == 1 || digits.front() != '0';
    return error == std::errc{} && end == digits.data() + digits.size() && layer >= 0 && canonical ? layer
                                                                                                   : no_match;
}

}  // namespace

const Architecture& find_architecture(const Json& config) {
    std::string name;
    if (config.has("model_type")) {
        name = config.text("model_type");
    } else if (config.has("architectures") && config.at("architectures").size() > 0) {
        name = config.at("architectures").at(0).text();
    }
    const Architecture* found = by_name(name);
    if (found != nullptr) return *found;
    const std::string what =
        name.empty() ? "names no architecture (model_type)"
                     : fmt::format("is of the architecture {}, which is not supported", quote(name));
    throw Error(ErrorKind::Unsupported, fmt::format("{} {}", config.where(), what),
                fmt::format("supported are {}", supported()));
}

namespace {

void check_rotary(const Rotary& rotary, const Config& c, const std::string& where, ErrorKind kind) {
    require(rotary.dims >= 2 && rotary.dims % 2 == 0 && rotary.dims <= c.d_head, kind,
            "{}: {} rotary dimensions of d_head={}, expected an even number of at most that", where,
            rotary.dims, c.d_head);
    require(rotary.scaling != RotaryScaling::Llama3 || rotary.low_factor < rotary.high_factor, kind,
            "{}: the rotary scaling's low_freq_factor={} is not below its high_freq_factor={}", where,
            rotary.low_factor, rotary.high_factor);
}

void check_layer_attention(const Config& c, const std::string& where, ErrorKind kind) {
    const std::size_t layers = c.layer_attention.size();
    require(layers == 0 || layers == static_cast<std::size_t>(c.n_layers), kind,
            "{}: the attention of {} layers is described, expected n_layers={}", where, layers, c.n_layers);
    for (const LayerAttention& layer : c.layer_attention) {
        if (c.positions == Positions::Rotary && layer.rotary.dims != 0)
            check_rotary(layer.rotary, c, where, kind);
    }
}

void check_norms(const Config& c, const std::string& where, ErrorKind kind) {
    const bool before = c.norm == Norm::None || c.norm_placement == NormPlacement::Before;
    require(before || !c.parallel_block, kind,
            "{}: attention and MLP in parallel with norms behind them is not represented", where);
    require(!c.norms_after() || !c.norm_bias(), kind,
            "{}: norms behind the branches have no biases, but this model's norms have", where);
    require(!c.shared_norm || c.parallel_block, kind,
            "{}: one norm for attention and MLP, which are not in parallel", where);
}

}  // namespace

void check_config(const Config& c, const std::string& where, ErrorKind kind) {
    constexpr int largest = 1 << 26;
    const std::array<std::pair<const char*, int>, 6> sizes{{{"n_layers", c.n_layers},
                                                            {"n_heads", c.n_heads},
                                                            {"n_kv_heads", c.n_kv_heads},
                                                            {"d_model", c.d_model},
                                                            {"d_head", c.d_head},
                                                            {"d_vocab", c.d_vocab}}};
    for (const auto& [name, size] : sizes) {
        require(size >= 1 && size <= largest, kind, "{}: {} is {}, expected 1 to {}", where, name, size,
                largest);
    }
    require(c.n_layers <= 100000, kind, "{}: n_layers is {}, expected at most 100000", where, c.n_layers);
    require(c.n_ctx >= 1 && c.n_ctx <= largest, kind, "{}: n_ctx is {}, expected 1 to {}", where, c.n_ctx,
            largest);
    require(c.d_mlp >= 0 && c.d_mlp <= largest, kind, "{}: d_mlp is {}, expected 0 to {}", where, c.d_mlp,
            largest);
    require(c.n_heads % c.n_kv_heads == 0, kind, "{}: {} heads cannot share {} key-value heads evenly", where,
            c.n_heads, c.n_kv_heads);
    if (c.positions == Positions::Rotary) check_rotary(c.rotary, c, where, kind);
    check_layer_attention(c, where, kind);
    check_norms(c, where, kind);
}

ConfigReading read_config(const Architecture& architecture, const Json& json, const HasTensor& has) {
    refuse(json, "quantization_config", "quantised checkpoints are not supported");
    ConfigReading reading = architecture.config(json, has);
    reading.config.architecture = architecture.name;
    check_config(reading.config, json.where(), ErrorKind::Unsupported);
    return reading;
}

std::string where(const Json& config, std::string_view key) {
    return config.contains(key) ? config.at(key).where() : fmt::format("{}: {}", config.where(), quote(key));
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

Activation read_activation(const Json& config, std::string_view key) {
    const std::string name = config.text(key);
    std::string known;
    for (const NamedActivation& entry : activations) {
        if (entry.name == name) return entry.activation;
        known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
    }
    throw Error(ErrorKind::Unsupported,
                fmt::format("{} is {}, expected one of {}", config.at(key).where(), quote(name), known));
}

int match_pattern(std::string_view pattern, std::string_view name) {
    const std::size_t close = pattern.find(']');
    if (close == std::string_view::npos) return match_plain(pattern, name);
    const std::string_view prefix = pattern.substr(1, close - 1);
    const std::string_view rest = pattern.substr(close + 1);
    return match_plain(rest, name.starts_with(prefix) ? name.substr(prefix.size()) : name);
}

std::string tensor_name(std::string_view pattern, int layer, bool with_prefix) {
    std::string name;
    const std::size_t close = pattern.find(']');
    if (close != std::string_view::npos) {
        if (with_prefix) name = pattern.substr(1, close - 1);
        pattern.remove_prefix(close + 1);
    }
    const auto [front, behind] = split(pattern);
    name += front;
    if (layer >= 0 && pattern.find("{}") != std::string_view::npos) name += std::to_string(layer);
    return name += behind;
}

}  // namespace headway
