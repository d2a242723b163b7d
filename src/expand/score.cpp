// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/score.hpp"

#include "expand/stream.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/select.hpp"
#include "headway/network/leaves.hpp"

namespace headway {

namespace {

constexpr Index q{Space::Position, 0}, k{Space::Position, 1};
constexpr Index d{Space::Residual, 0}, d1{Space::Residual, 1};
constexpr Index e{Space::HeadInner, 0}, e1{Space::HeadInner, 1};

// One side of the score of a head.
class Side {
public:
    Side(const FrozenModel::Leaves& model, Head head, bool query)
        : model_(model), config_(model.config), head_(head), query_(query) {}

    std::vector<ScoreSide> run() {
        embedding();
        for (int layer = 0; layer < head_.layer; ++layer) upstream(layer);
        biases();
        return std::move(sides_);
    }

private:
    void add(const Source& source, const Expr& node) { sides_.push_back({source, node}); }

    Expr weight(const char* query, const char* key) const {
        return head_leaf(query_ ? query : key, head_, config_.group_size());
    }

    // `factors` on [q, e], turned by position where the model does.
    Expr rotated(std::vector<Wired> factors) const {
        if (config_.positions != Positions::Rotary) return product(factors, {q, e});
        for (Wired& factor : factors)
            for (Index& index : factor.indices)
                if (index == e) index = e1;
        factors.push_back({structure({Relation::Rope, 0, config_.rotary}), {q, e1, e}});
        return product(factors, {q, e});
    }

    // The query or key that the head reads from a part of the residual stream.
    void add_read(const Source& source, const Expr& stream) {
        const NormLeaves& norm = model_.layers[static_cast<std::size_t>(head_.layer)].norm;
        std::vector<Wired> factors = normalised_stream(norm, stream, q, d, d1);
        factors.push_back({weight("W_Q", "W_K"), {d, e}});
        add(source, rotated(std::move(factors)));
    }

    void add_written(const Source& source) { add_read(source, written(model_, source)); }

    void embedding() {
        add_written({SourceKind::Embed});
        if (config_.positions == Positions::Learned) add_written({SourceKind::Pos});
        // Shortformer positions enter behind the norm.
        if (config_.positions == Positions::Shortformer)
            add({SourceKind::Pos}, rotated({{leaf("W_pos"), {q, d}}, {weight("W_Q", "W_K"), {d, e}}}));
    }

    void upstream(int layer) {
        const Expr& value = model_.frozen.at(fmt::format("V[L{}]", layer));
        const LayerLeaves& leaves = model_.layers[static_cast<std::size_t>(layer)];
        for (int head = 0; head < config_.n_heads; ++head) {
            const AttentionLeaves& attention = leaves.head[static_cast<std::size_t>(head)];
            const Expr output = product({{attention.pattern, {q, k}},
                                         {select_head(value, head, config_.group_size()), {k, e}},
                                         {attention.out, {e, d}}},
                                        {q, d});
            add_read({SourceKind::HeadOutput, layer, head}, output);
        }
        if (leaves.out_bias != nullptr) add_written({SourceKind::OutBias, layer});
        if (leaves.mlp != nullptr) add_written({SourceKind::Mlp, layer});
    }

    void biases() {
        if (config_.biases.query_key_value)
            add({query_ ? SourceKind::QueryBias : SourceKind::KeyBias, head_.layer, head_.index},
                rotated({{model_.ones, {q}}, {weight("b_Q", "b_K"), {e}}}));
        if (config_.norm != Norm::LayerNorm || !config_.biases.norm) return;
        const NormLeaves& norm = model_.layers[static_cast<std::size_t>(head_.layer)].norm;
        const Source source{SourceKind::NormBias, head_.layer};
        if (norm.bias == nullptr)
            add(source, rotated({{model_.ones, {q}}, {weight("ln1.b.Q", "ln1.b.K"), {e}}}));
        else
            add(source, rotated({{model_.ones, {q}}, {norm.bias, {d}}, {weight("W_Q", "W_K"), {d, e}}}));
    }

    const FrozenModel::Leaves& model_;
    const Config& config_;
    Head head_;
    bool query_;
    std::vector<ScoreSide> sides_;
};

void require_head(const Config& config, Head head) {
    require(head.layer >= 0 && head.layer < config.n_layers && head.index >= 0 && head.index < config.n_heads,
            ErrorKind::Usage, "the model has {} layers of {} heads, and no {}", config.n_layers,
            config.n_heads, label(head));
}

bool composed(const Source& source) {
    return source.kind == SourceKind::HeadOutput || source.kind == SourceKind::Mlp;
}

}  // namespace

ScoreClass score_class(const Source& query, const Source& key) {
    if (composed(query)) return composed(key) ? ScoreClass::QK : ScoreClass::Q;
    return composed(key) ? ScoreClass::K : ScoreClass::None;
}

std::string_view name(ScoreClass score_class) {
    switch (score_class) {
        case ScoreClass::None:
            return "none";
        case ScoreClass::Q:
            return "q";
        case ScoreClass::K:
            return "k";
        case ScoreClass::QK:
            return "qk";
    }
    return {};
}

ScoreExpansion expand_score(const FrozenModel& model, Head head) {
    require_head(model.config(), head);
    return {head, Side(model.leaves(), head, true).run(), Side(model.leaves(), head, false).run()};
}

Expr score_term(const ScoreExpansion& expansion, std::size_t query, std::size_t key) {
    require(query < expansion.query.size() && key < expansion.key.size(), ErrorKind::Usage,
            "term ({}, {}) of a score with {} query sources and {} key sources", query, key,
            expansion.query.size(), expansion.key.size());
    return product({{expansion.query[query].node, {q, e}},
                    {expansion.key[key].node, {k, e}},
                    {leaf("scale", expansion.head.layer), {}}},
                   {q, k});
}

Expr whole_score(const FrozenModel& model, Head head) {
    require_head(model.config(), head);
    const Expr& scores = model.frozen().at(fmt::format("S[L{}]", head.layer));
    return select_head(scores, head.index, model.config().group_size());
}

}  // namespace headway
