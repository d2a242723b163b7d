// headway paths: what each path contributes to the logits, or to an attention score.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/report/path_table.hpp"
#include "headway/report/selection.hpp"

#include <algorithm>

namespace headway {

namespace {

PathView view_of(const Arguments& arguments, const Config& config, const char* largest_by) {
    PathView view;
    if (arguments.has("--heads")) view.heads = parse_heads(arguments.text("--heads"), config);
    view.top = arguments.top(view.top);
    view.sort = arguments.text("--sort", arguments.has("--top") ? largest_by : "");
    view.threshold = arguments.number("--threshold", 0);
    return view;
}

// The score of one head, `--at q,k`.
int score(const Arguments& arguments, const Model& model, std::span<const int> tokens, Result result,
          const Destination& to) {
    const Head head = parse_head_of(arguments.text("--score"), model.config());
    const auto last = static_cast<int>(tokens.size()) - 1;
    std::vector<int> at{last, last};
    if (arguments.has("--at")) at = parse_tokens(arguments.text("--at"));
    require(at.size() == 2, ErrorKind::Usage, "--at: a score is between two positions: q,k");
    const ScoreTermTable terms =
        score_terms(model, tokens, head, at[0], at[1], evaluate_options(arguments, Precision::Double));
    const Table rows =
        score_term_rows(terms, head, at[0], at[1], view_of(arguments, model.config(), "value"));
    add_rows(result.table, rows);
    write(result, to);
    say(fmt::format("largest |sum of rows - score| = {:.3g}", terms.closure));
    return 0;
}

PathMeasureOptions measure_options(const Arguments& arguments, int n_tokens) {
    PathMeasureOptions options;
    options.max_heads = static_cast<int>(arguments.integer("--order", 2, 0, 1000));
    options.max_paths = static_cast<std::uint64_t>(
        arguments.integer("--max-paths", 100000, 1, std::numeric_limits<std::int64_t>::max()));
    if (arguments.has("--target")) options.target = parse_target(arguments.text("--target"));
    options.all_positions = arguments.text("--at") == "all";
    if (arguments.has("--at") && !options.all_positions)
        options.at = static_cast<int>(arguments.integer("--at", 0, 0, std::max(n_tokens - 1, 0)));
    options.by_source_token = arguments.has("--by-source-token");
    options.evaluate = evaluate_options(arguments, Precision::Double);
    return options;
}

int paths(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where, arguments.text("--tokens-file")});
    const TokenBatch batch = tokens_of(arguments);
    require(batch.rows.size() <= 1, ErrorKind::Usage, "paths: one row of tokens, not {}", batch.rows.size());
    const std::vector<int> tokens = batch.rows.empty() ? std::vector<int>() : batch.rows.front();
    const Model model = open_model(arguments, where);
    Result result = result_of(arguments, model);
    require(!arguments.has("--score") || !tokens.empty(), ErrorKind::Usage,
            "paths --score: no tokens: --tokens 0,5,17 or --tokens-file FILE.npy");
    if (arguments.has("--score")) return score(arguments, model, tokens, std::move(result), to);

    const PathMeasureOptions options = measure_options(arguments, static_cast<int>(tokens.size()));
    const PathView view = view_of(arguments, model.config(), tokens.empty() ? "" : "target_logit");
    if (tokens.empty()) {
        PathOptions list{.max_heads = options.max_heads, .max_paths = options.max_paths};
        if (arguments.has("--source")) list.source = parse_source(arguments.text("--source"));
        add_rows(result.table, path_list(model.config(), list, view));
        write(result, to);
        return 0;
    }
    require(!arguments.has("--source"), ErrorKind::Usage,
            "paths: --source is of a list without tokens: the rows of all sources add up to the logits");
    const PathTable contributions = path_contributions(model, tokens, options);
    add_rows(result.table, path_rows(contributions, model.config(), options, view));
    write(result, to);
    say(closure_line(contributions));
    return 0;
}

}  // namespace

Verb paths_verb() {
    std::vector<Flag> flags{
        {"--order", "N", "paths through at most N heads (default 2); the rest is one row, remainder"}};
    for (const Flag& flag : token_flags()) flags.push_back(flag);
    const std::vector<Flag> more{
        {"--at", "POS", "position of the logits, or all (default the last); with --score: q,k"},
        {"--target", "T", "token A, A-B or A-mean (default the model's top token minus the mean)"},
        {"--by-source-token", "", "split each contribution by the position that the path reads"},
        {"--score", "HEAD", "the head's attention score before softmax instead of the logits"},
        {"--source", "SOURCE", "without tokens: paths from this source only: embed, pos, mlp5, b_O[L3], ..."},
        {"--max-paths", "N", "refuse to list more than this (default 100000)"},
        {"--top", "N", "the N largest only (by target_logit, or by --sort)"},
        {"--sort", "COLUMN", "norm or target_logit, largest size first"},
        {"--threshold", "X", "rows of at least this target_logit in size only"},
        {"--heads", "LIST", "paths through one of these heads only: L0H3,L1H*"}};
    flags.insert(flags.end(), more.begin(), more.end());
    return {.name = "paths",
            .summary = "Paths from source to logits: counts, the list, and with tokens each one's numbers",
            .usage = "MODEL [--tokens LIST] [options]",
            .positionals = {"MODEL"},
            .groups = {{"Paths", flags}, file_flags(), model_flags(), general_flags()},
            .examples = {"headway paths example:attn-only-2l --order 2 --tokens 0,5,17,5 --top 10",
                         "headway paths gpt2/ --order 1 --tokens 464,3290 --target 318-mean --format csv",
                         "headway paths example:attn-only-2l --score L1H4 --at 3,2 --tokens 0,5,17,5",
                         "headway paths random:gpt2 --order 2 --top 20"},
            .notes =
                "Attention patterns, norm scales and MLP outputs of the run are held fixed; with the "
                "remainder the\n"
                "rows add up to the model's logits, and the last line on stderr says how closely. Computed "
                "in double\n"
                "unless --precision float.",
            .run = paths};
}

}  // namespace headway
