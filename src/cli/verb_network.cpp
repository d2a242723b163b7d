// headway network: the model as symbols.
// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_arguments.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/io/output_file.hpp"
#include "headway/measure/quantity.hpp"
#include "headway/network/transformer.hpp"
#include "headway/report/network_table.hpp"
#include "headway/report/selection.hpp"

#include <chrono>

namespace headway {

namespace {

class Clock {
public:
    double milliseconds() const {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

PathView view_of(const Arguments& arguments, const Config& config) {
    PathView view;
    if (arguments.has("--heads")) view.heads = parse_heads(arguments.text("--heads"), config);
    view.top = arguments.top(view.top);
    return view;
}

Table expansion(const Arguments& arguments, const Config& config, Notation notation) {
    PathOptions options;
    options.max_heads = static_cast<int>(arguments.integer("--expand", 2, 0, 1000));
    options.max_paths = static_cast<std::uint64_t>(
        arguments.integer("--max-paths", 1000000, 1, std::numeric_limits<std::int64_t>::max()));
    if (arguments.has("--source")) options.source = parse_source(arguments.text("--source"));
    const Clock building;
    const FrozenModel model(config);
    const double built = building.milliseconds();
    const Clock expanding;
    const std::vector<PathTerm> terms = list_path_terms(model, options);
    if (arguments.has("--verbose"))
        say(fmt::format("network built in {:.1f} ms, {} terms in {:.1f} ms", built, terms.size(),
                        expanding.milliseconds()));
    return path_term_rows(model, options, terms, notation, view_of(arguments, config));
}

// The network behind a number.
int quantity_written(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    for (const char* flag : {"--zero", "--scale", "--close", "--pattern", "--format", "--freeze"})
        require(!arguments.has(flag), ErrorKind::Usage,
                "network: --score of a quantity is of the model as it is: "
                "{} is one too many",
                flag);
    check_text_output(arguments, {where});
    const Notation notation =
        arguments.has("--json") ? Notation::Json : parse_notation(arguments.text("--as", "text"));
    const Quantity made = quantity(open_model(arguments, where).config(), arguments.text("--score"));
    const std::string about = notation == Notation::Text ? fmt::format("# {}\n", made.about) : "";
    write_bytes(arguments.text("--output"), about + written(made.network, notation));
    return 0;
}

int network(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    if (names_quantity(arguments.text("--score"))) return quantity_written(arguments);
    const Notation notation = parse_notation(arguments.text("--as", "text"));
    const bool as_table = arguments.has("--expand") || arguments.has("--score");
    require(!arguments.has("--expand") || !arguments.has("--score"), ErrorKind::Usage,
            "network: --expand is of the logits, --score of a head: one of them");
    if (as_table) {
        for (const char* flag : {"--zero", "--scale", "--close"})
            require(!arguments.has(flag), ErrorKind::Usage,
                    "network: {} is of the whole network: --expand and --score are of the model as it is",
                    flag);
        const Destination to = destination(arguments, {where});
        const Model model = open_model(arguments, where);
        Result result = result_of(arguments, model);
        if (arguments.has("--expand"))
            add_rows(result.table, expansion(arguments, model.config(), notation));
        else
            add_rows(result.table, score_formula_rows(
                                       expand_score(FrozenModel(model.config()),
                                                    parse_head_of(arguments.text("--score"), model.config())),
                                       notation, view_of(arguments, model.config())));
        write(result, to);
        return 0;
    }
    require(!arguments.has("--format"), ErrorKind::Usage,
            "network: --format is of tables: --as says how a network is written");
    check_text_output(arguments, {where});
    const Config config = open_model(arguments, where).config();
    const Clock building;
    Network written_down = edit(transformer(config), config, edits_of(arguments, config));
    if (arguments.has("--verbose"))
        say(fmt::format("network built in {:.1f} ms, {} nodes", building.milliseconds(),
                        count_nodes(written_down.output)));
    if (arguments.has("--freeze")) written_down = freeze(written_down);
    write_bytes(arguments.text("--output"),
                written(written_down, arguments.has("--json") ? Notation::Json : notation));
    return 0;
}

}  // namespace

Verb network_verb() {
    return {
        .name = "network",
        .summary = "The model as symbols: text, einsum, index notation, LaTeX, JSON; expanded into paths",
        .usage = "MODEL [--expand N | --score OF] [--as NOTATION] [options]",
        .positionals = {"MODEL"},
        .groups = {{"Network",
                    {{"--as", "NOTATION", "text, einsum, index, latex or json (default text)"},
                     {"--freeze", "", "patterns, norm scales and MLP outputs as data"},
                     {"--expand", "N", "the paths through at most N heads: counts, then a term each"},
                     {"--score", "OF",
                      "L1H4: the terms of its attention score; copying:L1H4: the network of a number"},
                     {"--source", "SOURCE", "paths from this source only: embed, pos, mlp5, b_O[L3], ..."},
                     {"--max-paths", "N", "refuse to list more than this (default 1000000)"},
                     {"--top", "N", "the first N terms only"},
                     {"--heads", "LIST", "paths through one of these heads only: L0H3,L1H*"}}},
                   edit_flags(),
                   file_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway network example:attn-only-2l",
                     "headway network example:attn-only-2l --close 'L0H{0,2,4}>L1H5.K'",
                     "headway network example:induction --expand 2 --as einsum",
                     "headway network random:gpt2 --expand 2 --source embed --format csv -v",
                     "headway network example:attn-only-2l --score L1H4 --as latex",
                     "headway network example:attn-only-2l --score induction:L1H4",
                     "headway network llama/ --score 'k:L0H3>L1H4' --as einsum",
                     "headway network llama/ --as json -o network.json"},
        .notes =
            "The text form can be read back: headway contract @FILE MODEL evaluates it. An edited network\n"
            "with --scale or --pattern has leaves of its own: head_scale, component_scale,\n"
            "edge_scale.L0H3.K[L1H4] and given_pattern.\n"
            "Numbers that have a network: ov: qk: qk-pos: direct copying: copying-ov: matching: size-ov: "
            "size-qk: "
            "q: k: v:\n"
            "previous: duplicate: induction: first: positions: kernel: bias-value: bias-query: bias-key:, "
            "each of a "
            "head, as in\n"
            "copying:L1H4, or of a pair, as in k:L0H3>L1H4; headway diagram draws them.",
        .run = network};
}

}  // namespace headway
