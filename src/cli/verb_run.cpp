// headway run: the model's forward pass on tokens.
// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_arguments.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/model/tokens.hpp"

#include <utility>

namespace headway {

namespace {

int run(const Arguments& arguments) {
    EvaluateOptions options = evaluate_options(arguments);
    const std::string where = arguments.positional(0);
    std::vector<std::string> inputs = edit_files(arguments);
    inputs.insert(inputs.end(), {where, arguments.text("--tokens-file")});
    const Destination to = destination(arguments, inputs);
    const TokenBatch tokens = tokens_of(arguments);
    require(!tokens.rows.empty(), ErrorKind::Usage,
            "run: no tokens: --tokens 0,5,17 or --tokens-file FILE.npy");
    require(!tokens.batched || to.format == Format::Npz, ErrorKind::Usage,
            "run: {} rows of tokens need arrays: -o FILE.npz", tokens.rows.size());
    options.keep_weights = tokens.rows.size() > 1;  // one pass reads each weight once and lets it go
    const Model model = open_model(arguments, where);
    const EditedModel other = edited_model(arguments, model);
    std::vector<Run> runs;
    for (const std::vector<int>& row : tokens.rows)
        runs.push_back(run_network(other.model, other.network, row, options));
    Result result = result_of(arguments, model);
    result.table.caption.insert(result.table.caption.end(), other.notes.begin(), other.notes.end());
    if (to.format == Format::Npz)
        result.arrays = run_arrays(std::move(runs), tokens.batched, options.precision);
    else
        add_rows(result.table, prediction_rows(runs.front(), arguments.top(3), token_text_of(where)));
    write(result, to);
    return 0;
}

}  // namespace

Verb run_verb() {
    std::vector<Flag> flags = token_flags();
    flags.push_back({"--top", "N", "likeliest tokens shown at each position (default 3)"});
    return {.name = "run",
            .summary = "The model on tokens: logits, attention patterns, loss, likeliest next tokens",
            .usage = "MODEL --tokens LIST [options]",
            .positionals = {"MODEL"},
            .groups = {{"Run", flags}, edit_flags(), file_flags(), model_flags(), general_flags()},
            .examples = {"headway run example:attn-only-2l --tokens 0,5,17,5",
                         "headway run llama/ --tokens-file tokens.npy --precision double -o run.npz",
                         "headway run example:attn-only-2l --tokens 0,5,17,5 --close 'L0H{0,2,4}>L1H5.K'",
                         "headway run gpt2/ --tokens 464,3290 --zero L5H1 --scale L9H6=0.5"},
            .notes =
                "The forward pass is the evaluation of the same network that the other commands expand.\n"
                "An .npz holds logits [n, d_vocab], attention [n_layers, n_heads, n, n] (query, key) and\n"
                "loss [n-1]; a 2-D file of tokens adds a leading batch axis to each.\n"
                "Edits rewrite the network: a closed edge is a reader's input without what the writer wrote, "
                "and\n"
                "all that follows is recomputed; heads and components write something else, or nothing.",
            .run = run};
}

}  // namespace headway
