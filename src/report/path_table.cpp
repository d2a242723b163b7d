// SPDX-License-Identifier: Apache-2.0
#include "headway/report/path_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headway {

namespace {

bool shown(const std::optional<Path>& path, const PathView& view) {
    if (view.heads.empty() || !path) return view.heads.empty();
    std::vector<Head> heads = path->heads;
    if (path->source.kind == SourceKind::ValueBias) heads.push_back({path->source.layer, path->source.head});
    return std::any_of(heads.begin(), heads.end(), [&](Head head) {
        return std::find(view.heads.begin(), view.heads.end(), head) != view.heads.end();
    });
}

std::string_view plural(SourceKind kind) { return kind == SourceKind::Mlp ? "MLPs" : name(kind); }

std::vector<Cell> path_cells(const std::optional<Path>& path) {
    if (!path) return {std::string("remainder"), Cell(), Cell(), std::string("remainder")};
    return {label(*path), label(path->source), std::int64_t{order(*path)},
            std::string(name(path_class(*path)))};
}

std::vector<Column> path_columns() {
    return {{"path", ColumnKind::Text},
            {"source", ColumnKind::Text},
            {"order", ColumnKind::Integer},
            {"class", ColumnKind::Text}};
}

std::string showing(std::size_t rows, std::size_t kept, std::size_t all, const PathView& view,
                    const char* by) {
    std::string filter;
    if (!view.heads.empty()) filter += ", through the chosen heads";
    if (view.threshold > 0) filter += fmt::format(", {} at least {} in size", by, view.threshold);
    if (rows < kept) filter += fmt::format(", the first by {}", view.sort.empty() ? "listing" : view.sort);
    return fmt::format("Showing {} of {} rows{}{}.", rows, all, filter.empty() ? "" : ": ",
                       filter.empty() ? filter : filter.substr(2));
}

double PathRow::*sort_column(const std::string& sort) {
    if (sort == "norm") return &PathRow::norm;
    require(sort == "target_logit", ErrorKind::Usage, "rows are sorted by norm or target_logit, not by {}",
            quote(sort));
    return &PathRow::target_logit;
}

// What the column target_logit is of.
std::string target_line(const PathTable& paths, const Target& target) {
    std::vector<std::string> tokens;
    for (const int token : paths.targets) tokens.push_back(fmt::format("{}", token));
    const bool many = tokens.size() > 8;
    if (many) tokens.resize(8);
    const std::string minus = target.minus >= 0   ? fmt::format(" minus that of token {}", target.minus)
                              : target.minus_mean ? " minus the mean over the vocabulary"
                                                  : "";
    return fmt::format(
        "target_logit: contribution to the logit of token {}{}{}{}; norm: over the vocabulary.",
        fmt::join(tokens, ", "), many ? ", ..." : "", target.token < 0 ? " (the model's top token)" : "",
        minus);
}

}  // namespace

std::vector<std::string> path_count_lines(const Config& config, int max_heads) {
    const PathCounts counts = count_paths(config, max_heads);
    std::vector<std::string> lines{fmt::format("{} paths through at most {} {}, by number of heads:",
                                               counts.total(), max_heads, max_heads == 1 ? "head" : "heads")};
    for (int kind = 0; kind < n_source_kinds; ++kind) {
        std::vector<std::string> numbers;
        std::uint64_t sum = 0;
        for (int heads = 0; heads <= max_heads; ++heads) {
            numbers.push_back(fmt::format("{}", counts.at(static_cast<SourceKind>(kind), heads)));
            sum += counts.at(static_cast<SourceKind>(kind), heads);
        }
        if (sum > 0)
            lines.push_back(fmt::format("  from {}: {} = {}", plural(static_cast<SourceKind>(kind)),
                                        fmt::join(numbers, " + "), sum));
    }
    return lines;
}

std::string class_name(const PathRow& row) {
    return row.path ? std::string(name(path_class(*row.path))) : "remainder";
}

