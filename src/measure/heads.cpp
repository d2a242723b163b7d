// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/heads.hpp"

#include "expand/head_factors.hpp"
#include "headway/base/error.hpp"
#include "headway/linalg/spectra.hpp"
#include "headway/network/indices.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headway {

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

using namespace indices;

using Factors = std::vector<Wired>;

void append(Factors& factors, Factors more) {
    for (Wired& factor : more) factors.push_back(std::move(factor));
}

// The weights of a layer, wired to the layer's query heads.
class LayerWeights {
public:
    LayerWeights(const Config& config, int layer) : config_(config), layer_(layer) {}

    // What numbers the heads of a weight.
    Indices heads(PerHead own) const {
        if (own == PerHead::None) return {};
        return own == PerHead::Query && config_.group_size() > 1 ? Indices{h, r} : Indices{h};
    }
    Indices query_heads() const { return heads(PerHead::Query); }

    Wired operator()(const std::string& symbol, const Indices& inner) const {
        return {leaf(symbol, layer_, config_.group_size()), heads(leaf_shape(symbol)->heads) + inner};
    }
    WeightOf by_symbol() const {
        return [this](const char* symbol, const Indices& inner) { return (*this)(symbol, inner); };
    }

private:
    const Config& config_;
    int layer_;
};

Expr ov_gram(const Config& config, const LayerWeights& weight) {
    Factors factors{weight("W_V", {d, e}), weight("W_V", {d, e1})};
    append(factors, branch_factors(config, weight.by_symbol(), "W_O", "ln1_post.w", e1, d1, d2));
    append(factors, branch_factors(config, weight.by_symbol(), "W_O", "ln1_post.w", e2, d1, d3));
    return product(factors, weight.query_heads() + Indices{e, e2});
}

Expr qk_gram(const Config& config, const LayerWeights& weight) {
    Factors factors{weight("W_Q", {d, e}), weight("W_Q", {d, e1}), weight("W_K", {d1, e1}),
                    weight("W_K", {d1, e2})};
    for (const char* gain : {"q_norm.w", "k_norm.w"})
        append(factors, query_key_gains(config, weight.by_symbol(), gain, {e1, e2}));
    return product(factors, weight.query_heads() + Indices{e, e2});
}

// b_V, b_Q or b_K with the image of the norm's bias: as a network reads them. Nothing: the model has neither.
std::optional<Wired> head_bias(const Config& config, const LayerWeights& weight, const std::string& letter) {
    const bool own = config.biases.query_key_value && (letter != "V" || !config.folding.value_bias);
    const bool image = config.norms_before() && config.norm_bias() && config.folding.gains;
    std::vector<WiredTerm> terms;
    if (own) terms.push_back({1, weight("b_" + letter, {e})});
    if (image) terms.push_back({1, weight("ln1.b." + letter, {e})});
    if (terms.empty()) return std::nullopt;
    const Indices ports = terms.front().wired.indices;
    return Wired{sum(terms, ports), ports};
}

CircuitSize size_of(const xt::xtensor<double, 2>& gram) {
    double trace = 0, squares = 0;
    for (std::size_t i = 0; i < gram.shape(0); ++i) {
        trace += gram(i, i);
        for (std::size_t j = 0; j < gram.shape(0); ++j) squares += gram(i, j) * gram(j, i);
    }
    if (!(trace > 0)) return {0, undefined, undefined, "the circuit is zero"};
    std::vector<double> singular;  // eigenvalues of a product of two Gram matrices are real and at least 0
    for (const std::complex<double>& value : eigenvalues(gram).values)
        singular.push_back(std::sqrt(std::max(0.0, value.real())));
    const double all = std::accumulate(singular.begin(), singular.end(), 0.0);
    double entropy = 0;
    for (const double s : singular)
        if (s > 0) entropy -= s / all * std::log(s / all);
    return {std::sqrt(trace), trace * trace / squares, std::exp(entropy), {}};
}

// The `number`-th matrix of a stack.
xt::xtensor<double, 2> matrix_of(const xt::xarray<double>& stack, std::size_t number, std::size_t extent) {
    xt::xtensor<double, 2> matrix = xt::xtensor<double, 2>::from_shape({extent, extent});
    const double* const from = stack.data() + number * extent * extent;
    std::copy(from, from + extent * extent, matrix.data());
    return matrix;
}

