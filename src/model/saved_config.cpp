// SPDX-License-Identifier: Apache-2.0
#include "model/saved_config.hpp"

#include "headway/base/config_names.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <concepts>
#include <set>
#include <utility>
#include <vector>

namespace headway {

namespace {

// What of a Config the keys of TransformerLens do not say, key by key; `other` goes along (defaults, or the
// same).
template <class Visit, class C>
void visit_fields(Visit& visit, C& c, const Config& other) {
    visit("norm_placement", c.norm_placement, other.norm_placement);
    visit("embed_norm", c.embed_norm, other.embed_norm);
    visit("final_norm", c.final_norm, other.final_norm);
    visit("shared_norm", c.shared_norm, other.shared_norm);
    visit("query_key_norm", c.query_key_norm, other.query_key_norm);
    visit("attention_scale", c.attention_scale, other.attention_scale);
    visit("score_cap", c.score_cap, other.score_cap);
    visit("logit_cap", c.logit_cap, other.logit_cap);
    visit("embed_scale", c.embed_scale, other.embed_scale);
    visit("masked_head", c.masked_head, other.masked_head);
    visit("rotary", c.rotary, other.rotary);
    visit("layers", c.layer_attention, other.layer_attention);
    visit("biases", c.biases, other.biases);
}

template <class Visit, class R>
void visit_fields(Visit& visit, R& r, const Rotary& other) {
    visit("dims", r.dims, other.dims);
    visit("theta", r.theta, other.theta);
    visit("adjacent_pairs", r.adjacent_pairs, other.adjacent_pairs);
    visit("scaling", r.scaling, other.scaling);
    visit("factor", r.factor, other.factor);
    visit("low_factor", r.low_factor, other.low_factor);
    visit("high_factor", r.high_factor, other.high_factor);
    visit("original_ctx", r.original_ctx, other.original_ctx);
}

template <class Visit, class L>
void visit_fields(Visit& visit, L& layer, const LayerAttention& other) {
    visit("window", layer.window, other.window);
    visit("rotary", layer.rotary, other.rotary);
}

template <class Visit, class B>
void visit_fields(Visit& visit, B& biases, const Biases& other) {
    visit("query_key_value", biases.query_key_value, other.query_key_value);
    visit("attention_out", biases.attention_out, other.attention_out);
    visit("mlp", biases.mlp, other.mlp);
    visit("gate", biases.gate, other.gate);
    visit("norm", biases.norm, other.norm);
    visit("unembed", biases.unembed, other.unembed);
    visit("embed", biases.embed, other.embed);
}

template <class Kind>
concept Named = !kind_words<Kind>.empty();

std::string json_of(bool value) { return value ? "true" : "false"; }
std::string json_of(int value) { return fmt::format("{}", value); }
std::string json_of(double value) { return fmt::format("{}", value); }
template <class T>
std::string json_of(const T& object);
template <Named T>
std::string json_of(const T& kind) {
    return fmt::format("\"{}\"", name(kind));
}
template <class T>
std::string json_of(const std::vector<T>& items) {
    std::string text;
    for (const T& item : items) text += fmt::format("{}{}", text.empty() ? "[" : ", ", json_of(item));
    return text + "]";
}

// Members that differ from the defaults.
struct Writer {
    std::string text = {};
    template <class T>
    void operator()(const char* key, const T& value, const T& otherwise) {
        if (value == otherwise) return;
        text += fmt::format("{}\"{}\": {}", text.empty() ? "" : ", ", key, json_of(value));
    }
};

template <class T>
std::string json_of(const T& object) {
    Writer writer;
    visit_fields(writer, object, T{});
    return "{" + writer.text + "}";
}

template <class T>
void read_object(const Json& json, T& object);

struct SavedReader {
    Json json;
    std::set<std::string, std::less<>> known = {};

