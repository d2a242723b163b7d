// Attention by offset as a table and as curves.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/offset_table.hpp"

#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(OffsetTable, HasARowAHeadAndOffsetTheStrongestPreferenceFirst) {
    const Model model = load_model("example:induction");
    const auto heads = strongest_preferences(positional_preference(model), 3);
    ASSERT_EQ(heads.size(), 3u);
    EXPECT_GE(heads[0].at_offset, heads[2].at_offset);
    EXPECT_EQ(heads[0].head.layer, 0);
    const Table table = offset_rows(heads, model.config());
    ASSERT_EQ(table.columns.size(), 3u);  // learned positions have no kernel
    ASSERT_EQ(table.rows.size(), 3u * 64);
    EXPECT_EQ(std::get<std::int64_t>(table.rows[65][1]), 1);
    EXPECT_EQ(std::get<double>(table.rows[65][2]), heads[1].attention[1]);
}

TEST(OffsetTable, OfRotaryModelsHasTheKernelAndTwoPlots) {
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=9,positions=rotary");
    const auto heads = positional_preference(model, {}, 5);
    const Table table = offset_rows(heads, model.config());
    EXPECT_EQ(std::get<double>(table.rows[3][table.column("kernel")]), heads[0].kernel[3]);
    const PlotSheet sheet = offset_plot({heads[0]}, {heads[1]}, "title");
    ASSERT_EQ(sheet.plots.size(), 2u);
    const auto& kernel = std::get<LinePlot>(sheet.plots[1]);
    EXPECT_EQ(kernel.series[1].y, heads[0].kernel);
    EXPECT_EQ(kernel.series[1].x, (std::vector<double>{0, 1, 2, 3, 4}));
    EXPECT_TRUE(kernel.series[0].background);
}

TEST(OffsetTable, HeadsWithoutPositionsHaveNoRowsAndNoPlot) {
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=9,positions=none");
    const auto heads = strongest_preferences(positional_preference(model), 8);
    EXPECT_TRUE(heads.empty());
    EXPECT_TRUE(offset_rows(heads, model.config()).rows.empty());
    test::expect_error(ErrorKind::Usage, "no positions enter these heads",
                       [&] { return offset_plot(heads, {}, "title"); });
}

}  // namespace
}  // namespace headway
