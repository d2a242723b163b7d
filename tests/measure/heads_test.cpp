// Heads at a glance: sizes, biases and partners against plain loops over the model's leaves, in double.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/heads.hpp"

#include "headway/linalg/spectra.hpp"
#include "headway/model/given_leaves.hpp"
#include "headway/model/load.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

using Matrix = xt::xtensor<double, 2>;

// Head `index` of a leaf `[heads, rows, columns]`, as a matrix; of a leaf `[heads, columns]` one row.
Matrix head_matrix(const Model& model, const std::string& symbol, int layer, int index) {
    const WeightArray<double> leaf = model.leaf<double>(symbol, layer);
    const auto columns = static_cast<std::size_t>(leaf.shape.back());
    const auto rows = static_cast<std::size_t>(leaf.shape.size() == 3 ? leaf.shape[1] : 1);
    Matrix matrix = Matrix::from_shape({rows, columns});
    for (std::size_t i = 0; i < rows * columns; ++i)
        matrix.data()[i] = leaf.values()[static_cast<std::size_t>(index) * rows * columns + i];
    return matrix;
}

Matrix times(const Matrix& a, const Matrix& b) {
    Matrix c = Matrix::from_shape({a.shape(0), b.shape(1)});
    for (std::size_t i = 0; i < a.shape(0); ++i)
        for (std::size_t j = 0; j < b.shape(1); ++j) {
            c(i, j) = 0;
            for (std::size_t k = 0; k < a.shape(1); ++k) c(i, j) += a(i, k) * b(k, j);
        }
    return c;
}

Matrix transposed(const Matrix& a) {
    Matrix b = Matrix::from_shape({a.shape(1), a.shape(0)});
    for (std::size_t i = 0; i < a.shape(0); ++i)
        for (std::size_t j = 0; j < a.shape(1); ++j) b(j, i) = a(i, j);
    return b;
}

double norm(const Matrix& a) {
    double sum = 0;
    for (const double x : a) sum += x * x;
    return std::sqrt(sum);
}

// Of the whole [d_model, d_model] matrix.
CircuitSize by_loops(const Matrix& whole) {
    const double all = norm(whole), gram = norm(times(whole, transposed(whole)));
    const Svd parts = svd(whole);
    double sum = 0, entropy = 0;
    for (const double s : parts.s) sum += s;
    for (const double s : parts.s)
        if (s > 1e-12 * sum) entropy -= s / sum * std::log(s / sum);
    return {all, all * all * all * all / (gram * gram), std::exp(entropy), {}};
}

void expect_near(const CircuitSize& a, const CircuitSize& b) {
    EXPECT_NEAR(a.norm, b.norm, 1e-10 * b.norm);
    EXPECT_NEAR(a.participation, b.participation, 1e-10 * b.participation);
    EXPECT_NEAR(a.effective_rank, b.effective_rank, 1e-6 * b.effective_rank);
}

const char* const biased = "random:layers=2,heads=2,d_model=12,d_head=4,vocab=9,norm=layernorm,biases=1";

TEST(HeadFacts, SizesAreThoseOfTheWholeMatrices) {
    for (const char* shape : {biased, "random:layers=2,heads=4,kv_heads=2,d_model=16,d_head=5,vocab=9"}) {
        const Model model = load_model(shape);
        const int group = model.config().group_size();
        for (const HeadFacts& each : head_facts(model)) {
            const auto [layer, index] = each.head;
            const Matrix ov = times(head_matrix(model, "W_V", layer, index / group),
                                    head_matrix(model, "W_O", layer, index));
            const Matrix qk = times(head_matrix(model, "W_Q", layer, index),
                                    transposed(head_matrix(model, "W_K", layer, index / group)));
            expect_near(each.ov, by_loops(ov));
            expect_near(each.qk, by_loops(qk));
        }
    }
}

TEST(HeadFacts, GainsBehindBranchesAndOfQueriesAndKeysCountWhereTheyAreFolded) {
    const Model model = load_model(
        "random:layers=1,heads=2,d_model=8,vocab=9,norm=rmsnorm,norms=sandwich,qk_norm=head,positions="
        "rotary");
    const HeadFacts first = head_facts(model).front();
    Matrix out = head_matrix(model, "W_O", 0, 0), key = head_matrix(model, "W_K", 0, 0);
    const auto post = model.leaf<double>("ln1_post.w", 0), q_gain = model.leaf<double>("q_norm.w", 0),
               k_gain = model.leaf<double>("k_norm.w", 0);
    for (std::size_t i = 0; i < out.shape(0); ++i)
        for (std::size_t j = 0; j < out.shape(1); ++j) out(i, j) *= post.values()[j];
    for (std::size_t i = 0; i < key.shape(0); ++i)
        for (std::size_t j = 0; j < key.shape(1); ++j) key(i, j) *= q_gain.values()[j] * k_gain.values()[j];
    expect_near(first.ov, by_loops(times(head_matrix(model, "W_V", 0, 0), out)));
    expect_near(first.qk, by_loops(times(head_matrix(model, "W_Q", 0, 0), transposed(key))));
}