double dot(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// The rows of a stack of vectors.
std::span<const double> row_of(const xt::xarray<double>& stack, std::size_t number, std::size_t extent) {
    return {stack.data() + number * extent, extent};
}

// What the networks of one layer are for.
struct LayerFacts {
    std::vector<Expr> expressions;
    std::optional<std::size_t> value, output, query, key;  // places of the biases' images

    explicit LayerFacts(const Config& config, int layer) {
        expressions = {circuit_gram(config, HeadMatrix::OV, layer),
                       circuit_gram(config, HeadMatrix::QK, layer)};
        value = add(bias_image(config, HeadBias::Value, layer));
        query = add(bias_image(config, HeadBias::Query, layer));
        key = add(bias_image(config, HeadBias::Key, layer));
        if (value && config.biases.attention_out) output = add(output_bias(config, layer));
    }

private:
    // b_O, behind the norm of the branch.
    static Expr output_bias(const Config& config, int layer) {
        const LayerWeights weight(config, layer);
        if (!config.folding.gains || !config.norms_after()) return leaf("b_O", layer);
        return product({weight("b_O", {d}), weight("ln1_post.w", {d})}, {d});
    }
    std::optional<std::size_t> add(const std::optional<Expr>& expression) {
        if (!expression) return std::nullopt;
        expressions.push_back(*expression);
        return expressions.size() - 1;
    }
};

void add_biases(const Config& config, const LayerFacts& networks,
                const std::vector<xt::xarray<double>>& values, std::span<HeadFacts> heads) {
    const auto extent = static_cast<std::size_t>(config.d_model);
    const auto norms = [&](std::optional<std::size_t> place, double BiasSize::*norm) {
        if (!place) return;
        for (std::size_t i = 0; i < heads.size(); ++i) {
            const std::span<const double> row = row_of(values[*place], i, extent);
            heads[i].bias.*norm = std::sqrt(dot(row, row));
        }
    };
    norms(networks.value, &BiasSize::value);
    norms(networks.query, &BiasSize::query);
    norms(networks.key, &BiasSize::key);
    if (!networks.value) return;
    std::vector<double> total(extent, 0.0);
    const auto add = [&](std::span<const double> row) {
        std::transform(row.begin(), row.end(), total.begin(), total.begin(), std::plus<>());
    };
    for (std::size_t i = 0; i < heads.size(); ++i) add(row_of(values[*networks.value], i, extent));
    if (networks.output) add(row_of(values[*networks.output], 0, extent));
    const double whole = dot(total, total);
    for (std::size_t i = 0; i < heads.size() && whole > 0; ++i)
        heads[i].bias.share = dot(row_of(values[*networks.value], i, extent), total) / whole;
}

void keep_best(std::optional<Partner>& best, const Partner& candidate) {
    if (candidate.excess > 0 && (!best || candidate.excess > best->excess)) best = candidate;
}

}  // namespace

Expr circuit_gram(const Config& config, HeadMatrix matrix, int layer) {
    const LayerWeights weight(config, layer);
    return matrix == HeadMatrix::OV ? ov_gram(config, weight) : qk_gram(config, weight);
}

std::optional<Expr> bias_image(const Config& config, HeadBias bias, int layer) {
    const LayerWeights weight(config, layer);
    const char* letter = bias == HeadBias::Value ? "V" : bias == HeadBias::Query ? "Q" : "K";
    const std::optional<Wired> own = head_bias(config, weight, letter);
    if (!own) return std::nullopt;
    Factors factors{*own};
    if (bias == HeadBias::Value) {
        append(factors, branch_factors(config, weight.by_symbol(), "W_O", "ln1_post.w", e, d, d1));
    } else {
        factors.push_back(weight(bias == HeadBias::Query ? "W_K" : "W_Q", {d, e}));
        for (const char* gain : {"q_norm.w", "k_norm.w"})
            append(factors, query_key_gains(config, weight.by_symbol(), gain, {e}));
    }
    return product(factors, weight.query_heads() + Indices{d});
}

std::vector<HeadFacts> head_facts(const Model& model, const EvaluateOptions& options) {
    const Config& config = model.config();
    const auto heads_a_layer = static_cast<std::size_t>(config.n_heads);
    const auto inner = static_cast<std::size_t>(config.d_head);
    std::vector<HeadFacts> facts;
    for (int layer = 0; layer < config.n_layers; ++layer) {
        const LayerFacts networks(config, layer);
        const std::vector<xt::xarray<double>> values = evaluate(model, networks.expressions, {}, options);
        const std::size_t first = facts.size();
        for (std::size_t i = 0; i < heads_a_layer; ++i)
            facts.push_back({.head = {layer, static_cast<int>(i)},
                             .ov = size_of(matrix_of(values[0], i, inner)),
                             .qk = size_of(matrix_of(values[1], i, inner)),
                             .bias = {}});
        add_biases(config, networks, values, std::span(facts).subspan(first));
    }
    return facts;
}

std::vector<HeadPartners> best_partners(const CompositionTable& table, const Config& config) {
    std::vector<HeadPartners> partners;
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (int head = 0; head < config.n_heads; ++head) partners.push_back({.head = {layer, head}});
    const auto of = [&](Head head) -> HeadPartners& {
        return partners[static_cast<std::size_t>(head.layer * config.n_heads + head.index)];
    };
    for (const CompositionRow& row : table.rows) {
        if (!row.undefined.empty()) continue;
        Partner partner{row.writer, row.kind, row.score, row.excess,
                        std::fmin(row.robust_z_writer, row.robust_z_reader)};
        HeadPartners& reader = of(row.reader);
        keep_best(row.kind == Composition::Q   ? reader.q
                  : row.kind == Composition::K ? reader.k
                                               : reader.v,
                  partner);
        partner.head = row.reader;
        keep_best(of(row.writer).reader, partner);
    }
    return partners;
}

}  // namespace headway
