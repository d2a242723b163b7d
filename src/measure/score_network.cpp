// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/score_network.hpp"

#include "expand/head_factors.hpp"
#include "headway/network/leaves.hpp"
#include "measure/stream_norms.hpp"

#include <array>

namespace headway {

namespace {

using Factors = std::vector<Wired>;

void append(Factors& factors, Factors more) {
    for (Wired& factor : more) factors.push_back(std::move(factor));
}

// A supply of inner indices; the numbers below 10 are those of layers and heads.
class Fresh {
public:
    Index operator()(Space space) { return {space, next_++}; }

private:
    int next_ = 10;
};

// One end: the weights of its components, numbered by the indices layer, head(, member) with id `number`.
class Components {
public:
    Components(const Config& config, const ScorePart& part, int number)
        : config_(config),
          part_(part),
          number_(number),
          layers_(part.layers > 0 ? part.layers : config.n_layers) {}

    bool one_layer() const { return layers_ == 1; }
    int layer() const { return part_.first; }

    // The indices that number the copies of a weight.
    Indices numbers(PerHead heads, bool per_layer = true) const {
        Indices result;
        if (per_layer && !one_layer()) result.push_back({Space::Layer, number_});
        if (heads == PerHead::None || part_.head >= 0) return result;
        result.push_back({Space::Head, number_});
        if (heads == PerHead::Query && config_.group_size() > 1) result.push_back({Space::Member, number_});
        return result;
    }

    // What `make` gives for a layer, for each layer.
    template <class Make>
    Expr each(const Make& make) const {
        if (one_layer()) return make(part_.first);
        std::vector<Expr> members;
        for (int layer = part_.first; layer < part_.first + layers_; ++layer) members.push_back(make(layer));
        return family(std::move(members), Space::Layer);
    }

    // The weight of one layer, of all heads or of the one.
    Expr of_layer(const std::string& symbol, int layer) const {
        const bool one = part_.head >= 0 && leaf_shape(symbol)->heads != PerHead::None;
        return one ? head_leaf(symbol, {layer, part_.head}, config_.group_size())
                   : leaf(symbol, layer, config_.group_size());
    }

    Wired weight(const std::string& symbol, const Indices& inner) const {
        const LeafShape shape = *leaf_shape(symbol);
        const Indices own = numbers(shape.heads, shape.per_layer);
        if (!shape.per_layer) return {leaf(symbol), own + inner};
        return {each([&](int layer) { return of_layer(symbol, layer); }), own + inner};
    }

private:
    const Config& config_;
    ScorePart part_;
    int number_;
    int layers_;
};

// Factors of a Gram matrix over the stream: one of them has the index k, another one k1.
class Gram {
public:
    Gram(const Config& config, const ScoreEnds& ends, const ScoreOptions& options, ScoreEnd end, int number,
         Fresh& fresh)
        : config_(config),
          ends_(ends),
          options_(options),
          end_(end),
          side_(config, end == ScoreEnd::Writer ? ends.from : ends.to, number),
          fresh_(fresh) {}

    Factors operator()(Index k, Index k1) const {
        return end_ == ScoreEnd::Writer ? written(k, k1) : read(k, k1);
    }

    Indices ports() const {
        const bool heads = end_ == ScoreEnd::Writer ? ends_.writer == Writer::Heads : is_head(ends_.reader);
        const bool mlps =
            end_ == ScoreEnd::Writer ? ends_.writer == Writer::Mlps : ends_.reader == Reader::Mlp;
        return side_.numbers(heads ? PerHead::Query : PerHead::None, heads || mlps);
    }

private:
    bool on_stream() const { return passes_stream_norms(config_, options_); }

    Factors written(Index k, Index k1) const {
        switch (ends_.writer) {
            case Writer::Embed:
                return embedding("W_E", Space::Vocab, k, k1);
            case Writer::Position:
                return embedding("W_pos", Space::Position, k, k1);
            case Writer::Heads:
                return twice(Space::Residual, k, k1, [&](Index i, Index stream) {
                    const Index e = fresh_(Space::HeadInner);
                    Factors factors{input("W_V", Reader::V, {i, e})};
                    append(factors, output("W_O", "ln1_post.w", e, stream));
                    return factors;
                });
            case Writer::Mlps:
                return twice(Space::Neuron, k, k1,
                             [&](Index m, Index stream) { return output("W_out", "ln2_post.w", m, stream); });
        }
        return {};
    }

