// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/path_term.hpp"

#include "expand/frozen_leaves.hpp"
#include "expand/sources.hpp"
#include "headway/base/error.hpp"

namespace headway {

namespace {

// A head on the way, or all heads of a layer with their head index open.
struct Stop {
    int number;  // of its layer
    const LayerLeaves* layer;
    const AttentionLeaves* attention;
    std::vector<int> query_heads;  // labels of the head (and member) index; empty for a single head
};

// Writes the factors from the logits back to the source; `position` and `residual` are where it stands.
class Chain {
public:
    Chain(const FrozenModel::Leaves& model, std::vector<Space> ports)
        : model_(model), ports_(std::move(ports)), passed_(model.stream_norms) {
        ports_.insert(ports_.end(), {Space::Position, Space::Vocab});
        position_ = static_cast<int>(ports_.size()) - 2;
        vocab_ = position_ + 1;
        factors_.reserve(24);
        bound_.reserve(16);
    }

    Expr run(const Source& source, std::span<const Stop> stops) {
        switch (source.kind) {
            case SourceKind::UnembedBias:
                add(model_.unembed_bias, {vocab_});
                add_ones();
                break;
            case SourceKind::FinalNormBias:
                final_norm_bias();
                break;
            default:
                unembed();
                for (std::size_t i = stops.size(); i-- > 0;) stop(stops[i], i == 0 ? source : Source{});
                begin(source);
        }
        return product(std::move(factors_), ports_, bound_);
    }

private:
    void add(const Expr& node, std::vector<int> labels) { factors_.push_back({node, std::move(labels)}); }

    int fresh(Space space) {
        bound_.push_back(space);
        return static_cast<int>(ports_.size() + bound_.size()) - 1;
    }

    void centre(const Expr& matrix) {
        if (matrix == nullptr) return;
        const int before = fresh(Space::Residual);
        add(matrix, {before, residual_});
        residual_ = before;
    }

    // n[position,d] = x[position,d1] centre[d1,d] scale[position] gain[d]: from n's d to x's d1.
    void normalise(const NormLeaves& norm) {
        if (norm.scale == nullptr) return;
        centre(norm.centre_behind);
        add(norm.scale, {position_});
        carried_ = true;
        if (norm.gain != nullptr) add(norm.gain, {residual_});
        centre(norm.centre);
    }

    // Back through the norms on the stream, to what is written in front of norm `place`.
    void back_to(int place) {
        while (static_cast<int>(passed_.size()) > place) {
            normalise(passed_.back());
            passed_ = passed_.first(passed_.size() - 1);
        }
    }

    void add_ones() {
        if (!carried_) add(model_.ones, {position_});
    }

    void unembed() {
        residual_ = fresh(Space::Residual);
        add(model_.unembed, {residual_, vocab_});
        normalise(model_.final_norm);
    }

    void final_norm_bias() {
        add_ones();
        if (model_.final_norm_bias != nullptr) return add(model_.final_norm_bias, {vocab_});
        const int d = fresh(Space::Residual);
        add(model_.final_norm.bias, {d});
        add(model_.unembed, {d, vocab_});
    }

    static std::vector<int> behind(std::vector<int> heads, std::initializer_list<int> own) {
        heads.insert(heads.end(), own);
        return heads;
    }

    // From a head's output to its value input at the position that it attends to; a bias of its values ends
    // there.
    void stop(const Stop& stop, const Source& source) {
        const AttentionLeaves& attention = *stop.attention;
        back_to(2 * stop.number);
        normalise(stop.layer->post);
        const int key = fresh(Space::Position);
        const int inner = fresh(Space::HeadInner);
        std::vector<int> group = stop.query_heads;
        if (!group.empty()) group.resize(1);
        add(attention.pattern, behind(stop.query_heads, {position_, key}));
        add(attention.out, behind(stop.query_heads, {inner, residual_}));
        position_ = key;
        carried_ = true;
        if (source.kind == SourceKind::ValueBias) return add(attention.value_bias, behind(group, {inner}));
        const bool enters = source.kind == SourceKind::NormBias && model_.stream_norms.empty();
        if (enters && attention.norm_bias != nullptr) return add(attention.norm_bias, behind(group, {inner}));
        residual_ = fresh(Space::Residual);
        add(attention.value, behind(group, {residual_, inner}));
        if (enters) return add(stop.layer->norm.bias, {residual_});
        normalise(stop.layer->norm);
    }

