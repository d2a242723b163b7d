// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/positional.hpp"

#include "expand/head_factors.hpp"
#include "headway/base/error.hpp"
#include "headway/network/indices.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <utility>

namespace headway {

namespace {

using namespace indices;

using Factors = std::vector<Wired>;

bool has_position_rows(const Config& config) {
    return config.positions == Positions::Learned || config.positions == Positions::Shortformer;
}

// What a layer's scores are when tokens are alike.
class PositionScores {
public:
    PositionScores(const Config& config, int layer) : config_(config), layer_(layer) {
        if (config.group_size() > 1) query_heads_ = {h, r};
    }

    const Indices& query_heads() const { return query_heads_; }

    // Ports: query heads, query, key. Nothing: no positions enter.
    std::optional<Expr> scores() const {
        const Indices ports = query_heads_ + Indices{q, k};
        if (config_.positions == Positions::Alibi)
            return product({slope(), {structure({Relation::Distance, 0, {}}), {q, k}}}, ports);
        const std::optional<Sides> sides = by_position();
        if (!sides) return std::nullopt;
        return product({{sides->query, query_heads_ + Indices{q, e}}, {sides->key, {h, k, e}}, scale()},
                       ports);
    }

    // Ports: query heads, offset: the query at the offset, the key at 0.
    std::optional<Expr> kernel() const {
        if (has_position_rows(config_)) return std::nullopt;
        const std::optional<Expr> of_pairs = scores();
        if (!of_pairs) return std::nullopt;
        return product({{*of_pairs, query_heads_ + Indices{q, k}}, {one_hot(Space::Position, 0), {k}}},
                       query_heads_ + Indices{q});
    }

private:
    // Ports: (query) heads, position, head_inner.
    struct Sides {
        Expr query, key;
    };

    Wired scale() const { return {leaf("scale", layer_), {}}; }
    Wired slope() const { return {leaf("slope", layer_, config_.group_size()), query_heads_}; }

    std::optional<Sides> by_position() const {
        const Rotary rotary = config_.rotary_of(layer_);
        if (has_position_rows(config_))
            return Sides{projected("Q", query_heads_, position_rows(), {q}),
                         projected("K", {h}, position_rows(), {q})};
        if (config_.positions != Positions::Rotary || rotary.dims == 0) return std::nullopt;
        return Sides{rotated(mean("Q", query_heads_), query_heads_, rotary),
                     rotated(mean("K", {h}), {h}, rotary)};
    }

    // W_pos as the layer reads it: ports [position, residual].
    Expr position_rows() const {
        const Expr rows = leaf("W_pos");
        return config_.positions == Positions::Shortformer ? rows : normalised(rows, q);
    }

    // Rows behind the norm in front of the layer, its gain and bias aside: they are the readers' where
    // folded.
    Expr normalised(const Expr& rows, Index row) const {
        if (!config_.norms_before()) return rows;
        const bool centring = config_.norm == Norm::LayerNorm && !config_.folding.centring;
        const Expr input =
            centring ? product({{rows, {row, d1}}, {structure({Relation::Centre, 0, {}}), {d1, d}}}, {row, d})
                     : rows;
        Factors factors{{input, {row, d}}, {rstd(input, config_.norm_eps), {row}}};
        if (!config_.folding.gains) factors.push_back({leaf("ln1.w", layer_), {d}});
        return product(factors, {row, d});
    }

    // rows W + what the norm's bias and the projection's own add: ports own, inner of the rows, head_inner.
    Expr projected(const std::string& letter, const Indices& own, const Expr& rows,
                   const Indices& row) const {
        const Indices ports = own + row + Indices{e};
        Factors factors{{rows, row + Indices{d}},
                        {leaf("W_" + letter, layer_, config_.group_size()), own + Indices{d, e}}};
        if (config_.folding.gains && config_.query_key_norm != QueryKeyNorm::None)
            factors.push_back({leaf(letter == "Q" ? "q_norm.w" : "k_norm.w", layer_, config_.group_size()),
                               own + Indices{e}});
        return product(factors, ports);
    }

    // The mean query or key over the vocabulary: ports own, head_inner. A uniform softmax is the mean.
    Expr mean(const std::string& letter, const Indices& own) const {
        const Expr uniform = softmax(copy(Space::Vocab, 1), 0);
        Factors factors{{uniform, {v}}, {normalised(leaf("W_E"), v), {v, d}}};
        if (config_.embed_scale != 1.0 && !config_.norms_before())
            factors.push_back({leaf("embed_scale"), {}});
        const Expr row = product(factors, {d});
        const Indices ports = own + Indices{e};
        std::vector<WiredTerm> terms{{1, {projected(letter, own, row, {}), ports}}};
        if (config_.biases.query_key_value)
            terms.push_back({1, {leaf("b_" + letter, layer_, config_.group_size()), ports}});
        if (config_.norms_before() && config_.norm_bias() && config_.folding.gains)
            terms.push_back({1, {leaf("ln1.b." + letter, layer_, config_.group_size()), ports}});
        return sum(terms, ports);
    }

