// The network of a Config: a line of text for each feature, and all pairs of features.
// SPDX-License-Identifier: Apache-2.0
#include "headway/network/transformer.hpp"

#include "headway/base/error.hpp"
#include "support/every_feature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace headway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Config one_layer() {
    Config config;
    config.n_layers = 1;
    config.n_heads = config.n_kv_heads = 2;
    config.d_model = 8;
    config.d_head = 4;
    config.n_ctx = 5;
    config.d_vocab = 7;
    config.norm = Norm::RmsNorm;
    return config;
}

Config with_mlp() {
    Config config = one_layer();
    config.d_mlp = 6;
    return config;
}

// The line that defines a name.
std::string line(const Config& config, const std::string& name) {
    const std::string text = "\n" + to_text(transformer(config));
    const std::size_t start = text.find("\n" + name + "[");
    if (start == std::string::npos) return "no " + name;
    return text.substr(start + 1, text.find('\n', start + 1) - start - 1);
}

TEST(Transformer, AnEmbeddingIsScaledBiasedAndNormalised) {
    Config config = one_layer();
    config.embed_scale = 16;
    EXPECT_EQ(line(config, "x0"), "x0[q,d] = token[q,v] W_E[v,d] embed_scale");
    config.biases.embed = config.embed_norm = true;
    EXPECT_EQ(line(config, "e0"), "e0[q,d] = ones[q] b_E[d] + token[q,v] W_E[v,d] embed_scale");
    EXPECT_EQ(line(config, "rstd_embed"), "rstd_embed[q] = rstd_d(e0[q,d]; eps=1e-05)");
    EXPECT_EQ(line(config, "x0"), "x0[q,d] = e0[q,d] ln_embed.w[d] rstd_embed[q]");
}

TEST(Transformer, AnEmbeddingBehindALayerNormIsCentredOnceMoreWhereTheStreamHasNoMean) {
    Config config = one_layer();
    config.norm = Norm::LayerNorm;
    config.embed_norm = true;
    EXPECT_THAT(line(config, "x0"), Not(HasSubstr("centre")));
    config.folding = {true, true, false};
    EXPECT_THAT(line(config, "x0"), HasSubstr("centre[d1,d]"));
    config.norm_placement = NormPlacement::Stream;  // whose stream has a mean, and readers without norm
    EXPECT_THAT(line(config, "x0"), Not(HasSubstr("centre")));
}

TEST(Transformer, QueriesAndKeysAreNormalisedHeadByHeadBehindTheirProjection) {
    Config config = one_layer();
    config.query_key_norm = QueryKeyNorm::Head;
    EXPECT_EQ(line(config, "Q_linear[L0]"), "Q_linear[L0][h,q,e] = n1[L0][q,d] W_Q[L0][h,d,e]");
    EXPECT_EQ(line(config, "rstd_q[L0]"), "rstd_q[L0][h,q] = rstd_e(Q_linear[L0][h,q,e]; eps=1e-05)");
    EXPECT_EQ(line(config, "Q[L0]"), "Q[L0][h,q,e] = rstd_q[L0][h,q] q_norm.w[L0][h,e] Q_linear[L0][h,q,e]");
    EXPECT_EQ(line(config, "K[L0]"), "K[L0][h,q,e] = rstd_k[L0][h,q] K_linear[L0][h,q,e] k_norm.w[L0][h,e]");
}

TEST(Transformer, QueriesAndKeysOfALayerAreNormalisedTogether) {
    Config config = one_layer();
    config.n_heads = 4;
    config.query_key_norm = QueryKeyNorm::Layer;
    EXPECT_THAT(line(config, "rstd_q[L0]"), HasSubstr("rstd_q[L0][q] = rstd_h_r_e(t"));
    EXPECT_THAT(line(config, "rstd_k[L0]"), HasSubstr("rstd_k[L0][q] = rstd_h_e(t"));
    EXPECT_EQ(line(config, "Q[L0]"),
              "Q[L0][h,r,q,e] = Q_linear[L0][h,r,q,e] q_norm.w[L0][h,r,e] rstd_q[L0][q]");
}

TEST(Transformer, AnAlibiScoreFallsWithTheDistance) {
    Config config = one_layer();
    config.positions = Positions::Alibi;
    EXPECT_EQ(line(config, "S[L0]"),
              "S[L0][h,q,k] = distance[q,k] slope[L0][h] + Q[L0][h,q,e] K[L0][h,k,e] scale[L0]");
    EXPECT_THAT(to_text(transformer(config)), Not(HasSubstr("W_pos")));
}