    Factors read(Index k, Index k1) const {
        switch (ends_.reader) {
            case Reader::Q:
                return query_key({"W_Q", "q_norm.w"}, {"W_K", "k_norm.w"}, k, k1);
            case Reader::K:
                return query_key({"W_K", "k_norm.w"}, {"W_Q", "q_norm.w"}, k, k1);
            case Reader::V:
                return twice(Space::Residual, k, k1, [&](Index j, Index stream) {
                    const Index e = fresh_(Space::HeadInner);
                    Factors factors{input("W_V", Reader::V, {stream, e})};
                    append(factors, branch("W_O", "ln1_post.w", e, j));
                    return factors;
                });
            case Reader::Mlp:
                return twice(Space::Neuron, k, k1, [&](Index m, Index stream) {
                    return Factors{input("W_in", Reader::Mlp, {stream, m})};
                });
            case Reader::Unembed:
                return twice(Space::Vocab, k, k1, [&](Index v, Index stream) {
                    return Factors{input("W_U", Reader::Unembed, {stream, v})};
                });
        }
        return {};
    }

    // Two copies of a matrix with the index `outer` in common.
    template <class Matrix>
    Factors twice(Space outer, Index k, Index k1, const Matrix& matrix) const {
        const Index i = fresh_(outer);
        Factors factors = matrix(i, k);
        append(factors, matrix(i, k1));
        return factors;
    }

    WeightOf weights() const {
        return [&](const char* symbol, const Indices& inner) { return side_.weight(symbol, inner); };
    }

    // The weight that ends a branch, with the norm behind the branch.
    Factors branch(const char* symbol, const char* gain, Index from, Index to) const {
        return branch_factors(config_, weights(), symbol, gain, from, to, fresh_(Space::Residual));
    }

    // The same on its way to the reader.
    Factors output(const char* symbol, const char* gain, Index from, Index to) const {
        if (!on_stream()) return branch(symbol, gain, from, to);
        const Expr carried = carried_to_reader(config_, ends_, side_.of_layer(symbol, side_.layer()));
        return {{carried, side_.numbers(leaf_shape(symbol)->heads) + Indices{from, to}}};
    }

    // A weight that reads the stream, of one layer and of all.
    Expr input_of_layer(const char* symbol, Reader reader, int layer) const {
        const Expr weight = side_.of_layer(symbol, layer);
        return on_stream() ? read_through_norm(config_, reader, layer, weight) : weight;
    }
    Wired input(const char* symbol, Reader reader, const Indices& inner) const {
        const LeafShape shape = *leaf_shape(symbol);
        const Expr weight = shape.per_layer
                                ? side_.each([&](int layer) { return input_of_layer(symbol, reader, layer); })
                                : input_of_layer(symbol, reader, -1);
        return {weight, side_.numbers(shape.heads, shape.per_layer) + inner};
    }

    // An embedding, with the norm behind it: then its Gram matrix is one factor.
    Factors embedding(const char* symbol, Space rows, Index k, Index k1) const {
        const auto plain = [&](Index a, Index b) {
            return twice(rows, a, b, [&](Index row, Index stream) {
                return Factors{side_.weight(symbol, {row, stream})};
            });
        };
        const bool behind_norm = config_.folding.gains && config_.embed_norm && config_.norm != Norm::None;
        if (!on_stream() && !behind_norm) return plain(k, k1);
        const Index a{Space::Residual, 0}, b{Space::Residual, 1};
        const Expr gram = product(plain(a, b), {a, b});
        return {{on_stream() ? carried_to_reader(config_, ends_, gram)
                             : behind_embedding_norm(config_, behind_embedding_norm(config_, gram, 0), 1),
                 {k, k1}}};
    }

    // A weight of queries or keys and the gain of its norm.
    struct Projection {
        const char* weight;
        const char* gain;
    };

    // W_QK read from the side of `near`: near · R · farᵀ.
    Factors query_key(const Projection& near, const Projection& far, Index k, Index k1) const {
        const Index e = fresh_(Space::HeadInner), e1 = fresh_(Space::HeadInner);
        Factors factors{input(near.weight, ends_.reader, {k, e}), input(near.weight, ends_.reader, {k1, e1})};
        append(factors, gains(near, e, e1));
        if (options_.positions() > 0) {
            const Expr rotated = side_.each([&](int layer) { return rotated_gram(far, layer); });
            factors.push_back({rotated, side_.numbers(leaf_shape(far.weight)->heads) + Indices{e, e1}});
            return factors;
        }
        const Index j = fresh_(Space::Residual);
        append(factors, {input(far.weight, ends_.reader, {j, e}), input(far.weight, ends_.reader, {j, e1})});
        append(factors, gains(far, e, e1));
        return factors;
    }

    Factors gains(const Projection& of, Index e, Index e1) const {
        return query_key_gains(config_, weights(), of.gain, {e, e1});
    }

