// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/head_circuit.hpp"

#include "expand/architectures.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/network/text.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <array>

namespace headway {
namespace {

Expr matrix(const char* text, const Config& config, CircuitEnds ends = CircuitEnds::Vocabulary) {
    return circuit_matrix(config, parse_head_circuit(text, config), ends);
}
Expr read(const char* text) { return normalise(parse_network(text).output); }

TEST(HeadCircuit, OverTheVocabularyReadsAsInTheTable) {
    const Config c = tiny();
    const std::array<std::array<const char*, 2>, 6> table{{
        {"direct", "token[q,v] W_E[v,d] W_U[d,v1] token[k,v1] -> [q,k]"},
        {"ov:L1H0", "token[q,v] W_E[v,d] W_V[L1H0][d,e] W_O[L1H0][e,d1] W_U[d1,v1] token[k,v1] -> [q,k]"},
        {"ov:L0H1>L1H0",
         "token[q,v] W_E[v,d] W_V[L0H1][d,e] W_O[L0H1][e,d1] W_V[L1H0][d1,e1] W_O[L1H0][e1,d2] "
         "W_U[d2,v1] token[k,v1] -> [q,k]"},
        {"qk:L1H0", "token[q,v] W_E[v,d] W_Q[L1H0][d,e] W_K[L1H0][d1,e] W_E[v1,d1] token[k,v1] -> [q,k]"},
        {"qk:L0H1>L1H0.K",
         "token[q,v] W_E[v,d] W_Q[L1H0][d,e] W_K[L1H0][d1,e] W_O[L0H1][e1,d1] W_V[L0H1][d2,e1] W_E[v1,d2] "
         "token[k,v1] -> [q,k]"},
        {"qk:L0H1>L1H0.Q",
         "token[q,v] W_E[v,d] W_V[L0H1][d,e] W_O[L0H1][e,d1] W_Q[L1H0][d1,e1] W_K[L1H0][d2,e1] W_E[v1,d2] "
         "token[k,v1] -> [q,k]"},
    }};
    for (const auto& [circuit, network] : table) EXPECT_EQ(matrix(circuit, c), read(network)) << circuit;
}

TEST(HeadCircuit, OnTheStreamHasNoEmbedding) {
    const Config c = tiny();
    EXPECT_EQ(matrix("ov:L1H0", c, CircuitEnds::Stream), read("W_V[L1H0][d,e] W_O[L1H0][e,d1] -> [d,d1]"));
    EXPECT_EQ(matrix("qk:L1H0", c, CircuitEnds::Stream), read("W_Q[L1H0][d,e] W_K[L1H0][d1,e] -> [d,d1]"));
    EXPECT_EQ(matrix("direct", c, CircuitEnds::Stream), copy(Space::Residual, 2));
}

TEST(HeadCircuit, SumsHeadsAsOneFactor) {
    const Config c = tiny();
    const Expr w = read(
        "W[d,d1] = W_V[L1H0][d,e] W_O[L1H0][e,d1] + W_V[L1H1][d,e] W_O[L1H1][e,d1]\n"
        "token[q,v] W_E[v,d] W[d,d1] W_U[d1,v1] token[k,v1] -> [q,k]");
    EXPECT_EQ(matrix("ov:L1H{0,1}", c), w);
    ASSERT_NE(w->as<Product>(), nullptr);
    EXPECT_EQ(w->as<Product>()->factors.size(), 5U);
}

TEST(HeadCircuit, OfPositionsHasThemAtBothEnds) {
    const Config c = tiny_gpt2();
    EXPECT_EQ(matrix("qk-pos:L1H0", c),
              read("W_pos[q,d] W_Q[L1H0][d,e] W_K[L1H0][d1,e] W_pos[k,d1] -> [q,k]"));
    EXPECT_EQ(matrix("qk-pos:L0H1>L1H0.K", c),
              read("W_pos[q,d] W_Q[L1H0][d,e] W_K[L1H0][d1,e] W_O[L0H1][e1,d1] W_V[L0H1][d2,e1] W_pos[k,d2] "
                   "-> [q,k]"));
}

TEST(HeadCircuit, HeadsOfAGroupShareKeysAndValues) {
    const Config c = tiny_llama();
    EXPECT_EQ(matrix("ov:L1H3", c, CircuitEnds::Stream), read("W_V[L1G1][d,e] W_O[L1H3][e,d1] -> [d,d1]"));
    EXPECT_EQ(matrix("qk:L1H3@2", c, CircuitEnds::Stream),
              read("W_Q[L1H3][d,e] one_hot(2)[p] rope(4,10000)[p,e,e1] W_K[L1G1][d1,e1] -> [d,d1]"));
}

TEST(HeadCircuit, TakesInTheGainsThatNoWeightReadsAlone) {
    EXPECT_EQ(matrix("ov:L1H3", tiny_gemma3(), CircuitEnds::Stream),
              read("W_V[L1G1][d,e] W_O[L1H3][e,d1] ln1_post.w[L1][d1] -> [d,d1]"));
    EXPECT_EQ(matrix("qk:L1H3", tiny_gemma3(), CircuitEnds::Stream),
              read("W_Q[L1H3][d,e] q_norm.w[L1H3][e] k_norm.w[L1G1][e] W_K[L1G1][d1,e] -> [d,d1]"));
    EXPECT_EQ(matrix("direct", tiny_gemma3()),
              read("embed_scale token[q,v] W_E[v,d] W_U[d,v1] token[k,v1] -> [q,k]"));
    EXPECT_EQ(matrix("direct", tiny_bloom()),
              read("token[q,v] W_E[v,d] centre[d,d1] ln_embed.w[d1] centre[d1,d2] W_U[d2,v1] token[k,v1] "
                   "-> [q,k]"));
}

TEST(HeadCircuit, CutOpenHasTheOtherOrderOfTheProduct) {
    const Config c = tiny();
    const auto inner = [&](const char* text, CircuitEnds ends) {
        return circuit_inner(c, parse_head_circuit(text, c), ends);
    };
    EXPECT_EQ(inner("ov:L1H0", CircuitEnds::Stream), read("W_O[L1H0][e,d] W_V[L1H0][d,e1] -> [e,e1]"));
    EXPECT_EQ(inner("ov:L1H0", CircuitEnds::Vocabulary),
              read("W_O[L1H0][e,d] W_U[d,v] W_E[v,d1] W_V[L1H0][d1,e1] -> [e,e1]"));
    EXPECT_EQ(inner("qk:L0H1>L1H0.K", CircuitEnds::Vocabulary),
              read("W_K[L1H0][d,e] W_O[L0H1][e2,d] W_V[L0H1][d1,e2] W_E[v,d1] W_E[v,d2] W_Q[L1H0][d2,e1] -> "
                   "[e,e1]"));
}

TEST(HeadCircuit, TraceDiagonalAndSquareHaveTheSameFactors) {
    const Config c = tiny();
    const HeadCircuit circuit = parse_head_circuit("ov:L1H0", c);
    EXPECT_EQ(circuit_trace(c, circuit, CircuitEnds::Stream), read("W_V[L1H0][d,e] W_O[L1H0][e,d]"));
    EXPECT_EQ(circuit_trace(c, circuit, CircuitEnds::Vocabulary),
              read("W_E[v,d] W_V[L1H0][d,e] W_O[L1H0][e,d1] W_U[d1,v]"));
    EXPECT_EQ(circuit_diagonal(c, circuit),
              read("token[q,v] W_E[v,d] W_V[L1H0][d,e] W_O[L1H0][e,d1] W_U[d1,v1] token[q,v1] -> [q]"));
    EXPECT_EQ(circuit_square(c, circuit, CircuitEnds::Stream),
              read("W_V[L1H0][d,e] W_O[L1H0][e,d1] W_V[L1H0][d,e1] W_O[L1H0][e1,d1]"));
}

TEST(HeadCircuit, NetworksAreReadBack) {
    for (const char* text : {"direct", "ov:L0H*>L1H{0,3}", "qk:L0H1>L1H0.K@3", "ov:L1H*"}) {
        const Expr network = matrix(text, tiny_gemma3());
        EXPECT_EQ(parse_network(to_text(network)).output, network) << text;
    }
}

TEST(HeadCircuit, TextsAreReadBack) {
    const Config c = tiny_llama();
    for (const char* text : {"direct", "ov:L1H0", "ov:L0H1+L1H2", "ov:L0H0+L0H2>L1H1", "qk:L1H3",
                             "qk:L0H1>L1H0+L1H1.Q", "qk:L0H1>L1H0.K@3", "qk-pos:L0H1"})
        EXPECT_EQ(label(parse_head_circuit(text, c)), text);
    EXPECT_EQ(label(parse_head_circuit("qk:L0H{0,2-3}>L*H1,L1H*.K", c)),
              "qk:L0H0+L0H2+L0H3>L0H1+L1H0+L1H1+L1H2+L1H3.K");
    EXPECT_EQ(label(parse_head_circuit("ov:L0H1>L1H0.V", c)), "ov:L0H1>L1H0");
}

TEST(HeadCircuit, TextsThatAreNoneAreShown) {
    const Config c = tiny();
    const std::array<std::array<const char*, 2>, 9> table{{
        {"", "\"\" is no circuit of heads"},
        {"kv:L1H0", "\"kv:L1H0\" is no circuit of heads"},
        {"direct:L1H0", "\"direct:L1H0\" is no circuit of heads"},
        {"ov:", "\"\" is no head: expected L1H4, L1H{2,4-7} or L1H*"},
        {"ov:L1H{0", "\"L1H{0\" is no head"},
        {"ov:L1H2", "L1H2: the model has layers 0 to 1 with heads 0 to 1"},
        {"qk:L0H0>L1H0", "say which input is fed, qk:L0H0>L1H0.Q or qk:L0H0>L1H0.K"},
        {"qk:L0H0>L1H0.X", "\"qk:L0H0>L1H0.X\" is no circuit of heads"},
        {"qk:L1H0@-1", "\"qk:L1H0@-1\" is no circuit of heads"},
    }};
    for (const auto& row : table)
        test::expect_error(ErrorKind::Usage, row[1], [&] { return parse_head_circuit(row[0], c); });
}

TEST(HeadCircuit, RefusesWhatTheModelHasNot) {
    const Config c = tiny();
    const std::array<std::array<const char*, 2>, 5> table{{
        {"ov:L1H0>L1H1", "ov:L1H0>L1H1: L1H0 is not in a layer before that of L1H1"},
        {"ov:L0H0>L1H1.K", "heads feed the value input of an OV circuit"},
        {"qk:L0H0>L1H1.V", "heads feed the value input of an OV circuit"},
        {"qk:L1H0@2", "qk:L1H0@2: a rotary offset needs a model with rotary positions"},
        {"qk-pos:L1H0", "qk-pos:L1H0: the model has no learned positions"},
    }};
    for (const auto& row : table)
        test::expect_error(ErrorKind::Usage, row[1], [&] { return matrix(row[0], c); });
    test::expect_error(ErrorKind::Usage, "ov:L0H0+L1H0: it is cut open inside one head", [&] {
        return circuit_inner(c, parse_head_circuit("ov:L*H0", c), CircuitEnds::Stream);
    });
    test::expect_error(ErrorKind::Usage, "L5H0: the model has layers 0 to 1", [&] {
        return circuit_trace(c, {.heads = {{5, 0}}}, CircuitEnds::Stream);
    });
    test::expect_error(ErrorKind::Unsupported, "norms stand on the residual stream",
                       [&] { return matrix("ov:L1H0", tiny_gpt1()); });
}

TEST(HeadCircuit, ShortformerPositionsAreMovedByNoHead) {
    Config c = tiny();
    c.positions = Positions::Shortformer;
    EXPECT_NO_THROW(matrix("qk-pos:L1H0", c));
    test::expect_error(ErrorKind::Usage, "shortformer positions are not on the residual stream",
                       [&] { return matrix("qk-pos:L0H0>L1H0.K", c); });
}

}  // namespace
}  // namespace headway
