// SPDX-License-Identifier: Apache-2.0
#include "headway/report/composition_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "report/number_column.hpp"
#include "report/score_caption.hpp"
#include "report/sort_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace headway {

namespace {

constexpr std::array composition_numbers{
    NumberColumn<CompositionRow>{"score", &CompositionRow::score, 4, false},
    NumberColumn<CompositionRow>{"baseline", &CompositionRow::baseline, 4, false},
    NumberColumn<CompositionRow>{"excess", &CompositionRow::excess, 4, false},
    NumberColumn<CompositionRow>{"z", &CompositionRow::z, 1, false},
    NumberColumn<CompositionRow>{"percentile", &CompositionRow::percentile, 1, false},
    NumberColumn<CompositionRow>{"robust_z_writer", &CompositionRow::robust_z_writer, 1, false},
    NumberColumn<CompositionRow>{"robust_z_reader", &CompositionRow::robust_z_reader, 1, false},
    NumberColumn<CompositionRow>{"participation_writer", &CompositionRow::participation_writer, 2, true},
    NumberColumn<CompositionRow>{"participation_reader", &CompositionRow::participation_reader, 2, true},
    NumberColumn<CompositionRow>{"overlap", &CompositionRow::overlap, 4, true}};

template <class T>
bool among(const std::vector<T>& chosen, const T& value) {
    return chosen.empty() || std::find(chosen.begin(), chosen.end(), value) != chosen.end();
}

bool shown(const CompositionRow& row, const CompositionView& view) {
    if (!among(view.heads, row.writer) && !among(view.heads, row.reader)) return false;
    if (!among(view.layers, row.writer.layer) || !among(view.layers, row.reader.layer)) return false;
    const bool all = view.threshold == -std::numeric_limits<double>::infinity();
    return all || row.score >= view.threshold;
}

void sort_rows(std::vector<const CompositionRow*>& rows, const std::string& by) {
    if (by == "pair") return;
    const auto column =
        std::find_if(composition_numbers.begin(), composition_numbers.end(),
                     [&](const NumberColumn<CompositionRow>& each) { return each.name == by; });
    std::vector<std::string> names{"pair"};
    for (const NumberColumn<CompositionRow>& each : composition_numbers) names.emplace_back(each.name);
    if (column == composition_numbers.end())
        throw Error(ErrorKind::Usage, fmt::format("there is no column {} to sort by", quote(by)),
                    fmt::format("the columns are {}", fmt::join(names, ", ")));
    std::stable_sort(rows.begin(), rows.end(), [&](const CompositionRow* a, const CompositionRow* b) {
        return sort_key(a->*(column->value)) > sort_key(b->*(column->value));
    });
}

std::vector<Cell> cells(const CompositionRow& row) {
    std::vector<Cell> result{std::string(1, letter(row.kind)), label(row.writer), label(row.reader)};
    for (const NumberColumn<CompositionRow>& column : composition_numbers)
        result.emplace_back(row.*(column.value));
    result.emplace_back(row.undefined);
    return result;
}

std::string filter_sentence(const CompositionView& view, std::size_t rows, std::size_t kept,
                            std::size_t all) {
    std::vector<std::string> filters;
    if (!view.heads.empty()) filters.push_back(fmt::format("of {} chosen heads", view.heads.size()));
    if (!view.layers.empty()) filters.push_back(fmt::format("within {} chosen layers", view.layers.size()));
    if (std::isfinite(view.threshold)) filters.push_back(fmt::format("score at least {}", view.threshold));
    if (rows < kept) filters.push_back(fmt::format("the first {} by {}", rows, view.sort));
    return fmt::format("Showing {} of {} pairs{}{}.", rows, all, filters.empty() ? "" : ": ",
                       fmt::join(filters, ", "));
}

}  // namespace

Table composition_rows(const CompositionTable& scores, const Config& config, const CompositionView& view) {
    std::vector<const CompositionRow*> rows;
    for (const CompositionRow& row : scores.rows)
        if (shown(row, view)) rows.push_back(&row);
    const std::size_t kept = rows.size();
    sort_rows(rows, view.sort);
    if (rows.size() > view.top) rows.resize(view.top);

    Table table;
    table.caption = {
        "Composition score |W_OV(writer) M(reader)| / (|W_OV| |M|), Frobenius norms; M = W_QK (q), W_QK^T "
        "(k), "
        "W_OV (v).",
        baseline_sentence(scores.effective_dimension, scores.baseline),
        filter_sentence(view, rows.size(), kept, scores.rows.size())};
    for (std::string& sentence : score_sentences(config, scores.score))
        table.caption.push_back(std::move(sentence));
    if (config.has_mlp()) table.caption.emplace_back("MLPs between the heads are not looked at.");
    table.columns = {{"kind", ColumnKind::Text}, {"writer", ColumnKind::Text}, {"reader", ColumnKind::Text}};
    for (const NumberColumn<CompositionRow>& column : composition_numbers)
        table.columns.push_back({column.name, ColumnKind::Number, column.decimals, column.detail});
    const bool any_undefined = std::any_of(rows.begin(), rows.end(),
                                           [](const CompositionRow* row) { return !row->undefined.empty(); });
    table.columns.push_back({"undefined", ColumnKind::Text, 0, !any_undefined});
    const bool grouped = config.group_size() > 1;
    if (grouped) table.columns.push_back({"reader_kv_head", ColumnKind::Integer, 0, true});
    for (const CompositionRow* row : rows) {
        table.rows.push_back(cells(*row));
        if (grouped) table.rows.back().emplace_back(std::int64_t{row->reader.index / config.group_size()});
    }
    return table;
}

std::vector<NpyArray> composition_arrays(const CompositionTable& scores,
                                         const std::vector<Composition>& kinds, const Config& config) {
    std::vector<NpyArray> arrays;
    for (const Composition kind : kinds) {
        const xt::xarray<double> values = as_array(scores, kind, config);
        const std::string name(1, input_letter(kind));
        arrays.push_back({name,
                          {values.shape().begin(), values.shape().end()},
                          std::vector<double>(values.begin(), values.end())});
    }
    return arrays;
}

std::vector<Composition> parse_kinds(std::string_view text) {
    if (text == "all") return {Composition::Q, Composition::K, Composition::V};
    for (const Composition kind : {Composition::Q, Composition::K, Composition::V})
        if (text.size() == 1 && text[0] == letter(kind)) return {kind};
    throw Error(ErrorKind::Usage, fmt::format("{} is no kind of composition", quote(text)),
                "the kinds are q, k, v and all");
}

}  // namespace headway