Table path_list(const Config& config, const PathOptions& options, const PathView& view) {
    Paths paths(config, options);
    Table table{
        .caption = path_count_lines(config, options.max_heads), .columns = path_columns(), .rows = {}};
    std::size_t kept = 0, all = 0;
    const auto add = [&](const std::optional<Path>& path) {
        ++all;
        if (!shown(path, view)) return;
        if (++kept <= view.top) table.rows.push_back(path_cells(path));
    };
    while (const std::optional<Path> path = paths.next()) add(path);
    if (options.max_heads < config.n_layers && !options.source) add(std::nullopt);
    table.caption.push_back(showing(table.rows.size(), kept, all, view, ""));
    return table;
}

Table path_rows(const PathTable& paths, const Config& config, const PathMeasureOptions& options,
                const PathView& view) {
    std::vector<const PathRow*> rows;
    for (const PathRow& row : paths.rows)
        if (shown(row.path, view) && std::abs(row.target_logit) >= view.threshold) rows.push_back(&row);
    const std::size_t kept = rows.size();
    if (!view.sort.empty()) {
        const auto column = sort_column(view.sort);
        std::stable_sort(rows.begin(), rows.end(), [&](const PathRow* a, const PathRow* b) {
            return std::abs(a->*column) > std::abs(b->*column);
        });
    }
    if (rows.size() > view.top) rows.resize(view.top);

    Table table{
        .caption = path_count_lines(config, options.max_heads), .columns = path_columns(), .rows = {}};
    table.caption.emplace_back(
        "Attention patterns, norm scales and MLP outputs are those of the run, held fixed.");
    table.caption.push_back(target_line(paths, options.target));
    table.caption.push_back(showing(rows.size(), kept, paths.rows.size(), view, "target_logit"));
    table.columns.insert(table.columns.end(),
                         {{"norm", ColumnKind::Number},
                          {"target_logit", ColumnKind::Number},
                          {"position", ColumnKind::Integer},
                          {"source_position", ColumnKind::Integer, 0, !options.by_source_token}});
    for (const PathRow* row : rows) {
        std::vector<Cell> cells = path_cells(row->path);
        cells.insert(cells.end(), {row->norm, row->target_logit, std::int64_t{row->position}, Cell()});
        if (row->source_position >= 0) cells.back() = std::int64_t{row->source_position};
        table.rows.push_back(std::move(cells));
    }
    return table;
}

std::string closure_line(const PathTable& paths) {
    return fmt::format("largest |sum of rows - logits| = {:.3g}, {:.3g} of the largest logit", paths.closure,
                       paths.largest_logit > 0 ? paths.closure / paths.largest_logit : 0.0);
}

Table score_term_rows(const ScoreTermTable& terms, Head head, int query, int key, const PathView& view) {
    std::vector<const ScoreTermRow*> rows;
    for (const ScoreTermRow& row : terms.rows)
        if (std::abs(row.value) >= view.threshold) rows.push_back(&row);
    const std::size_t kept = rows.size();
    require(view.sort.empty() || view.sort == "value", ErrorKind::Usage,
            "rows are sorted by value, not by {}", quote(view.sort));
    if (!view.sort.empty())
        std::stable_sort(rows.begin(), rows.end(), [](const ScoreTermRow* a, const ScoreTermRow* b) {
            return std::abs(a->value) > std::abs(b->value);
        });
    if (rows.size() > view.top) rows.resize(view.top);
    Table table;
    table.caption = {
        fmt::format("Attention score of {} before softmax, query at position {}, key at position {}: {:.6g}.",
                    label(head), query, key, terms.score),
        "value: what the query source and the key source make together, scale included; class: which sides a "
        "head or an MLP wrote.",
        "Attention patterns, norm scales and MLP outputs of earlier layers are those of the run, held fixed.",
        showing(rows.size(), kept, terms.rows.size(), view, "value")};
    table.columns = {{"query_source", ColumnKind::Text},
                     {"key_source", ColumnKind::Text},
                     {"class", ColumnKind::Text},
                     {"value", ColumnKind::Number}};
    for (const ScoreTermRow* row : rows)
        table.rows.push_back(
            {label(row->query), label(row->key), std::string(name(row->score_class)), row->value});
    return table;
}

}  // namespace headway