    // R (farᵀ far) Rᵀ of a layer, over the dimensions of the near side; summed over the offsets.
    Expr rotated_gram(const Projection& far, int layer) const {
        const Config& c = config_;
        const LeafShape shape = *leaf_shape(far.weight);
        Indices heads;
        if (ends_.to.head < 0) {
            heads.push_back({Space::Head, 0});
            if (shape.heads == PerHead::Query && c.group_size() > 1) heads.push_back({Space::Member, 0});
        }
        const Index e{Space::HeadInner, 0}, e1{Space::HeadInner, 1}, j{Space::Residual, 0};
        const bool turns = c.rotary_of(layer).dims > 0;
        const Index f = turns ? Index{Space::HeadInner, 2} : e, f1 = turns ? Index{Space::HeadInner, 3} : e1;
        const Expr weight = input_of_layer(far.weight, ends_.reader, layer);
        Factors factors{{weight, heads + Indices{j, f}}, {weight, heads + Indices{j, f1}}};
        append(factors, query_key_gains(c,
                                        [&](const char* gain, const Indices& inner) {
                                            return Wired{side_.of_layer(gain, layer), heads + inner};
                                        },
                                        far.gain, {f, f1}));
        if (turns) append(factors, rotations(c.rotary_of(layer), {e, f}, {e1, f1}));
        return product(factors, heads + Indices{e, e1});
    }

    // R between (near, far) dimensions, twice: queries come first in it.
    Factors rotations(const Rotary& rotary, const std::array<Index, 2>& one,
                      const std::array<Index, 2>& two) const {
        const Index p{Space::Position, 0};
        const Expr rope = structure({Relation::Rope, 0, rotary});
        const Expr turn = rotation_by(rotary, options_.offset);
        Factors factors;
        for (const auto& [near, far] : {one, two}) {
            const Indices ends = ends_.reader == Reader::Q ? Indices{near, far} : Indices{far, near};
            factors.push_back(options_.mean_over_offsets ? Wired{rope, Indices{p} + ends}
                                                         : Wired{turn, ends});
        }
        return factors;
    }

    const Config& config_;
    const ScoreEnds& ends_;
    const ScoreOptions& options_;
    ScoreEnd end_;
    Components side_;
    Fresh& fresh_;
};

}  // namespace

ScorePart one_head(Head head) { return {.first = head.layer, .layers = 1, .head = head.index}; }

bool is_head(Reader reader) { return reader != Reader::Mlp && reader != Reader::Unembed; }

bool passes_stream_norms(const Config& config, const ScoreOptions& options) {
    return config.norms_stream() && options.stream_norms;
}

int effective_dimension(const Config& config, const ScoreOptions& options) {
    const bool on_stream = passes_stream_norms(config, options) && config.norm == Norm::LayerNorm;
    return config.d_model - (config.folding.centring || on_stream ? 1 : 0);
}

Expr pair_norm(const Config& config, const ScoreEnds& ends, const ScoreOptions& options) {
    Fresh fresh;
    const Gram from(config, ends, options, ScoreEnd::Writer, 0, fresh),
        to(config, ends, options, ScoreEnd::Reader, 1, fresh);
    const Index k = fresh(Space::Residual), k1 = fresh(Space::Residual);
    Factors factors = from(k, k1);
    append(factors, to(k, k1));
    const Index writer{Space::Layer, 0}, reader{Space::Layer, 1};
    const bool layers = !from.ports().empty() && from.ports().front() == writer && !to.ports().empty() &&
                        to.ports().front() == reader;
    if (layers && ends.writer == Writer::Heads && is_head(ends.reader) && ends.from.first == ends.to.first)
        factors.push_back({structure({Relation::Before, 0, {}}), {writer, reader}});
    return product(factors, from.ports() + to.ports());
}

Expr end_norm(const Config& config, const ScoreEnds& ends, ScoreEnd end, const ScoreOptions& options) {
    Fresh fresh;
    const Gram gram(config, ends, options, end, 0, fresh);
    const Index k = fresh(Space::Residual);
    return product(gram(k, k), gram.ports());
}

Expr end_gram_norm(const Config& config, const ScoreEnds& ends, ScoreEnd end, const ScoreOptions& options) {
    Fresh fresh;
    const Gram gram(config, ends, options, end, 0, fresh);
    const Index k = fresh(Space::Residual), k1 = fresh(Space::Residual);
    Factors factors = gram(k, k1);
    append(factors, gram(k, k1));
    return product(factors, gram.ports());
}

Expr component_norm(const Config& config, const ScoreEnds& ends, const ScoreOptions& options) {
    Fresh fresh;
    const Components writer(config, ends.from, 0);
    const Gram reader(config, ends, options, ScoreEnd::Reader, 1, fresh);
    const Index i{Space::Channel, 0}, k = fresh(Space::Residual), k1 = fresh(Space::Residual);
    Factors factors = reader(k, k1);
    append(factors, {writer.weight("V_OV", {i, k}), writer.weight("V_OV", {i, k1})});
    return product(factors, writer.numbers(PerHead::Query) + Indices{i} + reader.ports());
}

}  // namespace headway
