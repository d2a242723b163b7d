// SPDX-License-Identifier: Apache-2.0
#include "headway/report/series_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "report/sort_key.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

namespace headway {

namespace {

// The values of one thing, by step.
struct Curve {
    std::string of;
    std::vector<const SeriesValue*> values;

    double last() const { return values.back()->value; }
};

struct Quantity {
    std::string name;
    std::vector<Curve> curves;  // largest at the last step first
};

std::vector<Quantity> quantities_of(std::span<const SeriesValue> values) {
    std::vector<Quantity> quantities;
    std::map<std::pair<std::string_view, std::string_view>, std::size_t> places;
    for (const SeriesValue& value : values) {
        auto quantity = std::ranges::find(quantities, value.quantity, &Quantity::name);
        if (quantity == quantities.end()) quantity = quantities.insert(quantity, {value.quantity, {}});
        const auto [place, fresh] = places.try_emplace({value.quantity, value.of}, quantity->curves.size());
        if (fresh) quantity->curves.push_back({value.of, {}});
        quantity->curves[place->second].values.push_back(&value);
    }
    for (Quantity& quantity : quantities) {
        for (Curve& curve : quantity.curves) std::ranges::stable_sort(curve.values, {}, &SeriesValue::step);
        std::ranges::stable_sort(quantity.curves, std::greater<>(),
                                 [](const Curve& curve) { return sort_key(curve.last()); });
    }
    return quantities;
}

std::int64_t last_step(std::span<const SeriesValue> values) {
    return values.empty() ? 0 : std::ranges::max(values, {}, &SeriesValue::step).step;
}

std::vector<std::int64_t> steps_of(std::span<const SeriesValue> values) {
    std::vector<std::int64_t> steps;
    for (const SeriesValue& value : values) steps.push_back(value.step);
    std::ranges::sort(steps);
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    return steps;
}

// Where a curve passes half of its way from the first value to the last: between which steps, for good.
std::string half_way(const Curve& curve) {
    const double half = (curve.values.front()->value + curve.last()) / 2;
    const bool up = curve.last() >= curve.values.front()->value;
    std::size_t place = curve.values.size() - 1;
    while (place > 0 &&
           (up ? curve.values[place - 1]->value >= half : curve.values[place - 1]->value <= half))
        --place;
    if (place == 0 || std::isnan(half)) return {};
    return fmt::format("{} goes from {:.3f} to {:.3f}, half of it by step {} (after {})", curve.of,
                       curve.values.front()->value, curve.last(), curve.values[place]->step,
                       curve.values[place - 1]->step);
}

// How many curves of a quantity are shown: the losses of both halves belong together.
std::size_t shown_of(const Quantity& quantity, std::size_t top) {
    return quantity.name == "loss" ? quantity.curves.size() : std::min(top, quantity.curves.size());
}

std::string sentence_of(const Quantity& quantity, std::size_t top) {
    std::string text = fmt::format("{}: ", quantity.name);
    if (quantity.curves.size() > shown_of(quantity, top))
        text += fmt::format("the {} of {} that end highest; ", top, quantity.curves.size());
    std::vector<std::string> halves;
    const std::size_t told = quantity.name == "loss" ? quantity.curves.size() : 1;
    for (std::size_t i = 0; i < told; ++i)
        if (std::string half = half_way(quantity.curves[i]); !half.empty()) halves.push_back(std::move(half));
    return text + (halves.empty() ? "no rise or fall" : fmt::format("{}", fmt::join(halves, "; "))) + ".";
}

// What is measured, and in what.
std::string axis_title(const std::string& quantity) {
    if (quantity == "loss") return "loss (nats)";
    if (quantity.ends_with("composition")) return quantity + " score";
    if (quantity == "k_writer_excess") return "K-composition over its baseline";
    if (quantity.starts_with("copying") || quantity.starts_with("matching")) return quantity + " score";
    for (const char* mean : {"previous", "duplicate", "induction", "first"})
        if (quantity == mean) return quantity + " (mean attention)";
    return quantity;
}

LinePlot plot_of(const Quantity& quantity, std::size_t top, double baseline) {
    LinePlot plot{
        .title = quantity.name, .x = {.title = "training step"}, .y = {.title = axis_title(quantity.name)}};
    // Grey lines first, so that the named ones lie on them.
    for (std::size_t place = quantity.curves.size(); place-- > 0;) {
        const Curve& curve = quantity.curves[place];
        LinePlot::Series series{
            .name = curve.of, .x = {}, .y = {}, .background = place >= shown_of(quantity, top)};
        for (const SeriesValue* value : curve.values) {
            series.x.push_back(static_cast<double>(value->step));
            series.y.push_back(value->value);
        }
        plot.series.push_back(std::move(series));
    }
    if (quantity.curves.size() > shown_of(quantity, top)) plot.background_name = "the others";
    if (baseline != 0 && quantity.name.ends_with("composition"))
        plot.references.push_back({baseline, "baseline"});
    return plot;
}

}  // namespace

std::vector<SeriesValue> head_series(const Table& heads, std::span<const std::string> columns,
                                     std::int64_t step) {
    const std::size_t head = heads.column("head");
    std::vector<SeriesValue> series;
    for (const std::string& name : columns) {
        const std::size_t column = heads.column(name);
        require(heads.columns[column].kind == ColumnKind::Number, ErrorKind::Usage,
                "{} holds no numbers that could be followed", quote(name));
        for (const std::vector<Cell>& row : heads.rows) {
            if (const auto* value = std::get_if<double>(&row[column]))
                series.push_back({step, name, std::get<std::string>(row[head]), *value});
        }
    }
    return series;
}

std::vector<SeriesValue> loss_series(const Probe& probe, std::int64_t step) {
    return {{step, "loss", "first half", probe.loss_first}, {step, "loss", "second half", probe.loss_second}};
}

std::vector<SeriesValue> composition_series(const CompositionTable& scores, std::int64_t step) {
    std::vector<SeriesValue> series;
    for (const CompositionRow& row : scores.rows)
        series.push_back({step, fmt::format("{}-composition", input_letter(row.kind)),
                          fmt::format("{}>{}", label(row.writer), label(row.reader)), row.score});
    return series;
}

Table series_rows(std::span<const SeriesValue> values, std::size_t top) {
    Table table;
    table.columns = {{"step", ColumnKind::Integer},
                     {"quantity", ColumnKind::Text},
                     {"of", ColumnKind::Text},
                     {"value", ColumnKind::Number}};
    table.caption.push_back(fmt::format("{} checkpoints, steps {} to {}.", steps_of(values).size(),
                                        values.empty() ? 0 : steps_of(values).front(), last_step(values)));
    for (const Quantity& quantity : quantities_of(values)) {
        table.caption.push_back(sentence_of(quantity, top));
        for (std::size_t i = 0; i < shown_of(quantity, top); ++i)
            for (const SeriesValue* value : quantity.curves[i].values)
                table.rows.push_back({value->step, value->quantity, value->of, value->value});
    }
    return table;
}

PlotSheet series_plot(std::span<const SeriesValue> values, std::size_t top, const std::string& title,
                      double baseline) {
    require(!values.empty(), ErrorKind::Usage, "there is nothing to plot");
    PlotSheet sheet{.title = title, .caption = {}, .plots = {}, .columns = 2};
    for (const Quantity& quantity : quantities_of(values))
        sheet.plots.emplace_back(plot_of(quantity, top, baseline));
    return sheet;
}

}  // namespace headway
