// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/score.hpp"

#include "expand/sources.hpp"
#include "expand/stream.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/select.hpp"
#include "headway/network/indices.hpp"
#include "headway/network/leaves.hpp"

namespace headway {

namespace {

using namespace indices;

// One side of the score of a head.
class Side {
public:
    Side(const FrozenModel::Leaves& model, Head head, bool query)
        : model_(model), config_(model.config), head_(head), query_(query) {}

    std::vector<ScoreSide> run() {
        for (const SourceKind kind :
             {SourceKind::Embed, SourceKind::Pos, SourceKind::EmbedBias, SourceKind::EmbedNormBias})
            write({kind});
        for (int layer = 0; layer < head_.layer; ++layer) upstream(layer);
        for (const ScoreSide& part : stream_) {
            add(part.source, read(part.node));
            const bool shortformer = config_.positions == Positions::Shortformer;
            if (shortformer && part.source.kind == SourceKind::Embed)
                add({SourceKind::Pos}, read_positions());
        }
        biases();
        return std::move(sides_);
    }

private:
    void add(const Source& source, const Expr& node) { sides_.push_back({source, node}); }

    // A part of the stream, on [position, residual].
    void write(const Source& source) {
        if (has_source(config_, source)) stream_.push_back({source, written(model_, source)});
    }

    void pass_norm(int place) {
        if (model_.stream_norms.empty()) return;
        for (ScoreSide& part : stream_)
            part.node = normalised(model_.stream_norms[static_cast<std::size_t>(place)], part.node);
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
            stream_.push_back({{SourceKind::HeadOutput, layer, head}, normalised(leaves.post, output)});
        }
        write({SourceKind::OutBias, layer});
        pass_norm(2 * layer);
        if (config_.norms_stream()) write({SourceKind::NormBias, layer});
        write({SourceKind::Mlp, layer});
        pass_norm(2 * layer + 1);
        write({SourceKind::MlpNormBias, layer});
    }

    Expr weight(const char* query, const char* key) const {
        return head_leaf(query_ ? query : key, head_, config_.group_size());
    }

    // The query or key that the head reads from a part of the stream.
    Expr read(const Expr& stream) const {
        const NormLeaves& norm = model_.layers[static_cast<std::size_t>(head_.layer)].norm;
        std::vector<Wired> factors = normalised_stream(norm, stream, q, d, d1);
        factors.push_back({weight("W_Q", "W_K"), {d, e}});
        return turned(std::move(factors));
    }

    // Shortformer positions enter behind the norm.
    Expr read_positions() const { return turned({{leaf("W_pos"), {q, d}}, {weight("W_Q", "W_K"), {d, e}}}); }

    void biases() {
        if (config_.biases.query_key_value)
            add({query_ ? SourceKind::QueryBias : SourceKind::KeyBias, head_.layer, head_.index},
                turned({{model_.ones, {q}}, {weight("b_Q", "b_K"), {e}}}));
        if (!config_.norms_before() || !config_.norm_bias()) return;
        const NormLeaves& norm = model_.layers[static_cast<std::size_t>(head_.layer)].norm;
        const Source source{SourceKind::NormBias, head_.layer};
        if (norm.bias == nullptr)
            add(source, turned({{model_.ones, {q}}, {weight("ln1.b.Q", "ln1.b.K"), {e}}}));
        else
            add(source, turned({{model_.ones, {q}}, {norm.bias, {d}}, {weight("W_Q", "W_K"), {d, e}}}));
    }

    // `factors` on [q, e] through the head's own norm and the rotation of its layer, where the model has
    // them.
    Expr turned(std::vector<Wired> factors) const {
        if (config_.query_key_norm != QueryKeyNorm::None) {
            factors.push_back({own_scale(), {q}});
            factors.push_back({weight("q_norm.w", "k_norm.w"), {e}});
        }
        const Rotary rotary = config_.rotary_of(head_.layer);
        if (rotary.dims == 0) return product(factors, {q, e});
        for (Wired& factor : factors)
            for (Index& index : factor.indices)
                if (index == e) index = e1;
        factors.push_back({structure({Relation::Rope, 0, rotary}), {q, e1, e}});
        return product(factors, {q, e});
    }

    // Of this head, or of all heads of the layer together.
    Expr own_scale() const {
        const Expr& all = model_.frozen.at(fmt::format("{}[L{}]", query_ ? "rstd_q" : "rstd_k", head_.layer));
        if (config_.query_key_norm == QueryKeyNorm::Layer) return all;
        return select_head(all, head_.index, config_.group_size());
    }

    const FrozenModel::Leaves& model_;
    const Config& config_;
    Head head_;
    bool query_;
    std::vector<ScoreSide> stream_;  // what is in front of the head's norm, on [position, residual]
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
    const Config& config = model.config();
    ScoreExpansion result{head, Side(model.leaves(), head, true).run(),
                          Side(model.leaves(), head, false).run(), nullptr};
    if (config.positions == Positions::Alibi)
        result.alibi = product({{head_leaf("slope", head, config.group_size()), {}},
                                {structure({Relation::Distance, 0, {}}), {q, k}}},
                               {q, k});
    return result;
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
