// Circuits of heads with the numbers of models that have every norm and gain, against plain loops.
// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/head_circuit.hpp"

#include "headway/contract/evaluate.hpp"
#include "headway/model/load.hpp"
#include "support/score_oracle.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

using oracle::Dense;
using oracle::times;
using oracle::transposed;

constexpr EvaluateOptions in_double{.precision = Precision::Double};
const std::string sizes = "random:layers=3,heads=4,kv_heads=2,d_model=12,d_head=4,d_mlp=10,vocab=9,ctx=9,";

Dense plus(Dense a, const Dense& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
    return a;
}

// Circuits in plain loops; the tokens are 0, 1, ..., so that matrices are those of the whole vocabulary.
struct Loops {
    explicit Loops(const std::string& shape, const Folding& fold = LoadOptions{}.fold)
        : model(load_model(shape, {.fold = fold, .seed = 3})),
          file(load_model(shape, {.fold = no_folding, .seed = 3})) {
        for (int token = 0; token < model.config().d_vocab; ++token) tokens.push_back(token);
    }

    Dense embed(Writer writer) const {
        Dense w = weights(0).written(writer, {}, Reader::V, {});
        const bool scaled = writer == Writer::Embed && model.config().embed_scale != 1.0;
        for (double& value : w.values) value *= scaled ? model.config().embed_scale : 1.0;
        return w;
    }
    Dense ov(const std::vector<Head>& heads) const {
        Dense sum = weights(0).written(Writer::Heads, heads.front(), Reader::V, {});
        for (std::size_t i = 1; i < heads.size(); ++i)
            sum = plus(sum, weights(0).written(Writer::Heads, heads[i], Reader::V, {}));
        return sum;
    }
    Dense qk(const std::vector<Head>& heads, int offset) const {
        Dense sum = weights(offset).read(Reader::Q, heads.front(), offset);
        for (std::size_t i = 1; i < heads.size(); ++i)
            sum = plus(sum, weights(offset).read(Reader::Q, heads[i], offset));
        return sum;
    }
    // Over the vocabulary or the positions.
    Dense whole(const HeadCircuit& c) const {
        const Dense e = embed(c.kind == CircuitKind::PositionQK ? Writer::Position : Writer::Embed);
        const Dense moved = c.writers.empty() ? e : times(e, ov(c.writers));
        if (c.kind == CircuitKind::QK || c.kind == CircuitKind::PositionQK) {
            const bool to_query = c.input == Composition::Q;
            return times(times(to_query ? moved : e, qk(c.heads, c.rotary_offset)),
                         transposed(to_query ? e : moved));
        }
        const Dense out = c.kind == CircuitKind::Direct ? moved : times(moved, ov(c.heads));
        return times(out, weights(0).read(Reader::Unembed, {}, 0));
    }

    oracle::ScoreOracle weights(int offset) const {
        return {file, model.config().folding, ScoreOptions{.offset = offset}};
    }

    Model model, file;
    std::vector<int> tokens;
};

double worst_of(const xt::xarray<double>& values, const Dense& expected) {
    double worst = values.size() == expected.values.size() ? 0 : 1e9, largest = 0;
    for (std::size_t i = 0; i < expected.values.size() && worst < 1e9; ++i) {
        worst = std::max(worst, std::abs(values.data()[i] - expected.values[i]));
        largest = std::max(largest, std::abs(expected.values[i]));
    }
    return worst / largest;
}

// The powers of a matrix have the traces of the powers of its cut-open form.
double power_trace(const Dense& a, int power) {
    Dense product = a;
    for (int i = 1; i < power; ++i) product = times(product, a);
    double trace = 0;
    for (std::size_t i = 0; i < a.rows; ++i) trace += product.at(i, i);
    return trace;
}

