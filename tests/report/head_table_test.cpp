// The table of heads: columns for what was measured, labels by thresholds, reasons for what is undefined.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/head_table.hpp"

#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headway {
namespace {

using test::expect_error;

Model made() { return load_model("example:induction"); }

HeadMeasures measured(const Model& model) {
    return measure_heads(model, {.evaluate = {.precision = Precision::Double},
                                 .probe_rows = probe_rows(model.config(), {.rows = 1, .length = 20})});
}

std::string text_in(const Table& table, std::size_t row, std::string_view column) {
    return std::get<std::string>(table.rows.at(row).at(table.column(column)));
}
double number_in(const Table& table, std::size_t row, std::string_view column) {
    return std::get<double>(table.rows.at(row).at(table.column(column)));
}

TEST(HeadTable, ShowsWhatEachHeadOfTheHandMadeCircuitIs) {
    const Model model = made();
    const Table table = head_rows(measured(model), model.config());
    ASSERT_EQ(table.rows.size(), 4u);
    EXPECT_EQ(text_in(table, 0, "head"), "L0H0");
    EXPECT_EQ(text_in(table, 0, "labels"), "previous-token");
    EXPECT_THAT(text_in(table, 2, "labels"), testing::StartsWith("induction"));
    EXPECT_NEAR(number_in(table, 2, "induction"), 1, 1e-9);
    EXPECT_EQ(text_in(table, 2, "k_writer"), "L0H0");
    EXPECT_EQ(text_in(table, 0, "reader"), "L1H0.K");
    EXPECT_EQ(std::get<std::int64_t>(table.rows[0][table.column("offset")]), 1);
}

TEST(HeadTable, LabelsFollowTheirThresholdsWhichTheCaptionNames) {
    const Model model = made();
    const HeadMeasures measures = measured(model);
    EXPECT_EQ(head_labels(measures, 0, {.previous = 1.5}), "");
    EXPECT_EQ(head_labels(measures, 0, parse_label_thresholds("induction=0.4,previous=0.9")),
              "previous-token");
    const Table table = head_rows(measures, model.config(), {.induction = 0.25});
    EXPECT_THAT(table.caption, testing::Contains(testing::HasSubstr("induction (induction at least 0.25)")));
    for (const char* text :
         {"", "induction", "induction=", "induction=x", "loss=1", "first=0.1,", "first=nan"})
        expect_error(ErrorKind::Usage, "is no threshold of a label",
                     [&] { return parse_label_thresholds(text); });
}

TEST(HeadTable, WhatIsUndefinedIsNamedWithItsReason) {
    const Model model = made();
    const Table table = head_rows(measured(model), model.config());
    // The bystander writes where nothing reads: full OV is zero.
    EXPECT_THAT(text_in(table, 1, "undefined"), testing::StartsWith("copying_full_ov"));
    EXPECT_FALSE(table.columns[table.column("undefined")].detail);
    EXPECT_TRUE(std::isnan(number_in(table, 1, "copying_full_ov")));
    EXPECT_EQ(text_in(table, 2, "undefined"), "");
}

TEST(HeadTable, WhatAllHeadsLackIsSaidOnce) {
    const Model model = load_model(
        "random:layers=1,heads=2,d_model=8,vocab=9,norm=layernorm,norms=stream,positions=learned,causal=0");
    const Table table = head_rows(measure_heads(model, {.partners = false}), model.config());
    const std::string why = text_in(table, 0, "undefined");
    EXPECT_THAT(why, testing::StartsWith("copying_full_ov, copying_ov, matching_full_qk: norms stand on"));
    EXPECT_THAT(table.caption, testing::Contains("Undefined: " + why + "."));
    EXPECT_TRUE(table.columns[table.column("undefined")].detail);
}

TEST(HeadTable, WithoutAProbeThereAreNoColumnsOfOne) {
    const Model model = made();
    const Table table = head_rows(measure_heads(model), model.config());
    expect_error(ErrorKind::Usage, "there is no column \"induction\"",
                 [&] { return table.column("induction"); });
    EXPECT_EQ(text_in(table, 2, "labels"), "copying");
}

TEST(HeadTable, RowsAreChosenAndSorted) {
    const Model model = made();
    const HeadMeasures measures = measured(model);
    const auto heads = [&](const HeadView& view) {
        std::vector<std::string> names;
        const Table table = head_rows(measures, model.config(), {}, view);
        for (std::size_t row = 0; row < table.rows.size(); ++row)
            names.push_back(text_in(table, row, "head"));
        return names;
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(heads({.layers = {1}}), (Names{"L1H0", "L1H1"}));
    EXPECT_EQ(heads({.heads = {{0, 1}, {1, 0}}}), (Names{"L0H1", "L1H0"}));
    EXPECT_EQ(heads({.top = 1, .sort = "induction"}), (Names{"L1H0"}));
    EXPECT_EQ(heads({.threshold = 0.5, .sort = "previous"}), (Names{"L0H0"}));
    EXPECT_EQ(heads({.sort = "copying_full_ov"}).back().front(), 'L');
    expect_error(ErrorKind::Usage, "\"labels\" is no column of numbers to sort by",
                 [&] { return heads({.sort = "labels"}); });
    expect_error(ErrorKind::Usage, "there is no column \"inductoin\"",
                 [&] { return heads({.sort = "inductoin"}); });
    expect_error(ErrorKind::Usage, "a threshold is of the column to sort by",
                 [&] { return heads({.threshold = 0.5}); });
}

TEST(HeadTable, BiasesHaveColumnsWhereTheModelHasThem) {
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=9,norm=layernorm,biases=1");
    const Table table = head_rows(measure_heads(model, {.partners = false}), model.config());
    EXPECT_GT(number_in(table, 0, "bias_value"), 0);
    EXPECT_GT(number_in(table, 1, "bias_query"), 0);
    const Model plain = made();
    const Table none = head_rows(measure_heads(plain, {.partners = false}), plain.config());
    expect_error(ErrorKind::Usage, "there is no column \"bias_value\"",
                 [&] { return none.column("bias_value"); });
}

}  // namespace
}  // namespace headway
