// What a model is, in rows of facts.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/model_table.hpp"

#include "headway/base/config_names.hpp"
#include "headway/io/json.hpp"
#include "headway/model/load.hpp"
#include "headway/report/result.hpp"
#include "report/layer_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace headway {
namespace {

std::string fact(const std::string& shape, const std::string& wanted) {
    for (const std::vector<Cell>& row : model_facts(load_model("random:" + shape)).rows)
        if (std::get<std::string>(row[0]) == wanted) return std::get<std::string>(row[1]);
    return "(no such fact)";
}

const std::string sizes = "layers=5,heads=4,kv_heads=2,d_model=16,d_mlp=8,vocab=11,ctx=9,";

TEST(ModelFacts, SayWhichHeadsShareKeysAndValues) {
    EXPECT_EQ(fact(sizes, "keys, values"), "2 a layer, shared by heads 0-1, 2-3");
    EXPECT_EQ(fact("layers=1,heads=4,kv_heads=1,d_model=8,vocab=5", "keys, values"),
              "1 a layer, all heads of a layer share one");
    EXPECT_EQ(fact("layers=1,heads=12,kv_heads=6,d_model=12,vocab=5", "keys, values"),
              "6 a layer, shared by heads 0-1, 2-3, 4-5, 6-7, and so on to 11");
    EXPECT_EQ(fact("layers=1,heads=4,d_model=8,vocab=5", "keys, values"), "(no such fact)");
}

TEST(ModelFacts, SayWhatDiffersBetweenLayers) {
    EXPECT_EQ(fact(sizes + "positions=rotary,window=5,full_every=2", "attends to"),
              "layers 0,2,4: window 5; 1,3: all positions");
    EXPECT_EQ(fact(sizes + "positions=rotary,plain_every=4", "positions"),
              "rotary: layers 0-2,4: 4 of 4 dimensions, base 10000, pairs (i, i+d/2); 3: no rotation");
}

TEST(ModelFacts, SayHowRotationIsScaled) {
    EXPECT_THAT(fact(sizes + "positions=rotary,rope=linear,factor=4", "positions"),
                testing::EndsWith(", linear scaling by 4"));
    EXPECT_THAT(fact(sizes + "positions=rotary,rope=llama3,factor=8,original_ctx=64", "positions"),
                testing::EndsWith(", llama3 scaling by 8 (low 1, high 4, of 64 positions)"));
    EXPECT_EQ(fact(sizes + "positions=alibi", "positions"),
              "alibi: scores fall with distance, slope by head");
}

TEST(ModelFacts, SayWhereNormsStand) {
    EXPECT_EQ(fact(sizes + "norm=rmsnorm,norms=sandwich,eps=0.001", "norm"),
              "rmsnorm before and behind each branch, eps 0.001, also before the unembedding");
    EXPECT_THAT(fact(sizes + "norm=rmsnorm,norms=after", "norm"), testing::HasSubstr("behind each branch"));
    EXPECT_THAT(fact(sizes + "norm=layernorm,norms=stream,embed_norm=1", "norm"),
                testing::AllOf(testing::HasSubstr("on the residual stream, behind each sum"),
                               testing::HasSubstr(", also behind the embedding")));
}

TEST(ModelFacts, SayCapsScalesAndHeads) {
    EXPECT_THAT(fact(sizes + "score_cap=50", "attention"), testing::HasSubstr("capped: 50 tanh(score / 50)"));
    EXPECT_EQ(fact(sizes + "logit_cap=30", "unembedding"), "its own, capped: 30 tanh(logit / 30)");
    EXPECT_EQ(fact(sizes + "embed_scale=2.5", "embedding"), "times 2.5");
    EXPECT_THAT(fact(sizes + "norm=rmsnorm,qk_norm=head", "attention"),
                testing::HasSubstr("queries and keys normed head by head"));
    EXPECT_THAT(fact(sizes + "causal=0", "attention"), testing::StartsWith("both directions"));
}

TEST(ModelFacts, JsonHasEveryKind) {
    Result result;
    result.command = "inspect";
    result.model =
        load_model("random:" + sizes +
                   "norm=rmsnorm,norms=sandwich,qk_norm=head,positions=rotary,rope=linear,factor=2,"
                   "window=3,full_every=2,score_cap=50,logit_cap=30,embed_scale=4");
    const Json config = parse_json(to_text(result, Format::Json), "result").at("model").at("config");
    EXPECT_EQ(config.text("norm_placement"), "sandwich");
    EXPECT_EQ(config.text("query_key_norm"), "head");
    EXPECT_EQ(config.number("score_cap"), 50);
    EXPECT_EQ(config.number("embed_scale"), 4);
    EXPECT_EQ(config.at("layers").size(), 5U);
    EXPECT_EQ(config.at("layers").at(0).integer("window"), 3);
    EXPECT_EQ(config.at("layers").at(1).integer("window"), 0);
    EXPECT_EQ(config.at("layers").at(0).at("rotary").text("scaling"), "linear");
}

TEST(LayerList, JoinsNeighboursWhereThatIsShorter) {
    EXPECT_EQ(layer_list(std::array{0, 1, 2, 3, 5}), "0-3,5");
    EXPECT_EQ(layer_list(std::array{0, 1, 3}), "0,1,3");
    EXPECT_EQ(layer_list(std::array{7}), "7");
}

TEST(LayerList, OneTextForAllLayersStandsAlone) {
    EXPECT_EQ(by_layer(std::array<std::string, 2>{"all", "all"}), "all");
    EXPECT_EQ(by_layer(std::array<std::string, 3>{"a", "b", "a"}), "layers 0,2: a; 1: b");
}

TEST(ConfigNames, ReadBackAsTheirKinds) {
    EXPECT_EQ(name(Norm::RmsNorm), "rmsnorm");
    EXPECT_EQ(kind_named<NormPlacement>("sandwich"), NormPlacement::Sandwich);
    EXPECT_EQ(kind_named<Activation>("gelu_new"), Activation::GeluNew);
    EXPECT_EQ(kind_named<Positions>(name(Positions::Alibi)), Positions::Alibi);
    EXPECT_EQ(kind_named<RotaryScaling>("yarn"), std::nullopt);
}

}  // namespace
}  // namespace headway
