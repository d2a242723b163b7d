// SPDX-License-Identifier: Apache-2.0
#include "model/architecture.hpp"

#include "headway/base/text.hpp"
#include "model/features.hpp"

#include <array>
#include <utility>

namespace headway {

namespace {

std::string supported(ConfigSource source) {
    std::string text;
    for (const Architecture* architecture : all_architectures()) {
        if (architecture->source != source) continue;
        text += fmt::format("{}{}", text.empty() ? "" : ", ", architecture->name);
    }
    return text;
}

const Architecture* by_name(std::string_view name, ConfigSource source) {
    for (const Architecture* architecture : all_architectures()) {
        if (architecture->source != source) continue;
        if (architecture->name == name || contains_word(architecture->other_names, name)) return architecture;
    }
    return nullptr;
}

/// Configs that name no architecture are known by a key that no other has.
const Architecture* by_key(const Json& config) {
    for (const Architecture* architecture : all_architectures()) {
        if (!architecture->key.empty() && config.has(architecture->key)) return architecture;
    }
    return nullptr;
}

std::string named(const Json& config, ConfigSource source) {
    if (source == ConfigSource::Gguf) return config.text("general.architecture", "");
    if (config.has("model_type")) return config.text("model_type");
    if (!config.has("architectures") || config.at("architectures").size() == 0) return {};
    return config.at("architectures").at(0).text();
}

}  // namespace

bool contains_word(std::string_view words, std::string_view word) {
    for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' '))
            return !word.empty();
    }
    return false;
}

const Architecture& architecture_named(std::string_view name) {
    const Architecture* found = by_name(name, ConfigSource::ConfigJson);
    invariant(found != nullptr, "an architecture is gone");
    return *found;
}

const Architecture& find_architecture(const Json& config, ConfigSource source) {
    const std::string name = named(config, source);
    const Architecture* found = name.empty() ? by_key(config) : by_name(name, source);
    if (found != nullptr) return *found;
    const std::string missing = missing_support(name);
    std::string what = "names no architecture (model_type)";
    if (!name.empty()) what = fmt::format("is of the architecture {}", quote(name));
    if (!name.empty()) what += missing.empty() ? ", which is not supported" : ": " + missing;
    throw Error(ErrorKind::Unsupported, fmt::format("{} {}", config.where(), what),
                fmt::format("supported are {}", supported(source)));
}

namespace {

/// No weight has more elements than a product of sizes can count.
void check_weight_sizes(const Config& c, const std::string& where, ErrorKind kind) {
    constexpr double most = 1LL << 48;
    const double d_model = c.d_model;
    const std::array<std::pair<const char*, double>, 4> rows{{{"n_heads*d_head", 1.0 * c.n_heads * c.d_head},
                                                              {"d_mlp", c.d_mlp},
                                                              {"d_vocab", c.d_vocab},
                                                              {"n_ctx", c.n_ctx}}};
    for (const auto& [name, count] : rows) {
        require(count * d_model <= most, kind, "{}: a weight of {}={} times d_model={} is beyond any memory",
                where, name, count, c.d_model);
    }
}

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

void check_layers(int n_layers, const std::string& where, ErrorKind kind) {
    require(n_layers <= 100000, kind, "{}: n_layers is {}, expected at most 100000", where, n_layers);
}

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
    check_layers(c.n_layers, where, kind);
    require(c.n_ctx >= 1 && c.n_ctx <= largest, kind, "{}: n_ctx is {}, expected 1 to {}", where, c.n_ctx,
            largest);
    require(c.d_mlp >= 0 && c.d_mlp <= largest, kind, "{}: d_mlp is {}, expected 0 to {}", where, c.d_mlp,
            largest);
    require(c.n_heads % c.n_kv_heads == 0, kind, "{}: {} heads cannot share {} key-value heads evenly", where,
            c.n_heads, c.n_kv_heads);
    check_weight_sizes(c, where, kind);
    if (c.positions == Positions::Rotary) check_rotary(c.rotary, c, where, kind);
    check_layer_attention(c, where, kind);
    check_norms(c, where, kind);
}

ConfigReading read_config(const Architecture& architecture, const Json& json, const FileTensors& file) {
    if (architecture.source == ConfigSource::ConfigJson) refuse_features(json, architecture.features);
    ConfigReading reading = architecture.config(json, file);
    reading.config.architecture = architecture.name;
    if (reading.tensors.empty()) reading.tensors = architecture.tensors;
    check_config(reading.config, json.where(), ErrorKind::Unsupported);
    return reading;
}

}  // namespace headway
