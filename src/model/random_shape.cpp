// SPDX-License-Identifier: Apache-2.0
#include "model/random_shape.hpp"

#include "headway/base/config_names.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/model/load.hpp"
#include "model/architecture.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headway {

namespace {

Config gpt2_shape(int layers, int heads, int d_model) {
    Config c;
    c.architecture = "gpt2";
    c.n_layers = layers;
    c.n_heads = c.n_kv_heads = heads;
    c.d_model = d_model;
    c.d_head = d_model / heads;
    c.d_mlp = 4 * d_model;
    c.n_ctx = 1024;
    c.d_vocab = 50257;
    c.positions = Positions::Learned;
    c.norm = Norm::LayerNorm;
    c.norm_eps = 1e-5;
    c.activation = Activation::GeluNew;
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true};
    c.tied_unembed = true;
    return c;
}

Config llama_3_8b_shape() {
    Config c;
    c.architecture = "llama";
    c.n_layers = 32;
    c.n_heads = 32;
    c.n_kv_heads = 8;
    c.d_model = 4096;
    c.d_head = 128;
    c.d_mlp = 14336;
    c.n_ctx = 8192;
    c.d_vocab = 128256;
    c.positions = Positions::Rotary;
    c.rotary = {.dims = 128, .theta = 500000.0};
    c.norm = Norm::RmsNorm;
    c.norm_eps = 1e-5;
    c.activation = Activation::Silu;
    c.gated_mlp = true;
    return c;
}

/// `key=value,key=value`; every key is asked for once.
class Fields {
public:
    explicit Fields(std::string_view text) {
        while (!text.empty()) {
            const std::string_view item = text.substr(0, text.find(','));
            text.remove_prefix(std::min(item.size() + 1, text.size()));
            const std::size_t equals = item.find('=');
            require(equals != std::string_view::npos && equals > 0, ErrorKind::Usage,
                    "random shape: {} is neither a known shape (gpt2, gpt2-medium, gpt2-xl, llama-3-8b) nor "
                    "key=value",
                    quote(item));
            const auto [at, fresh] = values_.emplace(item.substr(0, equals), item.substr(equals + 1));
            require(fresh, ErrorKind::Usage, "random shape: {} is given twice", quote(at->first));
        }
    }

    int size(const std::string& key, std::optional<int> otherwise, int least = 1) {
        const std::optional<std::string> text = take(key);
        require(text || otherwise, ErrorKind::Usage, "random shape: {} is missing", key);
        if (!text) return *otherwise;
        int value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        require(error == std::errc{} && end == text->data() + text->size() && value >= least,
                ErrorKind::Usage, "random shape: {} is {}, expected a whole number of at least {}", key,
                quote(*text), least);
        return value;
    }

    double positive(const std::string& key, double otherwise) {
        const std::optional<std::string> text = take(key);
        if (!text) return otherwise;
        double value = 0.0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        require(
            error == std::errc{} && end == text->data() + text->size() && std::isfinite(value) && value > 0,
            ErrorKind::Usage, "random shape: {} is {}, expected a number above 0", key, quote(*text));
        return value;
    }

    bool flag(const std::string& key, bool otherwise) {
        const std::optional<std::string> text = take(key);
        require(!text || *text == "0" || *text == "1", ErrorKind::Usage,
                "random shape: {} is {}, expected 0 or 1", key, quote(text.value_or("")));
        return text ? *text == "1" : otherwise;
    }

    /// One of the words of a kind: see config_names.hpp.
    template <class Kind>
    Kind choice(const std::string& key, Kind otherwise) {
        const std::optional<std::string> text = take(key);
        if (!text) return otherwise;
        const std::optional<Kind> kind = kind_named<Kind>(*text);
        require(kind.has_value(), ErrorKind::Usage, "random shape: {} is {}, expected one of {}", key,
                quote(*text), fmt::join(kind_words<Kind>, ", "));
        return *kind;
    }

    /// Throws when a key was given that nobody asked for.
    void finish() const {
        if (values_.empty()) return;
        const std::string near = nearest(values_.begin()->first, asked_);
        throw Error(ErrorKind::Usage,
                    fmt::format("random shape: unknown key {}", quote(values_.begin()->first)),
                    near.empty() ? "" : fmt::format("did you mean {}?", near));
    }

private:
    std::optional<std::string> take(const std::string& key) {
        asked_.push_back(key);
        const auto found = values_.find(key);
        if (found == values_.end()) return std::nullopt;
        std::string value = std::move(found->second);
        values_.erase(found);
        return value;
    }

    std::map<std::string, std::string, std::less<>> values_;
    std::vector<std::string> asked_;
};

