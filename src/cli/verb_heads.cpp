// headway heads: every head at a glance, from weights alone and on repeated random tokens.
// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_arguments.hpp"
#include "cli/head_options.hpp"
#include "cli/head_spectra.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "cli/view.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/report/head_table.hpp"
#include "headway/report/offset_table.hpp"
#include "headway/report/selection.hpp"
#include "headway/report/spectra_plot.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace headway {

namespace {

LabelThresholds thresholds_of(const Arguments& arguments) {
    return arguments.has("--labels") ? parse_label_thresholds(arguments.text("--labels")) : LabelThresholds{};
}

// The weights that are measured: with edits of weights carried out. Edges and given patterns are of runs.
Model model_with_edits(const Arguments& arguments, const Model& model) {
    Edits edits = edits_of(arguments, model.config());
    edits.edges.clear();
    edits.given_patterns.clear();
    return edits.empty() ? model : with_edited_weights(model, edits);
}

// One row a head.
int table_of_heads(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    const LabelThresholds thresholds = thresholds_of(arguments);
    HeadMeasureOptions options{.evaluate = evaluate_options(arguments)};
    std::vector<std::string> inputs = edit_files(arguments);
    inputs.insert(inputs.end(), {where, arguments.text("--probe-tokens")});
    const Destination to = destination(arguments, inputs);
    const Model model = open_model(arguments, where);
    const HeadView view = view_of<HeadView>(arguments, model.config());
    const ProbeTokens tokens =
        probe_tokens(arguments, model.config(), {.step = 0, .where = where, .config = {}});
    options.probe_rows = tokens.rows;
    options.embedding = parse_embedding(arguments.text("--embed", "raw"));
    const EditedModel edited = edited_model(arguments, model);
    const HeadMeasures measures = measure_heads(model_with_edits(arguments, model), edited, options);
    Result result = result_of(arguments, model);
    add_rows(result.table, head_rows(measures, model.config(), thresholds, view));
    std::vector<std::string>& caption = result.table.caption;
    if (measures.probe) caption.insert(caption.end(), {tokens.about, loss_sentence(*measures.probe)});
    caption.insert(caption.end(), edited.notes.begin(), edited.notes.end());
    result.rows_are_data = true;
    if (to.format == Format::Svg)
        result.picture = svg(copying_plot(
            measures.spectra, fmt::format("{}: copying and matching of all heads", escaped(model.name()))));
    write(result, to);
    return 0;
}

// A row a head and offset.
int table_of_offsets(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    const EvaluateOptions options = evaluate_options(arguments);
    const Destination to = destination(arguments, {where});
    const Model model = open_model(arguments, where);
    const HeadView view = view_of<HeadView>(arguments, model.config());
    std::vector<PositionalPreference> all = positional_preference(model, options);
    std::vector<PositionalPreference> chosen = all;
    std::erase_if(chosen, [&](const PositionalPreference& each) { return !shows(view, each.head); });
    chosen = strongest_preferences(chosen, arguments.top(view.heads.empty() ? 8 : chosen.size()));
    std::erase_if(all, [&](const PositionalPreference& each) {
        return !each.undefined.empty() ||
               std::ranges::find(chosen, each.head, &PositionalPreference::head) != chosen.end();
    });
    Result result = result_of(arguments, model);
    add_rows(result.table, offset_rows(chosen, model.config()));
    result.table.caption.push_back(
        fmt::format("Showing {} heads, the strongest preference first.", chosen.size()));
    result.rows_are_data = true;
    if (to.format == Format::Svg)
        result.picture = svg(offset_plot(
            chosen, all, fmt::format("{}: where heads look by position alone", escaped(model.name()))));
    write(result, to);
    return 0;
}

int heads(const Arguments& arguments) {
    require(arguments.has("--over") || !arguments.has("--follow"), ErrorKind::Usage,
            "--follow needs --over DIR");
    if (arguments.has("--over") && !asks_for_spectra(arguments)) return heads_over(arguments);
    require_model(arguments);
    if (asks_for_spectra(arguments)) return heads_spectra(arguments);
    return arguments.has("--offsets") ? table_of_offsets(arguments) : table_of_heads(arguments);
}

}  // namespace

Verb heads_verb() {
    return {
        .name = "heads",
        .summary = "Every head at a glance: copying, matching, norms, ranks, positions, partners; behaviour",
        .usage = "MODEL [options] | --over DIR [options]",
        .positionals = {"MODEL"},
        .required = 0,
        .groups =
            {{"Heads",
              {{"--labels", "LIST",
                "least values of labels: previous=0.3,duplicate=0.3,induction=0.3,first=0.5,copying=0.9"},
               {"--offsets", "",
                "attention by offset when every token is alike, of --top heads (default 8)"}}},
             spectra_flags(),
             probe_flags(),
             edit_flags(),
             over_flags(),
             output_flags(),
             model_flags(),
             general_flags()},
        .examples = {"headway heads example:attn-only-2l",
                     "headway heads example:attn-only-2l --probe --sort induction --top 5",
                     "headway heads gpt2/ --probe --format json -o heads.json",
                     "headway heads model.gguf --probe-tokens rows.npy --sort induction --threshold 0.3",
                     "headway heads example:attn-only-2l --probe --close 'L0H{0,2,4}>L1H{2,4,5,6,7}.K'",
                     "headway heads example:attn-only-2l --pairs --top 15",
                     "headway heads gpt2/ --pairs -o corner.svg", "headway heads gpt2/ --judge --format json",
                     "headway heads gpt2/ --offsets -o offsets.svg",
                     "headway heads gpt2/ --eigenvalues L5H1,L5H5 --circuit full-ov -o eigenvalues.svg",
                     "headway heads --over checkpoints/ --probe -o curves.svg"},
        .notes =
            "Everything but the probe is read off the weights. The probe runs the model on rows [b, r, r] "
            "of\n"
            "seeded random tokens, b the token that begins a sequence, and takes means of attention.\n"
            "Labels name what passes a threshold; the thresholds stand in the caption.",
        .run = heads,
        .picture =
            "histograms of copying and matching; the induction corner with --pairs, eigenvalues, kernels "
            "with "
            "--offsets, curves with --over"};
}

}  // namespace headway