    template <class T>
    void operator()(const char* key, T& value, const T& /*otherwise*/) {
        known.insert(key);
        if (json.has(key)) read(json.at(key), value);
    }
    static void read(const Json& at, bool& value) { value = at.boolean(); }
    static void read(const Json& at, double& value) { value = at.number(); }
    static void read(const Json& at, int& value) {
        const std::int64_t number = at.integer();
        require(number >= 0 && number <= 1 << 26, ErrorKind::Unsupported, "{} is {}, expected 0 to {}",
                at.where(), number, 1 << 26);
        value = static_cast<int>(number);
    }
    template <Named Kind>
    static void read(const Json& at, Kind& kind) {
        const std::optional<Kind> named = kind_named<Kind>(at.text());
        require(named.has_value(), ErrorKind::Unsupported, "{} is {}, expected one of {}", at.where(),
                quote(at.text()), fmt::join(kind_words<Kind>, ", "));
        kind = named.value_or(kind);
    }
    template <class T>
    static void read(const Json& at, std::vector<T>& items) {
        items.assign(at.size(), T{});
        for (std::size_t i = 0; i < items.size(); ++i) read_object(at.at(i), items[i]);
    }
    template <class T>
    static void read(const Json& at, T& object) {
        read_object(at, object);
    }
};

template <class T>
void read_object(const Json& json, T& object) {
    SavedReader reader{json};
    visit_fields(reader, object, T{});
    for (const std::string& key : json.keys())
        require(reader.known.contains(key), ErrorKind::Unsupported, "{}: {} is not known", json.where(),
                quote(key));
}

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

using Members = std::vector<std::pair<std::string, std::string>>;

void add_lens_sizes(Members& members, const Config& c) {
    const auto add = [&](const char* key, int value) { members.emplace_back(key, json_of(value)); };
    add("n_layers", c.n_layers);
    add("n_heads", c.n_heads);
    add("n_key_value_heads", c.n_kv_heads);
    add("d_model", c.d_model);
    add("d_head", c.d_head);
    add("n_ctx", c.n_ctx);
    add("d_vocab", c.d_vocab);
}

// Keys and values of HookedTransformerConfig.
Members lens_members(const Config& c) {
    Members members{{"model_type", quoted("transformer_lens")}};
    const auto add = [&](const char* key, std::string value) { members.emplace_back(key, std::move(value)); };
    add_lens_sizes(members, c);
    const bool learned = c.positions == Positions::Learned;
    add("attn_only", json_of(!c.has_mlp()));
    add("positional_embedding_type", quoted(learned ? "standard" : name(c.positions)));
    add("normalization_type", c.norm == Norm::None        ? "null"
                              : c.norm == Norm::LayerNorm ? quoted("LN")
                                                          : quoted("RMS"));
    add("attention_dir", quoted(c.causal ? "causal" : "bidirectional"));
    add("scale_attn_by_inverse_layer_idx", json_of(c.scale_by_inverse_layer));
    if (c.norm != Norm::None) add("eps", json_of(c.norm_eps));
    if (c.attention_scale > 0) add("attn_scale", json_of(1.0 / c.attention_scale));
    if (c.positions == Positions::Rotary) {
        add("rotary_dim", json_of(c.rotary.dims));
        add("rotary_base", json_of(c.rotary.theta));
        add("rotary_adjacent_pairs", json_of(c.rotary.adjacent_pairs));
    }
    if (c.has_mlp()) {
        add("d_mlp", json_of(c.d_mlp));
        add("act_fn", quoted(name(c.activation)));
        add("gated_mlp", json_of(c.gated_mlp));
        add("parallel_attn_mlp", json_of(c.parallel_block));
    }
    return members;
}

// Whether the keys of TransformerLens, and which tensors are there, say all of it.
bool plain(const Config& c) {
    Config rest;
    rest.biases = c.biases;
    rest.biases.gate = rest.biases.embed = false;
    rest.rotary = c.rotary;
    rest.rotary.scaling = RotaryScaling::None;
    Writer writer;
    visit_fields(writer, c, rest);
    return writer.text.empty();
}

}  // namespace

std::string saved_config(const Config& config) {
    Members members = lens_members(config);
    if (!plain(config)) members.emplace_back("headway", json_of(config));
    std::string text;
    for (const auto& [key, value] : members)
        text += fmt::format("{}\n  \"{}\": {}", text.empty() ? "{" : ",", key, value);
    return text + "\n}\n";
}

Config as_float(Config config) {
    const auto round = [](double& number) { number = static_cast<double>(static_cast<float>(number)); };
    const auto round_rotary = [&](Rotary& rotary) {
        for (double Rotary::*field :
             {&Rotary::theta, &Rotary::factor, &Rotary::low_factor, &Rotary::high_factor})
            round(rotary.*field);
    };
    for (double Config::*field : {&Config::norm_eps, &Config::attention_scale, &Config::score_cap,
                                  &Config::logit_cap, &Config::embed_scale})
        round(config.*field);
    round_rotary(config.rotary);
    for (LayerAttention& layer : config.layer_attention) round_rotary(layer.rotary);
    return config;
}

void read_saved_kinds(const Json& own, Config& config) { read_object(own, config); }

}  // namespace headway
