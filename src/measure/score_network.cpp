// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/score_network.hpp"

#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"

namespace headway {

namespace {

// Indices of one side: which component it is, and a supply of fresh inner indices.
struct Side {
    int n;  // 0: writer, 1: reader
    int n_layers;
    int group_size;
    std::vector<Index> key_value_heads() const { return {{Space::Layer, n}, {Space::Head, n}}; }
    std::vector<Index> query_heads() const {
        std::vector<Index> indices = key_value_heads();
        if (group_size > 1) indices.push_back({Space::Member, n});
        return indices;
    }
};

std::vector<Index> operator+(std::vector<Index> left, const std::vector<Index>& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

class Fresh {
public:
    Index operator()(Space space) { return {space, next_++}; }

private:
    int next_ = 10;
};

Wired weight(const char* symbol, const Side& side, const std::vector<Index>& inner) {
    const std::optional<LeafShape> shape = leaf_shape(symbol);
    const std::vector<Index> heads = shape->heads == PerHead::Query ? side.query_heads()
                                     : shape->heads == PerHead::KeyValue
                                         ? side.key_value_heads()
                                         : std::vector<Index>{{Space::Layer, side.n}};
    return {layers_leaf(symbol, side.n_layers, side.group_size), heads + inner};
}

// One copy of A[outer, stream].
std::vector<Wired> writer_factors(Writer writer, const Side& side, Index outer, Index stream, Fresh& fresh) {
    const Index e = fresh(Space::HeadInner);
    switch (writer) {
        case Writer::Embed:
            return {{leaf("W_E"), {outer, stream}}};
        case Writer::Position:
            return {{leaf("W_pos"), {outer, stream}}};
        case Writer::Heads:
            return {weight("W_V", side, {outer, e}), weight("W_O", side, {e, stream})};
        case Writer::Mlps:
            return {weight("W_out", side, {outer, stream})};
    }
    return {};
}

Space outer_space(Writer writer) {
    switch (writer) {
        case Writer::Embed:
            return Space::Vocab;
        case Writer::Position:
            return Space::Position;
        case Writer::Heads:
            return Space::Residual;
        case Writer::Mlps:
            return Space::Neuron;
    }
    return Space::Residual;
}

// One copy of B[stream, outer].
std::vector<Wired> reader_factors(Reader reader, const Side& side, Index stream, Index outer, Fresh& fresh) {
    const Index e = fresh(Space::HeadInner);
    switch (reader) {
        case Reader::Q:
            return {weight("W_Q", side, {stream, e}), weight("W_K", side, {outer, e})};
        case Reader::K:
            return {weight("W_K", side, {stream, e}), weight("W_Q", side, {outer, e})};
        case Reader::V:
            return {weight("W_V", side, {stream, e}), weight("W_O", side, {e, outer})};
        case Reader::Mlps:
            return {weight("W_in", side, {stream, outer})};
        case Reader::Unembed:
            return {{leaf("W_U"), {stream, outer}}};
    }
    return {};
}

Space outer_space(Reader reader) {
    switch (reader) {
        case Reader::Q:
        case Reader::K:
        case Reader::V:
            return Space::Residual;
        case Reader::Mlps:
            return Space::Neuron;
        case Reader::Unembed:
            return Space::Vocab;
    }
    return Space::Residual;
}

bool is_head(Reader reader) { return reader != Reader::Mlps && reader != Reader::Unembed; }

std::vector<Index> ports_of(Writer writer, const Side& side) {
    if (writer == Writer::Heads) return side.query_heads();
    return writer == Writer::Mlps ? std::vector<Index>{{Space::Layer, side.n}} : std::vector<Index>{};
}

std::vector<Index> ports_of(Reader reader, const Side& side) {
    if (is_head(reader)) return side.query_heads();
    return reader == Reader::Mlps ? std::vector<Index>{{Space::Layer, side.n}} : std::vector<Index>{};
}

void append(std::vector<Wired>& factors, std::vector<Wired> more) {
    for (Wired& factor : more) factors.push_back(std::move(factor));
}

// Σ over all of A[i,k] A[i,k'] A[j,k] A[j,k'] (the Gram's square) or of A[i,k] A[i,k] (the norm).
template <class Component, class Factors>
Expr closed(Component component, const Side& side, bool gram, const Factors& factors) {
    Fresh fresh;
    const Index i = fresh(outer_space(component)), j = fresh(outer_space(component));
    const Index k = fresh(Space::Residual), k1 = fresh(Space::Residual);
    std::vector<Wired> all;
    append(all, factors(i, k, fresh));
    append(all, factors(i, gram ? k1 : k, fresh));
    if (gram) {
        append(all, factors(j, k, fresh));
        append(all, factors(j, k1, fresh));
    }
    return product(all, ports_of(component, side));
}

Side side_of(const Config& config, int n) { return {n, config.n_layers, config.group_size()}; }

}  // namespace

Expr pair_norm(const Config& config, Writer writer, Reader reader) {
    const Side from = side_of(config, 0), to = side_of(config, 1);
    Fresh fresh;
    const Index i = fresh(outer_space(writer)), j = fresh(outer_space(reader));
    std::vector<Wired> factors;
    for (int copy = 0; copy < 2; ++copy) {
        const Index k = fresh(Space::Residual);
        append(factors, writer_factors(writer, from, i, k, fresh));
        append(factors, reader_factors(reader, to, k, j, fresh));
    }
    if (writer == Writer::Heads && is_head(reader))
        factors.push_back({structure({Relation::Before, 0, {}}), {{Space::Layer, 0}, {Space::Layer, 1}}});
    return product(factors, ports_of(writer, from) + ports_of(reader, to));
}

Expr writer_norm(const Config& config, Writer writer) {
    const Side side = side_of(config, 0);
    return closed(writer, side, false,
                  [&](Index i, Index k, Fresh& fresh) { return writer_factors(writer, side, i, k, fresh); });
}

Expr reader_norm(const Config& config, Reader reader) {
    const Side side = side_of(config, 0);
    return closed(reader, side, false,
                  [&](Index i, Index k, Fresh& fresh) { return reader_factors(reader, side, k, i, fresh); });
}

Expr writer_gram_norm(const Config& config, Writer writer) {
    const Side side = side_of(config, 0);
    return closed(writer, side, true,
                  [&](Index i, Index k, Fresh& fresh) { return writer_factors(writer, side, i, k, fresh); });
}

Expr reader_gram_norm(const Config& config, Reader reader) {
    const Side side = side_of(config, 0);
    return closed(reader, side, true,
                  [&](Index i, Index k, Fresh& fresh) { return reader_factors(reader, side, k, i, fresh); });
}

}  // namespace headway