TEST(Transformer, ScoresAndLogitsAreCapped) {
    Config config = one_layer();
    config.score_cap = 50;
    config.logit_cap = 30;
    EXPECT_EQ(line(config, "S_capped[L0]"), "S_capped[L0][h,q,k] = softcap(S[L0][h,q,k]; cap=50)");
    EXPECT_EQ(line(config, "A[L0]"), "A[L0][h,q,k] = softmax_k(causal[q,k]; S_capped[L0][h,q,k])");
    EXPECT_EQ(line(config, "logits_linear"), "logits_linear[q,v] = n_final[q,d] W_U[d,v]");
    EXPECT_EQ(line(config, "logits"), "logits[q,v] = softcap(logits_linear[q,v]; cap=30)");
}

TEST(Transformer, LayersHaveTheirOwnWindowsAndRotations) {
    Config config = one_layer();
    config.n_layers = 3;
    config.positions = Positions::Rotary;
    const Rotary scaled{
        .dims = 2, .theta = 500000, .adjacent_pairs = true, .scaling = RotaryScaling::Linear, .factor = 4};
    config.layer_attention = {{3, {.dims = 4}}, {0, {}}, {0, scaled}};
    EXPECT_THAT(line(config, "A[L0]"), HasSubstr("softmax_k(causal(3)[q,k];"));
    EXPECT_THAT(line(config, "A[L1]"), HasSubstr("softmax_k(causal[q,k];"));
    EXPECT_THAT(line(config, "Q[L0]"), HasSubstr(" rope(4,10000)[q,e1,e]"));
    EXPECT_EQ(line(config, "Q[L1]"), "Q[L1][h,q,e] = n1[L1][q,d] W_Q[L1][h,d,e]");
    EXPECT_THAT(line(config, "Q[L2]"), HasSubstr(" rope(2,500000,adjacent,linear(4))[q,e1,e]"));
}

TEST(Transformer, NormsAfterABranchScaleWhatItAdds) {
    Config config = with_mlp();
    config.norm_placement = NormPlacement::After;
    config.biases.attention_out = true;
    config.biases.mlp = true;
    EXPECT_EQ(line(config, "Q[L0]"), "Q[L0][h,q,e] = x0[q,d] W_Q[L0][h,d,e]");
    EXPECT_EQ(line(config, "branch1[L0]"), "branch1[L0][q,d] = attn[L0][q,d] + ones[q] b_O[L0][d]");
    EXPECT_EQ(line(config, "mid[L0]"),
              "mid[L0][q,d] = x0[q,d] + rstd1_post[L0][q] branch1[L0][q,d] ln1_post.w[L0][d]");
    EXPECT_THAT(line(config, "branch2[L0]"), HasSubstr("ones[q] b_out[L0][d] + "));
    EXPECT_EQ(line(config, "mlp[L0]"), "mlp[L0][q,d] = branch2[L0][q,d] ln2_post.w[L0][d] rstd2_post[L0][q]");
    EXPECT_EQ(line(config, "x1"), "x1[q,d] = mid[L0][q,d] + mlp[L0][q,d]");
}

TEST(Transformer, ASandwichHasNormsOnBothSidesAndFoldsThoseInFront) {
    Config config = with_mlp();
    config.norm_placement = NormPlacement::Sandwich;
    EXPECT_EQ(line(config, "n1[L0]"), "n1[L0][q,d] = rstd1[L0][q] x0[q,d] ln1.w[L0][d]");
    config.folding.gains = true;
    EXPECT_EQ(line(config, "n1[L0]"), "n1[L0][q,d] = rstd1[L0][q] x0[q,d]");
    EXPECT_EQ(line(config, "mlp[L0]"), "mlp[L0][q,d] = rstd2_post[L0][q] branch2[L0][q,d] ln2_post.w[L0][d]");
}

TEST(Transformer, NormsOnTheStreamAreWrittenOutWhateverIsFolded) {
    Config config = with_mlp();
    config.norm = Norm::LayerNorm;
    config.norm_placement = NormPlacement::Stream;
    config.biases.norm = true;
    const std::string plain = to_text(transformer(config));
    EXPECT_THAT(plain, HasSubstr("sum1[L0][q,d] = x0[q,d] + attn[L0][q,d]\n"));
    EXPECT_THAT(line(config, "mid[L0]"), HasSubstr("mid[L0][q,d] = ones[q] ln1.b[L0][d] + rstd1[L0][q] t"));
    EXPECT_THAT(line(config, "x1"), HasSubstr("x1[q,d] = ones[q] ln2.b[L0][d] + rstd2[L0][q] t"));
    EXPECT_EQ(line(config, "Q[L0]"), "Q[L0][h,q,e] = x0[q,d] W_Q[L0][h,d,e]");
    config.final_norm = false;
    const std::string without_final = to_text(transformer(config));
    config.folding = {true, true, false};
    EXPECT_EQ(to_text(transformer(config)), without_final);
}

