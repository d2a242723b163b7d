// Scores beside those of another program.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/composition_compare.hpp"

#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

Config two_by_two() {
    Config config;
    config.n_layers = config.n_heads = config.n_kv_heads = 2;
    return config;
}

// L0H0 -> L1H0 0.25, L0H0 -> L1H1 undefined, L0H1 -> L1H0 0.5, L0H1 -> L1H1 0.75.
CompositionTable scores() {
    CompositionTable table;
    const double values[]{0.25, NAN, 0.5, 0.75};
    for (int i = 0; i < 4; ++i) {
        CompositionRow row;
        row.writer = {0, i / 2}, row.reader = {1, i % 2}, row.score = values[i];
        table.rows.push_back(row);
    }
    return table;
}

std::vector<NpyArray> other(const std::string& name, std::vector<std::int64_t> shape) {
    std::vector<double> values(16, NAN);
    values[2] = 0.25, values[6] = 0.625, values[7] = 0.0, values[4] = 0.125;  // [writer * 4 + reader]
    return {{name, std::move(shape), values}};
}

Table compared(const std::vector<NpyArray>& arrays, const Config& config = two_by_two()) {
    return compare_rows(scores(), {Composition::K}, config, {"theirs.npz", arrays});
}

TEST(CompareScores, TheWorstPairIsShownWithBothValues) {
    for (const std::vector<std::int64_t>& shape :
         {std::vector<std::int64_t>{4, 4}, std::vector<std::int64_t>{2, 2, 2, 2}}) {
        const Table table = compared(other("K", shape));
        ASSERT_EQ(table.rows.size(), 1U);
        const std::vector<Cell> expected{"k",
                                         "K",
                                         std::int64_t{2},
                                         0.125,
                                         "L0H1",
                                         "L1H0",
                                         0.5,
                                         0.625,
                                         std::int64_t{1},   // L0H1 -> L1H1 is 0 there
                                         std::int64_t{1}};  // L0H1 -> L0H0 cannot compose
        EXPECT_EQ(table.rows.front(), expected);
    }
}

TEST(CompareScores, ThePrefixGoesWithTheFolding) {
    Config folded = two_by_two();
    folded.folding.gains = true;
    EXPECT_EQ(std::get<std::string>(compared(other("raw_K", {4, 4})).rows[0][1]), "raw_K");
    EXPECT_EQ(std::get<std::string>(compared(other("folded_K", {4, 4}), folded).rows[0][1]), "folded_K");
    const std::vector<NpyArray> arrays = other("mine_K", {4, 4});
    EXPECT_EQ(compare_rows(scores(), {Composition::K}, folded, {"theirs.npz", arrays, "mine_"}).rows.size(),
              1U);
}

TEST(CompareScores, MissingArraysAreNamed) {
    test::expect_error(ErrorKind::Unsupported, "theirs.npz: there are neither arrays \"K\" nor \"raw_K\"",
                       [] {
                           return compared(other("Q", {4, 4}));
                       });
    const std::vector<NpyArray> arrays = other("K", {4, 4});
    test::expect_error(ErrorKind::Unsupported, "theirs.npz: there is no array \"x_K\"", [&] {
        return compare_rows(scores(), {Composition::K}, two_by_two(), {"theirs.npz", arrays, "x_"});
    });
}

TEST(CompareScores, AWrongShapeIsSaid) {
    test::expect_error(
        ErrorKind::Unsupported,
        "theirs.npz: array \"K\" has shape [16], expected [n_layers=2, n_heads=2, 2, 2] or [4, 4]",
        [] { return compared(other("K", {16})); });
}

TEST(CompareScores, WithoutACommonPairThereIsNoWorst) {
    std::vector<NpyArray> arrays{{"K", {4, 4}, std::vector<double>(16)}};
    const Table table = compared(arrays);
    EXPECT_EQ(std::get<std::int64_t>(table.rows[0][2]), 0);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(table.rows[0][3]));
    EXPECT_EQ(std::get<std::int64_t>(table.rows[0][8]), 3);
}

}  // namespace
}  // namespace headway
