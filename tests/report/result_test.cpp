// Results with where they come from.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/result.hpp"

#include "headway/io/json.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

using test::expect_error;

Result small() {
    return {.command = "compose",
            .model = load_model("example:induction"),
            .options = {{"kind", "k"}},
            .table = {.caption = {"What."},
                      .columns = {{"head", ColumnKind::Text}, {"score", ColumnKind::Number}},
                      .rows = {{std::string("L1H0"), 0.25}, {std::string("L1H1"), Cell()}}}};
}

TEST(Result, JsonSaysToolModelOptionsAndData) {
    const Json json = parse_json(to_text(small(), Format::Json), "result");
    EXPECT_EQ(json.text("schema"), "headway/compose/1");
    EXPECT_EQ(json.at("model").text("path"), "example:induction");
    EXPECT_EQ(json.at("model").at("config").integer("n_layers"), 2);
    EXPECT_EQ(json.at("options").text("kind"), "k");
    EXPECT_EQ(json.at("approximations").size(), 0u);
    const Json row = json.at("data").at("rows").at(0);
    EXPECT_EQ(row.text("head"), "L1H0");
    EXPECT_EQ(row.number("score"), 0.25);
    EXPECT_TRUE(json.at("data").at("rows").at(1).at("score").is_null());
}

TEST(Result, RowsCanBeTheDataWithTheirCaptionBeside) {
    Result result = small();
    result.rows_are_data = true;
    const Json json = parse_json(to_text(result, Format::Json), "result");
    EXPECT_EQ(json.at("caption").at(0).text(), "What.");
    ASSERT_EQ(json.at("data").size(), 2u);
    EXPECT_EQ(json.at("data").at(0).text("head"), "L1H0");
    EXPECT_TRUE(json.at("data").at(1).at("score").is_null());
}

TEST(Result, TheSameResultHasTheSameBytes) {
    for (const Format format :
         {Format::Text, Format::Csv, Format::Tsv, Format::Json, Format::Jsonl, Format::Markdown})
        EXPECT_EQ(to_text(small(), format), to_text(small(), format));
}

TEST(Result, FormatsAreKnownByNameAndExtension) {
    EXPECT_EQ(parse_format("tsv"), Format::Tsv);
    EXPECT_EQ(format_of("a/b.npz"), Format::Npz);
    EXPECT_EQ(format_of("table.txt"), Format::Text);
    EXPECT_EQ(format_of("b.svg"), Format::Svg);
    EXPECT_EQ(format_of("b.png"), std::nullopt);
    EXPECT_EQ(format_of("b"), std::nullopt);
    expect_error(ErrorKind::Usage, "\"cvs\" is no format", [] { return parse_format("cvs"); });
}

TEST(Result, AnSvgIsThePictureAndWithoutOneAnError) {
    Result result = small();
    result.picture = "<svg/>";
    EXPECT_EQ(to_text(result, Format::Svg), "<svg/>");
    expect_error(ErrorKind::Usage, "compose has no picture", [] { return to_text(small(), Format::Svg); });
}

TEST(Result, NumberColumnsBecomeArraysWithNanWhereEmpty) {
    const std::vector<NpyArray> arrays = number_columns(small().table);
    ASSERT_EQ(arrays.size(), 1u);
    EXPECT_EQ(arrays[0].name, "score");
    EXPECT_EQ(arrays[0].as_double()[0], 0.25);
    EXPECT_TRUE(std::isnan(arrays[0].as_double()[1]));
}

TEST(Result, TheCaptionSaysWhatWasFolded) {
    EXPECT_THAT(model_caption(load_model("random:layers=1,heads=2,d_model=8,norm=layernorm")).front(),
                testing::HasSubstr("folded: norm gains, centring."));
    EXPECT_THAT(model_caption(load_model("example:induction")).front(),
                testing::HasSubstr("folded: nothing."));
}

}  // namespace
}  // namespace headway
