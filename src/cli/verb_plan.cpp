// headway plan: the contraction order that a command uses, without computing.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/paths.hpp"
#include "headway/measure/run.hpp"
#include "headway/network/transformer.hpp"
#include "headway/report/composition_table.hpp"
#include "headway/report/plan_table.hpp"

namespace headway {

namespace {

std::vector<Expr> networks_of(const std::string& what, const Arguments& arguments, const Config& config,
                              int n_tokens) {
    if (what == "compose") return composition_networks(config, parse_kinds(arguments.text("--kind", "all")));
    if (what == "run") return run_networks(transformer(config), config);
    require(what == "paths", ErrorKind::Usage, "--for: {} is none of compose, run and paths", quote(what));
    PathMeasureOptions options;
    options.max_heads = static_cast<int>(arguments.integer("--order", 2, 0, 1000));
    return path_networks(config, n_tokens, options);
}

int plan_of(const Arguments& arguments) {
    const std::string what = arguments.text("--for", "compose");
    const EvaluateOptions options = evaluate_options(arguments);
    const auto n_tokens = static_cast<int>(arguments.integer("--n-tokens", 16, 1, 1000000));
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where});
    const Model model = open_model(arguments, where);
    const Config& config = model.config();
    const std::vector<Expr> networks = networks_of(what, arguments, config, n_tokens);
    Result result = result_of(arguments, model);
    const Plan found = plan(config, networks, n_tokens, options);
    add_rows(result.table, plan_rows(found));
    // Scores of a part of the layers at a time need less than this plan, which is for all at once.
    if (options.max_memory > 0 && found.peak_bytes > static_cast<double>(options.max_memory))
        result.table.caption.push_back(
            what == "compose" ? "More than --max-memory: compose goes through fewer layers at a time."
                              : fmt::format("More than --max-memory: {} would be refused.", what));
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
        .usage = "MODEL --for compose|run|paths [options]",
        .positionals = {"MODEL"},
        .groups = {{"Plan",
                    {{"--for", "COMMAND", "compose, run or paths (default compose)"},
                     {"--order", "N", "of paths: through at most N heads (default 2)"},
                     {"--kind", "KIND", "of compose: q, k, v or all (default all)"},
                     {"--n-tokens", "N", "tokens of a run or of paths (default 16)"}}},
                   file_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway plan random:gpt2 --for compose", "headway plan llama/ --for run --n-tokens 128",
                     "headway plan random:gpt2-xl --for compose --max-memory 4G"},
        .notes = "Nothing is computed and no weight is read.",
        .run = plan_of};
}

}  // namespace headway
