// SPDX-License-Identifier: Apache-2.0
#include "expand/stream.hpp"

#include "headway/base/error.hpp"
#include "headway/network/indices.hpp"

namespace headway {

namespace {

using namespace indices;

// The head indices in front of a node's own ports.
Indices with_heads(const Expr& node, const Indices& own) {
    Indices indices;
    for (Space space : node->ports()) {
        if (space == Space::Head) indices.push_back(h);
        if (space == Space::Member) indices.push_back(r);
    }
    indices.insert(indices.end(), own.begin(), own.end());
    return indices;
}

const LayerLeaves& layer_of(const FrozenModel::Leaves& model, const Source& source) {
    return model.layers[static_cast<std::size_t>(source.layer)];
}

// Moves `value`, given on [k, e] (and the head index), through attention to the stream.
Expr moved(const LayerLeaves& layer, const AttentionLeaves& attention, std::vector<Wired> value) {
    value.push_back({attention.pattern, with_heads(attention.pattern, {q, k})});
    value.push_back({attention.out, with_heads(attention.out, {e, d})});
    return normalised(layer.post, product(value, {q, d}));
}

Expr everywhere(const FrozenModel::Leaves& model, const Expr& bias) {
    return product({{model.ones, {q}}, {bias, {d}}}, {q, d});
}

Expr attention_bias(const FrozenModel::Leaves& model, const Source& source) {
    const LayerLeaves& layer = layer_of(model, source);
    const AttentionLeaves& attention =
        source.head < 0 ? layer.all : layer.head[static_cast<std::size_t>(source.head)];
    const Expr& bias = source.kind == SourceKind::ValueBias ? attention.value_bias : attention.norm_bias;
    if (bias != nullptr) return moved(layer, attention, {{bias, with_heads(bias, {e})}});
    return moved(layer, attention,
                 {{layer.norm.bias, {d1}}, {attention.value, with_heads(attention.value, {d1, e})}});
}

// What enters the norm behind the embedding.
Expr embedded(const FrozenModel::Leaves& model, const Source& source) {
    if (source.kind == SourceKind::Pos) return model.pos;
    if (source.kind == SourceKind::EmbedBias) return everywhere(model, model.embed_bias);
    std::vector<Wired> factors{{model.token, {q, v}}, {model.embed, {v, d}}};
    if (model.embed_scale != nullptr) factors.push_back({model.embed_scale, {}});
    return product(factors, {q, d});
}

Expr norm_bias(const FrozenModel::Leaves& model, const Source& source) {
    if (model.stream_norms.empty()) return attention_bias(model, source);
    return everywhere(model, model.stream_norms[static_cast<std::size_t>(written_at(source)) - 1].bias);
}

}  // namespace

Expr written(const FrozenModel::Leaves& model, const Source& source) {
    switch (source.kind) {
        case SourceKind::Embed:
        case SourceKind::Pos:
        case SourceKind::EmbedBias:
            return normalised(model.embed_norm, embedded(model, source));
        case SourceKind::EmbedNormBias: {
            const Expr bias = everywhere(model, model.embed_norm.bias);
            const Expr& centre = model.embed_norm.centre_behind;
            return centre == nullptr ? bias : product({{bias, {q, d1}}, {centre, {d1, d}}}, {q, d});
        }
        case SourceKind::Mlp:
            return layer_of(model, source).mlp;
        case SourceKind::OutBias: {
            const LayerLeaves& layer = layer_of(model, source);
            return normalised(layer.post, everywhere(model, layer.out_bias));
        }
        case SourceKind::ValueBias:
            return attention_bias(model, source);
        case SourceKind::NormBias:
        case SourceKind::MlpNormBias:
            return norm_bias(model, source);
        default:
            invariant(false, "a source that writes nothing to the residual stream");
            return nullptr;
    }
}

int written_at(const Source& source) {
    switch (source.kind) {
        case SourceKind::OutBias:
        case SourceKind::ValueBias:
        case SourceKind::HeadOutput:
            return 2 * source.layer;
        case SourceKind::Mlp:
        case SourceKind::NormBias:
            return 2 * source.layer + 1;
        case SourceKind::MlpNormBias:
            return 2 * source.layer + 2;
        default:
            return 0;
    }
}

Expr logit_bias(const FrozenModel::Leaves& model, const Source& source) {
    if (source.kind == SourceKind::UnembedBias)
        return product({{model.ones, {q}}, {model.unembed_bias, {v}}}, {q, v});
    invariant(source.kind == SourceKind::FinalNormBias, "a source that is no bias of the logits");
    if (model.final_norm_bias != nullptr)
        return product({{model.ones, {q}}, {model.final_norm_bias, {v}}}, {q, v});
    return product({{model.ones, {q}}, {model.final_norm.bias, {d}}, {model.unembed, {d, v}}}, {q, v});
}

Expr attended(const FrozenModel::Leaves& model, int layer, const Expr& stream) {
    const LayerLeaves& leaves = model.layers[static_cast<std::size_t>(layer)];
    std::vector<Wired> value = normalised_stream(leaves.norm, stream, k, d1, d2);
    value.push_back({leaves.all.value, with_heads(leaves.all.value, {d1, e})});
    return moved(leaves, leaves.all, std::move(value));
}

Expr unembedded_stream(const FrozenModel::Leaves& model, const Expr& stream) {
    std::vector<Wired> factors = normalised_stream(model.final_norm, stream, q, d, d1);
    factors.push_back({model.unembed, {d, v}});
    return product(factors, {q, v});
}

Expr normalised(const NormLeaves& norm, const Expr& stream) {
    if (norm.scale == nullptr) return stream;
    std::vector<Wired> factors =
        normalised_stream(norm, stream, q, norm.centre_behind == nullptr ? d : d1, d2);
    if (norm.centre_behind != nullptr) factors.push_back({norm.centre_behind, {d1, d}});
    return product(factors, {q, d});
}

std::vector<Wired> normalised_stream(const NormLeaves& norm, const Expr& stream, Index position,
                                     Index residual, Index before) {
    if (norm.centre == nullptr) before = residual;
    std::vector<Wired> factors{{stream, {position, before}}};
    if (norm.centre != nullptr) factors.push_back({norm.centre, {before, residual}});
    if (norm.scale != nullptr) factors.push_back({norm.scale, {position}});
    if (norm.gain != nullptr) factors.push_back({norm.gain, {residual}});
    return factors;
}

}  // namespace headway