    // The same vector at every position, turned.
    static Expr rotated(const Expr& side, const Indices& own, const Rotary& rotary) {
        return product({{side, own + Indices{e1}}, {structure({Relation::Rope, 0, rotary}), {q, e1, e}}},
                       own + Indices{q, e});
    }

    const Config& config_;
    int layer_;
    Indices query_heads_{h};
};

// Mean over the queries of each diagonal of a pattern [n, n].
std::vector<double> by_offset(const double* pattern, std::size_t n) {
    std::vector<double> means(n, 0.0);
    for (std::size_t offset = 0; offset < n; ++offset) {
        for (std::size_t query = offset; query < n; ++query)
            means[offset] += pattern[query * n + query - offset];
        means[offset] /= static_cast<double>(n - offset);
    }
    return means;
}

void prefer(PositionalPreference& head, std::vector<double> attention) {
    head.attention = std::move(attention);
    const auto most = std::ranges::max_element(head.attention);
    head.offset = static_cast<int>(most - head.attention.begin());
    head.at_offset = *most;
    head.undefined.clear();
}

std::vector<PositionalPreference> undefined_heads(const Config& config) {
    const char* why = config.causal ? "no positions enter the layer" : "queries see what follows them";
    std::vector<PositionalPreference> heads;
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (int head = 0; head < config.n_heads; ++head)
            heads.push_back({.head = {layer, head}, .undefined = why});
    return heads;
}

// The networks of all layers that have them, and whose each is.
struct PositionalNetworks {
    struct Role {
        int layer;
        bool is_kernel;
    };
    std::vector<Expr> expressions;
    std::vector<Role> roles;

    explicit PositionalNetworks(const Config& config) {
        for (int layer = 0; layer < config.n_layers; ++layer) {
            const std::optional<Expr> pattern = position_pattern(config, layer);
            if (!pattern) continue;
            add(*pattern, {layer, false});
            if (const std::optional<Expr> kernel = position_kernel(config, layer))
                add(*kernel, {layer, true});
        }
    }

private:
    void add(const Expr& expression, Role role) {
        expressions.push_back(expression);
        roles.push_back(role);
    }
};

}  // namespace

std::optional<Expr> position_pattern(const Config& config, int layer) {
    const PositionScores positions(config, layer);
    const std::optional<Expr> scores = positions.scores();
    if (!scores || !config.causal) return std::nullopt;
    const Expr capped = config.score_cap != 0.0 ? soft_cap(*scores, config.score_cap) : *scores;
    const int queries = static_cast<int>(positions.query_heads().size()), keys = queries + 1;
    return softmax(capped, keys, structure({Relation::Causal, config.window_of(layer), {}}), {queries, keys});
}

std::optional<Expr> position_kernel(const Config& config, int layer) {
    return PositionScores(config, layer).kernel();
}

std::vector<PositionalPreference> positional_preference(const Model& model, const EvaluateOptions& options,
                                                        int positions) {
    const Config& config = model.config();
    require(positions > 0, ErrorKind::Usage, "a sequence needs at least one position, not {}", positions);
    const int n = has_position_rows(config) ? std::min(positions, config.n_ctx) : positions;
    const std::vector<int> tokens(static_cast<std::size_t>(n), 0);  // any: no token enters
    const PositionalNetworks networks(config);
    std::vector<PositionalPreference> result = undefined_heads(config);
    const auto heads_a_layer = static_cast<std::size_t>(config.n_heads);
    evaluate_each(model, networks.expressions, tokens, options,
                  [&](std::size_t number, const xt::xarray<double>& value) {
                      const auto [layer, is_kernel] = networks.roles[number];
                      for (std::size_t i = 0; i < heads_a_layer; ++i) {
                          PositionalPreference& head =
                              result[static_cast<std::size_t>(layer) * heads_a_layer + i];
                          const double* const of_head = value.data() + i * (value.size() / heads_a_layer);
                          if (is_kernel)
                              head.kernel.assign(of_head, of_head + n);
                          else
                              prefer(head, by_offset(of_head, static_cast<std::size_t>(n)));
                      }
                  });
    return result;
}

}  // namespace headway
