// One plot of every kind, crowded enough that words could collide.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/report/plot.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace headway::test {

/// Numbers in [0, 1) that look random and are the same everywhere.
class Noise {
public:
    double operator()() {
        state_ = state_ * 1664525U + 1013904223U;
        return static_cast<double>(state_ >> 8U) / 16777216.0;
    }

private:
    unsigned state_ = 1;
};

inline Heatmap sample_heatmap(std::size_t rows, std::size_t columns) {
    Noise noise;
    Heatmap map{.title = "K-composition of all pairs of heads"};
    map.caption = {"Composition score |W_OV M| / (|W_OV| |M|).", "Baseline 1/sqrt(128)."};
    map.row_title = "writer";
    map.column_title = "reader (key input)";
    map.value_title = "K-composition score";
    const auto name = [](std::size_t i) { return "L" + std::to_string(i / 9) + "H" + std::to_string(i % 9); };
    for (std::size_t r = 0; r < rows; ++r) map.rows.push_back(name(r));
    for (std::size_t c = 0; c < columns; ++c) map.columns.push_back(name(c));
    for (std::size_t r = 0; r < rows; r += 9) map.row_groups.push_back(r);
    for (std::size_t c = 0; c < columns; c += 9) map.column_groups.push_back(c);
    for (std::size_t i = 0; i < rows * columns; ++i) map.values.push_back(0.3 * noise() * noise());
    map.values[1] = map.values[2] = std::numeric_limits<double>::quiet_NaN();
    map.undefined = {2};
    map.centre = PlotReference{0.0884, "baseline"};
    return map;
}

inline EigenvaluePlot sample_eigenvalues() {
    Noise noise;
    EigenvaluePlot plot{.title = "Eigenvalues of full OV", .caption = {"Through the small form."}};
    for (const char* name : {"L1H2", "L1H4", "L0H3"}) {
        plot.series.push_back({name, {}});
        for (int i = 0; i < 16; ++i)
            plot.series.back().values.push_back(std::polar(std::pow(10, 5 * noise() - 3), 6.28 * noise()));
    }
    return plot;
}

inline ScatterPlot sample_scatter() {
    Noise noise;
    ScatterPlot plot{.title = "OV against K-composed QK: the induction corner"};
    plot.x = {.title = "copying of the reader", .low = -1, .high = 1};
    plot.y = {.title = "matching through the writer", .low = -1, .high = 1};
    plot.series = {"with L0H0", "with L0H2", "others"};
    plot.corner = ScatterPlot::Corner{0.9, 0.9, "induction: both above 0.9"};
    for (std::size_t i = 0; i < 70; ++i) {
        const bool inside = i < 20;
        const double x = inside ? 0.99 + 0.01 * noise() : 2 * noise() - 1;
        const double y = inside ? 0.99 + 0.01 * noise() : 2 * noise() - 1;
        plot.points.push_back({x, y, "L1H" + std::to_string(i % 8), inside ? i % 2 : 2, "a pair"});
    }
    return plot;
}

inline LinePlot sample_lines() {
    Noise noise;
    LinePlot plot{.title = "Induction over training", .caption = {"Seeded random tokens."}};
    plot.x = {.title = "training step", .log = true};
    plot.y = {.title = "attention to the token after the earlier one"};
    for (int line = 0; line < 12; ++line) {
        LinePlot::Series series{"L1H" + std::to_string(line), {}, {}, line > 7};
        for (int i = 0; i < 14; ++i) {
            series.x.push_back(20 * std::pow(1.7, i));
            series.y.push_back(line > 7 ? 0.1 * noise() : 0.7 / (1 + std::exp(7 - i)) + 0.02 * noise());
        }
        series.y[3] = std::numeric_limits<double>::quiet_NaN();
        plot.series.push_back(series);
    }
    plot.references = {{0.1, "threshold 0.1"}, {0.105, "another level"}};
    plot.events = {{300, "phase change"}, {330, "best loss"}};
    plot.background_name = "other heads";
    return plot;
}

/// Kernels over offsets: many peaks in one place.
inline LinePlot sample_peaks() {
    LinePlot plot{.title = "Where heads look by position alone"};
    plot.x = {.title = "offset"};
    plot.y = {.title = "mean attention", .low = 0};
    for (int line = 0; line < 9; ++line) {
        LinePlot::Series series{"L0H" + std::to_string(line), {}, {}};
        for (int i = 0; i < 40; ++i) {
            series.x.push_back(i);
            series.y.push_back(i == 1 ? 1 - 0.01 * line : 0.01 * line);
        }
        plot.series.push_back(series);
    }
    plot.name_peaks = true;
    return plot;
}

inline Histogram sample_histogram() {
    Noise noise;
    Histogram plot{.title = "Copying scores of heads", .caption = {"Re sum / sum of sizes."}};
    plot.x = {.title = "copying score, full OV", .low = -1, .high = 1};
    plot.series = {{"layer 0", {}}, {"layer 1", {}}};
    for (int i = 0; i < 50; ++i) plot.series[i % 2 == 0 ? 0 : 1].values.push_back(2 * noise() - 1);
    plot.references = {{0.5, "threshold 0.5"}, {0.45, "median"}, {0.4, "another"}};
    return plot;
}

inline BarPlot sample_bars() {
    Noise noise;
    BarPlot plot{.title = "Behaviour of heads", .y = {.title = "attention"}};
    plot.series = {{"previous", {}}, {"induction", {}}};
    for (int i = 0; i < 40; ++i) {
        plot.names.push_back("L" + std::to_string(i / 8) + "H" + std::to_string(i % 8));
        for (PlotSeries& series : plot.series) series.values.push_back(noise() - 0.1);
    }
    plot.references = {{0.3, "threshold"}, {0.31, "another"}};
    return plot;
}

inline SpectrumPlot sample_spectrum(bool log) {
    Noise noise;
    SpectrumPlot plot{.title = "Components of L0H3", .caption = {"score² = Σ w score²."}};
    plot.value = {.title = "singular value", .log = log};
    plot.second = {.title = "score of the component, read by the key of L1H4"};
    for (int i = 0; i < 64; ++i) {
        plot.values.push_back(8 * std::pow(0.9, i));
        plot.seconds.push_back(0.4 * noise());
    }
    plot.second_reference = PlotReference{0.0884, "baseline"};
    plot.marked = {0, 3};
    return plot;
}

inline std::vector<Plot> sample_plots() {
    return {sample_heatmap(6, 8),   sample_heatmap(18, 18), sample_heatmap(40, 90), sample_eigenvalues(),
            sample_scatter(),       sample_lines(),         sample_histogram(),     sample_bars(),
            sample_spectrum(false), sample_spectrum(true),  sample_peaks()};
}

}  // namespace headway::test
