// Small Configs in which every pair of features of all architectures occurs at least once: what one feature
// does to another is where a reading goes wrong, and the full product of them all is out of reach.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace headway::testing {

struct Option {
    const char* name;
    void (*apply)(Config&);
};

struct Feature {
    const char* name;
    std::vector<Option> options;
};

inline void full_rotary(Config& c) { c.rotary = {.dims = c.d_head, .theta = 100.0}; }

inline void alternate_layers(Config& c, int window, const Rotary& other) {
    for (int layer = 0; layer < c.n_layers; ++layer)
        c.layer_attention.push_back({layer % 2 == 0 ? window : 0, layer % 2 == 0 ? c.rotary : other});
}

/// In the order in which they are applied: layers differ from a rotation that is known by then.
inline const std::vector<Feature>& features() {
    static const std::vector<Feature> table{
        {"norm",
         {{"none", [](Config&) {}},
          {"layer", [](Config& c) { c.norm = Norm::LayerNorm; }},
          {"rms", [](Config& c) { c.norm = Norm::RmsNorm; }}}},
        {"placement",
         {{"before", [](Config&) {}},
          {"after", [](Config& c) { c.norm_placement = NormPlacement::After; }},
          {"sandwich", [](Config& c) { c.norm_placement = NormPlacement::Sandwich; }},
          {"stream", [](Config& c) { c.norm_placement = NormPlacement::Stream; }}}},
        {"embed_norm", {{"no", [](Config&) {}}, {"yes", [](Config& c) { c.embed_norm = true; }}}},
        {"final_norm", {{"yes", [](Config&) {}}, {"no", [](Config& c) { c.final_norm = false; }}}},
        {"query_key_norm",
         {{"none", [](Config&) {}},
          {"head", [](Config& c) { c.query_key_norm = QueryKeyNorm::Head; }},
          {"layer", [](Config& c) { c.query_key_norm = QueryKeyNorm::Layer; }}}},
        {"positions",
         {{"none", [](Config&) {}},
          {"learned", [](Config& c) { c.positions = Positions::Learned; }},
          {"shortformer", [](Config& c) { c.positions = Positions::Shortformer; }},
          {"rotary", [](Config& c) { c.positions = Positions::Rotary; }},
          {"alibi", [](Config& c) { c.positions = Positions::Alibi; }}}},
        {"rotation",
         {{"full", full_rotary},
          {"partial", [](Config& c) { c.rotary = {.dims = c.d_head - 2, .theta = 100.0}; }},
          {"adjacent",
           [](Config& c) { c.rotary = {.dims = c.d_head, .theta = 100.0, .adjacent_pairs = true}; }},
          {"linear",
           [](Config& c) {
               full_rotary(c);
               c.rotary.scaling = RotaryScaling::Linear;
               c.rotary.factor = 4;
           }},
          {"llama3",  // of 6 dimensions: wavelengths 6.3, 29, 135 are kept, between, and stretched
           [](Config& c) {
               full_rotary(c);
               c.rotary.scaling = RotaryScaling::Llama3;
               c.rotary.factor = 8, c.rotary.low_factor = 1, c.rotary.high_factor = 4;
               c.rotary.original_ctx = 100;
           }}}},
        {"layers",
         {{"equal", [](Config&) {}},
          {"windows", [](Config& c) { alternate_layers(c, 2, c.rotary); }},
          {"unrotated", [](Config& c) { alternate_layers(c, 0, {}); }},
          {"windows and bases",
           [](Config& c) {
               Rotary other = c.rotary;
               other.theta = 7.0;
               alternate_layers(c, 3, other);
           }}}},
        {"mlp",
         {{"none", [](Config& c) { c.d_mlp = 0; }},
          {"relu", [](Config&) {}},
          {"gelu", [](Config& c) { c.activation = Activation::Gelu; }},
          {"gated gelu_new", [](Config& c) { c.gated_mlp = true, c.activation = Activation::GeluNew; }},
          {"gated silu", [](Config& c) { c.gated_mlp = true, c.activation = Activation::Silu; }}}},
        {"block",
         {{"serial", [](Config&) {}},
          {"parallel", [](Config& c) { c.parallel_block = true; }},
          {"one norm", [](Config& c) { c.parallel_block = c.shared_norm = true; }}}},
        {"biases",
         {{"none", [](Config&) {}},
          {"all", [](Config& c) { c.biases = {true, true, true, true, true, true, true}; }},
          {"query, key, value", [](Config& c) { c.biases.query_key_value = true; }},
          {"norms and gate", [](Config& c) { c.biases.norm = c.biases.gate = true; }}}},
        {"causal", {{"yes", [](Config&) {}}, {"no", [](Config& c) { c.causal = false; }}}},
        {"scale",
         {{"1/sqrt", [](Config&) {}},
          {"own", [](Config& c) { c.attention_scale = 1.0; }},
          {"by layer", [](Config& c) { c.scale_by_inverse_layer = true; }}}},
        {"score_cap", {{"no", [](Config&) {}}, {"yes", [](Config& c) { c.score_cap = 1.5; }}}},
        {"logit_cap", {{"no", [](Config&) {}}, {"yes", [](Config& c) { c.logit_cap = 0.75; }}}},
        {"embed_scale", {{"no", [](Config&) {}}, {"yes", [](Config& c) { c.embed_scale = 2.5; }}}},
        {"head", {{"linear", [](Config&) {}}, {"masked", [](Config& c) { c.masked_head = true; }}}},
        {"folding",
         {{"none", [](Config&) {}},
          {"gains", [](Config& c) { c.folding.gains = true; }},
          {"gains, centring",
           [](Config& c) {
               c.folding = {true, true, false};
           }},
          {"centring", [](Config& c) { c.folding.centring = true; }},
          {"all",
           [](Config& c) {
               c.folding = {true, true, true};
           }}}},
    };
    return table;
}

