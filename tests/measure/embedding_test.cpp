// What the first layer makes of each token, against runs of single tokens in plain loops.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/embedding.hpp"

#include "headway/expand/head_circuit.hpp"
#include "headway/model/load.hpp"
#include "headway/network/text.hpp"
#include "support/errors.hpp"
#include "support/oracle.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

constexpr EvaluateOptions in_double{.precision = Precision::Double};
const std::string sizes = "random:layers=2,heads=4,kv_heads=2,d_model=12,d_head=4,d_mlp=10,vocab=9,ctx=5,";

// The stream behind layer 0 of one token alone; positions, and for Mlp0 attention, are zero weights.
oracle::Vector alone(const Model& model, int token, Embedding embedding) {
    const oracle::Weights weights = oracle::weights_of(model);
    const oracle::Weights without = [&](const std::string& symbol, int layer) {
        oracle::Vector values = weights(symbol, layer);
        const bool attention = symbol == "W_O" || symbol == "b_O";
        if (symbol == "W_pos" || (attention && embedding == Embedding::Mlp0))
            values.assign(values.size(), 0.0);
        return values;
    };
    return oracle::forward(model.config(), without, {token}).stream.at(1).at(0);
}

TEST(Embedding, IsTheStreamBehindTheFirstLayerOfEachTokenAlone) {
    for (const char* shape :
         {"norm=layernorm,biases=1,positions=learned", "norm=rmsnorm,gated=1,positions=rotary,embed_scale=3",
          "norm=rmsnorm,norms=sandwich,positions=rotary,qk_norm=head", "positions=shortformer",
          "norm=layernorm,biases=1,parallel=1,positions=rotary",
          "norm=layernorm,biases=1,embed_norm=1,positions=alibi"})
        for (const Embedding embedding : {Embedding::Mlp0, Embedding::Layer0}) {
            const Model model = load_model(sizes + shape);
            const WeightArray<double> rows = embed_through(model, embedding, in_double).leaf<double>("W_E");
            for (int token = 0; token < 9; ++token) {
                const oracle::Vector expected = alone(model, token, embedding);
                for (std::size_t d = 0; d < 12; ++d)
                    ASSERT_NEAR(rows.values()[static_cast<std::size_t>(token) * 12 + d], expected[d], 1e-12)
                        << shape << " " << name(embedding) << " token " << token;
            }
        }
}

TEST(Embedding, StandsInThePlaceOfTheEmbeddingOfCircuits) {
    const Model model = load_model(sizes + "norm=rmsnorm,positions=rotary,embed_scale=3,embed_norm=1");
    const Model embedded = embed_through(model, Embedding::Mlp0, in_double);
    const std::vector<int> tokens{0, 8, 3};
    const Expr circuit = circuit_matrix(model.config(), parse_head_circuit("ov:L1H2", model.config()),
                                        CircuitEnds::Vocabulary);
    const Expr plain =
        parse_network("token[q,v] W_E[v,d] W_V[L1G1][d,e] W_O[L1H2][e,d1] W_U[d1,v1] token[k,v1] -> [q,k]")
            .output;
    const xt::xarray<double> values = evaluate(embedded, circuit, tokens, in_double),
                             expected = evaluate(embedded, plain, tokens, in_double);
    for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(values.data()[i], expected.data()[i], 1e-12);
}

TEST(Embedding, RawIsTheModelItself) {
    const Model model = load_model(sizes + "norm=rmsnorm");
    EXPECT_EQ(embed_through(model, Embedding::Raw).leaf<float>("W_E").data, model.leaf<float>("W_E").data);
    EXPECT_EQ(embedding_sentence(model.config(), Embedding::Raw), "Embedding raw: the rows of W_E.");
}

TEST(Embedding, RefusesWhatTheModelHasNot) {
    const Model attention_only = load_model("random:layers=1,heads=2,d_model=8");
    test::expect_error(ErrorKind::Usage, "--embed mlp0: the model has no feed-forward layers",
                       [&] { return embed_through(attention_only, Embedding::Mlp0); });
    test::expect_error(ErrorKind::Usage, "\"mlp\" is no embedding", [] { return parse_embedding("mlp"); });
}

}  // namespace
}  // namespace headway
