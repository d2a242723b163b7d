// headway plan: the contraction order that a command uses, without computing.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/run.hpp"
#include "headway/network/transformer.hpp"
#include "headway/report/composition_table.hpp"
#include "headway/report/plan_table.hpp"

namespace headway {

namespace {

int plan_of(const Arguments& arguments) {
    const std::string what = arguments.text("--for", "compose");
    const EvaluateOptions options = evaluate_options(arguments);
    const auto n_tokens = arguments.integer("--n-tokens", 16, 1, 1000000);
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where});
    const Model model = open_model(arguments, where);
    const Config& config = model.config();
    Result result = result_of(arguments, model);
    if (what == "compose") {
        const std::vector<Composition> kinds = parse_kinds(arguments.text("--kind", "all"));
        add_rows(result.table, plan_rows(plan(config, composition_networks(config, kinds), 0, options)));
    } else {
        require(what == "run", ErrorKind::Usage, "--for: {} is neither compose nor run", quote(what));
        const Network network = transformer(config);
        add_rows(result.table, plan_rows(plan(config, run_networks(network, config), n_tokens, options)));
    }
    write(result, to);
    return 0;
}

}  // namespace

Verb plan_verb() {
    return {
        .name = "plan",
        .summary =
            "The contraction order that a command uses: steps, multiply-adds, memory, which GEMM each step "
            "is",
        .usage = "MODEL --for compose|run [options]",
        .positionals = {"MODEL"},
        .groups = {{"Plan",
                    {{"--for", "COMMAND", "compose or run (default compose)"},
                     {"--kind", "KIND", "of compose: q, k, v or all (default all)"},
                     {"--n-tokens", "N", "tokens of the run (default 16)"}}},
                   file_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway plan random:gpt2 --for compose", "headway plan llama/ --for run --n-tokens 128",
                     "headway plan random:gpt2-xl --for compose --max-memory 4G"},
        .notes = "Nothing is computed and no weight is read.",
        .run = plan_of};
}

}  // namespace headway
