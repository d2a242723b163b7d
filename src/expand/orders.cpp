// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/orders.hpp"

#include "expand/frozen_leaves.hpp"
#include "expand/rewrite.hpp"
#include "expand/sources.hpp"
#include "expand/stream.hpp"
#include "headway/base/error.hpp"

#include <algorithm>

namespace headway {

namespace {

constexpr int most_heads = 10'000;

using Stream = Expr;  // ports [position, residual]; null: nothing was written

class Polynomial {
public:
    Polynomial(const FrozenModel::Leaves& model, int max_heads, const std::optional<Source>& only)
        : model_(model), only_(only), part_(static_cast<std::size_t>(max_heads) + 2) {}

    LogitOrders run() {
        for (const SourceKind kind :
             {SourceKind::Embed, SourceKind::Pos, SourceKind::EmbedBias, SourceKind::EmbedNormBias})
            write(0, {kind});
        for (int layer = 0; layer < model_.config.n_layers; ++layer) pass(layer);
        LogitOrders result;
        for (std::size_t order = 0; order < part_.size(); ++order) {
            Expr logits = unembedded(part_[order], order == 0);
            if (order + 1 < part_.size())
                result.order.push_back(std::move(logits));
            else
                result.remainder = std::move(logits);
        }
        return result;
    }

private:
    // One layer. part_[j] is the stream of degree j, the last part that of all higher degrees.
    void pass(int layer) {
        const std::vector<Stream> before = part_;
        for (std::size_t order = 1; order < part_.size(); ++order) {
            Stream lower = before[order - 1];
            if (order + 1 == part_.size()) lower = plus(lower, before[order]);
            if (lower != nullptr) part_[order] = plus(part_[order], attended(model_, layer, lower));
        }
        const bool on_stream = !model_.stream_norms.empty();
        write(1, {SourceKind::ValueBias, layer});
        write(0, {SourceKind::OutBias, layer});
        if (on_stream) pass_norm(2 * layer);
        write(on_stream ? 0 : 1, {SourceKind::NormBias, layer});
        write(0, {SourceKind::Mlp, layer});
        if (on_stream) pass_norm(2 * layer + 1);
        write(0, {SourceKind::MlpNormBias, layer});
    }

    void pass_norm(int place) {
        for (Stream& part : part_)
            if (part != nullptr)
                part = normalised(model_.stream_norms[static_cast<std::size_t>(place)], part);
    }

    // Whether a source (value biases: of a layer) is asked for, at all or in part.
    bool wanted(const Source& source) const {
        return has_source(model_.config, source) &&
               (!only_ || (only_->kind == source.kind && only_->layer == source.layer));
    }

    void write(std::size_t order, Source source) {
        if (!wanted(source)) return;
        if (only_) source.head = only_->head;
        part_[order] = plus(part_[order], written(model_, source));
    }

    static Stream plus(const Stream& a, const Stream& b) {
        if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
        return sum({{1, {a, {0, 1}}}, {1, {b, {0, 1}}}}, {Space::Position, Space::Residual});
    }

    Expr unembedded(const Stream& stream, bool lowest) const {
        std::vector<Term> terms;
        const auto add = [&](const Expr& node) { terms.push_back({1, {node, {0, 1}}}); };
        if (stream != nullptr) add(unembedded_stream(model_, stream));
        for (const SourceKind kind : {SourceKind::FinalNormBias, SourceKind::UnembedBias})
            if (lowest && wanted({kind})) add(logit_bias(model_, {kind}));
        return sum(std::move(terms), {Space::Position, Space::Vocab});
    }

    const FrozenModel::Leaves& model_;
    const std::optional<Source>& only_;
    std::vector<Stream> part_;
};

}  // namespace

LogitOrders expand_orders(const FrozenModel& model, int max_heads, const std::optional<Source>& source) {
    require(max_heads >= 0 && max_heads <= most_heads, ErrorKind::Usage, "orders up to {}: expected 0 to {}",
            max_heads, most_heads);
    const FrozenModel::Leaves& leaves = model.leaves();
    require_paths(leaves.config);
    require(!source || has_source(leaves.config, *source), ErrorKind::Usage, "the model has no source {}",
            source ? label(*source) : "");
    LogitOrders orders = Polynomial(leaves, std::min(max_heads, leaves.config.n_layers), source).run();
    orders.order.resize(static_cast<std::size_t>(max_heads) + 1, zero({Space::Position, Space::Vocab}));
    return orders;
}

}  // namespace headway
