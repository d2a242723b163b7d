// Folding changes the weights and not the model.
// SPDX-License-Identifier: Apache-2.0
#include "headway/model/load.hpp"
#include "support/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace headway {
namespace {

constexpr Folding gains_only{.gains = true};
constexpr Folding gains_and_centring{.gains = true, .centring = true};
constexpr Folding everything{.gains = true, .centring = true, .value_bias = true};

/// Small, with odd sizes that are all different.
Model small_model(const std::string& more, const Folding& fold) {
    const std::string sizes = "layers=2,heads=4,kv_heads=2,d_model=10,d_head=6,d_mlp=7,vocab=13,ctx=9";
    return random_model(parse_random_shape(sizes + more), {.fold = fold, .seed = 3});
}

/// Largest difference of logits and patterns between a model as stored and folded.
double fold_error(const std::string& more, const Folding& fold) {
    const std::vector<int> tokens{3, 1, 4, 1, 5, 9, 2};
    const oracle::Run stored = oracle::forward(small_model(more, no_folding), tokens);
    const oracle::Run folded = oracle::forward(small_model(more, fold), tokens);
    double error = 0.0;
    const auto compare = [&](const oracle::Matrix& a, const oracle::Matrix& b) {
        for (std::size_t i = 0; i < a.size(); ++i) {
            for (std::size_t j = 0; j < a[i].size(); ++j)
                error = std::max(error, std::abs(a[i][j] - b[i][j]));
        }
    };
    compare(stored.logits, folded.logits);
    for (std::size_t l = 0; l < stored.layers.size(); ++l) {
        for (std::size_t h = 0; h < 4; ++h) compare(stored.layers[l].pattern[h], folded.layers[l].pattern[h]);
    }
    return error;
}

struct Kind {
    const char* name;
    const char* shape;
};
class Fold : public testing::TestWithParam<Kind> {};

TEST_P(Fold, OfGainsKeepsTheAnswers) { EXPECT_LT(fold_error(GetParam().shape, gains_only), 1e-12); }
TEST_P(Fold, OfGainsAndCentringKeepsTheAnswers) {
    EXPECT_LT(fold_error(GetParam().shape, gains_and_centring), 1e-12);
}
TEST_P(Fold, OfEverythingKeepsTheAnswers) { EXPECT_LT(fold_error(GetParam().shape, everything), 1e-12); }

INSTANTIATE_TEST_SUITE_P(Kinds, Fold,
                         testing::Values(Kind{"gpt2", ",norm=layernorm,biases=1,tied=1"},
                                         Kind{"llama", ",norm=rmsnorm,positions=rotary,gated=1"},
                                         Kind{"gated_with_biases",
                                              ",norm=layernorm,biases=1,gated=1,positions=rotary"},
                                         Kind{"parallel", ",norm=layernorm,biases=1,parallel=1"},
                                         Kind{"no_final_norm", ",norm=layernorm,biases=1,final_norm=0"},
                                         Kind{"shortformer", ",norm=layernorm,positions=shortformer"},
                                         Kind{"no_norm", ",biases=1,positions=none"},
                                         Kind{"inverse_layer", ",norm=rmsnorm,inverse_layer=1"},
                                         Kind{"after", ",norm=rmsnorm,norms=after,qk_norm=layer,biases=1"},
                                         Kind{"sandwich",
                                              ",norm=rmsnorm,norms=sandwich,qk_norm=head,tied=1,"
                                              "embed_scale=3,score_cap=2,logit_cap=1.5,window=3"},
                                         Kind{"stream",
                                              ",norm=layernorm,norms=stream,embed_norm=1,biases=1,"
                                              "embed_bias=1,causal=0,masked_head=1"},
                                         Kind{"embed_norm",
                                              ",norm=layernorm,embed_norm=1,positions=alibi,"
                                              "biases=1"},
                                         Kind{"shared", ",norm=layernorm,parallel=1,shared_norm=1,biases=1"},
                                         Kind{"gate_bias",
                                              ",norm=rmsnorm,gated=1,biases=1,gate_bias=1,"
                                              "positions=rotary,rope=llama3,plain_every=2"},
                                         Kind{"masked_head", ",norm=layernorm,masked_head=1,biases=1"}),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Fold, CentredWritersHaveNoMean) {
    const Model model = small_model(",norm=layernorm,biases=1", gains_and_centring);
    for (const char* symbol : {"W_E", "W_pos", "W_O", "b_O", "W_out", "b_out"}) {
        const bool global = !model.has(symbol, 0);
        const auto array = model.leaf<double>(symbol, global ? -1 : 0);
        const auto values = array.values();
        for (std::size_t row = 0; row < values.size(); row += 10) {
            double sum = 0.0;
            for (std::size_t d = 0; d < 10; ++d) sum += values[row + d];
            EXPECT_NEAR(sum, 0.0, 1e-14) << symbol;
        }
    }
}

TEST(Fold, CentredReadersIgnoreAConstantVector) {
    const Model model = small_model(",norm=layernorm,biases=1", gains_and_centring);
    const auto array = model.leaf<double>("W_K", 1);
    const auto values = array.values();
    for (std::size_t head = 0; head < 2; ++head) {
        for (std::size_t e = 0; e < 6; ++e) {
            double sum = 0.0;
            for (std::size_t d = 0; d < 10; ++d) sum += values[(head * 10 + d) * 6 + e];
            EXPECT_NEAR(sum, 0.0, 1e-14);
        }
    }
}

TEST(Fold, OfATiedModelPutsTheFinalGainIntoTheUnembeddingOnly) {
    const Model stored = small_model(",norm=rmsnorm,tied=1", no_folding);
    const Model folded = small_model(",norm=rmsnorm,tied=1", gains_only);
    const auto embedding = stored.leaf<double>("W_E");
    const auto gain = stored.leaf<double>("ln_final.w");
    const auto unembedding = folded.leaf<double>("W_U");
    EXPECT_TRUE(std::ranges::equal(folded.leaf<double>("W_E").values(), embedding.values()));
    for (std::size_t d = 0; d < 10; ++d) {
        for (std::size_t v = 0; v < 13; ++v) {
            EXPECT_DOUBLE_EQ(unembedding.values()[d * 13 + v],
                             embedding.values()[v * 10 + d] * gain.values()[d]);
        }
    }
}

TEST(Fold, OfNormsBehindTheBranchesTouchesTheUnembeddingOnly) {
    const std::string kind = ",norm=rmsnorm,norms=after,biases=1";
    const Model stored = small_model(kind, no_folding);
    const Model folded = small_model(kind, everything);
    const auto same = [&](const char* symbol, int layer) {
        return std::ranges::equal(folded.leaf<double>(symbol, layer).values(),
                                  stored.leaf<double>(symbol, layer).values());
    };
    for (const char* symbol : {"W_Q", "W_K", "W_V", "W_O", "W_in", "W_out", "ln1_post.w"})
        EXPECT_TRUE(same(symbol, 1)) << symbol;
    EXPECT_FALSE(same("W_U", -1));
    EXPECT_FALSE(folded.has("ln_final.w"));
}

TEST(Fold, OfNormsOnTheStreamDoesNothing) {
    const std::string kind = ",norm=layernorm,norms=stream,embed_norm=1";
    const Model stored = small_model(kind, no_folding);
    const Model folded = small_model(kind, everything);
    EXPECT_EQ(folded.config().folding, no_folding);
    ASSERT_EQ(folded.leaves().size(), stored.leaves().size());
    for (const Leaf& leaf : folded.leaves()) {
        EXPECT_TRUE(std::ranges::equal(folded.leaf<double>(leaf.name.symbol, leaf.name.layer).values(),
                                       stored.leaf<double>(leaf.name.symbol, leaf.name.layer).values()));
    }
}

TEST(Fold, BehindANormOfTheEmbeddingNothingInFrontIsCentred) {
    const std::string kind = ",norm=layernorm,embed_norm=1,embed_bias=1,biases=1";
    const Model stored = small_model(kind, no_folding);
    const Model folded = small_model(kind, gains_and_centring);
    for (const char* symbol : {"W_E", "W_pos", "b_E", "ln_embed.w", "ln_embed.b"}) {
        EXPECT_TRUE(
            std::ranges::equal(folded.leaf<double>(symbol).values(), stored.leaf<double>(symbol).values()))
            << symbol;
    }
    EXPECT_FALSE(
        std::ranges::equal(folded.leaf<double>("W_O", 0).values(), stored.leaf<double>("W_O", 0).values()));
}

TEST(Fold, ATiedUnembeddingIsNotScaledAsTheEmbeddingIs) {
    const Model model = small_model(",tied=1,embed_scale=3", no_folding);
    EXPECT_EQ(model.leaf<double>("embed_scale").values()[0], 3.0);
    EXPECT_EQ(model.leaf<double>("W_U").values()[1], model.leaf<double>("W_E").values()[10]);
}

TEST(Fold, SaysWhichScalesARunHasAndScoresLeaveOut) {
    const auto notes = [](const std::string& kind) {
        return small_model(kind, everything).description().approximations;
    };
    EXPECT_TRUE(notes(",norm=rmsnorm,positions=rotary").empty());
    ASSERT_EQ(notes(",norm=rmsnorm,norms=sandwich,qk_norm=head").size(), 2U);
    EXPECT_TRUE(
        notes(",norm=rmsnorm,norms=after").front().starts_with("norms behind the branches: their gains"));
    EXPECT_TRUE(notes(",qk_norm=head").front().starts_with("norms of queries and keys: their gains"));
    EXPECT_TRUE(
        notes(",norm=layernorm,norms=stream").front().starts_with("norms on the stream: what a head"));
    EXPECT_TRUE(notes(",score_cap=5").front().starts_with("the soft cap of attention scores"));
}

TEST(Fold, SaysWhatItCouldNotDo) {
    const auto notes = [](const std::string& kind) {
        return small_model(kind, everything).description().foldings;
    };
    EXPECT_TRUE(
        notes(",norm=layernorm,norms=stream").front().starts_with("norm gains are not folded: the norms"));
    EXPECT_EQ(notes(",norm=layernorm,norms=after").back(),
              "nothing is centred: norms behind the branches write into the stream as well");
    EXPECT_EQ(notes(",norm=layernorm,embed_norm=1").back(),
              "the gain of the norm behind the embedding stays a weight of its own");
}

TEST(Fold, SaysWhatItDid) {
    EXPECT_EQ(small_model(",norm=layernorm", everything).config().folding, gains_and_centring);
    EXPECT_EQ(small_model(",norm=layernorm,biases=1", everything).config().folding, everything);
    EXPECT_EQ(small_model(",norm=rmsnorm", everything).config().folding, gains_only);
    EXPECT_EQ(small_model("", everything).config().folding, no_folding);
    EXPECT_EQ(small_model(",norm=layernorm,final_norm=0", everything).config().folding, gains_only);
    EXPECT_EQ(small_model(",norm=layernorm,positions=shortformer", everything).config().folding, no_folding);
    EXPECT_EQ(small_model(",norm=layernorm", everything).description().foldings.size(), 2U);
}

TEST(Fold, InFloatIsTheFoldInDoubleRounded) {
    const Model model = small_model(",norm=layernorm,biases=1", everything);
    for (const Leaf& leaf : model.leaves()) {
        const auto rough = model.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const auto exact = model.leaf<double>(leaf.name.symbol, leaf.name.layer);
        for (std::size_t i = 0; i < exact.values().size(); ++i) {
            EXPECT_NEAR(rough.values()[i], exact.values()[i], 1e-6) << label(leaf.name);
        }
    }
}

}  // namespace
}  // namespace headway