    void bias(const Expr& vector) {
        add_ones();
        add(vector, {residual_});
    }

    void begin(const Source& source) {
        back_to(written_at(source));
        switch (source.kind) {
            case SourceKind::Embed: {
                normalise(model_.embed_norm);
                const int token = fresh(Space::Vocab);
                add(model_.token, {position_, token});
                add(model_.embed, {token, residual_});
                if (model_.embed_scale != nullptr) add(model_.embed_scale, {});
                return;
            }
            case SourceKind::Pos:
                normalise(model_.embed_norm);
                return add(model_.pos, {position_, residual_});
            case SourceKind::EmbedBias:
                normalise(model_.embed_norm);
                return bias(model_.embed_bias);
            case SourceKind::EmbedNormBias:
                centre(model_.embed_norm.centre_behind);
                return bias(model_.embed_norm.bias);
            case SourceKind::Mlp:
                return add(layer(source).mlp, {position_, residual_});
            case SourceKind::OutBias:
                normalise(layer(source).post);
                return bias(layer(source).out_bias);
            case SourceKind::NormBias:
            case SourceKind::MlpNormBias:
                if (!model_.stream_norms.empty())
                    bias(model_.stream_norms[static_cast<std::size_t>(written_at(source)) - 1].bias);
                return;  // others entered by their head
            default:
                return;  // value biases entered by their head
        }
    }

    const LayerLeaves& layer(const Source& source) const {
        return model_.layers[static_cast<std::size_t>(source.layer)];
    }

    const FrozenModel::Leaves& model_;
    std::vector<Space> ports_;
    std::vector<Space> bound_;
    std::vector<Use> factors_;
    std::span<const NormLeaves> passed_;  // stream norms in front of where the chain stands
    int position_ = 0;
    int vocab_ = 0;
    int residual_ = -1;
    bool carried_ = false;  // some factor carries `position_`
};

}  // namespace

Expr path_term(const FrozenModel& model, const Path& path) {
    const FrozenModel::Leaves& leaves = model.leaves();
    require_path(leaves.config, path);
    const auto stop = [&](Head head) {
        const LayerLeaves& layer = leaves.layers[static_cast<std::size_t>(head.layer)];
        return Stop{head.layer, &layer, &layer.head[static_cast<std::size_t>(head.index)], {}};
    };
    std::vector<Stop> stops;
    if (path.source.kind == SourceKind::ValueBias) {
        require(path.source.head >= 0, ErrorKind::Usage, "the path {}: {} names no head", label(path),
                label(path.source));
        stops.push_back(stop({path.source.layer, path.source.head}));
    }
    for (Head head : path.heads) stops.push_back(stop(head));
    return Chain(leaves, {}).run(path.source, stops);
}

Expr layer_term(const FrozenModel& model, const Source& source, std::span<const int> layers) {
    const FrozenModel::Leaves& leaves = model.leaves();
    Path some{source, {}};
    for (int layer : layers) some.heads.push_back({layer, 0});
    require_path(leaves.config, some);
    std::vector<int> through(layers.begin(), layers.end());
    if (source.kind == SourceKind::ValueBias) {
        require(source.head < 0, ErrorKind::Usage, "{} names a head: expected all of its layer",
                label(source));
        through.insert(through.begin(), source.layer);
    }
    std::vector<Space> ports;
    std::vector<Stop> stops;
    for (int number : through) {
        const LayerLeaves& layer = leaves.layers[static_cast<std::size_t>(number)];
        Stop stop{number, &layer, &layer.all, {static_cast<int>(ports.size())}};
        ports.push_back(Space::Head);
        if (leaves.config.group_size() > 1) {
            stop.query_heads.push_back(static_cast<int>(ports.size()));
            ports.push_back(Space::Member);
        }
        stops.push_back(std::move(stop));
    }
    return Chain(leaves, std::move(ports)).run(source, stops);
}

}  // namespace headway
