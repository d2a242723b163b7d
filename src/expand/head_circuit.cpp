// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/head_circuit.hpp"

#include "expand/head_factors.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/network/leaves.hpp"

#include <iterator>
#include <utility>

namespace headway {

namespace {

using Factors = std::vector<Wired>;

void append(Factors& factors, Factors more) {
    factors.insert(factors.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// The sum over heads of a matrix on the stream; of one head its factors.
template <class Matrix>
Factors summed(const std::vector<Head>& heads, Index from, Index to, const Matrix& matrix) {
    if (heads.size() == 1) return matrix(heads.front(), from, to);
    std::vector<WiredTerm> terms;
    for (const Head head : heads)
        terms.push_back({1, {product(matrix(head, from, to), {from, to}), {from, to}}});
    return {{sum(terms, {from, to}), {from, to}}};
}

// The factors of a circuit from an index of its rows to one of its columns.
class CircuitFactors {
public:
    CircuitFactors(const Config& config, const HeadCircuit& circuit, CircuitEnds ends)
        : config_(config), circuit_(circuit), ends_(ends) {}

    /// A row or column: of the tokens of the run, or of the whole vocabulary. Of the stream without ends.
    Index end_of_run() { return fresh(ends_ == CircuitEnds::Stream ? Space::Residual : Space::Position); }
    Index end_of_all() {
        const bool tokens = circuit_.kind != CircuitKind::PositionQK;
        return ends_ == CircuitEnds::Vocabulary && tokens ? fresh(Space::Vocab) : end_of_run();
    }

    Factors whole(Index row, Index column) { return between(row, column, nullptr); }

    /// Cut open behind the first weight of its head: ports [to the left of the cut, to its right].
    Factors cut(Index row, Index column, Index left, Index right) {
        const std::pair<Index, Index> ends{left, right};
        return between(row, column, &ends);
    }

    Index fresh(Space space) { return {space, next_++}; }

private:
    using Cut = const std::pair<Index, Index>*;

    Factors between(Index row, Index column, Cut cut) {
        Factors factors;
        Index from = embedded(row, factors);
        if (circuit_.kind == CircuitKind::Direct) {
            unembedded(from, column, factors);
        } else if (circuit_.kind == CircuitKind::OV) {
            from = through_writers(from, Composition::V, factors);
            const Index to = ends_ == CircuitEnds::Stream ? column : fresh(Space::Residual);
            append(factors, summed(circuit_.heads, from, to, [&](Head head, Index a, Index b) {
                       return value_output(head, a, b, cut);
                   }));
            if (ends_ == CircuitEnds::Vocabulary) unembedded(to, column, factors);
        } else {
            from = through_writers(from, Composition::Q, factors);
            Index key = embedded(column, factors);
            key = through_writers(key, Composition::K, factors);
            append(factors, summed(circuit_.heads, from, key,
                                   [&](Head head, Index a, Index b) { return query_key(head, a, b, cut); }));
        }
        return factors;
    }

    // The stream of a row.
    Index embedded(Index row, Factors& factors) {
        if (ends_ == CircuitEnds::Stream) return row;
        const Index d = fresh(Space::Residual);
        if (circuit_.kind == CircuitKind::PositionQK) {
            const bool on_stream = config_.positions == Positions::Learned;
            const Expr positions = leaf("W_pos");
            factors.push_back(
                {on_stream ? behind_embedding_norm(config_, positions, 1) : positions, {row, d}});
            return d;
        }
        factors.push_back({behind_embedding_norm(config_, leaf("W_E"), 1), {token_of(row, factors), d}});
        if (config_.embed_scale != 1.0) factors.push_back({leaf("embed_scale"), {}});
        return d;
    }

    void unembedded(Index stream, Index column, Factors& factors) {
        if (ends_ == CircuitEnds::Stream) {
            factors.push_back({copy(Space::Residual, 2), {stream, column}});
        } else {
            factors.push_back({leaf("W_U"), {stream, token_of(column, factors)}});
        }
    }

    Index token_of(Index row, Factors& factors) {
        if (row.space == Space::Vocab) return row;
        const Index v = fresh(Space::Vocab);
        factors.push_back({structure({Relation::Token, 0, {}}), {row, v}});
        return v;
    }

    Index through_writers(Index from, Composition input, Factors& factors) {
        if (circuit_.writers.empty() || circuit_.input != input) return from;
        const Index to = fresh(Space::Residual);
        append(factors, summed(circuit_.writers, from, to, [&](Head head, Index a, Index b) {
                   return value_output(head, a, b, nullptr);
               }));
        return to;
    }

    WeightOf weights_of(Head head) const {
        return [this, head](const char* symbol, const std::vector<Index>& inner) {
            const bool of_head = leaf_shape(symbol)->heads != PerHead::None;
            const int group_size = config_.group_size();
            return Wired{of_head ? head_leaf(symbol, head, group_size) : leaf(symbol, head.layer, group_size),
                         inner};
        };
    }

    Factors value_output(Head head, Index from, Index to, Cut cut) {
        const WeightOf weight = weights_of(head);
        const Index e = cut != nullptr ? cut->first : fresh(Space::HeadInner);
        Factors factors{weight("W_V", {from, cut != nullptr ? cut->second : e})};
        append(factors, branch_factors(config_, weight, "W_O", "ln1_post.w", e, to, fresh(Space::Residual)));
        return factors;
    }

    Factors query_key(Head head, Index query, Index key, Cut cut) {
        const WeightOf weight = weights_of(head);
        const Index e = cut != nullptr ? cut->first : fresh(Space::HeadInner);
        Factors factors{weight("W_Q", {query, cut != nullptr ? cut->second : e})};
        append(factors, query_key_gains(config_, weight, "q_norm.w", {e}));
        Index f = e;
        if (circuit_.rotary_offset > 0 && config_.rotary_of(head.layer).dims > 0) {
            f = fresh(Space::HeadInner);
            factors.push_back({rotation_by(config_.rotary_of(head.layer), circuit_.rotary_offset), {e, f}});
        }
        append(factors, query_key_gains(config_, weight, "k_norm.w", {f}));
        factors.push_back(weight("W_K", {key, f}));
        return factors;
    }

    const Config& config_;
    const HeadCircuit& circuit_;
    CircuitEnds ends_;
    int next_ = 0;
};

void check_heads(const Config& config, const std::vector<Head>& heads) {
    for (const Head head : heads)
        require(
            head.layer >= 0 && head.layer < config.n_layers && head.index >= 0 && head.index < config.n_heads,
            ErrorKind::Usage, "{}: the model has layers 0 to {} with heads 0 to {}", label(head),
            config.n_layers - 1, config.n_heads - 1);
}

void check_writers(const HeadCircuit& circuit) {
    if (circuit.writers.empty()) return;
    const bool to_value = circuit.input == Composition::V;
    require(to_value == (circuit.kind == CircuitKind::OV), ErrorKind::Usage,
            "{}: heads feed the value input of an OV circuit, the query or key input of a QK circuit",
            label(circuit));
    for (const Head writer : circuit.writers)
        for (const Head head : circuit.heads)
            require(writer.layer < head.layer, ErrorKind::Usage, "{}: {} is not in a layer before that of {}",
                    label(circuit), label(writer), label(head));
}

void check_positions(const Config& config, const HeadCircuit& circuit) {
    require(circuit.rotary_offset == 0 || circuit.kind == CircuitKind::QK, ErrorKind::Usage,
            "{}: only QK circuits over tokens turn by an offset", label(circuit));
    require(circuit.rotary_offset >= 0, ErrorKind::Usage, "{}: an offset is 0 or more", label(circuit));
    require(circuit.rotary_offset == 0 || config.positions == Positions::Rotary, ErrorKind::Usage,
            "{}: a rotary offset needs a model with rotary positions", label(circuit));
    if (circuit.kind != CircuitKind::PositionQK) return;
    const bool shortformer = config.positions == Positions::Shortformer;
    require(shortformer || config.positions == Positions::Learned, ErrorKind::Usage,
            "{}: the model has no learned positions", label(circuit));
    require(!shortformer || circuit.writers.empty(), ErrorKind::Usage,
            "{}: shortformer positions are not on the residual stream, so no head moves them",
            label(circuit));
}

void check(const Config& config, const HeadCircuit& circuit, CircuitEnds ends) {
    const bool direct = circuit.kind == CircuitKind::Direct;
    require(!direct || (circuit.heads.empty() && circuit.writers.empty()), ErrorKind::Usage,
            "the direct path has no heads");
    require(direct || !circuit.heads.empty(), ErrorKind::Usage, "a circuit of heads needs a head");
    check_heads(config, circuit.heads);
    check_heads(config, circuit.writers);
    check_writers(circuit);
    check_positions(config, circuit);
    require(!config.norms_stream(), ErrorKind::Unsupported,
            "{}: norms stand on the residual stream of this model, between its heads", label(circuit));
    const bool to_logits = ends == CircuitEnds::Vocabulary && (direct || circuit.kind == CircuitKind::OV);
    require(!to_logits || config.linear_head(), ErrorKind::Unsupported,
            "{}: the unembedding of this model is not linear", label(circuit));
}

Expr with_ports(const Factors& factors, const std::vector<Index>& ports) {
    return normalise(product(factors, ports));
}

}  // namespace

Expr circuit_matrix(const Config& config, const HeadCircuit& circuit, CircuitEnds ends) {
    check(config, circuit, ends);
    CircuitFactors parts(config, circuit, ends);
    const Index row = parts.end_of_run(), column = parts.end_of_run();
    return with_ports(parts.whole(row, column), {row, column});
}

Expr circuit_diagonal(const Config& config, const HeadCircuit& circuit) {
    check(config, circuit, CircuitEnds::Vocabulary);
    CircuitFactors parts(config, circuit, CircuitEnds::Vocabulary);
    const Index row = parts.end_of_run();
    return with_ports(parts.whole(row, row), {row});
}

Expr circuit_row_sums(const Config& config, const HeadCircuit& circuit) {
    check(config, circuit, CircuitEnds::Vocabulary);
    CircuitFactors parts(config, circuit, CircuitEnds::Vocabulary);
    const Index row = parts.end_of_run(), column = parts.end_of_all();
    return with_ports(parts.whole(row, column), {row});
}

Expr circuit_inner(const Config& config, const HeadCircuit& circuit, CircuitEnds ends) {
    check(config, circuit, ends);
    require(circuit.heads.size() == 1, ErrorKind::Usage, "{}: it is cut open inside one head",
            label(circuit));
    CircuitFactors parts(config, circuit, ends);
    const Index row = parts.end_of_all();
    const Index left = parts.fresh(Space::HeadInner), right = parts.fresh(Space::HeadInner);
    return with_ports(parts.cut(row, row, left, right), {left, right});
}

Expr circuit_trace(const Config& config, const HeadCircuit& circuit, CircuitEnds ends) {
    check(config, circuit, ends);
    CircuitFactors parts(config, circuit, ends);
    const Index row = parts.end_of_all();
    return with_ports(parts.whole(row, row), {});
}

Expr circuit_square(const Config& config, const HeadCircuit& circuit, CircuitEnds ends) {
    check(config, circuit, ends);
    CircuitFactors parts(config, circuit, ends);
    const Index row = parts.end_of_all(), column = parts.end_of_all();
    Factors factors = parts.whole(row, column);
    append(factors, parts.whole(row, column));
    return with_ports(factors, {});
}

}  // namespace headway
