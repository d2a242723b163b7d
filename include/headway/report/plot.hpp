// Plots: plain data, and its picture as SVG text. The writer is our own: the same data gives the same bytes
// everywhere, text is measured with the widths of DejaVu Sans, words do not run into each other, and every
// value is there to be read back (`data-value` and tooltips). Series differ in shape or dash as well as in
// colour; the colours are told apart by colour-blind readers too. NaN means absent.
// Texts are shown as they are, but for what no XML file may hold; foreign ones (tokens, names of files) are
// to be made visible by the caller: `shown`, `escaped`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace headway {

/// An axis. Without `low` and `high` it holds all values, and begins and ends at round numbers.
struct PlotAxis {
    std::string title = {};  ///< with the unit: `training step`, `loss (nats)`
    std::optional<double> low = std::nullopt;
    std::optional<double> high = std::nullopt;
    bool log = false;  ///< by powers of ten; values at or below 0 are left out and counted
};

/// A dashed line with its name: a baseline, a threshold.
struct PlotReference {
    double at = 0;
    std::string name;
};

/// Numbers by name: the values of a histogram or bars.
struct PlotSeries {
    std::string name;
    std::vector<double> values;
};

/// A table of numbers as coloured cells. Up to 400 cells have their number in them, up to 12,000 a tooltip.
struct Heatmap {
    std::string title;
    std::vector<std::string> caption = {};  ///< formula, baseline, foldings, filters: one sentence each
    std::string row_title = {};             ///< `writer`
    std::string column_title = {};          ///< `reader, key input`
    std::vector<std::string> rows = {};
    std::vector<std::string> columns = {};
    std::vector<std::size_t> row_groups = {};     ///< rows before which a line is drawn: a new layer
    std::vector<std::size_t> column_groups = {};  ///< the same of columns
    std::string value_title = {};                 ///< of the colours: `K-composition score`
    std::vector<double> values = {};              ///< `[rows, columns]`; NaN: absent, left blank
    std::vector<std::size_t> undefined = {};      ///< places in `values` that are hatched: they have no value
    std::optional<PlotReference> centre = std::nullopt;  ///< blue below, orange above; without: light to dark
    std::optional<double> low = std::nullopt;            ///< ends of the colours; without: of the values
    std::optional<double> high = std::nullopt;
    bool numbers = true;  ///< in the cells, when they are few
};

/// Eigenvalues by angle and logarithm of the radius: positive real ones (copying) lie on the marked half-axis.
struct EigenvaluePlot {
    struct Series {
        std::string name;
        std::vector<std::complex<double>> values;
    };
    std::string title;
    std::vector<std::string> caption = {};
    std::string value_title = "|\u03bb|";
    std::vector<Series> series = {};
    std::optional<double> floor = std::
        nullopt;  ///< |λ| of the centre, at or below it all are drawn there; without: 1e-4 of the largest
    std::optional<double> high = std::nullopt;  ///< |λ| of the rim
};

/// Points with labels. A label stands where it hits nothing; those without room are counted below the plot.
struct ScatterPlot {
    struct Point {
        double x = 0, y = 0;
        std::string label = {};  ///< beside the point; empty: none
        std::size_t series = 0;
        std::string note = {};  ///< of the tooltip: `L1H4 with L0H2`
    };
    /// What lies above both bounds, tinted.
    struct Corner {
        double x = 0, y = 0;
        std::string name;
    };
    std::string title;
    std::vector<std::string> caption = {};
    PlotAxis x = {}, y = {};
    std::vector<std::string> series = {};  ///< names; a legend when there are more than one
    std::vector<Point> points = {};
    std::optional<Corner> corner = std::nullopt;
};

/// Values along an axis: training curves, kernels over offsets. Lines are named where they end.
struct LinePlot {
    struct Series {
        std::string name;
        std::vector<double> x, y;  ///< of one length; NaN in y: a gap
        bool background = false;   ///< grey and unnamed: `the other heads`
    };
    std::string title;
    std::vector<std::string> caption = {};
    PlotAxis x = {}, y = {};
    std::vector<Series> series = {};
    std::vector<PlotReference> references = {};  ///< levels of y
    std::vector<PlotReference> events = {};      ///< places of x
    bool markers = true;                         ///< at the values; left out for more than 64 of them
    std::string background_name = {};            ///< of the grey lines, for the legend
    bool name_peaks = false;                     ///< names stand at the highest points, not at the ends
};

/// How many values lie in each of `bins` equal intervals; series are stacked.
struct Histogram {
    std::string title;
    std::vector<std::string> caption = {};
    PlotAxis x = {};
    std::string count_title = "heads";
    std::vector<PlotSeries> series = {};
    std::size_t bins = 20;
    std::vector<PlotReference> references = {};  ///< places of x
};

/// A bar for each name, of several series side by side.
struct BarPlot {
    std::string title;
    std::vector<std::string> caption = {};
    std::vector<std::string> names = {};
    PlotAxis y = {};
    std::vector<PlotSeries> series = {};  ///< as many values as names
    std::vector<PlotReference> references = {};
};

/// Singular values in their order, and below them on the same axis a second quantity of each component.
struct SpectrumPlot {
    std::string title;
    std::vector<std::string> caption = {};
    std::string component_title = "component";
    PlotAxis value = {};              ///< of the singular values
    std::vector<double> values = {};  ///< descending
    PlotAxis second = {};
    std::vector<double> seconds = {};                              ///< as many, or none
    std::optional<PlotReference> second_reference = std::nullopt;  ///< its baseline
    std::vector<std::size_t> marked = {};  ///< components that are filled, not outlined
};

using Plot = std::variant<Heatmap, EigenvaluePlot, ScatterPlot, LinePlot, Histogram, BarPlot, SpectrumPlot>;

/// Several plots on one sheet, left to right and down.
struct PlotSheet {
    std::string title;
    std::vector<std::string> caption = {};
    std::vector<Plot> plots = {};
    std::size_t columns = 3;
};

/// The picture, a whole SVG file in UTF-8. Throws Error(Usage) when lengths do not fit together, Error(Limit)
/// for more than a million cells, points or plots.
std::string svg(const Plot& plot);
std::string svg(const PlotSheet& sheet);

}  // namespace headway
