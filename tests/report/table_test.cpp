// Tables in every format.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/table.hpp"

#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway {
namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();

Table small() {
    return {.caption = {"What this is."},
            .columns = {{"name", ColumnKind::Text}, {"n", ColumnKind::Integer}, {"x", ColumnKind::Number, 3}},
            .rows = {{std::string("a"), std::int64_t{12}, 0.1}, {std::string("bcd"), std::int64_t{3}, nan}}};
}

Table of_text(const std::string& text) {
    return {.caption = {},
            .columns = {{"t", ColumnKind::Text}, {"u", ColumnKind::Text}},
            .rows = {{text, std::string("z")}}};
}

TEST(Table, TextIsAlignedAndRounded) {
    EXPECT_EQ(to_text(small()),
              "What this is.\n\n"
              "name   n      x\n"
              "a     12  0.100\n"
              "bcd    3      -\n");
}

TEST(Table, TextShowsVeryLargeAndVerySmallNumbersWithAnExponent) {
    Table table = small();
    table.rows = {{std::string("a"), std::int64_t{1}, 1.5e-9},
                  {std::string("a"), std::int64_t{1}, -2.5e12},
                  {std::string("a"), std::int64_t{1}, 0.0}};
    const std::string text = to_text(table);
    EXPECT_THAT(text, testing::HasSubstr("1.5e-09"));
    EXPECT_THAT(text, testing::HasSubstr("-2.5e+12"));
    EXPECT_THAT(text, testing::HasSubstr("  0.000\n"));
}

TEST(Table, TextLeavesDetailsOut) {
    Table table = small();
    table.columns[1].detail = true;
    EXPECT_EQ(to_text(table).find("12"), std::string::npos);
    EXPECT_THAT(to_csv(table), testing::HasSubstr("a,12,0.1"));
}

TEST(Table, TextAlignsByCharactersNotBytes) {
    const Table table{.caption = {},
                      .columns = {{"t", ColumnKind::Text}, {"u", ColumnKind::Text}},
                      .rows = {{std::string("é"), std::string("x")}, {std::string("ab"), std::string("y")}}};
    EXPECT_EQ(to_text(table), "t   u\né   x\nab  y\n");
}

TEST(Table, TextNeverHoldsControlCharacters) {
    const std::string text =
        to_text(of_text("a\x1b[2J\n\xe2\x80\xae"
                        "b"));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Table, CsvHasTheShortestNumbersThatReadBack) {
    Table table = small();
    table.rows = {{std::string("a"), std::int64_t{-7}, 1.0 / 3}, {std::string("b"), std::int64_t{0}, 1e300}};
    EXPECT_EQ(to_csv(table), "name,n,x\na,-7,0.3333333333333333\nb,0,1e+300\n");
}

TEST(Table, CsvWritesAnUndefinedNumberAsNanAndAnAbsentCellEmpty) {
    Table table = small();
    table.rows = {{std::string("a"), Cell(), nan}};
    EXPECT_EQ(to_csv(table), "name,n,x\na,,nan\n");
}

TEST(Table, CsvQuotesCommasQuotesAndLineEnds) {
    EXPECT_EQ(to_csv(of_text("a,\"b\"\nc")), "t,u\n\"a,\"\"b\"\"\nc\",z\n");
    EXPECT_EQ(to_csv(of_text("a;b")), "t,u\na;b,z\n");
}

TEST(Table, CsvTextIsNeverAFormula) {
    for (const char* formula : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"})
        EXPECT_THAT(to_csv(of_text(formula)), testing::ContainsRegex("t,u\n\"?'")) << formula;
    EXPECT_EQ(to_csv(of_text("=HYPERLINK(\"a\",\"b\")")), "t,u\n\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\",z\n");
}

TEST(Table, CsvNumbersStayNumbers) {
    Table table = small();
    table.rows = {{std::string("a"), std::int64_t{-1}, -0.5}};
    EXPECT_EQ(to_csv(table), "name,n,x\na,-1,-0.5\n");
}

TEST(Table, TsvKeepsOneRowOnOneLine) { EXPECT_EQ(to_tsv(of_text("a\tb\nc\\")), "t\tu\na\\tb\\nc\\\\\tz\n"); }

TEST(Table, MarkdownShowsMarkupLiterally) {
    const std::string text = to_markdown(of_text("a|b [x](javascript:1) <b>"));
    EXPECT_EQ(text, "| t | u |\n| --- | --- |\n| a&#124;b &#91;x&#93;(javascript:1) &#60;b&#62; | z |\n");
}

TEST(Table, MarkdownSetsNumbersFlushRight) {
    EXPECT_THAT(to_markdown(small()), testing::HasSubstr("| --- | ---: | ---: |\n"));
}

TEST(Table, JsonlIsOneObjectALineWithNullForUndefined) {
    EXPECT_EQ(to_jsonl(small()),
              "{\"name\":\"a\",\"n\":12,\"x\":0.1}\n{\"name\":\"bcd\",\"n\":3,\"x\":null}\n");
}

TEST(Table, JsonRepairsInvalidUtf8) {
    EXPECT_EQ(to_jsonl(of_text("a\xff")), "{\"t\":\"a\xef\xbf\xbd\",\"u\":\"z\"}\n");
}

TEST(Table, AColumnIsFoundByName) {
    EXPECT_EQ(small().column("x"), 2u);
    const Error error = test::error_of([] { return small().column("nam"); });
    EXPECT_STREQ(error.what(), "there is no column \"nam\"");
    EXPECT_EQ(error.hint(), "did you mean name?");
}

}  // namespace
}  // namespace headway