void expect_loops(const Loops& loops, const char* text) {
    const Config& config = loops.model.config();
    const HeadCircuit circuit = parse_head_circuit(text, config);
    const Dense expected = loops.whole(circuit);
    const auto value = [&](const Expr& e) { return evaluate(loops.model, e, loops.tokens, in_double); };
    EXPECT_LT(worst_of(value(circuit_matrix(config, circuit, CircuitEnds::Vocabulary)), expected), 1e-12)
        << text;
    Dense diagonal = oracle::zeros(expected.rows, 1);
    for (std::size_t i = 0; i < expected.rows; ++i) diagonal.at(i, 0) = expected.at(i, i);
    EXPECT_LT(worst_of(value(circuit_diagonal(config, circuit)), diagonal), 1e-12) << text;
    EXPECT_NEAR(value(circuit_trace(config, circuit, CircuitEnds::Vocabulary))() / power_trace(expected, 1),
                1, 1e-9)
        << text;
    EXPECT_NEAR(value(circuit_square(config, circuit, CircuitEnds::Vocabulary))() / oracle::square(expected),
                1, 1e-12)
        << text;
    if (circuit.heads.size() != 1) return;
    const xt::xarray<double> open = value(circuit_inner(config, circuit, CircuitEnds::Vocabulary));
    const auto e = static_cast<std::size_t>(config.d_head);
    const Dense inner{e, e, {open.begin(), open.end()}};
    for (const int power : {1, 2, 3})
        EXPECT_NEAR(power_trace(inner, power) / power_trace(expected, power), 1, 1e-9) << text;
}

constexpr std::array over_tokens{
    "direct",  "ov:L1H2",        "ov:L1H{0,2}",    "ov:L0H3>L2H1", "ov:L0H*>L1H{1,2}",
    "qk:L1H3", "qk:L0H1>L2H2.K", "qk:L0H1>L1H0.Q", "qk:L1H{1,2}",  "qk:L0H{1,3}>L1H{0,1}.K"};

TEST(HeadCircuitValues, AreThoseOfPlainLoops) {
    for (const char* shape :
         {"norm=none", "norm=layernorm,biases=1", "norm=rmsnorm,norms=sandwich,positions=rotary",
          "norm=layernorm,norms=after", "norm=rmsnorm,qk_norm=head,positions=rotary,embed_scale=3",
          "norm=layernorm,biases=1,embed_norm=1,positions=alibi", "norm=rmsnorm,embed_norm=1"}) {
        SCOPED_TRACE(shape);
        const Loops loops(sizes + shape);
        for (const char* circuit : over_tokens) expect_loops(loops, circuit);
    }
}

TEST(HeadCircuitValues, WithoutFoldingAreOfTheFilesWeightsAlone) {
    const Loops loops(sizes + "norm=rmsnorm,norms=sandwich,qk_norm=head,positions=rotary", no_folding);
    for (const char* circuit : over_tokens) expect_loops(loops, circuit);
}

TEST(HeadCircuitValues, TurnByARotaryOffset) {
    for (const char* shape :
         {"theta=100", "rotary_dims=2,adjacent=1", "qk_norm=head,plain_every=2", "rope=linear,factor=3"}) {
        SCOPED_TRACE(shape);
        const Loops loops(sizes + "norm=rmsnorm,positions=rotary," + shape);
        for (const char* circuit : {"qk:L1H3@1", "qk:L0H3@7", "qk:L0H1>L2H2.K@3", "qk:L{0,1}H1@2"})
            expect_loops(loops, circuit);
    }
}

TEST(HeadCircuitValues, OfPositionsAreThoseOfPlainLoops) {
    for (const char* shape :
         {"norm=layernorm,positions=learned", "positions=learned,embed_norm=1,norm=rmsnorm",
          "positions=learned,qk_norm=head,norm=rmsnorm"}) {
        SCOPED_TRACE(shape);
        const Loops loops(sizes + shape);
        for (const char* circuit :
             {"qk-pos:L1H3", "qk-pos:L1H{0,1}", "qk-pos:L0H1>L2H2.K", "qk-pos:L0H1>L2H2.Q"})
            expect_loops(loops, circuit);
    }
    expect_loops(Loops(sizes + "positions=shortformer"), "qk-pos:L1H3");
}

TEST(HeadCircuitValues, AreRowsAndColumnsOfTheTokensOfARun) {
    const Loops loops(sizes + "norm=layernorm,biases=1");
    const HeadCircuit circuit = parse_head_circuit("ov:L1H2", loops.model.config());
    const Dense whole = loops.whole(circuit);
    const std::vector<int> tokens{5, 0, 5, 8};
    const xt::xarray<double> values =
        evaluate(loops.model, circuit_matrix(loops.model.config(), circuit, CircuitEnds::Vocabulary), tokens,
                 in_double);
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            EXPECT_NEAR(values(i, j),
                        whole.at(static_cast<std::size_t>(tokens[i]), static_cast<std::size_t>(tokens[j])),
                        1e-13);
}

}  // namespace
}  // namespace headway
