// Streamed matrices against dense ones.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/vocabulary.hpp"

#include "headway/expand/head_circuit.hpp"
#include "headway/expand/neuron_circuit.hpp"
#include "headway/model/load.hpp"
#include "headway/network/text.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace headway {
namespace {

const std::string shape =
    "random:layers=2,heads=4,kv_heads=2,d_model=12,d_head=4,d_mlp=10,vocab=700,ctx=20,norm=rmsnorm,";

Expr circuit(const Model& model, const char* text) {
    return circuit_matrix(model.config(), parse_head_circuit(text, model.config()), CircuitEnds::Vocabulary);
}

xt::xarray<double> dense(const Model& model, const Expr& matrix) {
    std::vector<int> tokens(static_cast<std::size_t>(matrix_extent(model.config(), matrix, 0)));
    std::iota(tokens.begin(), tokens.end(), 0);
    return evaluate(model, matrix, tokens, {.precision = Precision::Double});
}

// Fractions of rows whose diagonal is beaten by fewer than one, five.
std::pair<double, double> loops(const xt::xarray<double>& m) {
    const std::size_t n = m.shape(0);
    double top1 = 0, top5 = 0;
    for (std::size_t i = 0; i < n; ++i) {
        int beaten = 0;
        for (std::size_t j = 0; j < n; ++j) beaten += m(i, j) > m(i, i) || (m(i, j) == m(i, i) && j < i);
        top1 += beaten < 1;
        top5 += beaten < 5;
    }
    return {top1 / static_cast<double>(n), top5 / static_cast<double>(n)};
}

constexpr std::array circuits{"direct",  "ov:L1H2",        "ov:L1H{0,1}",
                              "qk:L1H2", "qk:L0H1>L1H2.K", "ov:L0H1>L1H3"};

TEST(DiagonalAccuracy, IsThatOfTheDenseMatrix) {
    const Model model = load_model(shape + "positions=rotary");
    std::vector<Expr> matrices;
    for (const char* text : circuits) matrices.push_back(circuit(model, text));
    matrices.push_back(parse_network("token[q,v] W_E[v,d] W_E[v1,d] token[k,v1] -> [q,k]").output);
    for (const Precision precision : {Precision::Float, Precision::Double})
        for (const bool early_exit : {true, false}) {
            const std::vector<DiagonalAccuracy> results =
                diagonal_accuracy(model, matrices, {.precision = precision, .threads = 2},
                                  {.early_exit = early_exit, .group_bytes = 100'000});
            for (std::size_t i = 0; i < matrices.size(); ++i) {
                const auto [top1, top5] = loops(dense(model, matrices[i]));
                EXPECT_DOUBLE_EQ(results[i].top1, top1) << i;
                EXPECT_DOUBLE_EQ(results[i].top5, top5) << i;
                EXPECT_EQ(results[i].rows, 700);
                EXPECT_EQ(results[i].columns_mean == 700.0, !early_exit) << i;
            }
            EXPECT_GT(results.back().top1, 0.4);  // W_E W_Eᵀ: long tokens win, and leave by Cauchy-Schwarz
        }
}

// Entries as large as the diagonal to the last bit: the first column wins.
TEST(DiagonalAccuracy, TiesGoToTheFirstColumn) {
    const Model model = load_model("random:layers=1,heads=1,d_model=4,d_head=2,vocab=600,biases=1");
    const Expr constant =
        parse_network("token[q,v] ones[v] token[k,v1] ones[v1] -> [q,k]", {{"ones", copy(Space::Vocab, 1)}})
            .output;
    const DiagonalAccuracy result = diagonal_accuracy(model, std::span(&constant, 1)).front();
    EXPECT_DOUBLE_EQ(result.top1, 1.0 / 600);
    EXPECT_DOUBLE_EQ(result.top5, 5.0 / 600);
}

TEST(DiagonalAccuracy, OfPositionsIsOverThePositions) {
    const Model model = load_model(shape + "positions=learned");
    const Expr matrix = circuit(model, "qk-pos:L1H0");
    const DiagonalAccuracy result = diagonal_accuracy(model, std::span(&matrix, 1)).front();
    EXPECT_EQ(result.rows, 20);
    EXPECT_DOUBLE_EQ(result.top1, loops(dense(model, matrix)).first);
}

TEST(DiagonalAccuracy, TellsOfEachMatrixAndRefusesOthers) {
    const Model model = load_model(shape + "positions=rotary");
    const std::array matrices{circuit(model, "ov:L1H2"), circuit(model, "ov:L1H3")};
    std::vector<std::size_t> told;
    diagonal_accuracy(model, matrices, {},
                      {.done = [&](std::size_t i, const DiagonalAccuracy&) { told.push_back(i); }});
    EXPECT_EQ(told, (std::vector<std::size_t>{0, 1}));
    const Expr neurons = neuron_matrix(model.config(), 0, NeuronSide::Value);
    test::expect_error(ErrorKind::Usage, "the diagonal is of a square matrix",
                       [&] { return diagonal_accuracy(model, std::span(&neurons, 1)); });
}

std::vector<MatrixEntry> sorted_entries(const xt::xarray<double>& m, std::span<const int> rows,
                                        std::span<const int> columns) {
    std::vector<MatrixEntry> entries;
    for (const int row : rows)
        for (const int column : columns)
            entries.push_back(
                {row, column, m(static_cast<std::size_t>(row), static_cast<std::size_t>(column))});
    std::sort(entries.begin(), entries.end(),
              [](const MatrixEntry& a, const MatrixEntry& b) { return a.value > b.value; });
    return entries;
}

void expect_entries(const std::vector<MatrixEntry>& got, const std::vector<MatrixEntry>& expected,
                    std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(got[first + i].row, expected[i].row) << i;
        EXPECT_EQ(got[first + i].column, expected[i].column) << i;
        EXPECT_NEAR(got[first + i].value, expected[i].value, 1e-11);
    }
}

TEST(StrongestEntries, AreThoseOfTheDenseMatrix) {
    const Model model = load_model(shape + "positions=rotary");
    const Expr matrix = circuit(model, "ov:L1H2");
    const xt::xarray<double> m = dense(model, matrix);
    const MatrixWindow window{.rows = {600, 3, 77}, .columns = {5, 699, 0, 12, 300, 301}};
    std::vector<int> all(700);
    std::iota(all.begin(), all.end(), 0);
    const EvaluateOptions options{.precision = Precision::Double, .threads = 2};
    expect_entries(strongest_entries(model, matrix, 25, Strongest::OfAll, {}, options),
                   sorted_entries(m, all, all), 0, 25);
    expect_entries(strongest_entries(model, matrix, 9, Strongest::OfAll, window, options),
                   sorted_entries(m, window.rows, window.columns), 0, 9);
    const std::vector<MatrixEntry> rows =
        strongest_entries(model, matrix, 4, Strongest::OfEachRow, {.rows = window.rows}, options);
    ASSERT_EQ(rows.size(), 12U);
    for (std::size_t i = 0; i < 3; ++i)
        expect_entries(rows, sorted_entries(m, std::span(&window.rows[i], 1), all), 4 * i, 4);
}

TEST(StrongestEntries, OfFewColumnsAreAllOfThem) {
    const Model model = load_model(shape + "positions=rotary");
    const auto entries = strongest_entries(model, circuit(model, "qk:L1H2"), 9, Strongest::OfEachRow,
                                           {.rows = {1, 2}, .columns = {7, 8}});
    EXPECT_EQ(entries.size(), 4U);
}

TEST(WindowValues, AreThoseOfTheDenseMatrix) {
    const Model model = load_model(shape + "positions=learned");
    const MatrixWindow window{.rows = {19, 3}, .columns = {5, 0, 5}};
    for (const char* text : {"ov:L1H2", "qk-pos:L0H1>L1H2.K"}) {
        const Expr matrix = circuit(model, text);
        const xt::xtensor<double, 2> values =
            window_values(model, matrix, window, {.precision = Precision::Double});
        const std::vector<int> tokens = [] {
            std::vector<int> first(20);
            std::iota(first.begin(), first.end(), 0);
            return first;
        }();
        const xt::xarray<double> m = evaluate(model, matrix, tokens, {.precision = Precision::Double});
        for (std::size_t i = 0; i < 2; ++i)
            for (std::size_t j = 0; j < 3; ++j)
                EXPECT_NEAR(
                    values(i, j),
                    m(static_cast<std::size_t>(window.rows[i]), static_cast<std::size_t>(window.columns[j])),
                    1e-12);
    }
}

TEST(WindowValues, OutOfRangeAreNamed) {
    const Model model = load_model(shape + "positions=learned");
    const Expr matrix = circuit(model, "ov:L1H2"), places = circuit(model, "qk-pos:L1H2");
    test::expect_error(ErrorKind::Usage, "there is no row 700: they are 0 to 699",
                       [&] { return window_values(model, matrix, {.rows = {700}}); });
    test::expect_error(ErrorKind::Usage, "there is no column 20: they are 0 to 19",
                       [&] { return window_values(model, places, {.columns = {20}}); });
}

TEST(EntryHistogram, CountsEveryEntryOnce) {
    const Model model = load_model(shape + "positions=rotary");
    const Expr matrix = circuit(model, "ov:L1H2");
    const xt::xarray<double> m = dense(model, matrix);
    const double end = 0.4 * *std::max_element(m.begin(), m.end());
    const EntryHistogram histogram =
        entry_histogram(model, matrix, -end, end, 8, {.precision = Precision::Double, .threads = 2});
    std::vector<std::uint64_t> counts(8);
    for (const double value : m)
        ++counts[static_cast<std::size_t>(std::clamp((value + end) / (2 * end) * 8, 0.0, 7.0))];
    EXPECT_EQ(histogram.counts, counts);
    EXPECT_NEAR(histogram.largest, *std::max_element(m.begin(), m.end()), 1e-12);
    EXPECT_NEAR(histogram.smallest, *std::min_element(m.begin(), m.end()), 1e-12);
    EXPECT_NEAR(histogram.mean, std::accumulate(m.begin(), m.end(), 0.0) / 490000, 1e-13);
}

TEST(NeuronMatrix, IsWhatANeuronWritesAndReads) {
    const Model model = load_model(shape + "gated=1,norms=sandwich,embed_scale=3");
    const auto is = [&](NeuronSide side, const char* text) {
        EXPECT_EQ(neuron_matrix(model.config(), 1, side), parse_network(text).output);
    };
    is(NeuronSide::Value, "W_out[L1][m,d] ln2_post.w[L1][d] W_U[d,v] -> [m,v]");
    is(NeuronSide::Key, "embed_scale W_in[L1][d,m] W_E[v,d] -> [m,v]");
    is(NeuronSide::Gate, "embed_scale W_gate[L1][d,m] W_E[v,d] -> [m,v]");
    const Expr matrix = neuron_matrix(model.config(), 1, NeuronSide::Value);
    const xt::xarray<double> m = evaluate(model, matrix, {}, {.precision = Precision::Double});
    std::vector<int> tokens(700);
    std::iota(tokens.begin(), tokens.end(), 0);
    const std::vector<int> neuron{7};
    expect_entries(strongest_entries(model, matrix, 3, Strongest::OfEachRow, {.rows = neuron},
                                     {.precision = Precision::Double}),
                   sorted_entries(m, neuron, tokens), 0, 3);
}

TEST(NeuronMatrix, RefusesWhatTheModelHasNot) {
    const Model model = load_model(shape);
    test::expect_error(ErrorKind::Usage, "there is no layer 2: they are 0 to 1",
                       [&] { return neuron_matrix(model.config(), 2, NeuronSide::Value); });
    test::expect_error(ErrorKind::Usage, "have no gates",
                       [&] { return neuron_matrix(model.config(), 1, NeuronSide::Gate); });
    test::expect_error(ErrorKind::Usage, "\"input\" is no side of a neuron",
                       [] { return parse_neuron_side("input"); });
    Config attention_only = model.config();
    attention_only.d_mlp = 0;
    test::expect_error(ErrorKind::Usage, "no feed-forward layers",
                       [&] { return neuron_matrix(attention_only, 0, NeuronSide::Value); });
}

// The induction heads of the trained example copy: each alone on some tokens, their sum on nearly all.
TEST(DiagonalAccuracy, OfTheTrainedExampleShowsThatItsInductionHeadsCopyTogether) {
    const Model model = load_model("example:attn-only-2l");
    std::vector<Expr> matrices;
    for (const char* text : {"ov:L1H2", "ov:L1H4", "ov:L1H5", "ov:L1H6", "ov:L1H7", "ov:L1H{2,4-7}"})
        matrices.push_back(circuit(model, text));
    const std::vector<DiagonalAccuracy> results = diagonal_accuracy(model, matrices);
    const std::array expected{.37, .53, .58, .15, .61, .999};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(results[i].top1, expected[i], i < 5 ? 0.005 : 0.0005) << i;
}

}  // namespace
}  // namespace headway
