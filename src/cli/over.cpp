// Checkpoints over time: heads --over and compose --over.
// SPDX-License-Identifier: Apache-2.0
#include "cli/head_options.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/report/composition_table.hpp"
#include "headway/report/head_table.hpp"
#include "headway/report/selection.hpp"
#include "headway/report/series_table.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace headway {

namespace {

constexpr std::size_t default_top = 6;

std::vector<std::string> columns_of(const Arguments& arguments) {
    const std::string list = arguments.text("--follow");
    std::vector<std::string> columns;
    for (std::string_view rest = list; !rest.empty();) {
        const std::string_view item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), item.size() + 1));
        columns.emplace_back(item);
    }
    if (!columns.empty()) return columns;
    if (arguments.has("--probe") || arguments.has("--probe-tokens")) columns = {"induction", "previous"};
    columns.insert(columns.end(), {"k_writer_excess", "copying_full_ov"});
    return columns;
}

// Only what the columns need.
HeadMeasureOptions options_for(const std::vector<std::string>& columns) {
    const auto any = [&](std::initializer_list<std::string_view> parts) {
        return std::ranges::any_of(columns, [&](const std::string& column) {
            return std::ranges::any_of(
                parts, [&](std::string_view part) { return column.find(part) != std::string::npos; });
        });
    };
    return {.spectra = any({"copying", "matching"}),
            .facts = any({"norm", "rank", "participation", "bias"}),
            .positional = any({"offset"}),
            .partners = any({"writer", "reader"})};
}

// `attn-only-2l/checkpoints`: the end of the folder's path.
std::string series_title(const std::filesystem::path& folder) {
    std::filesystem::path whole = std::filesystem::absolute(folder).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();
    return escaped((whole.parent_path().filename() / whole.filename()).native());
}

// A result that begins with what the last checkpoint is.
Result series_result(const Arguments& arguments, const Model& last, const std::vector<SeriesValue>& values,
                     const Destination& to, double baseline) {
    Result result = result_of(arguments, last);
    const std::size_t top = arguments.top(default_top);
    result.table.caption.insert(result.table.caption.begin(), fmt::format("Checkpoints of {}; the last one:",
                                                                          quote(arguments.text("--over"))));
    add_rows(result.table, series_rows(values, top));
    if (to.format == Format::Svg)
        result.picture = svg(series_plot(
            values, top, fmt::format("{}: heads over training", series_title(arguments.text("--over"))),
            baseline));
    result.rows_are_data = true;
    return result;
}

// Flags that mean nothing over several checkpoints.
void refuse(const Arguments& arguments, std::initializer_list<const char*> flags) {
    for (const char* flag : flags)
        require(!arguments.has(flag), ErrorKind::Usage,
                "--over follows checkpoints as they are: {} is one too many", flag);
}

void append(std::vector<SeriesValue>& values, std::vector<SeriesValue> more) {
    std::ranges::move(more, std::back_inserter(values));
}

HeadView heads_of(const Arguments& arguments, const Config& config) {
    HeadView view;
    if (arguments.has("--heads")) view.heads = parse_heads(arguments.text("--heads"), config);
    if (arguments.has("--layers")) view.layers = parse_layers(arguments.text("--layers"), config);
    return view;
}

}  // namespace

int heads_over(const Arguments& arguments) {
    refuse(arguments, {"--zero", "--scale", "--close", "--pattern", "--norm-scale", "--labels", "--offsets",
                       "--sort", "--threshold"});
    const std::vector<CheckpointStep> checkpoints = checkpoints_of(arguments);
    const std::vector<std::string> columns = columns_of(arguments);
    const Destination to =
        destination(arguments, {arguments.text("--over"), arguments.text("--probe-tokens")});
    HeadMeasureOptions options = options_for(columns);
    options.evaluate = evaluate_options(arguments);
    const Model last = open_model(arguments, checkpoints.back());
    std::vector<SeriesValue> values;
    std::vector<std::string> notes;  // the same of every checkpoint
    for (const CheckpointStep& checkpoint : checkpoints) {
        const Model model = open_model(arguments, checkpoint);
        const ProbeTokens tokens = probe_tokens(arguments, model.config(), checkpoint);
        options.probe_rows = tokens.rows;
        const HeadMeasures measures = measure_heads(model, options);
        const Table rows = head_rows(measures, model.config(), {}, heads_of(arguments, model.config()));
        append(values, head_series(rows, columns, checkpoint.step));
        if (measures.probe && measures.probe->undefined_loss.empty())
            append(values, loss_series(*measures.probe, checkpoint.step));
        notes = head_sentences(measures, model.config());
        if (!tokens.about.empty()) notes.push_back(tokens.about);
    }
    Result result = series_result(arguments, last, values, to, 0);
    result.table.caption.insert(result.table.caption.end(), notes.begin(), notes.end());
    write(result, to);
    return 0;
}

int compose_over(const Arguments& arguments) {
    refuse(arguments,
           {"--compare", "--compare-prefix", "--rope-offset", "--rope-mean", "--sort", "--threshold"});
    const std::vector<CheckpointStep> checkpoints = checkpoints_of(arguments);
    const std::vector<Composition> kinds = parse_kinds(arguments.text("--kind", "all"));
    const EvaluateOptions options = evaluate_options(arguments);
    const Destination to = destination(arguments, {arguments.text("--over")});
    const Model last = open_model(arguments, checkpoints.back());
    std::vector<SeriesValue> values;
    CompositionTable scores;
    for (const CheckpointStep& checkpoint : checkpoints) {
        const Model model = open_model(arguments, checkpoint);
        scores = composition(model, kinds, options, {.stream_norms = !arguments.has("--no-fold")});
        const HeadView view = heads_of(arguments, model.config());
        std::erase_if(scores.rows, [&](const CompositionRow& row) {
            const auto among = [](const auto& list, const auto& a, const auto& b) {
                return list.empty() || std::ranges::find(list, a) != list.end() ||
                       std::ranges::find(list, b) != list.end();
            };
            return !among(view.heads, row.writer, row.reader) ||
                   !among(view.layers, row.writer.layer, row.reader.layer);
        });
        append(values, composition_series(scores, checkpoint.step));
    }
    Result result = series_result(arguments, last, values, to, scores.baseline);
    write(result, to);
    return 0;
}

}  // namespace headway
