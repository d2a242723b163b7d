// SPDX-License-Identifier: Apache-2.0
#include "headway/report/ablation_table.hpp"

#include "headway/expand/edit_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headway {

namespace {

void add_caption(Table& table, const std::vector<AblationRow>& rows, bool on_text) {
    const Probe& probe = rows.front().probe;
    table.caption.push_back(fmt::format(
        "Columns of heads: induction, the mean attention from each token of the second r to the token behind "
        "its first occurrence, on {} row{} [b, r, r] with {} tokens in r.",
        probe.rows, probe.rows == 1 ? "" : "s", probe.length));
    table.caption.push_back(fmt::format(
        "Mean loss in nats: of the first r ({} tokens), of the second without its first token ({}){}.",
        probe.length, probe.length - 1, on_text ? ", of all predictions on text" : ""));
    const auto any_edge = [&](bool closed) {
        return std::any_of(rows.begin(), rows.end(), [&](const AblationRow& row) {
            return std::any_of(row.of.edits.edges.begin(), row.of.edits.edges.end(),
                               [&](const ScaledEdge& edge) { return (edge.factor == 0) == closed; });
        });
    };
    if (any_edge(true))
        table.caption.emplace_back(
            "A closed edge: the reader's input is the stream without what the writer wrote there; all that "
            "follows is recomputed.");
    if (any_edge(false))
        table.caption.emplace_back(
            "An edge with a factor: in the stream that the reader's input reads, what the writer wrote is "
            "multiplied by it; all that follows is recomputed.");
    std::vector<std::string> said;
    for (const AblationRow& row : rows)
        for (const std::string& note : row.notes)
            if (std::find(said.begin(), said.end(), note) == said.end()) said.push_back(note);
    table.caption.insert(table.caption.end(), said.begin(), said.end());
}

}  // namespace

Table ablation_rows(const std::vector<AblationRow>& rows, const std::vector<Head>& heads, bool on_text) {
    Table table;
    table.columns = {{"case", ColumnKind::Text}, {"edits", ColumnKind::Text, 4, true}};
    for (const Head head : heads) table.columns.push_back({label(head), ColumnKind::Number, 3});
    table.columns.push_back({"loss_first", ColumnKind::Number, 3});
    table.columns.push_back({"loss_second", ColumnKind::Number, 3});
    if (on_text) table.columns.push_back({"loss_text", ColumnKind::Number, 3});
    for (const AblationRow& row : rows) {
        std::vector<Cell> cells{row.of.name, to_text(row.of.edits)};
        for (const Head head : heads) cells.emplace_back(row.probe.at(head).induction);
        cells.emplace_back(row.probe.loss_first);
        cells.emplace_back(row.probe.loss_second);
        if (on_text) cells.emplace_back(row.loss_text);
        table.rows.push_back(std::move(cells));
    }
    if (!rows.empty()) add_caption(table, rows, on_text);
    return table;
}

}  // namespace headway