void read_biases(Fields& fields, Config& c) {
    const bool biases = fields.flag("biases", false);
    c.biases = {.query_key_value = biases,
                .attention_out = biases,
                .mlp = biases && c.has_mlp(),
                .gate = fields.flag("gate_bias", false) && c.has_mlp() && c.gated_mlp,
                .norm = biases && c.norm == Norm::LayerNorm,
                .unembed = biases,
                .embed = fields.flag("embed_bias", false)};
}

void read_norms(Fields& fields, Config& c) {
    c.norm = fields.choice("norm", Norm::None);
    c.norm_placement = fields.choice("norms", NormPlacement::Before);
    c.norm_eps = fields.positive("eps", c.norm_eps);
    c.query_key_norm = fields.choice("qk_norm", QueryKeyNorm::None);
    c.embed_norm = fields.flag("embed_norm", false);
    c.final_norm = fields.flag("final_norm", true);
    c.shared_norm = fields.flag("shared_norm", false);
}

Rotary read_rotary(Fields& fields, const Config& c) {
    if (c.positions != Positions::Rotary) return {};
    Rotary rotary;
    rotary.dims = fields.size("rotary_dims", c.d_head);
    rotary.theta = fields.positive("theta", rotary.theta);
    rotary.adjacent_pairs = fields.flag("adjacent", false);
    rotary.scaling = fields.choice("rope", RotaryScaling::None);
    if (rotary.scaling == RotaryScaling::None) return rotary;
    rotary.factor = fields.positive("factor", 4.0);
    if (rotary.scaling == RotaryScaling::Llama3) rotary.original_ctx = fields.size("original_ctx", 8);
    return rotary;
}

/// Layers that differ: `window=N` in all but every `full_every`-th, no rotation in every `plain_every`-th.
void read_layer_attention(Fields& fields, Config& c) {
    const int window = fields.size("window", 0, 0);
    const int full_every = fields.size("full_every", 0, 0);
    const int plain_every = fields.size("plain_every", 0, 0);
    if (window == 0 && plain_every == 0) return;
    for (int layer = 0; layer < c.n_layers; ++layer) {
        const bool full = full_every > 0 && (layer + 1) % full_every == 0;
        const bool plain = plain_every > 0 && (layer + 1) % plain_every == 0;
        c.layer_attention.push_back({full ? 0 : window, plain ? Rotary{} : c.rotary});
    }
}

void read_kinds(Fields& fields, Config& c) {
    c.positions = fields.choice("positions", Positions::Learned);
    c.activation = fields.choice("activation", Activation::GeluNew);
    c.gated_mlp = fields.flag("gated", false);
    c.parallel_block = fields.flag("parallel", false);
    c.tied_unembed = fields.flag("tied", false);
    c.causal = fields.flag("causal", true);
    c.masked_head = fields.flag("masked_head", false);
    c.scale_by_inverse_layer = fields.flag("inverse_layer", false);
    c.score_cap = fields.positive("score_cap", 0.0);
    c.logit_cap = fields.positive("logit_cap", 0.0);
    c.embed_scale = fields.positive("embed_scale", 1.0);
    read_norms(fields, c);
    read_biases(fields, c);
    c.rotary = read_rotary(fields, c);
    read_layer_attention(fields, c);
}

}  // namespace

Config parse_random_shape(std::string_view shape) { return find_random_shape(shape).config; }

RandomShape find_random_shape(std::string_view text) {
    if (text == "gpt2") return {gpt2_shape(12, 12, 768)};
    if (text == "gpt2-medium") return {gpt2_shape(24, 16, 1024)};
    if (text == "gpt2-xl") return {gpt2_shape(48, 25, 1600)};
    if (text == "llama-3-8b") return {llama_3_8b_shape(), true};
    Fields fields(text);
    Config c;
    c.architecture = "random";
    c.n_layers = fields.size("layers", std::nullopt);
    check_layers(c.n_layers, "random shape", ErrorKind::Usage);
    c.n_heads = fields.size("heads", std::nullopt);
    c.d_model = fields.size("d_model", std::nullopt);
    c.n_kv_heads = fields.size("kv_heads", c.n_heads);
    require(text.find("d_head=") != std::string_view::npos || c.d_model % c.n_heads == 0, ErrorKind::Usage,
            "random shape: d_model={} is no multiple of heads={}, and there is no d_head", c.d_model,
            c.n_heads);
    c.d_head = fields.size("d_head", c.d_model / c.n_heads);
    c.d_mlp = fields.size("d_mlp", 0, 0);
    c.d_vocab = fields.size("vocab", 512);
    c.n_ctx = fields.size("ctx", 128);
    read_kinds(fields, c);
    fields.finish();
    check_config(c, "random shape", ErrorKind::Usage);
    return {c};
}

}  // namespace headway
