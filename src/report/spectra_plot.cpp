// SPDX-License-Identifier: Apache-2.0
#include "headway/report/spectra_plot.hpp"

#include "headway/measure/corner.hpp"
#include "headway/measure/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <utility>

namespace headway {

namespace {

std::string score_text(const SpectralScore& score) {
    if (!score.defined()) return "undefined (" + score.undefined + ")";
    return fmt::format("{:.4f} (rounding: at most {:.1g})", score.value, score.error);
}

std::vector<std::string> score_sentences(const std::vector<NamedSpectrum>& spectra) {
    std::vector<std::string> sentences{
        "Score: Re sum(lambda) / sum|lambda| over the eigenvalues of the circuit, through its [d_head, "
        "d_head] form; condition: how far an error in the matrix moves an eigenvalue."};
    for (const NamedSpectrum& each : spectra)
        sentences.push_back(fmt::format("{}: {}.", each.circuit, score_text(each.score)));
    return sentences;
}

constexpr double circuit_ratio = JudgeOptions{}.score_ratio;

// How deep in the corner a pair is: equal ones differ in their matching.
using Depth = std::pair<double, double>;

// Of a row with both scores.
std::optional<Depth> depth_of(const std::vector<Cell>& row, std::size_t matching, std::size_t copying) {
    const auto* x = std::get_if<double>(&row[matching]);
    const auto* y = std::get_if<double>(&row[copying]);
    if (x == nullptr || y == nullptr) return std::nullopt;
    return Depth{std::min(*x, *y), *x};
}

// The deepest pair of each reader.
std::map<std::string, Depth> deepest_of(const Table& rows) {
    const std::size_t reader = rows.column("reader"), x = rows.column("k_matching");
    const std::size_t y = rows.column("copying_reader");
    std::map<std::string, Depth> deepest;
    for (const std::vector<Cell>& row : rows.rows)
        if (const std::optional<Depth> depth = depth_of(row, x, y)) {
            const auto [at, fresh] = deepest.try_emplace(std::get<std::string>(row[reader]), *depth);
            if (!fresh) at->second = std::max(at->second, *depth);
        }
    return deepest;
}

}  // namespace

Table eigenvalue_rows(const std::vector<NamedSpectrum>& spectra) {
    Table table{.caption = score_sentences(spectra),
                .columns = {{"circuit", ColumnKind::Text},
                            {"number", ColumnKind::Integer},
                            {"real"},
                            {"imaginary"},
                            {"magnitude"},
                            {"angle", ColumnKind::Number, 1},
                            {"condition", ColumnKind::Number, 1}},
                .rows = {}};
    for (const NamedSpectrum& each : spectra)
        for (std::size_t i = 0; i < each.score.eigenvalues.size(); ++i) {
            const std::complex<double> value = each.score.eigenvalues[i];
            table.rows.push_back({each.circuit, static_cast<std::int64_t>(i + 1), value.real(), value.imag(),
                                  std::abs(value), std::arg(value) * 180 / std::numbers::pi,
                                  each.score.condition[i]});
        }
    return table;
}

EigenvaluePlot eigenvalue_plot(const std::vector<NamedSpectrum>& spectra, const std::string& title) {
    EigenvaluePlot plot{.title = title, .caption = score_sentences(spectra)};
    for (const NamedSpectrum& each : spectra)
        plot.series.push_back(
            {fmt::format("{}: {:.2f}", each.circuit, each.score.value), each.score.eigenvalues});
    return plot;
}

ScatterPlot corner_plot(const Table& rows, const std::string& title) {
    const std::string composes = fmt::format("K score at least {} x baseline", circuit_ratio);
    ScatterPlot plot{.title = title,
                     .caption = rows.caption,
                     .x = {.title = "K-composed matching of the pair", .low = -1, .high = 1},
                     .y = {.title = "full-OV copying of the reader", .low = -1, .high = 1},
                     .series = {"pair of heads", composes, "deepest pair of a candidate"},
                     .corner = ScatterPlot::Corner{corner_threshold, corner_threshold, "induction corner"}};
    const std::size_t writer = rows.column("writer"), reader = rows.column("reader");
    const std::size_t x = rows.column("k_matching"), y = rows.column("copying_reader");
    const std::size_t ratio = rows.column("k_ratio");
    const std::map<std::string, Depth> deepest = deepest_of(rows);
    for (const std::vector<Cell>& row : rows.rows) {
        const std::optional<Depth> depth = depth_of(row, x, y);
        if (!depth) continue;
        const std::string& name = std::get<std::string>(row[reader]);
        const bool named = depth->first >= corner_threshold && *depth == deepest.at(name);
        const auto* score = std::get_if<double>(&row[ratio]);
        const bool strong = score != nullptr && *score >= circuit_ratio;
        const std::size_t series = strong ? 1 : 0;
        plot.points.push_back({.x = std::get<double>(row[x]),
                               .y = std::get<double>(row[y]),
                               .label = named ? name : std::string(),
                               .series = named ? 2 : series,
                               .note = fmt::format("{} with {}", name, std::get<std::string>(row[writer]))});
    }
    std::ranges::stable_sort(plot.points, {}, &ScatterPlot::Point::series);  // the rare ones on top
    return plot;
}

PlotSheet copying_plot(const std::vector<HeadSpectra>& heads, const std::string& title) {
    PlotSheet sheet{.title = title,
                    .caption = {"Re sum(lambda) / sum|lambda|: +1 copies, -1 negates; heads without a score "
                                "are left out."},
                    .columns = 3};
    struct Score {
        const char* title;
        const char* axis;
        SpectralScore HeadSpectra::*score;
    };
    for (const auto& [name, axis, score] :
         {Score{"Full OV", "copying score of W_E W_OV W_U", &HeadSpectra::copying_full_ov},
          Score{"OV alone", "copying score of W_OV", &HeadSpectra::copying_ov},
          Score{"Full QK", "matching score of W_E W_QK W_E\u1d40", &HeadSpectra::matching_full_qk}}) {
        Histogram histogram{.title = name, .x = {.title = axis, .low = -1, .high = 1}};
        histogram.series.push_back({"heads", {}});
        for (const HeadSpectra& head : heads)
            if ((head.*score).defined()) histogram.series.back().values.push_back((head.*score).value);
        sheet.plots.emplace_back(std::move(histogram));
    }
    return sheet;
}

}  // namespace headway
