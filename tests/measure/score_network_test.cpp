// Scores of every kind of edge and of every architecture that a Config can say, against plain loops.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/score_network.hpp"

#include "headway/contract/plan.hpp"
#include "headway/measure/composition.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/score_oracle.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

constexpr EvaluateOptions in_double{.precision = Precision::Double};
const std::string sizes = "random:layers=3,heads=4,kv_heads=2,d_model=12,d_head=4,d_mlp=10,vocab=9,ctx=5,";

void expect_loops(const std::string& shape, const ScoreOptions& options = {},
                  const Folding& fold = LoadOptions{}.fold) {
    const Model model = load_model(shape, {.fold = fold, .seed = 3});
    const Model file = load_model(shape, {.fold = no_folding, .seed = 3});
    const oracle::ScoreOracle loops(file, model.config().folding, options);
    const std::vector<EdgeRow> rows = edge_weights(model, edge_kinds(model.config()), in_double, options);
    EXPECT_GT(rows.size(), 100U);
    double worst = 0, worst_rank = 0;
    std::string where;
    for (const EdgeRow& row : rows) {
        const double score = loops.score(row.writer, row.from, row.reader, row.to);
        if (std::abs(score - row.weight.score) > worst)
            where = fmt::format("writer {} {}, reader {} {}: {} for {}", static_cast<int>(row.writer),
                                label(row.from), static_cast<int>(row.reader), label(row.to),
                                row.weight.score, score);
        worst = std::max(worst, std::abs(score - row.weight.score));
        const double rank = loops.participation(row.writer, row.from, row.reader, row.to);
        worst_rank = std::max(worst_rank, std::abs(row.weight.participation_writer / rank - 1));
    }
    EXPECT_LT(worst, 1e-11) << shape << ": " << where;
    EXPECT_LT(worst_rank, 1e-9) << shape;
}

// Gains are drawn at random, so that leaving one out shows.
TEST(ScoreNetwork, IncludesTheNormsBehindBranches) {
    expect_loops(sizes + "norm=rmsnorm,norms=sandwich,positions=rotary,gated=1,activation=silu");
    expect_loops(sizes + "norm=rmsnorm,norms=after,positions=none");
}

TEST(ScoreNetwork, IncludesTheGainsOfQueriesAndKeys) {
    expect_loops(sizes + "norm=rmsnorm,qk_norm=head,positions=rotary");
    expect_loops(sizes + "norm=rmsnorm,norms=after,qk_norm=layer,positions=rotary");
}

TEST(ScoreNetwork, IncludesTheNormBehindTheEmbedding) {
    expect_loops(sizes + "norm=layernorm,biases=1,embed_norm=1,positions=alibi");
    expect_loops(sizes + "norm=layernorm,biases=1,embed_norm=1", {}, {.gains = true});
    expect_loops(sizes + "norm=rmsnorm,embed_norm=1");
}

TEST(ScoreNetwork, PassesTheNormsThatStandOnTheStream) {
    expect_loops(sizes +
                 "norm=layernorm,norms=stream,embed_norm=1,biases=1,embed_bias=1,causal=0,masked_head=1");
    expect_loops(sizes + "norm=layernorm,norms=stream,positions=rotary", {.offset = 2});
    expect_loops(
        "random:layers=3,heads=4,d_model=12,d_head=4,vocab=9,ctx=5,norm=rmsnorm,norms=stream,embed_norm=1");
}

TEST(ScoreNetwork, WithoutFoldingIsOfTheFilesWeightsAlone) {
    for (const char* shape :
         {"norm=rmsnorm,norms=sandwich,qk_norm=head,positions=rotary", "norm=layernorm,embed_norm=1",
          "norm=rmsnorm,norms=after,qk_norm=layer", "norm=layernorm,norms=stream,embed_norm=1,causal=0"})
        expect_loops(sizes + shape, {.stream_norms = false}, no_folding);
}

TEST(ScoreNetwork, RotatesQueriesAgainstKeysByTheOffset) {
    for (const int offset : {1, 7})
        for (const char* shape : {"theta=100", "rotary_dims=2,adjacent=1", "qk_norm=head,plain_every=2",
                                  "rope=llama3,factor=8,original_ctx=16", "rope=linear,factor=3"})
            expect_loops(sizes + "norm=rmsnorm,positions=rotary," + shape, {.offset = offset});
}

TEST(ScoreNetwork, TheSignOfAnOffsetIsQueryMinusKey) {
    const Model file = load_model("random:layers=2,heads=2,d_model=8,d_head=4,vocab=9,positions=rotary");
    const oracle::ScoreOracle forward(file, {}, {.offset = 3}), back(file, {}, {.offset = -3});
    const double right = forward.score(Writer::Heads, {0, 0}, Reader::K, {1, 1});
    const CompositionTable table = composition(file, {Composition::K}, in_double, {.offset = 3});
    EXPECT_NEAR(as_array(table, Composition::K, file.config())(0, 0, 1, 1), right, 1e-12);
    EXPECT_GT(std::abs(right - back.score(Writer::Heads, {0, 0}, Reader::K, {1, 1})), 1e-3);
}

TEST(ScoreNetwork, AMeanOverOffsetsIsTheRatioOfMeanSquares) {
    for (const char* shape : {"theta=100", "rotary_dims=2,adjacent=1", "qk_norm=head,plain_every=2"})
        expect_loops(sizes + "norm=rmsnorm,positions=rotary," + shape,
                     {.offset = 6, .mean_over_offsets = true});
    expect_loops(sizes + "norm=rmsnorm,positions=rotary", {.offset = 0, .mean_over_offsets = true});
}

TEST(ScoreNetwork, AMeanOverOffsetsCostsAboutAsMuchAsOneScore) {
    const Config config = parse_random_shape("layers=12,heads=12,d_model=768,positions=rotary");
    const auto cost = [&](const ScoreOptions& options) {
        return plan(config, composition_networks(config, {Composition::Q, Composition::K}, options),
                    options.positions())
            .multiply_adds;
    };
    EXPECT_LT(cost({.offset = 63, .mean_over_offsets = true}), 1.5 * cost({}));
    EXPECT_LT(cost({.offset = 63}), 1.1 * cost({}));
}

TEST(ScoreNetwork, OffsetsNeedRotaryPositions) {
    const Model model = load_model("random:layers=2,heads=2,d_model=8");
    test::expect_error(ErrorKind::Usage, "a rotary offset needs a model with rotary positions",
                       [&] { return composition(model, {Composition::K}, {}, {.offset = 1}); });
}

TEST(ScoreNetwork, GainsCostAFewPercent) {
    const Config plain = parse_random_shape("layers=12,heads=12,d_model=768,norm=rmsnorm,positions=rotary");
    Config gains = parse_random_shape(
        "layers=12,heads=12,d_model=768,norm=rmsnorm,norms=sandwich,qk_norm=head,positions=rotary");
    gains.folding.gains = true;
    const std::vector<Composition> kinds{Composition::Q, Composition::K, Composition::V};
    const double without = plan(plain, composition_networks(plain, kinds), 0).multiply_adds;
    EXPECT_LT(plan(gains, composition_networks(gains, kinds), 0).multiply_adds, 1.05 * without);
}

}  // namespace
}  // namespace headway
