// Which pairs a table of composition scores shows, and in which order.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/composition_table.hpp"

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

// Two equal scores up to the last bit, an undefined one and a larger one.
CompositionTable scores() {
    const auto row = [](int writer, int reader, double score) {
        CompositionRow result;
        result.writer = {0, writer}, result.reader = {1, reader}, result.score = score;
        if (std::isnan(score)) result.undefined = "zero norm";
        return result;
    };
    CompositionTable table;
    table.rows = {row(0, 0, 0.25), row(0, 1, NAN), row(1, 0, std::nextafter(0.25, 1)), row(1, 1, 0.5)};
    table.baseline = 0.125, table.effective_dimension = 64;
    return table;
}

std::vector<std::string> pairs(const Table& table) {
    std::vector<std::string> result;
    for (const std::vector<Cell>& row : table.rows)
        result.push_back(std::get<std::string>(row[1]) + std::get<std::string>(row[2]));
    return result;
}

TEST(CompositionRows, TheFirstColumnsAreFixed) {
    std::vector<std::string> names;
    for (const Column& column : composition_rows(scores(), two_by_two()).columns)
        names.push_back(column.name);
    names.resize(8);
    EXPECT_EQ(names, (std::vector<std::string>{"kind", "writer", "reader", "score", "baseline", "excess", "z",
                                               "percentile"}));
}

TEST(CompositionRows, LastBitsDecideNothingAndUndefinedScoresComeLast) {
    EXPECT_EQ(pairs(composition_rows(scores(), two_by_two())),
              (std::vector<std::string>{"L0H1L1H1", "L0H0L1H0", "L0H1L1H0", "L0H0L1H1"}));
}

TEST(CompositionRows, FiltersAreSaidInTheCaption) {
    const Table table =
        composition_rows(scores(), two_by_two(), {.heads = {{1, 0}}, .threshold = 0.1, .top = 1});
    EXPECT_EQ(pairs(table), (std::vector<std::string>{"L0H0L1H0"}));
    EXPECT_THAT(table.caption,
                testing::Contains("Showing 1 of 4 pairs: of 1 chosen heads, score at least 0.1, the "
                                  "first 1 by score."));
}

TEST(CompositionRows, AThresholdLeavesUndefinedScoresOut) {
    EXPECT_EQ(composition_rows(scores(), two_by_two(), {.threshold = 0.0}).rows.size(), 3u);
}

TEST(CompositionRows, OnlyColumnsOfNumbersCanBeSortedBy) {
    test::expect_error(ErrorKind::Usage, "there is no column \"writer\" to sort by",
                       [] { return composition_rows(scores(), two_by_two(), {.sort = "writer"}); });
}

TEST(CompositionArrays, PairsThatCannotComposeAreNan) {
    const std::vector<NpyArray> arrays = composition_arrays(scores(), {Composition::K}, two_by_two());
    ASSERT_EQ(arrays.size(), 1u);
    EXPECT_EQ(arrays[0].name, "K");
    EXPECT_EQ(arrays[0].shape, (std::vector<std::int64_t>{2, 2, 2, 2}));
    const std::vector<double> values = arrays[0].as_double();
    EXPECT_TRUE(std::isnan(values[0]));                     // L0H0 -> L0H0
    EXPECT_EQ(values[((0 * 2 + 1) * 2 + 1) * 2 + 1], 0.5);  // L0H1 -> L1H1
}

TEST(Kinds, AreLettersOrAll) {
    EXPECT_EQ(parse_kinds("all").size(), 3u);
    EXPECT_EQ(parse_kinds("v"), (std::vector<Composition>{Composition::V}));
    test::expect_error(ErrorKind::Usage, "\"Q\" is no kind of composition", [] { return parse_kinds("Q"); });
}

}  // namespace
}  // namespace headway