TEST(HeadFacts, ParticipationRatiosAreThoseOfTheCompositionScores) {
    const Model model = load_model(biased);
    const std::vector<HeadFacts> facts = head_facts(model);
    const CompositionTable scores = composition(model, {Composition::K}, {.precision = Precision::Double});
    for (const CompositionRow& row : scores.rows) {
        EXPECT_NEAR(facts[static_cast<std::size_t>(row.writer.index)].ov.participation,
                    row.participation_writer, 1e-9);
        EXPECT_NEAR(facts[static_cast<std::size_t>(2 + row.reader.index)].qk.participation,
                    row.participation_reader, 1e-9);
    }
}

TEST(HeadFacts, AZeroHeadHasNormZeroAndNoRank) {
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=9");
    const Leaf& leaf = model.at("W_V", 0);
    std::vector<double> values(static_cast<std::size_t>(leaf.size()), 0.0);
    const auto half = static_cast<std::ptrdiff_t>(values.size() / 2);
    std::fill(values.begin() + half, values.end(), 0.5);
    const std::vector<HeadFacts> facts = head_facts(with_leaves(model, {{leaf, values}}));
    EXPECT_EQ(facts[0].ov.norm, 0);
    EXPECT_TRUE(std::isnan(facts[0].ov.participation) && std::isnan(facts[0].ov.effective_rank));
    EXPECT_EQ(facts[0].ov.undefined, "the circuit is zero");
    EXPECT_EQ(facts[1].ov.undefined, "");
    EXPECT_NEAR(facts[1].ov.participation, 1, 1e-9);  // all rows of W_V alike
}

TEST(HeadFacts, BiasesCountWithTheImagesOfTheNormsBias) {
    const Model model = load_model(biased);
    for (const HeadFacts& each : head_facts(model)) {
        const auto [layer, index] = each.head;
        const auto sum = [&, layer = layer](const std::string& letter, int head) {
            Matrix total = head_matrix(model, "b_" + letter, layer, head);
            const Matrix image = head_matrix(model, "ln1.b." + letter, layer, head);
            for (std::size_t i = 0; i < total.size(); ++i) total.data()[i] += image.data()[i];
            return total;
        };
        const auto value = [&, layer = layer](int head) {
            return times(sum("V", head), head_matrix(model, "W_O", layer, head));
        };
        EXPECT_NEAR(each.bias.value, norm(value(index)), 1e-12);
        EXPECT_NEAR(each.bias.query,
                    norm(times(sum("Q", index), transposed(head_matrix(model, "W_K", layer, index)))), 1e-12);
        EXPECT_NEAR(each.bias.key,
                    norm(times(sum("K", index), transposed(head_matrix(model, "W_Q", layer, index)))), 1e-12);
        const auto out = model.leaf<double>("b_O", layer);
        const Matrix own = value(index), a = value(0), b = value(1);
        double inner = 0, whole = 0;
        for (std::size_t i = 0; i < own.size(); ++i) {
            const double total = a.data()[i] + b.data()[i] + out.values()[i];
            inner += own.data()[i] * total;
            whole += total * total;
        }
        EXPECT_NEAR(each.bias.share, inner / whole, 1e-12);
    }
}

TEST(HeadFacts, AModelWithoutBiasesHasNoneToMeasure) {
    for (const HeadFacts& each : head_facts(load_model("random:layers=1,heads=2,d_model=8,vocab=9")))
        EXPECT_TRUE(std::isnan(each.bias.value) && std::isnan(each.bias.share) &&
                    std::isnan(each.bias.query) && std::isnan(each.bias.key));
}

TEST(BestPartners, AreTheStrongestWritersOfEachInputAndTheStrongestReader) {
    const Model model = load_model("example:induction");
    const std::vector<HeadPartners> partners =
        best_partners(composition(model, {Composition::Q, Composition::K, Composition::V}), model.config());
    ASSERT_EQ(partners.size(), 4u);
    EXPECT_FALSE(partners[0].k.has_value());  // nothing is before the first layer
    EXPECT_FALSE(partners[2].reader.has_value());
    ASSERT_TRUE(partners[2].k.has_value());
    EXPECT_EQ(partners[2].k->head, (Head{0, 0}));
    ASSERT_TRUE(partners[0].reader.has_value());
    EXPECT_EQ(partners[0].reader->head, (Head{1, 0}));
    EXPECT_EQ(partners[0].reader->kind, Composition::K);
    EXPECT_GT(partners[0].reader->excess, 0);
    EXPECT_FALSE(partners[1].reader.has_value());  // nothing reads what the bystander writes
}

}  // namespace
}  // namespace headway
