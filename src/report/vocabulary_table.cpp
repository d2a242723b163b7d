// SPDX-License-Identifier: Apache-2.0
#include "headway/report/vocabulary_table.hpp"

#include "headway/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway {

namespace {

Column axis_column(const MatrixAxis& axis) {
    Column column{axis.name, axis.tokens ? ColumnKind::Text : ColumnKind::Integer};
    column.safe = axis.tokens;
    return column;
}

Cell axis_cell(const MatrixAxis& axis, int number, const TokenText& text) {
    if (axis.tokens) return text.shown(number);
    return std::int64_t{number};
}

std::string heads_text(const std::vector<Head>& heads) {
    std::string text;
    for (const Head head : heads) text += (text.empty() ? "" : " + ") + label(head);
    return text;
}

// `heads`: what stands for the circuit's own heads.
std::string formula(const HeadCircuit& circuit, const std::string& heads) {
    const std::string ov = circuit.writers.empty() ? "" : " W_OV[" + heads_text(circuit.writers) + "]";
    const std::string end = circuit.kind == CircuitKind::PositionQK ? "W_pos" : "W_E";
    switch (circuit.kind) {
        case CircuitKind::Direct:
            return "W_E W_U";
        case CircuitKind::OV:
            return fmt::format("W_E{} W_OV[{}] W_U", ov, heads);
        default:
            break;
    }
    if (ov.empty()) return fmt::format("{} W_QK[{}] {}^T", end, heads, end);
    if (circuit.input == Composition::Q) return fmt::format("{}{} W_QK[{}] {}^T", end, ov, heads, end);
    return fmt::format("{} W_QK[{}] ({}{})^T", end, heads, end, ov);
}

}  // namespace

std::string MatrixAxis::shown(int number, const TokenText& text) const {
    return tokens ? text.shown(number) : fmt::format("{}", number);
}

MatrixAxes axes_of(CircuitKind kind) {
    switch (kind) {
        case CircuitKind::QK:
            return {{"query"}, {"key"}};
        case CircuitKind::PositionQK:
            return {{"query_position", false}, {"key_position", false}};
        default:
            return {{"source"}, {"output"}};
    }
}

std::vector<std::string> circuit_sentences(std::span<const HeadCircuit> circuits, const Config& config) {
    const HeadCircuit& first = circuits.front();
    const MatrixAxes axes = axes_of(first.kind);
    const auto plural = [](const MatrixAxis& axis) {
        return axis.tokens ? axis.name + " tokens" : axis.name.substr(0, axis.name.find('_')) + " positions";
    };
    const bool scores = first.kind == CircuitKind::QK || first.kind == CircuitKind::PositionQK;
    const bool one = circuits.size() == 1;
    std::vector<std::string> sentences{
        fmt::format("{}{}: rows are {}, columns {}; without biases{}, norm scales{}.",
                    formula(first, one ? heads_text(first.heads) : "h"),
                    one ? "" : fmt::format(" of each of {} heads", circuits.size()), plural(axes.rows),
                    plural(axes.columns), config.has_mlp() ? ", feed-forward layers" : "",
                    scores ? ", 1/sqrt(d_head)" : "")};
    if (first.kind == CircuitKind::QK && config.positions == Positions::Rotary)
        sentences.push_back(fmt::format("The query stands {} positions behind the key (rotary offset).",
                                        first.rotary_offset));
    if (first.kind == CircuitKind::PositionQK && config.causal)
        sentences.emplace_back("Keys after the query have entries too, though no query sees them.");
    return sentences;
}

