// SPDX-License-Identifier: Apache-2.0
#include "headway/network/text.hpp"

#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

Config small(Norm norm, Positions positions, int kv_heads, int d_mlp) {
    Config config;
    config.n_layers = 2;
    config.n_heads = 4;
    config.n_kv_heads = kv_heads;
    config.d_model = 8;
    config.d_head = 2;
    config.d_mlp = d_mlp;
    config.n_ctx = 5;
    config.d_vocab = 7;
    config.norm = norm;
    config.positions = positions;
    if (positions == Positions::Rotary) config.rotary.dims = 2;
    config.biases = {true, true, true, norm == Norm::LayerNorm, true};
    return config;
}

TEST(Text, AttentionOnlyModelPrintsAsTheEquationsOfThePaper) {
    Config config = small(Norm::None, Positions::None, 4, 0);
    config.biases = {};
    config.n_layers = 1;
    EXPECT_EQ(to_text(transformer(config)),
              "x0[q,d] = token[q,v] W_E[v,d]\n"
              "Q[L0][h,q,e] = x0[q,d] W_Q[L0][h,d,e]\n"
              "K[L0][h,q,e] = x0[q,d] W_K[L0][h,d,e]\n"
              "S[L0][h,q,k] = Q[L0][h,q,e] K[L0][h,k,e] scale[L0]\n"
              "A[L0][h,q,k] = softmax_k(causal[q,k]; S[L0][h,q,k])\n"
              "V[L0][h,q,e] = x0[q,d] W_V[L0][h,d,e]\n"
              "attn[L0][q,d] = A[L0][h,q,k] V[L0][h,k,e] W_O[L0][h,e,d]\n"
              "x1[q,d] = x0[q,d] + attn[L0][q,d]\n"
              "logits[q,v] = x1[q,d] W_U[d,v]\n");
}

TEST(Text, EveryKindOfModelPrintsAndReadsBackToTheSameObjects) {
    for (Norm norm : {Norm::None, Norm::LayerNorm, Norm::RmsNorm})
        for (Positions positions :
             {Positions::None, Positions::Learned, Positions::Shortformer, Positions::Rotary})
            for (int kv_heads : {4, 2})
                for (int d_mlp : {0, 6})
                    for (bool folded : {false, true}) {
                        Config config = small(norm, positions, kv_heads, d_mlp);
                        config.folding = {folded, folded, false};
                        config.gated_mlp = kv_heads == 2;
                        config.parallel_block = folded;
                        const Network network = transformer(config);
                        const std::string text = to_text(network);
                        const Network again = parse_network(text);
                        EXPECT_EQ(again.output, network.output) << text;
                        EXPECT_EQ(to_text(again), text);
                    }
}

TEST(Text, MatrixShorthandIsTheChainOfItsFactors) {
    const Network chain = parse_network("W_E W_V[L0H3] W_O[L0H3] W_K[L1H4]");
    EXPECT_EQ(to_line(chain.output), "W_E[v,d] W_V[L0H3][d,e1] W_O[L0H3][e1,d1] W_K[L1H4][d1,e] -> [v,e]");
    EXPECT_EQ(chain.output, parse_network("W_E[v,d] W_V[L0H3][d,e] W_O[L0H3][e,d1] W_K[L1H4][d1,e1]").output);
    EXPECT_EQ(to_line(parse_network("W_Q[L0H0] W_K[L0H0]^T").output).find("^T"), std::string::npos);
}

TEST(Text, FrozenValuesAreDefinedWithWhatTheyStandFor) {
    const Network network = parse_network(
        "S[h,q,k] = W[h,q,e] Z[k,e]\nA[L0][h,q,k] ~ softmax_k(causal[q,k]; S[h,q,k])\nA[L0H3][q,k] x[k,d]");
    const auto* product = network.output->as<Product>();
    ASSERT_NE(product, nullptr);
    const auto* value = product->factors.front().node->as<Frozen>();
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(value->head, 3);
    EXPECT_EQ(parse_network(to_text(network)).output, network.output);
}

TEST(Text, FamiliesOverLayersHaveOneName) {
    const Expr family = layers_leaf("W_V", 12);
    EXPECT_EQ(leaf_name(*family), "W_V[L0-11]");
    EXPECT_EQ(parse_network("W_V[L0-11][l,h,d,e] -> [l,h,d,e]").output, family);
}

TEST(Text, StructuresAndFunctionsWithParametersPrintAndReadBack) {
    for (const char* body : {"S[q,k] causal(5)[q,k]", "distance[q,k] S[q,k]", "softcap(S[q,k]; cap=50)",
                             "softmax_k(causal(2)[q,k]; S[q,k])"}) {
        const std::string text = std::string("y[q,k] = ") + body + "\n";
        EXPECT_EQ(to_text(parse_network(text)), text);
    }
    for (const char* body : {"x[q,e1] rope(8,10000)[q,e1,e]", "x[q,e1] rope(8,500000,adjacent)[q,e1,e]",
                             "rope(8,10000,linear(2.5))[q,e1,e] x[q,e1]",
                             "rope(8,500000,adjacent,llama3(32,1,4,8192))[q,e1,e] x[q,e1]"}) {
        const std::string text = std::string("y[q,e] = ") + body + "\n";
        EXPECT_EQ(to_text(parse_network(text)), text);
    }
    const std::string mean = "y[q] = rstd_h_e(x[q,h,e]; eps=1e-06)\n";
    EXPECT_EQ(to_text(parse_network(mean)), mean);
    EXPECT_EQ(parse_network("y[q] = rstd_h_e(x[h,q,e]; eps=1e-06)").output,
              parse_network("t[q,h,e] = x[h,q,e]\ny[q] = rstd_h_e(t[q,h,e]; eps=1e-06)").output);
}

TEST(Text, WhatCannotBeReadIsRefusedWithItsPlace) {
    const auto message = [](const char* text) -> std::string {
        try {
            parse_network(text);
        } catch (const Error& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(message(""), "network text: it is empty");
    EXPECT_EQ(message("y[q] = "), "network text, line 1, column 8: expected a factor");
    EXPECT_EQ(message("W_E[v,x]"),
              "network text, line 1, column 8: no space has indices called \"x\": the first letter tells the "
              "space");
    EXPECT_EQ(
        message("W_E W_U W_E W_K[L0H0] W_U"),
        "network text, line 1, column 26: a head_inner index meets a residual index in a matrix product");
    EXPECT_EQ(message("y[q] = a[q]\ny[q] = b[q]"), "network text, line 2, column 7: \"y\" is defined twice");
    EXPECT_EQ(message("foo"),
              "network text, line 1, column 4: \"foo\" is given no indices and is not the name of a weight");
    EXPECT_EQ(message("y[q] = softcap(a[q])"), "network text, line 1, column 20: expected \";\", got \")\"");
    EXPECT_EQ(message("y[q,k] = a[q,k] causal(-2)[q,k]"),
              "causal(-2): a window has a positive number of positions");
    EXPECT_EQ(message("y[q,e] = a[q,e1] rope(4,10000,yarn(2))[q,e1,e]"),
              "network text, line 1, column 30: expected \")\", got \",yarn(2))[q,\"");
    EXPECT_EQ(
        message("y[q] = rstd_x(a[q,d]; eps=1)"),
        "network text, line 1, column 14: no space has indices called \"x\": the first letter tells the "
        "space");
    EXPECT_EQ(message("y[q,d] = a[q]"), "index 1 (residual) of a product is carried by no factor");
}

}  // namespace
}  // namespace headway
