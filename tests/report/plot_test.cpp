// Plots read back: well-formed, the same again, no words on top of each other, every value there.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/plot.hpp"

#include "headway/draw/diagram.hpp"
#include "report/plot_samples.hpp"
#include "report/svg_words.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway {
namespace {

using test::expect_error;
using test::SvgElement;
using test::SvgFile;
using testing::IsEmpty;

TEST(SvgWords, CollisionsAndBrokenFilesAreSeen) {
    const std::string text = svg(test::sample_bars());
    const std::string twice = "<text x=\"10\" y=\"20\" font-size=\"9\">here</text>";
    const std::size_t end = text.rfind("</svg>");
    EXPECT_THAT(test::colliding_words(SvgFile(text.substr(0, end) + twice + twice + "</svg>")),
                testing::Contains("\"here\" and \"here\""));
    EXPECT_THAT(SvgFile(text.substr(0, end)).error, testing::HasSubstr("not closed"));
    EXPECT_THAT(SvgFile("<svg><text>a & b</text></svg>").error, testing::HasSubstr("a bare &"));
    EXPECT_THAT(SvgFile("<svg a=\"1\" a=\"2\"/>").error, testing::HasSubstr("an attribute"));
}

TEST(Plot, EveryKindIsWellFormedAndTheSameAgain) {
    for (const Plot& plot : test::sample_plots()) {
        const std::string text = svg(plot);
        EXPECT_THAT(SvgFile(text).error, IsEmpty());
        EXPECT_EQ(text, svg(plot));
    }
}

TEST(Plot, WordsDoNotCollide) {
    for (const Plot& plot : test::sample_plots())
        EXPECT_THAT(test::colliding_words(SvgFile(svg(plot))), IsEmpty());
}

TEST(Plot, ASheetOfAllKindsHasNoCollisions) {
    const PlotSheet sheet{.title = "All", .caption = {"One.", "Two."}, .plots = test::sample_plots()};
    const SvgFile file(svg(sheet));
    EXPECT_THAT(file.error, IsEmpty());
    EXPECT_THAT(test::colliding_words(file), IsEmpty());
}

TEST(Plot, NoNumberIsOtherThanFinite) {
    for (const Plot& plot : test::sample_plots())
        for (const SvgElement& element : SvgFile(svg(plot)).elements)
            for (const auto& [name, value] : element.attributes) {
                if (name.starts_with("data-") || name == "aria-label") continue;
                EXPECT_EQ(value.find("nan"), std::string::npos) << element.name << " " << name;
                EXPECT_EQ(value.find("inf"), std::string::npos) << element.name << " " << name;
            }
}

TEST(Plot, ForeignTextIsSafeAndShown) {
    Heatmap map{.title = "<script>&\x01\xff"};
    map.rows = {"\"row\""};
    map.columns = {"\u202etoken \u2423"};
    map.values = {1};
    const SvgFile file(svg(map));
    EXPECT_THAT(file.error, IsEmpty());
    std::vector<std::string> words;
    for (const test::WordBox& box : test::word_boxes(file)) words.push_back(box.words);
    EXPECT_THAT(words, testing::Contains("<script>&\\u{1}\\xff"));
    EXPECT_THAT(words, testing::Contains("\"row\""));
    EXPECT_THAT(words, testing::Contains("\\u{202e}token \u2423"));
}

TEST(Plot, TheValuesOfAHeatMapCanBeReadBack) {
    const Heatmap map = test::sample_heatmap(5, 4);
    std::map<std::pair<std::string, std::string>, double> read;
    for (const SvgElement& element : SvgFile(svg(map)).elements)
        if (element.attributes.contains("data-column"))
            read[{element.parent_row, element.attributes.at("data-column")}] =
                std::stod(element.attributes.at("data-value"));
    for (std::size_t r = 0; r < 5; ++r)
        for (std::size_t c = 0; c < 4; ++c)
            if (const double value = map.values[4 * r + c]; std::isfinite(value)) {
                EXPECT_NEAR((read.at({map.rows[r], map.columns[c]})), value, 1e-6);
            }
    EXPECT_EQ(read.size(), 5U * 4 - 2);  // one is absent, one undefined
}

TEST(Plot, AHeatMapOfAWholeModelStaysSmallAndKeepsItsValues) {
    Heatmap map = test::sample_heatmap(270, 270);
    const std::string text = svg(map);
    EXPECT_LT(text.size(), 2'500'000U);
    const SvgFile file(text);
    EXPECT_THAT(file.error, IsEmpty());
    EXPECT_THAT(test::colliding_words(file), IsEmpty());
    std::size_t rows = 0;
    for (const SvgElement& element : file.elements)
        if (element.attributes.contains("data-values")) ++rows;
    EXPECT_EQ(rows, 270U);
}

// The colour of the cell of a value.
std::string colour_of(const SvgFile& file, std::string_view value) {
    for (const SvgElement& element : file.elements)
        if (const auto at = element.attributes.find("data-value");
            at != element.attributes.end() && at->second == value)
            return element.attributes.at("fill");
    return "";
}

TEST(Plot, ColoursAreBlueBelowTheCentreAndOrangeAboveAsFarAsTheyAreFromIt) {
    Heatmap map{.title = "t"};
    map.rows = {"a"};
    map.columns = {"x", "y", "z"};
    map.values = {0, 0.25, 1};
    map.centre = PlotReference{0.25, "baseline"};
    const SvgFile file(svg(map));
    EXPECT_EQ(colour_of(file, "0.25"), "#f5f5f5");
    EXPECT_EQ(colour_of(file, "1"), "#b94300");
    EXPECT_EQ(colour_of(file, "0"), "#9abbe0");  // a third of the way, as 0.5 would be in orange
}

TEST(Plot, EigenvaluesLieAtTheirAngleAndTheLogarithmOfTheirSize) {
    EigenvaluePlot plot{.title = "t", .series = {{"a", {{1, 0}, {0, 0.01}, {-1e-9, 0}}}}};
    plot.floor = 1e-4;
    plot.high = 1;
    std::vector<Point> at;
    for (const SvgElement& element : SvgFile(svg(plot)).elements)
        if (element.attributes.contains("data-re"))
            at.push_back({std::stod(element.attributes.at("cx")), std::stod(element.attributes.at("cy"))});
    ASSERT_EQ(at.size(), 3U);
    EXPECT_NEAR(at[0].x, 128, 0.01);
    EXPECT_NEAR(at[0].y, 0, 0.01);
    EXPECT_NEAR(at[1].x, 0, 0.01);
    EXPECT_NEAR(at[1].y, -64, 0.01);  // half of the decades
    EXPECT_NEAR(at[2].x, 0, 0.01);    // below the floor: the centre
}

TEST(Plot, LabelsWithoutRoomAreCounted) {
    ScatterPlot plot{.title = "t"};
    for (int i = 0; i < 200; ++i) plot.points.push_back({0.5, 0.5, "a long label of a point", 0, ""});
    plot.points.push_back({0, 0, "", 0, ""});
    plot.points.push_back({1, 1, "", 0, ""});
    const SvgFile file(svg(plot));
    EXPECT_THAT(test::colliding_words(file), IsEmpty());
    std::size_t labels = 0;
    std::string remark;
    for (const test::WordBox& box : test::word_boxes(file)) {
        if (box.words == "a long label of a point") ++labels;
        if (box.words.find("unlabelled") != std::string::npos) remark = box.words;
    }
    EXPECT_GT(labels, 2U);
    EXPECT_EQ(remark, std::to_string(200 - labels) + " more unlabelled: no room.");
}

TEST(Plot, VeryManyPointsAreACloudWithTheirValues) {
    ScatterPlot plot{.title = "t"};
    test::Noise noise;
    for (int i = 0; i < 20'000; ++i) plot.points.push_back({noise(), noise(), "", 0, ""});
    plot.points.push_back({0.5, 0.5, "named", 1, ""});
    const std::string text = svg(plot);
    EXPECT_LT(text.size(), 800'000U);
    std::size_t values = 0;
    bool named = false;
    for (const SvgElement& element : SvgFile(text).elements) {
        if (const auto xs = element.attributes.find("data-xs"); xs != element.attributes.end())
            values += static_cast<std::size_t>(std::count(xs->second.begin(), xs->second.end(), ' ')) + 1;
        named = named || element.words == "named";
    }
    EXPECT_EQ(values, 20'000U);
    EXPECT_TRUE(named);
}

TEST(Plot, CrowdedLineEndsAreNamedApart) {
    LinePlot plot{.title = "t"};
    for (int i = 0; i < 12; ++i)
        plot.series.push_back({"line " + std::to_string(i), {1, 2}, {0, 1 + 1e-3 * i}});
    const SvgFile file(svg(plot));
    EXPECT_THAT(test::colliding_words(file), IsEmpty());
    std::size_t names = 0;
    for (const test::WordBox& box : test::word_boxes(file)) names += box.words.starts_with("line ");
    EXPECT_EQ(names, 12U);
}

TEST(Plot, AHistogramCountsEveryValueOnce) {
    Histogram plot{.title = "t", .series = {{"a", {-1, -0.5, 0, 0.5, 1}}, {"b", {0, 0, std::nan("")}}}};
    plot.x = {.title = "score", .low = -1, .high = 1};
    double count = 0;
    for (const SvgElement& element : SvgFile(svg(plot)).elements)
        if (element.attributes.contains("data-count"))
            count += std::stod(element.attributes.at("data-count"));
    EXPECT_EQ(count, 7);
}

TEST(Plot, WhatDoesNotFitTogetherIsRefused) {
    expect_error(ErrorKind::Usage, "a heat map of 1 x 2 names has 1 values", [] {
        return svg(Heatmap{.title = "t", .rows = {"a"}, .columns = {"b", "c"}, .values = {1}});
    });
    expect_error(ErrorKind::Usage, "line \"a\" has 1 x and 2 y", [] {
        return svg(LinePlot{.title = "t", .series = {{"a", {1}, {1, 2}}}});
    });
    expect_error(ErrorKind::Usage, "a spectrum of 2 values has 1 second ones", [] {
        return svg(SpectrumPlot{.title = "t", .values = {2, 1}, .seconds = {1}});
    });
    expect_error(ErrorKind::Usage, "an axis from 1 to 0 has no length",
                 [] { return svg(ScatterPlot{.title = "t", .x = {.low = 1, .high = 0}}); });
    expect_error(ErrorKind::Usage, "a sheet without plots", [] { return svg(PlotSheet{.title = "t"}); });
}

TEST(Plot, DegenerateValuesAreDrawn) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THAT(SvgFile(svg(Heatmap{.title = "t", .rows = {"a"}, .columns = {"b"}, .values = {nan}})).error,
                IsEmpty());
    EXPECT_THAT(SvgFile(svg(EigenvaluePlot{.title = "t", .series = {{"a", {{0, 0}, {nan, 0}}}}})).error,
                IsEmpty());
    EXPECT_THAT(SvgFile(svg(LinePlot{.title = "t", .series = {{"a", {3}, {nan}}, {"b", {}, {}}}})).error,
                IsEmpty());
    for (const double size : {1e-300, 1e300, 1e16})
        EXPECT_THAT(SvgFile(svg(ScatterPlot{.title = "t", .points = {{size, -size, "p", 0, ""}}})).error,
                    IsEmpty());
    EXPECT_THAT(SvgFile(svg(BarPlot{.title = "t"})).error, IsEmpty());
}

}  // namespace
}  // namespace headway
