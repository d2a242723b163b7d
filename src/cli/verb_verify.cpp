// headway verify: proof that the expanded network is the model, and numeric closure on a run.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/report/selection.hpp"
#include "headway/report/verification_table.hpp"

#include <algorithm>

namespace headway {

namespace {

VerifyOptions verify_options(const Arguments& arguments) {
    return {.trials = static_cast<int>(arguments.integer("--trials", 2, 1, 1000)),
            .seed = static_cast<std::uint64_t>(
                arguments.integer("--seed", 0, 0, std::numeric_limits<std::int64_t>::max())),
            .max_paths = static_cast<std::uint64_t>(
                arguments.integer("--max-paths", 1000000, 1, std::numeric_limits<std::int64_t>::max()))};
}

std::vector<NamedVerification> proofs(const Arguments& arguments, const Config& config, int order) {
    const VerifyOptions options = verify_options(arguments);
    std::vector<NamedVerification> checks{
        {fmt::format("paths of order {}", order), verify_paths(config, order, options)}};
    const Head head = arguments.has("--score") ? parse_head_of(arguments.text("--score"), config)
                                               : Head{std::max(config.n_layers - 1, 0), 0};
    if (config.n_layers > 0)
        checks.push_back({fmt::format("score of {}", label(head)), verify_score(config, head, options)});
    if (config.folding != Folding{}) checks.push_back({"folding", verify_folding(config, options)});
    return checks;
}

Closure closure_of(const Arguments& arguments, const Model& model, const std::vector<int>& tokens,
                   int order) {
    PathMeasureOptions options;
    options.max_heads = order;
    options.max_paths = verify_options(arguments).max_paths;
    options.evaluate = evaluate_options(arguments, Precision::Double);
    const PathTable table = path_contributions(model, tokens, options);
    const bool narrow = options.evaluate.precision == Precision::Float;
    return {.residual = table.closure,
            .largest_logit = table.largest_logit,
            .tolerance = narrow ? 1e-4 : 1e-10,
            .tokens = tokens.size()};
}

int check_expressions(const Arguments& arguments) {
    const auto count = static_cast<std::uint64_t>(arguments.integer("--self-check", 10000, 1, 100000000));
    const Destination to = destination(arguments, {});
    const SelfCheck check = check_passes(count, verify_options(arguments).seed);
    write({.command = "verify", .options = arguments.given(), .table = self_check_rows(check)}, to);
    return check.holds() ? 0 : 1;
}

int check_mutants(const Arguments& arguments) {
    const auto per_pass = static_cast<std::uint64_t>(arguments.integer("--mutants", 1000, 1, 10000000));
    const Destination to = destination(arguments, {});
    const std::vector<MutantCount> counts = count_mutants(per_pass, verify_options(arguments).seed);
    write({.command = "verify", .options = arguments.given(), .table = mutant_rows(counts)}, to);
    const bool all = std::all_of(counts.begin(), counts.end(),
                                 [](const MutantCount& count) { return count.survived == 0; });
    return all ? 0 : 1;
}

int verify(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    if (arguments.has("--self-check")) return check_expressions(arguments);
    if (arguments.has("--mutants")) return check_mutants(arguments);
    require(!where.empty(), ErrorKind::Usage, "verify: MODEL is missing");
    const Destination to = destination(arguments, {where, arguments.text("--tokens-file")});
    TokenBatch batch = tokens_of(arguments);
    require(batch.rows.size() <= 1, ErrorKind::Usage, "verify: one row of tokens, not {}", batch.rows.size());
    const Model model = open_model(arguments, where);
    const Config& config = model.config();
    const int order = static_cast<int>(arguments.integer("--order", std::min(2, config.n_layers), 0, 1000));
    if (batch.rows.empty()) batch.rows.push_back(random_tokens(config, 8, verify_options(arguments).seed));

    const std::vector<NamedVerification> checks = proofs(arguments, config, order);
    const Closure closure = closure_of(arguments, model, batch.rows.front(), order);
    Result result = result_of(arguments, model);
    add_rows(result.table, verification_rows(checks, &closure));
    write(result, to);
    const bool proved = std::all_of(checks.begin(), checks.end(),
                                    [](const NamedVerification& check) { return check.verification.holds; });
    return proved && closure.holds() ? 0 : 1;
}

}  // namespace

Verb verify_verb() {
    std::vector<Flag> flags{
        {"--order", "N", "the paths through at most N heads (default 2)"},
        {"--score", "HEAD", "whose score expansion is proved too (default: the last layer's first)"},
        {"--trials", "N", "random points of each proof (default 2)"},
        {"--max-paths", "N", "refuse more than this (default 1000000)"},
        {"--self-check", "N", "instead: every pass on N random expressions; needs no MODEL"},
        {"--mutants", "N", "instead: N mistakes made in the results of every pass; all have to be seen"}};
    for (const Flag& flag : token_flags()) flags.push_back(flag);
    return {
        .name = "verify",
        .summary = "Proof that the expanded network is the model (exact, modulo a prime); closure on a run",
        .usage = "MODEL [--order N] [options]",
        .positionals = {"MODEL"},
        .required = 0,
        .groups = {{"Proof", flags}, file_flags(), model_flags(), general_flags()},
        .examples = {"headway verify example:attn-only-2l --order 2",
                     "headway verify llama/ --order 1 --tokens 1,306,763",
                     "headway verify --self-check 100000", "headway verify --mutants 1000"},
        .notes =
            "Both sides are evaluated exactly over the integers modulo 2^61 - 1 at random weights, sizes and "
            "tokens;\n"
            "functions are opaque. Then the rows are added up with the model's own numbers on the tokens (8 "
            "random\n"
            "ones by default). Exit code 0: proved and closed; 1: not.",
        .run = verify};
}

}  // namespace headway
