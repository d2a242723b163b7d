// SPDX-License-Identifier: Apache-2.0
#include "expand/head_factors.hpp"
#include "headway/measure/channels.hpp"
#include "headway/model/given_leaves.hpp"
#include "headway/network/leaves.hpp"

#include <utility>

namespace headway {

namespace {

/// W_Q γ R of a layer, γ the gain of queries where it is no part of W_Q.
Expr rotated_queries(const Config& config, int layer, int offset) {
    const int group = config.group_size();
    Indices heads{{Space::Head, 0}};
    if (group > 1) heads.push_back({Space::Member, 0});
    const Index d{Space::Residual, 0}, e{Space::HeadInner, 0}, e1{Space::HeadInner, 1};
    const auto weight = [&](const char* symbol, const Indices& inner) {
        return Wired{leaf(symbol, layer, group), heads + inner};
    };
    std::vector<Wired> factors = query_key_gains(config, weight, "q_norm.w", {e});
    factors.push_back(weight("W_Q", {d, e}));
    factors.push_back({rotation_by(config.rotary_of(layer), offset), {e, e1}});
    return product(factors, heads + Indices{d, e1});
}

}  // namespace

Model with_rotated_queries(const Model& model, int offset, const EvaluateOptions& options) {
    const Config& config = model.config();
    std::vector<Expr> networks;
    std::vector<int> layers;
    for (int layer = 0; offset != 0 && layer < config.n_layers; ++layer) {
        if (config.rotary_of(layer).dims == 0) continue;
        networks.push_back(rotated_queries(config, layer, offset));
        layers.push_back(layer);
    }
    if (networks.empty()) return model;
    EvaluateOptions in_double = options;
    in_double.precision = Precision::Double;
    const std::vector<int> tokens(static_cast<std::size_t>(offset) + 1);
    const bool gains = config.folding.gains && config.query_key_norm != QueryKeyNorm::None;
    std::vector<GivenLeaf> given;
    evaluate_each(model, networks, tokens, in_double, [&](std::size_t i, const xt::xarray<double>& value) {
        given.push_back({model.at("W_Q", layers[i]), {value.begin(), value.end()}});
        if (!gains) return;
        const Leaf& gain = model.at("q_norm.w", layers[i]);
        given.push_back({gain, std::vector<double>(static_cast<std::size_t>(gain.size()), 1.0)});
    });
    return with_leaves(model, std::move(given));
}

}  // namespace headway
