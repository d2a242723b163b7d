// Numbers followed through checkpoints: long form, the strongest first, where the curves rise.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/series_table.hpp"

#include "headway/measure/head_measures.hpp"
#include "headway/model/load.hpp"
#include "headway/report/head_table.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headway {
namespace {

using test::expect_error;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const std::vector<SeriesValue> small{
    {0, "induction", "L1H0", 0.1},   {0, "induction", "L1H1", 0.2},   {0, "induction", "L1H2", nan},
    {200, "induction", "L1H0", 0.9}, {200, "induction", "L1H1", 0.0}, {200, "induction", "L1H2", nan},
    {100, "induction", "L1H0", 0.2}, {100, "induction", "L1H1", 0.1}, {100, "induction", "L1H2", nan},
    {0, "loss", "second half", 8},   {100, "loss", "second half", 8}, {200, "loss", "second half", 2}};

TEST(SeriesTable, IsInLongFormTheStrongestAtTheEndFirstBySteps) {
    const Table table = series_rows(small, 2);
    ASSERT_EQ(table.rows.size(), 9u);
    std::vector<std::string> of;
    std::vector<std::int64_t> steps;
    for (const std::vector<Cell>& row : table.rows) {
        steps.push_back(std::get<std::int64_t>(row[0]));
        of.push_back(std::get<std::string>(row[2]));
    }
    EXPECT_EQ(of, (std::vector<std::string>{"L1H0", "L1H0", "L1H0", "L1H1", "L1H1", "L1H1", "second half",
                                            "second half", "second half"}));
    EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 100, 200, 0, 100, 200, 0, 100, 200}));
    EXPECT_EQ(std::get<double>(table.rows[1][3]), 0.2);
}

TEST(SeriesTable, TheCaptionSaysWhereTheLeadingCurveGoesHalfOfItsWay) {
    const Table table = series_rows(small, 2);
    EXPECT_EQ(table.caption[0], "3 checkpoints, steps 0 to 200.");
    EXPECT_EQ(table.caption[1],
              "induction: the 2 of 3 that end highest; L1H0 goes from 0.100 to 0.900, half of it by step 200 "
              "(after 100).");
    EXPECT_EQ(table.caption[2],
              "loss: second half goes from 8.000 to 2.000, half of it by step 200 (after 100).");
}

TEST(SeriesTable, ColumnsOfTheTableOfHeadsAreFollowed) {
    const Model model = load_model("example:induction");
    const Table heads = head_rows(measure_heads(model, {.partners = false}), model.config());
    const std::vector<std::string> columns{"norm_ov"};
    const std::vector<SeriesValue> values = head_series(heads, columns, 7);
    ASSERT_EQ(values.size(), 4u);
    EXPECT_EQ(values[2].of, "L1H0");
    EXPECT_EQ(values[2].step, 7);
    EXPECT_GT(values[2].value, 1);
    const std::vector<std::string> text{"labels"}, absent{"norm"};
    expect_error(ErrorKind::Usage, "\"labels\" holds no numbers",
                 [&] { return head_series(heads, text, 0); });
    expect_error(ErrorKind::Usage, "there is no column \"norm\"",
                 [&] { return head_series(heads, absent, 0); });
}

TEST(SeriesTable, PairsOfHeadsAreFollowedByKind) {
    const Model model = load_model("example:induction");
    const auto values = composition_series(composition(model, {Composition::K}), 5);
    ASSERT_EQ(values.size(), 4u);
    EXPECT_EQ(values[0].quantity, "K-composition");
    EXPECT_EQ(values[0].of, "L0H0>L1H0");
    EXPECT_GT(values[0].value, 0.05);
}

TEST(SeriesTable, ThereIsACurveForEachQuantityAndThoseThatEndLowAreGrey) {
    const PlotSheet sheet = series_plot(small, 1, "training");
    ASSERT_EQ(sheet.plots.size(), 2u);
    const auto& plot = std::get<LinePlot>(sheet.plots[0]);
    ASSERT_EQ(plot.series.size(), 3u);
    EXPECT_EQ(plot.series.back().name, "L1H0");
    EXPECT_FALSE(plot.series.back().background);
    EXPECT_TRUE(plot.series.front().background);
    EXPECT_EQ(plot.series.back().y, (std::vector<double>{0.1, 0.2, 0.9}));
    EXPECT_EQ(std::get<LinePlot>(sheet.plots[1]).y.title, "loss (nats)");
    EXPECT_THAT(svg(sheet), testing::HasSubstr("training step"));
    expect_error(ErrorKind::Usage, "nothing to plot", [] { return series_plot({}, 1, ""); });
}

}  // namespace
}  // namespace headway
