// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/edges.hpp"

#include "headway/model/load.hpp"
#include "support/small_checkpoint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace headway::test {

namespace {

/// A dense matrix, multiplied by plain loops: what the networks are checked against.
struct Matrix {
    std::size_t rows, columns;
    std::vector<double> values;
    double at(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
};

Matrix leaf_of(const Model& model, const char* symbol, int layer = -1) {
    const WeightArray<double> array = model.leaf<double>(symbol, layer);
    return {static_cast<std::size_t>(array.shape[0]),
            static_cast<std::size_t>(array.shape[1]),
            {array.values().begin(), array.values().end()}};
}

/// Head `head` of a family `[heads, rows, columns]`.
Matrix head_of(const Model& model, const char* symbol, int layer, int head) {
    const WeightArray<double> array = model.leaf<double>(symbol, layer);
    const auto rows = static_cast<std::size_t>(array.shape[1]),
               columns = static_cast<std::size_t>(array.shape[2]);
    const auto first = array.values().begin() + static_cast<std::ptrdiff_t>(rows * columns) * head;
    return {rows, columns, {first, first + static_cast<std::ptrdiff_t>(rows * columns)}};
}

Matrix transposed(const Matrix& a) {
    Matrix result{a.columns, a.rows, std::vector<double>(a.values.size())};
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < a.columns; ++j) result.values[j * a.rows + i] = a.at(i, j);
    return result;
}

Matrix times(const Matrix& a, const Matrix& b) {
    Matrix result{a.rows, b.columns, std::vector<double>(a.rows * b.columns)};
    for (std::size_t i = 0; i < a.rows; ++i)
        for (std::size_t j = 0; j < b.columns; ++j)
            for (std::size_t k = 0; k < a.columns; ++k)
                result.values[i * b.columns + j] += a.at(i, k) * b.at(k, j);
    return result;
}

double norm(const Matrix& a) {
    double sum = 0;
    for (const double value : a.values) sum += value * value;
    return std::sqrt(sum);
}

Matrix written(const Model& model, Writer writer, Head at) {
    if (writer == Writer::Embed) return leaf_of(model, "W_E");
    if (writer == Writer::Position) return leaf_of(model, "W_pos");
    if (writer == Writer::Mlps) return leaf_of(model, "W_out", at.layer);
    const int group = model.config().group_size();
    return times(head_of(model, "W_V", at.layer, at.index / group),
                 head_of(model, "W_O", at.layer, at.index));
}

Matrix read(const Model& model, Reader reader, Head at) {
    if (reader == Reader::Mlps) return leaf_of(model, "W_in", at.layer);
    if (reader == Reader::Unembed) return leaf_of(model, "W_U");
    if (reader == Reader::V) return written(model, Writer::Heads, at);
    const int group = model.config().group_size();
    const Matrix qk = times(head_of(model, "W_Q", at.layer, at.index),
                            transposed(head_of(model, "W_K", at.layer, at.index / group)));
    return reader == Reader::Q ? qk : transposed(qk);
}

void expect_scores_by_hand(const Model& model) {
    const std::vector<EdgeRow> rows =
        edge_weights(model, edge_kinds(model.config()), {.precision = Precision::Double});
    EXPECT_FALSE(rows.empty());
    for (const EdgeRow& row : rows) {
        const Matrix a = written(model, row.writer, row.from), b = read(model, row.reader, row.to);
        EXPECT_NEAR(row.weight.score, norm(times(a, b)) / (norm(a) * norm(b)), 1e-9);
        const double gram = norm(times(transposed(a), a));
        EXPECT_NEAR(row.weight.participation_writer, std::pow(norm(a), 4) / (gram * gram), 1e-9);
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
    expect_scores_by_hand(load_model("random:layers=2,heads=2,d_model=8,d_mlp=12,vocab=11,ctx=6"));
}

TEST(EdgeWeights, AreThatOfFoldedAndOfRawWeights) {
    expect_scores_by_hand(load(gpt2_checkpoint()));
    expect_scores_by_hand(load(gpt2_checkpoint(), no_folding));
}

TEST(EdgeWeights, AreThatOfEachQueryHeadInAGroupedModel) { expect_scores_by_hand(load(llama_checkpoint())); }

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
        EXPECT_EQ(row.weight.ignores_nonlinearity, row.writer == Writer::Mlps || row.reader == Reader::Mlps);
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
