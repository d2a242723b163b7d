// headway compose: composition scores of pairs of heads.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/report/composition_table.hpp"
#include "headway/report/selection.hpp"

namespace headway {

namespace {

CompositionView view_of(const Arguments& arguments, const Config& config) {
    CompositionView view;
    if (arguments.has("--heads")) view.heads = parse_heads(arguments.text("--heads"), config);
    if (arguments.has("--layers")) view.layers = parse_layers(arguments.text("--layers"), config);
    view.threshold = arguments.number("--threshold", view.threshold);
    view.top = arguments.top(view.top);
    view.sort = arguments.text("--sort", view.sort);
    return view;
}

int compose(const Arguments& arguments) {
    const std::vector<Composition> kinds = parse_kinds(arguments.text("--kind", "all"));
    const EvaluateOptions options = evaluate_options(arguments);
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where});
    const Model model = open_model(arguments, where);
    const CompositionView view = view_of(arguments, model.config());
    const CompositionTable scores = composition(model, kinds, options);
    Result result = result_of(arguments, model);
    add_rows(result.table, composition_rows(scores, model.config(), view));
    if (to.format == Format::Npz) result.arrays = composition_arrays(scores, kinds, model.config());
    write(result, to);
    return 0;
}

}  // namespace

Verb compose_verb() {
    return {
        .name = "compose",
        .summary = "Q-, K- and V-composition scores of all pairs of heads, with baseline and z",
        .usage = "MODEL [options]",
        .positionals = {"MODEL"},
        .groups = {{"Scores", {{"--kind", "KIND", "q, k, v or all (default all)"}}},
                   output_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway compose example:attn-only-2l --kind k --top 10",
                     "headway compose gpt2/ --kind all --format csv -o scores.csv",
                     "headway compose gpt2/ -o scores.npz",
                     "headway compose gpt2/ --heads L5H* --sort robust_z_writer"},
        .notes =
            "A score says how much of what the writer's output matrix can write lies where the reader's\n"
            "query, key or value input reads. An .npz holds Q, K, V [n_layers, n_heads, n_layers, n_heads]\n"
            "by [writer layer, writer head, reader layer, reader head], NaN where a pair cannot compose.",
        .run = compose};
}

}  // namespace headway