Table entry_rows(std::span<const MatrixEntry> entries, const MatrixAxes& axes, const TokenText& text) {
    Table table;
    table.columns = {axis_column(axes.rows), axis_column(axes.columns), {"value", ColumnKind::Number, 4}};
    for (const MatrixAxis* axis : {&axes.rows, &axes.columns})
        if (axis->tokens) table.columns.push_back({axis->name + "_id", ColumnKind::Integer, 0, true});
    for (const MatrixEntry& entry : entries) {
        std::vector<Cell> row{axis_cell(axes.rows, entry.row, text),
                              axis_cell(axes.columns, entry.column, text), entry.value};
        if (axes.rows.tokens) row.emplace_back(std::int64_t{entry.row});
        if (axes.columns.tokens) row.emplace_back(std::int64_t{entry.column});
        table.rows.push_back(std::move(row));
    }
    return table;
}

Table accuracy_rows(const std::vector<std::string>& circuits, std::span<const DiagonalAccuracy> accuracies,
                    bool early_exit) {
    Table table;
    double seen = 0, all = 0;
    for (const DiagonalAccuracy& each : accuracies) {
        const auto rows = static_cast<double>(each.rows);
        seen += rows * each.columns_mean;
        all += rows * rows;
    }
    table.caption = {
        "Diagonal accuracy: the share of rows whose diagonal entry is the largest (top1), or one of the five "
        "largest (top5); of equal entries the first counts as larger.",
        early_exit
            ? fmt::format("A row leaves when five entries beat its diagonal, or none that is left can; "
                          "this is exact: {:.2f}% of all entries were made.",
                          all > 0 ? 100 * seen / all : 0)
            : std::string("Every entry was made (no early exit).")};
    table.columns = {{"circuit", ColumnKind::Text},
                     {"top1"},
                     {"top5"},
                     {"rows", ColumnKind::Integer},
                     {"columns_mean", ColumnKind::Number, 1},
                     {"columns_most", ColumnKind::Integer},
                     {"decided_twice", ColumnKind::Integer, 0, true}};
    for (std::size_t i = 0; i < accuracies.size(); ++i) {
        const DiagonalAccuracy& each = accuracies[i];
        table.rows.push_back({circuits.at(i), each.top1, each.top5, each.rows, each.columns_mean,
                              each.columns_most, each.decided_twice});
    }
    return table;
}

std::string size_sentence(const MatrixSize& size, double entries) {
    const double rms = entries > 0 ? size.norm / std::sqrt(entries) : 0;
    return fmt::format("{}Frobenius norm {:.6g}, root mean square of an entry {:.6g}.",
                       std::isnan(size.trace) ? "" : fmt::format("Trace {:.6g}, ", size.trace), size.norm,
                       rms);
}

Table histogram_rows(const EntryHistogram& histogram) {
    Table table;
    double all = 0;
    for (const std::uint64_t count : histogram.counts) all += static_cast<double>(count);
    table.caption = {
        fmt::format("Mean entry {:.6g}, smallest {:.6g}, largest {:.6g}; entries outside of the "
                    "bins are in the first and the last.",
                    histogram.mean, histogram.smallest, histogram.largest)};
    table.columns = {{"from"}, {"to"}, {"entries", ColumnKind::Integer}, {"share", ColumnKind::Number, 6}};
    const double width = (histogram.most - histogram.least) / static_cast<double>(histogram.counts.size());
    for (std::size_t bin = 0; bin < histogram.counts.size(); ++bin) {
        const double from = histogram.least + static_cast<double>(bin) * width;
        table.rows.push_back({from, from + width, static_cast<std::int64_t>(histogram.counts[bin]),
                              static_cast<double>(histogram.counts[bin]) / all});
    }
    return table;
}

Heatmap window_plot(const xt::xtensor<double, 2>& values, const MatrixWindow& window, const MatrixAxes& axes,
                    const TokenText& text) {
    Heatmap plot;
    plot.row_title = axes.rows.name;
    plot.column_title = axes.columns.name;
    for (const int row : window.rows) plot.rows.push_back(axes.rows.shown(row, text));
    for (const int column : window.columns) plot.columns.push_back(axes.columns.shown(column, text));
    plot.value_title = "entry";
    plot.values.assign(values.begin(), values.end());
    plot.centre = PlotReference{0, "0"};
    return plot;
}

}  // namespace headway