TEST(Transformer, AMaskedHeadIsAFunctionOfTheLastStream) {
    Config config = one_layer();
    config.masked_head = true;
    config.activation = Activation::Gelu;
    config.norm = Norm::LayerNorm;
    config.folding = {true, true, false};
    EXPECT_THAT(line(config, "head"), HasSubstr("head[q,d] = gelu(t"));
    EXPECT_THAT(to_text(transformer(config)), HasSubstr("= ones[q] b_head[d] + x1[q,d1] W_head[d1,d]\n"));
    EXPECT_THAT(to_text(transformer(config)), HasSubstr("= head[q,d1] centre[d1,d]\n"));  // it has a mean
}

TEST(Transformer, AllPairsOfFeaturesOccurButThoseThatAreRefused) {
    Config sizes = with_mlp();
    sizes.n_layers = 2;
    std::set<testing::Pair> missing = testing::all_pairs();
    for (const testing::Choice& choice : testing::every_pair_of_features(sizes))
        for (const testing::Pair& pair : testing::pairs_of(choice)) missing.erase(pair);
    std::set<std::string> words;
    for (const testing::Pair& pair : missing) words.insert(testing::words_of(pair));
    EXPECT_EQ(words,
              (std::set<std::string>{"norm layer; placement after", "norm layer; placement sandwich",
                                     "placement stream; block parallel", "placement stream; block one norm",
                                     "layers windows; causal no", "layers windows and bases; causal no"}));
}

TEST(Transformer, EveryPairOfFeaturesPrintsAndReadsBackToTheSameObjects) {
    Config sizes = with_mlp();
    sizes.n_layers = 2;
    for (const testing::Choice& choice : testing::every_pair_of_features(sizes)) {
        const Network network = transformer(testing::config_of(choice, sizes));
        const std::string text = to_text(network);
        const Network again = parse_network(text);
        EXPECT_EQ(again.output, network.output) << testing::words_of(choice) << "\n" << text;
        EXPECT_EQ(to_text(again), text);
    }
}

TEST(Transformer, NodesGrowLinearlyWithTheLayersWhateverTheFeatures) {
    Config sizes = with_mlp();
    for (const testing::Choice& choice : testing::every_pair_of_features(sizes)) {
        std::vector<std::size_t> counts;
        for (int layers : {2, 4, 6}) {
            sizes.n_layers = layers;
            counts.push_back(count_nodes(transformer(testing::config_of(choice, sizes)).output));
        }
        EXPECT_EQ(counts[2] - counts[1], counts[1] - counts[0]) << testing::words_of(choice);
    }
}

TEST(Transformer, WhatNoNetworkIsWrittenForIsRefused) {
    const auto message = [](void (*change)(Config&)) -> std::string {
        Config config = with_mlp();
        change(config);
        try {
            transformer(config);
        } catch (const Error& error) {
            return error.what();
        }
        return "written";
    };
    EXPECT_EQ(message([](Config& c) { c.n_kv_heads = 3; }),
              "a model with 1 layers, 2 heads and 3 key-value heads cannot be written as a network");
    EXPECT_EQ(message([](Config& c) {
                  c.norm = Norm::LayerNorm;
                  c.norm_placement = NormPlacement::Sandwich;
              }),
              "norms behind the branches of a block are read as RMSNorm, not as LayerNorm");
    EXPECT_EQ(message([](Config& c) {
                  c.norm_placement = NormPlacement::Stream;
                  c.parallel_block = true;
              }),
              "a parallel block has no place for norms on the residual stream");
    EXPECT_EQ(message([](Config& c) { c.shared_norm = true; }),
              "only the branches of a parallel block can share a norm");
    EXPECT_EQ(message([](Config& c) { c.layer_attention.resize(2); }),
              "a model with 1 layers says how 2 layers attend");
    EXPECT_EQ(message([](Config& c) {
                  c.causal = false;
                  c.layer_attention = {{4, {}}};
              }),
              "layer 0: a window of positions is read for causal attention only");
}

}  // namespace
}  // namespace headway