/// The number of an option for each feature.
using Choice = std::vector<std::size_t>;

/// The features of a choice on top of the sizes of `config`.
inline Config config_of(const Choice& choice, Config config) {
    for (std::size_t f = 0; f < choice.size(); ++f) features()[f].options[choice[f]].apply(config);
    return config;
}

/// `norm rms, placement after, ...`: what is not the first option.
inline std::string words_of(const Choice& choice) {
    std::string words;
    for (std::size_t f = 0; f < choice.size(); ++f)
        if (choice[f] != 0)
            words += std::string(words.empty() ? "" : "; ") + features()[f].name + " " +
                     features()[f].options[choice[f]].name;
    return words;
}

/// What `transformer` refuses to write.
inline bool is_refused(const Config& c) {
    const bool window = std::any_of(c.layer_attention.begin(), c.layer_attention.end(),
                                    [](const auto& a) { return a.window; });
    return (window && !c.causal) || (c.norms_after() && c.norm == Norm::LayerNorm) ||
           (c.norms_stream() && c.parallel_block);
}

/// Two options of two features.
struct Pair {
    std::size_t feature, option, other_feature, other_option;
    auto operator<=>(const Pair&) const = default;
};

inline std::string words_of(const Pair& pair) {
    Choice choice(features().size(), 0);
    choice[pair.feature] = pair.option;
    choice[pair.other_feature] = pair.other_option;
    return words_of(choice);
}

inline std::set<Pair> pairs_of(const Choice& choice) {
    std::set<Pair> pairs;
    for (std::size_t f = 0; f < choice.size(); ++f)
        for (std::size_t g = f + 1; g < choice.size(); ++g) pairs.insert({f, choice[f], g, choice[g]});
    return pairs;
}

inline std::set<Pair> all_pairs() {
    std::set<Pair> pairs;
    for (std::size_t f = 0; f < features().size(); ++f)
        for (std::size_t g = f + 1; g < features().size(); ++g)
            for (std::size_t i = 0; i < features()[f].options.size(); ++i)
                for (std::size_t j = 0; j < features()[g].options.size(); ++j) pairs.insert({f, i, g, j});
    return pairs;
}

/// Choices that are not refused and cover every pair that some such choice has: each is the best of some
/// random ones.
inline std::vector<Choice> every_pair_of_features(const Config& sizes) {
    std::mt19937_64 random(1);
    const auto pick = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    std::set<Pair> missing = all_pairs();
    std::vector<Choice> choices;
    for (int misses = 0; misses < 20 && !missing.empty();) {
        Choice best;
        std::size_t gain = 0;
        for (int attempt = 0; attempt < 60; ++attempt) {
            Choice choice;
            for (const Feature& feature : features()) choice.push_back(pick(feature.options.size()));
            auto wanted = missing.begin();
            std::advance(wanted, static_cast<std::ptrdiff_t>(pick(missing.size())));
            choice[wanted->feature] = wanted->option;
            choice[wanted->other_feature] = wanted->other_option;
            if (is_refused(config_of(choice, sizes))) continue;
            std::size_t fresh = 0;
            for (const Pair& pair : pairs_of(choice)) fresh += missing.count(pair);
            if (fresh > gain) best = choice, gain = fresh;
        }
        if (gain == 0) {
            ++misses;
            continue;
        }
        misses = 0;
        for (const Pair& pair : pairs_of(best)) missing.erase(pair);
        choices.push_back(std::move(best));
    }
    return choices;
}

}  // namespace headway::testing
