// SPDX-License-Identifier: Apache-2.0
#include "headway/report/offset_table.hpp"

#include "headway/base/error.hpp"
#include "report/head_caption.hpp"
#include "report/sort_key.hpp"

#include <algorithm>
#include <numeric>

namespace headway {

namespace {

LinePlot::Series curve_of(const PositionalPreference& head, const std::vector<double>& values,
                          bool background) {
    LinePlot::Series series{.name = label(head.head),
                            .x = std::vector<double>(values.size()),
                            .y = values,
                            .background = background};
    std::iota(series.x.begin(), series.x.end(), 0.0);
    return series;
}

LinePlot plot_of(const std::vector<PositionalPreference>& heads,
                 const std::vector<PositionalPreference>& others,
                 std::vector<double> PositionalPreference::*values, const char* title, const char* unit) {
    LinePlot plot{.title = title,
                  .x = {.title = "offset (query minus key position)"},
                  .y = {.title = unit},
                  .markers = false,
                  .background_name = others.empty() ? "" : "the others",
                  .name_peaks = true};
    for (const PositionalPreference& head : others) plot.series.push_back(curve_of(head, head.*values, true));
    for (const PositionalPreference& head : heads) plot.series.push_back(curve_of(head, head.*values, false));
    return plot;
}

}  // namespace

std::vector<PositionalPreference> strongest_preferences(const std::vector<PositionalPreference>& heads,
                                                        std::size_t top) {
    std::vector<PositionalPreference> strongest;
    std::ranges::copy_if(heads, std::back_inserter(strongest),
                         [](const PositionalPreference& head) { return head.undefined.empty(); });
    std::ranges::stable_sort(strongest, std::greater<>(),
                             [](const PositionalPreference& head) { return sort_key(head.at_offset); });
    if (strongest.size() > top)
        strongest.erase(strongest.begin() + static_cast<std::ptrdiff_t>(top), strongest.end());
    return strongest;
}

Table offset_rows(const std::vector<PositionalPreference>& heads, const Config& config) {
    const bool kernel = std::ranges::any_of(heads, [](const auto& head) { return !head.kernel.empty(); });
    Table table;
    if (!heads.empty())
        table.caption = {position_sentence(config, heads.front().attention.size()),
                         "attention: its mean over the queries that have a key at the offset."};
    if (kernel)
        table.caption.emplace_back("kernel: the score at the offset, scale included, before softmax.");
    table.columns = {
        {"head", ColumnKind::Text}, {"offset", ColumnKind::Integer}, {"attention", ColumnKind::Number}};
    if (kernel) table.columns.push_back({"kernel", ColumnKind::Number});
    for (const PositionalPreference& head : heads)
        for (std::size_t offset = 0; offset < head.attention.size(); ++offset) {
            table.rows.push_back(
                {label(head.head), static_cast<std::int64_t>(offset), head.attention[offset]});
            if (kernel) table.rows.back().emplace_back(head.kernel[offset]);
        }
    return table;
}

PlotSheet offset_plot(const std::vector<PositionalPreference>& heads,
                      const std::vector<PositionalPreference>& others, const std::string& title) {
    require(!heads.empty(), ErrorKind::Usage, "no positions enter these heads: there is nothing to plot");
    PlotSheet sheet{.title = title, .caption = {}, .plots = {}, .columns = 2};
    sheet.plots.emplace_back(
        plot_of(heads, others, &PositionalPreference::attention, "attention", "mean attention"));
    if (!heads.front().kernel.empty())
        sheet.plots.emplace_back(
            plot_of(heads, others, &PositionalPreference::kernel, "kernel", "score before softmax"));
    return sheet;
}

}  // namespace headway
