// SPDX-License-Identifier: Apache-2.0
#include "model/random.hpp"

#include "headway/io/float_formats.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace headway {
namespace {

std::vector<float> numbers(std::uint64_t key, std::uint64_t first, std::size_t count) {
    static const std::vector<float> quantiles = normal_quantiles();
    std::vector<float> out(count);
    fill_normal<float>(quantiles, key, first, out);
    return out;
}

double moment(const std::vector<float>& values, int power) {
    double sum = 0.0;
    for (const float value : values) sum += std::pow(static_cast<double>(value), power);
    return sum / static_cast<double>(values.size());
}

TEST(Random, QuantilesAreThoseOfTheNormalDistribution) {
    const std::vector<float> q = normal_quantiles();
    ASSERT_EQ(q.size(), 65536U);
    EXPECT_TRUE(std::ranges::is_sorted(q));
    EXPECT_NEAR(moment(q, 1), 0.0, 1e-9);
    EXPECT_NEAR(moment(q, 2), 1.0, 1e-6);
    // Φ(1) = 0.841344746, Φ(-2) = 0.022750132
    EXPECT_NEAR(q[static_cast<std::size_t>(0.841344746 * 65536)], 1.0, 1e-4);
    EXPECT_NEAR(q[static_cast<std::size_t>(0.022750132 * 65536)], -2.0, 1e-3);
}

TEST(Random, AnElementDoesNotDependOnTheTileItIsMadeIn) {
    const std::vector<float> whole = numbers(7, 0, 1000);
    for (const std::size_t first : {0U, 1U, 2U, 3U, 5U, 998U}) {
        const std::vector<float> tile = numbers(7, first, std::min<std::size_t>(17, 1000 - first));
        EXPECT_TRUE(std::equal(tile.begin(), tile.end(), whole.begin() + static_cast<std::ptrdiff_t>(first)));
    }
}

TEST(Random, NumbersHaveTheMomentsOfANormal) {
    const std::vector<float> values = numbers(11, 0, 1000000);
    EXPECT_NEAR(moment(values, 1), 0.0, 4e-3);
    EXPECT_NEAR(moment(values, 2), 1.0, 6e-3);
    EXPECT_NEAR(moment(values, 3), 0.0, 2e-2);
    EXPECT_NEAR(moment(values, 4), 3.0, 4e-2);
}

TEST(Random, NeighboursAreUncorrelated) {
    const std::vector<float> values = numbers(13, 0, 1000000);
    for (const std::size_t lag : {1U, 2U, 3U, 4U, 8U, 64U}) {
        double sum = 0.0;
        for (std::size_t i = lag; i < values.size(); ++i)
            sum += static_cast<double>(values[i]) * values[i - lag];
        EXPECT_NEAR(sum / 1e6, 0.0, 5e-3) << lag;
    }
}

TEST(Random, SeedsLeavesAndLayersDiffer) {
    const std::uint64_t key = leaf_key(1, {"W_Q", 0});
    EXPECT_NE(key, leaf_key(2, {"W_Q", 0}));
    EXPECT_NE(key, leaf_key(1, {"W_K", 0}));
    EXPECT_NE(key, leaf_key(1, {"W_Q", 1}));
}

TEST(Random, TheSameSeedGivesTheSameModel) {
    const Model a = load_model("random:layers=2,heads=2,d_model=8", {.seed = 5});
    const Model b = load_model("random:layers=2,heads=2,d_model=8", {.seed = 5});
    const auto first = a.leaf<float>("W_O", 1);
    const auto second = b.leaf<double>("W_O", 1);
    EXPECT_TRUE(std::ranges::equal(first.values(), second.values()));
}

TEST(Random, ShapesAreThoseOfThePublishedModels) {
    const Config gpt2_xl = load_model("random:gpt2-xl").config();
    EXPECT_EQ(gpt2_xl.n_layers, 48);
    EXPECT_EQ(gpt2_xl.n_heads, 25);
    EXPECT_EQ(gpt2_xl.d_head, 64);
    const Model llama = load_model("random:llama-3-8b");
    EXPECT_EQ(llama.at("W_K", 31).shape, (std::vector<std::int64_t>{8, 4096, 128}));
    EXPECT_EQ(llama.config().rotary.theta, 500000.0);
}

TEST(Random, TheEightBillionShapeIsBfloat16BeforeFolding) {
    const Model model = load_model("random:llama-3-8b", {.fold = no_folding});
    const auto keys = model.leaf<float>("W_K", 0);
    EXPECT_TRUE(std::ranges::all_of(
        keys.values(), [](float value) { return float_from_bf16(bf16_from_float(value)) == value; }));
}

TEST(Random, EveryKindThatAConfigKnowsHasAKey) {
    const Config c = parse_random_shape(
        "layers=4,heads=2,d_model=8,d_mlp=8,norm=rmsnorm,norms=sandwich,qk_norm=layer,eps=0.01,positions="
        "rotary,"
        "rotary_dims=2,theta=500,rope=linear,factor=3,window=5,full_every=2,plain_every=4,score_cap=4,logit_"
        "cap=2,"
        "embed_scale=1.5,embed_norm=1,gated=1,gate_bias=1,embed_bias=1,masked_head=1,causal=0");
    EXPECT_EQ(c.norm_placement, NormPlacement::Sandwich);
    EXPECT_EQ(c.query_key_norm, QueryKeyNorm::Layer);
    EXPECT_EQ(c.norm_eps, 0.01);
    EXPECT_EQ(c.rotary.scaling, RotaryScaling::Linear);
    EXPECT_EQ(c.rotary_of(0),
              (Rotary{.dims = 2, .theta = 500, .scaling = RotaryScaling::Linear, .factor = 3}));
    EXPECT_EQ(c.rotary_of(3).dims, 0);
    EXPECT_EQ(c.window_of(0), 5);
    EXPECT_EQ(c.window_of(1), 0);
    EXPECT_EQ(c.score_cap, 4.0);
    EXPECT_EQ(c.logit_cap, 2.0);
    EXPECT_EQ(c.embed_scale, 1.5);
    EXPECT_TRUE(c.embed_norm && c.biases.gate && c.biases.embed && c.masked_head && !c.causal);
}

TEST(Random, SlopesOfAlibiAreThoseOfThePaper) {
    const auto slopes = [](const std::string& heads) {
        const Model model = load_model("random:layers=1,positions=alibi,d_head=2,d_model=8,heads=" + heads);
        const auto array = model.leaf<double>("slope", 0);
        return std::vector<double>(array.values().begin(), array.values().end());
    };
    EXPECT_EQ(slopes("8"), (std::vector<double>{0.5, 0.25, 0.125, 0.0625, 0x1p-5, 0x1p-6, 0x1p-7, 0x1p-8}));
    EXPECT_EQ(slopes("6"), (std::vector<double>{0x1p-2, 0x1p-4, 0x1p-6, 0x1p-8, 0x1p-1, 0x1p-3}));
}

TEST(Random, GainsAreAroundOne) {
    const Model model =
        load_model("random:layers=1,heads=2,d_model=64,norm=rmsnorm,norms=after,qk_norm=head");
    for (const char* symbol : {"q_norm.w", "k_norm.w", "ln1_post.w"}) {
        for (const double gain : model.leaf<double>(symbol, 0).values())
            EXPECT_NEAR(gain, 1.0, 0.5) << symbol;
    }
}

TEST(Random, BadShapesAreRefusedWithTheReason) {
    const auto refused = [](const char* shape, const char* reason) {
        test::expect_error(ErrorKind::Usage, reason, [&] { return parse_random_shape(shape); });
    };
    refused("gpt3", "\"gpt3\" is neither a known shape");
    refused("layers=2", "heads is missing");
    refused("layers=0,heads=2,d_model=8", "layers is \"0\", expected a whole number of at least 1");
    refused("layers=2,heads=2,d_model=8,vocabulary=9", "unknown key \"vocabulary\"");
    refused("layers=2,heads=3,d_model=8", "d_model=8 is no multiple of heads=3");
    refused("layers=2,heads=4,d_model=8,kv_heads=3", "4 heads cannot share 3 key-value heads evenly");
    refused("layers=2,heads=2,d_model=8,norm=batch",
            "norm is \"batch\", expected one of none, layernorm, rmsnorm");
    refused("layers=2,layers=2", "\"layers\" is given twice");
    refused("layers=2,heads=2,d_model=8,gated=yes", "gated is \"yes\", expected 0 or 1");
    refused("layers=2,heads=2,d_model=6,positions=rotary", "3 rotary dimensions of d_head=3");
    refused("layers=2,heads=2,d_model=8,theta=0,positions=rotary",
            "theta is \"0\", expected a number above 0");
    refused("layers=2,heads=2,d_model=8,norm=rmsnorm,norms=after,parallel=1",
            "attention and MLP in parallel with norms behind them is not represented");
    refused("layers=2,heads=2,d_model=8,norm=layernorm,norms=after,biases=1",
            "norms behind the branches have no biases");
    refused("layers=2,heads=2,d_model=8,shared_norm=1",
            "one norm for attention and MLP, which are not in parallel");
}

}  // namespace
}  // namespace headway
