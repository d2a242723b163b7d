// SPDX-License-Identifier: Apache-2.0
#include "headway/report/pair_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "report/score_caption.hpp"
#include "report/sort_key.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

namespace headway {

namespace {

// An undefined number is an empty cell.
Cell number_cell(double value) { return std::isfinite(value) ? Cell(value) : Cell(); }

struct PairColumn {
    Column column;
    std::function<double(const PairMatching&)> value;
};

Column pair_number(std::string name, bool detail = false, int decimals = 4) {
    return {std::move(name), ColumnKind::Number, decimals, detail};
}

std::vector<PairColumn> number_columns(const CompositionTable& scores, const Config& config) {
    std::map<std::pair<Head, Head>, double> k_scores;
    for (const CompositionRow& row : scores.rows)
        if (row.kind == Composition::K) k_scores[{row.writer, row.reader}] = row.score;
    const auto score = [k_scores = std::move(k_scores)](const PairMatching& pair) {
        const auto at = k_scores.find({pair.writer, pair.reader});
        return at == k_scores.end() ? std::numeric_limits<double>::quiet_NaN() : at->second;
    };
    std::vector<PairColumn> columns{
        {pair_number("k_matching"), [](const PairMatching& pair) { return pair.k_matching.value; }},
        {pair_number("copying_reader"), [](const PairMatching& pair) { return pair.copying_reader; }},
        {pair_number("corner"), [](const PairMatching& pair) { return pair.corner(); }},
        {{"candidate", ColumnKind::Integer},
         [](const PairMatching& pair) { return pair.corner() >= corner_threshold ? 1.0 : 0.0; }},
        {pair_number("k_score"), score},
        {pair_number("k_ratio", true),
         [score, baseline = scores.baseline](const PairMatching& pair) { return score(pair) / baseline; }},
        {pair_number("k_matching_error", true),
         [](const PairMatching& pair) { return pair.k_matching.error; }}};
    if (config.positions != Positions::Learned) return columns;
    columns.push_back(
        {pair_number("q_matching"), [](const PairMatching& pair) { return pair.q_matching.value; }});
    columns.push_back({pair_number("q_matching_error", true),
                       [](const PairMatching& pair) { return pair.q_matching.error; }});
    return columns;
}

bool shown(const PairMatching& pair, const PairView& view) {
    const auto among = [](const auto& list, const auto& value) {
        return list.empty() || std::ranges::find(list, value) != list.end();
    };
    return (among(view.heads, pair.writer) || among(view.heads, pair.reader)) &&
           among(view.layers, pair.writer.layer) && among(view.layers, pair.reader.layer);
}

using Rows = std::vector<const PairMatching*>;

void sort_rows(Rows& rows, const std::vector<PairColumn>& columns, const PairView& view) {
    require(view.sort != "pair" || std::isinf(view.threshold), ErrorKind::Usage,
            "a threshold is of the column to sort by: there is none");
    if (view.sort == "pair") return;
    const auto column =
        std::ranges::find_if(columns, [&](const PairColumn& each) { return each.column.name == view.sort; });
    std::vector<std::string> names{"pair"};
    for (const PairColumn& each : columns) names.push_back(each.column.name);
    if (column == columns.end())
        throw Error(ErrorKind::Usage, fmt::format("there is no column {} to sort by", quote(view.sort)),
                    fmt::format("the columns are {}", fmt::join(names, ", ")));
    if (std::isfinite(view.threshold))
        std::erase_if(rows,
                      [&](const PairMatching* pair) { return !(column->value(*pair) >= view.threshold); });
    std::ranges::stable_sort(rows, std::greater<>(),
                             [&](const PairMatching* pair) { return sort_key(column->value(*pair)); });
}

std::string undefined_text(const PairMatching& pair, const Config& config) {
    std::vector<std::string> reasons;
    if (!pair.k_matching.defined()) reasons.push_back("k_matching: " + pair.k_matching.undefined);
    if (std::isnan(pair.copying_reader)) reasons.push_back("copying_reader: " + pair.copying_undefined);
    if (config.positions == Positions::Learned && !pair.q_matching.defined())
        reasons.push_back("q_matching: " + pair.q_matching.undefined);
    return fmt::format("{}", fmt::join(reasons, "; "));
}

std::string corner_sentence(const std::vector<PairMatching>& pairs) {
    constexpr std::size_t most = 8;
    std::vector<std::string> names;
    const std::vector<CornerCandidate> candidates = induction_corner(pairs);
    for (const CornerCandidate& candidate : candidates) {
        if (names.size() == most) break;
        names.push_back(
            fmt::format("{} with {}", label(candidate.reader), label(candidate.partners.front().writer)));
    }
    if (candidates.empty())
        return fmt::format("Induction corner, both at least {}: no head.", corner_threshold);
    return fmt::format("Induction corner, both at least {}: {} head{}: {}{}.", corner_threshold,
                       candidates.size(), candidates.size() == 1 ? "" : "s", fmt::join(names, ", "),
                       candidates.size() > most ? fmt::format(" and {} more", candidates.size() - most) : "");
}

std::vector<std::string> caption(const std::vector<PairMatching>& pairs, const CompositionTable& scores,
                                 const Config& config) {
    std::vector<std::string> sentences{
        "k_matching: Re sum(lambda) / sum|lambda| of the K-composed QK circuit W_E W_QK(reader) (W_E "
        "W_OV(writer))^T; copying_reader: that of full OV W_E W_OV(reader) W_U; corner: the smaller of the "
        "two.",
        corner_sentence(pairs),
        fmt::format("k_score: K-composition score, baseline {:.4f}: the reader reads what the writer writes. "
                    "It is another claim than the corner: that tokens meet themselves there.",
                    scores.baseline)};
    if (config.positions == Positions::Learned)
        sentences.emplace_back(
            "q_matching: of W_pos W_OV(writer) W_QK(reader) W_pos^T, the other road to induction, by "
            "queries "
            "that move positions.");
    for (std::string& sentence : score_sentences(config, scores.score))
        sentences.push_back(std::move(sentence));
    if (config.has_mlp()) sentences.emplace_back("MLPs between the heads are not looked at.");
    return sentences;
}

std::string filter_sentence(const PairView& view, std::size_t rows, std::size_t all) {
    std::vector<std::string> filters;
    if (!view.heads.empty()) filters.push_back(fmt::format("of {} chosen heads", view.heads.size()));
    if (!view.layers.empty()) filters.push_back(fmt::format("within {} chosen layers", view.layers.size()));
    if (std::isfinite(view.threshold))
        filters.push_back(fmt::format("{} at least {}", view.sort, view.threshold));
    if (rows == view.top) filters.push_back(fmt::format("the first {} by {}", rows, view.sort));
    return fmt::format("Showing {} of {} pairs{}{}.", rows, all, filters.empty() ? "" : ": ",
                       fmt::join(filters, ", "));
}

Cell integer(std::size_t count) { return static_cast<std::int64_t>(count); }

std::string names(const std::vector<Head>& heads) {
    std::vector<std::string> labels;
    for (const Head head : heads) labels.push_back(label(head));
    return fmt::format("{}", fmt::join(labels, " "));
}

}  // namespace

Table pair_rows(const std::vector<PairMatching>& pairs, const CompositionTable& scores, const Config& config,
                const PairView& view) {
    const std::vector<PairColumn> columns = number_columns(scores, config);
    Rows rows;
    for (const PairMatching& pair : pairs)
        if (shown(pair, view)) rows.push_back(&pair);
    sort_rows(rows, columns, view);
    if (rows.size() > view.top) rows.resize(view.top);

    Table table{.caption = caption(pairs, scores, config),
                .columns = {{"writer", ColumnKind::Text}, {"reader", ColumnKind::Text}},
                .rows = {}};
    table.caption.push_back(filter_sentence(view, rows.size(), pairs.size()));
    for (const PairColumn& each : columns) table.columns.push_back(each.column);
    bool none = true;
    for (const PairMatching* pair : rows) {
        std::vector<Cell> cells{label(pair->writer), label(pair->reader)};
        for (const PairColumn& each : columns) {
            const double value = each.value(*pair);
            const bool whole = each.column.kind == ColumnKind::Integer;
            cells.push_back(whole ? Cell(static_cast<std::int64_t>(value)) : number_cell(value));
        }
        const std::string undefined = undefined_text(*pair, config);
        none = none && undefined.empty();
        cells.emplace_back(undefined);
        table.rows.push_back(std::move(cells));
    }
    table.columns.push_back({"undefined", ColumnKind::Text, 0, none});
    return table;
}

Table verdict_rows(const std::vector<Verdict>& verdicts, const Probe& probe, const JudgeOptions& options) {
    std::vector<HeadProbe> found;
    for (const HeadProbe& head : probe.heads)
        if (head.induction >= options.induction) found.push_back(head);
    std::ranges::stable_sort(found, std::greater<>(), &HeadProbe::induction);
    std::vector<std::string> truth;
    for (const HeadProbe& head : found)
        truth.push_back(fmt::format("{} {:.2f}", label(head.head), head.induction));
    const auto share = static_cast<double>(found.size()) / static_cast<double>(probe.heads.size());
    Table table{
        .caption = {fmt::format("Induction heads by the probe, induction at least {}: {} of {} heads{}{}.",
                                options.induction, found.size(), probe.heads.size(),
                                found.empty() ? "" : ": ", fmt::join(truth, ", ")),
                    fmt::format("A head's strength is the best that it has with any earlier head; drawn at "
                                "random, heads would have precision {:.3f}.",
                                share),
                    fmt::format(
                        "Thresholds are those used elsewhere: k_score {} x baseline, of circuits; k_matching "
                        "and corner {}, of the label copying. The n strongest: n is what the probe found.",
                        options.score_ratio, options.matching),
                    "average_precision: mean precision at the places of the induction heads in the whole "
                    "order of a method."},
        .columns = {{"method", ColumnKind::Text},
                    {"named_by", ColumnKind::Text},
                    {"named", ColumnKind::Integer},
                    {"hits", ColumnKind::Integer},
                    {"misses", ColumnKind::Integer},
                    {"false_alarms", ColumnKind::Integer},
                    {"precision", ColumnKind::Number, 3},
                    {"recall", ColumnKind::Number, 3},
                    {"average_precision", ColumnKind::Number, 3},
                    {"hit_heads", ColumnKind::Text},
                    {"missed_heads", ColumnKind::Text},
                    {"false_alarm_heads", ColumnKind::Text}},
        .rows = {}};
    constexpr std::size_t shown_alarms = 16;
    for (const Verdict& each : verdicts) {
        table.columns.back().detail |= each.false_alarms.size() > shown_alarms;
        table.rows.push_back(
            {each.method, each.named_by, integer(each.hits.size() + each.false_alarms.size()),
             integer(each.hits.size()), integer(each.misses.size()), integer(each.false_alarms.size()),
             number_cell(each.precision), number_cell(each.recall), number_cell(each.average_precision),
             names(each.hits), names(each.misses), names(each.false_alarms)});
    }
    if (table.columns.back().detail) table.caption.emplace_back("False alarms by name: in csv and json.");
    return table;
}

}  // namespace headway
