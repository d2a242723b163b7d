// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/edges.hpp"

#include "headway/measure/composition.hpp"
#include "headway/model/load.hpp"
#include "support/score_oracle.h"
#include "support/small_checkpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace headway::test {

namespace {

void expect_scores_by_hand(const Model& model, const Model& file) {
    const oracle::ScoreOracle loops(file, model.config().folding, {});
    const std::vector<EdgeRow> rows =
        edge_weights(model, edge_kinds(model.config()), {.precision = Precision::Double});
    EXPECT_FALSE(rows.empty());
    for (const EdgeRow& row : rows) {
        EXPECT_NEAR(row.weight.score, loops.score(row.writer, row.from, row.reader, row.to), 1e-9);
        EXPECT_NEAR(row.weight.participation_writer,
                    loops.participation(row.writer, row.from, row.reader, row.to), 1e-9);
    }
}

Model load(const SmallCheckpoint& checkpoint, const Folding& fold = {.gains = true, .centring = true}) {
    const TemporaryFolder folder;
    checkpoint.write(folder.path());
    Model model = load_model(folder.path().string(), {.fold = fold});
    for (const Leaf& leaf : model.leaves())
        static_cast<void>(model.leaf<double>(leaf.name.symbol, leaf.name.layer));
    return model;
}

}  // namespace

TEST(EdgeWeights, AreTheRatioOfNormsForEveryKindOfEdge) {
    const Model model = load_model("random:layers=2,heads=2,d_model=8,d_mlp=12,vocab=11,ctx=6");
    expect_scores_by_hand(model, model);
}

TEST(EdgeWeights, AreThatOfFoldedAndOfRawWeights) {
    const Model file = load(gpt2_checkpoint(), no_folding);
    expect_scores_by_hand(load(gpt2_checkpoint()), file);
    expect_scores_by_hand(file, file);
}

TEST(EdgeWeights, AreThatOfEachQueryHeadInAGroupedModel) {
    expect_scores_by_hand(load(llama_checkpoint()), load(llama_checkpoint(), no_folding));
}

TEST(EdgeWeights, BetweenHeadsAreTheCompositionScores) {
    const Model model = load_model("example:attn-only-2l");
    const CompositionTable table = composition(model, {Composition::K});
    const std::vector<EdgeRow> rows = edge_weights(model, {{Writer::Heads, Reader::K}});
    ASSERT_EQ(rows.size(), table.rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].weight.score, table.rows[i].score);
        EXPECT_EQ(rows[i].weight.z, table.rows[i].z);
        EXPECT_EQ(rows[i].weight.robust_z_reader, table.rows[i].robust_z_reader);
        EXPECT_FALSE(rows[i].weight.ignores_nonlinearity);
    }
}

TEST(EdgeWeights, OfAnMlpAreMarked) {
    const Model model = load_model("random:layers=2,heads=2,d_model=8,d_mlp=12");
    for (const EdgeRow& row : edge_weights(model, edge_kinds(model.config())))
        EXPECT_EQ(row.weight.ignores_nonlinearity, row.writer == Writer::Mlps || row.reader == Reader::Mlp);
}

TEST(EdgeWeights, FloatAgreesWithDoubleAlsoNearZero) {
    const Model model = load_model("example:induction");
    const std::vector<EdgeKind> kinds = edge_kinds(model.config());
    const std::vector<EdgeRow> rows = edge_weights(model, kinds);
    const std::vector<EdgeRow> better = edge_weights(model, kinds, {.precision = Precision::Double});
    ASSERT_EQ(rows.size(), better.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_NEAR(rows[i].weight.score, better[i].weight.score, 2e-6);
}

TEST(EdgeWeights, RandomOnesAreAtTheirBaseline) {
    const Model model = load_model("random:layers=3,heads=4,d_model=64,d_mlp=64");
    double sum = 0;
    const std::vector<EdgeRow> rows = edge_weights(model, edge_kinds(model.config()));
    for (const EdgeRow& row : rows) sum += row.weight.score * row.weight.score * 64;
    EXPECT_NEAR(sum / static_cast<double>(rows.size()), 1, 0.05) << "the mean square score is 1/d";
}

TEST(EdgeWeights, TheKindsAreThoseThatTheModelHas) {
    const auto count = [](const char* shape) { return edge_kinds(parse_random_shape(shape)).size(); };
    EXPECT_EQ(count("layers=1,heads=1,d_model=8,d_mlp=8"), 4U * 5U);
    EXPECT_EQ(count("layers=1,heads=1,d_model=8"), 3U * 4U);
    EXPECT_EQ(count("layers=1,heads=1,d_model=8,positions=rotary"), 2U * 4U);
    EXPECT_EQ(count("layers=1,heads=1,d_model=8,positions=shortformer"), 2U * 4U + 2U);
}

TEST(EdgeWeights, RobustZIsTheSmallerOneThatIsDefined) {
    const double nan = std::nan("");
    EXPECT_EQ((EdgeWeight{.robust_z_writer = 3, .robust_z_reader = 2}.robust_z()), 2);
    EXPECT_EQ((EdgeWeight{.robust_z_writer = nan, .robust_z_reader = 2}.robust_z()), 2);
    EXPECT_TRUE(std::isnan(EdgeWeight{.robust_z_writer = nan, .robust_z_reader = nan}.robust_z()));
}

}  // namespace headway::test
