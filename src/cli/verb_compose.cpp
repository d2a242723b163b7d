// headway compose: composition scores of pairs of heads.
// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_arguments.hpp"
#include "cli/head_options.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "cli/view.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/report/composition_compare.hpp"
#include "headway/report/composition_plot.hpp"
#include "headway/report/composition_table.hpp"
#include "headway/report/selection.hpp"

namespace headway {

namespace {

// The file of --compare, read before anything is computed; none without the flag.
std::vector<NpyArray> other_arrays(const Arguments& arguments) {
    require(arguments.has("--compare") || !arguments.has("--compare-prefix"), ErrorKind::Usage,
            "--compare-prefix needs --compare FILE.npz");
    return arguments.has("--compare") ? read_npz(arguments.text("--compare")) : std::vector<NpyArray>{};
}

OtherScores others(const Arguments& arguments, const std::vector<NpyArray>& arrays) {
    OtherScores other{arguments.text("--compare"), arrays};
    if (arguments.has("--compare-prefix")) other.prefix = arguments.text("--compare-prefix");
    return other;
}

int compose(const Arguments& arguments) {
    const bool edited = arguments.has("--zero") || arguments.has("--scale");
    require(!edited || !arguments.has("--over"), ErrorKind::Usage,
            "compose: --over follows the checkpoints as they are, without --zero and --scale");
    if (arguments.has("--over")) return compose_over(arguments);
    require_model(arguments);
    const std::vector<Composition> kinds = parse_kinds(arguments.text("--kind", "all"));
    const EvaluateOptions options = evaluate_options(arguments);
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where, arguments.text("--compare")});
    const std::vector<NpyArray> arrays = other_arrays(arguments);
    const Model own = open_model(arguments, where);
    const Edits edits = edits_of(arguments, own.config());
    const Model model = edits.empty() ? own : with_edited_weights(own, edits);
    const CompositionView view = view_of<CompositionView>(arguments, model.config());
    ScoreOptions score = rotary_score(arguments, model.config());
    score.stream_norms = !arguments.has("--no-fold");
    const CompositionTable scores = composition(model, kinds, options, score);
    Result result = result_of(arguments, model);
    for (const std::string& note : edit_notes(model.config(), edits)) result.table.caption.push_back(note);
    if (arguments.has("--compare")) {
        require(to.format != Format::Svg, ErrorKind::Usage,
                "--compare has no picture: svg is not one of its formats");
        add_rows(result.table, compare_rows(scores, kinds, model.config(), others(arguments, arrays)));
        write(result, to);
        return 0;
    }
    add_rows(result.table, composition_rows(scores, model.config(), view));
    if (to.format == Format::Npz) result.arrays = composition_arrays(scores, kinds, model.config());
    if (to.format == Format::Svg)
        result.picture =
            svg(composition_plot(result.table, fmt::format("{}: composition of heads, from the weights alone",
                                                           escaped(model.name()))));
    write(result, to);
    return 0;
}

}  // namespace

Verb compose_verb() {
    return {
        .name = "compose",
        .summary = "Q-, K- and V-composition scores of all pairs of heads, with baseline and z",
        .usage = "MODEL [options] | --over DIR [options]",
        .positionals = {"MODEL"},
        .required = 0,
        .groups =
            {{"Scores",
              {{"--kind", "KIND", "q, k, v or all (default all)"},
               rope_offset_flag(),
               rope_mean_flag(),
               {"--compare", "FILE", "an .npz of another program's Q, K, V: the largest differences"},
               {"--compare-prefix", "P", "its arrays are PQ, PK, PV (default none, or folded_ or raw_)"}}},
             {"Checkpoints",
              {{"--over", "DIR", "follow the checkpoints of a training run, by the step in their names"}}},
             {"Edits", weight_edit_flags()},
             output_flags(),
             model_flags(),
             general_flags()},
        .examples = {"headway compose example:attn-only-2l --kind k --top 10",
                     "headway compose gpt2/ --kind all --format csv -o scores.csv",
                     "headway compose gpt2/ -o scores.npz", "headway compose gpt2/ -o scores.svg",
                     "headway compose gpt2/ --heads L5H* --sort robust_z_writer",
                     "headway compose llama/ --kind k --rope-mean 64 --top 20",
                     "headway compose gpt2/ --no-fold --compare theirs.npz",
                     "headway compose --over checkpoints/ --kind k -o curves.svg"},
        .notes =
            "A score says how much of what the writer's output matrix can write lies where the reader's\n"
            "query, key or value input reads. An .npz holds Q, K, V [n_layers, n_heads, n_layers, n_heads]\n"
            "by [writer layer, writer head, reader layer, reader head], NaN where a pair cannot compose.",
        .run = compose,
        .picture = "heat maps of the scores, one for each kind, coloured around the baseline"};
}

}  // namespace headway
