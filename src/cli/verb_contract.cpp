// headway contract: any network that a user writes, evaluated with a model's numbers.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/fold.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/io/output_file.hpp"
#include "headway/network/transformer.hpp"
#include "headway/report/value_table.hpp"

namespace headway {

namespace {

int contract(const Arguments& arguments) {
    const EvaluateOptions options = evaluate_options(arguments);
    const std::string text = text_argument(arguments.positional(0));
    const std::string where = arguments.positional(1);
    const Destination to = destination(arguments, {where, arguments.text("--tokens-file")});
    const TokenBatch tokens = tokens_of(arguments);
    require(tokens.rows.size() <= 1, ErrorKind::Usage, "contract: one row of tokens, not {}",
            tokens.rows.size());
    const Model model = open_model(arguments, where);
    // The definitions of the model are known: x1, A[L0], A[L1H4] (a head of a pattern of this run), ...
    const Network known = freeze(transformer(model.config()));
    const Expr expression =
        unfold(parse_network(text, known.definitions).output, model.config().group_size());
    const std::vector<int> run = tokens.rows.empty() ? std::vector<int>() : tokens.rows.front();
    const xt::xarray<double> value = evaluate(model, expression, run, options);
    Result result = result_of(arguments, model);
    add_rows(result.table, largest_entries(value, expression->ports(), arguments.top(10)));
    result.options.insert(result.options.begin(), {"text", to_text(expression)});
    if (to.format == Format::Npz)
        result.arrays = {number_array("value", {value.shape().begin(), value.shape().end()},
                                      {value.begin(), value.end()}, options.precision)};
    write(result, to);
    return 0;
}

}  // namespace

Verb contract_verb() {
    std::vector<Flag> flags = token_flags();
    flags.push_back({"--top", "N", "largest entries shown (default 10)"});
    return {
        .name = "contract",
        .summary = "Any network that you write, planned and evaluated with a model's numbers",
        .usage = "TEXT MODEL [options]",
        .positionals = {"TEXT", "MODEL"},
        .required = 2,
        .groups = {{"Contract", flags}, file_flags(), model_flags(), general_flags()},
        .examples = {"headway contract 'W_E W_V[L0H3] W_O[L0H3] W_K[L1H4]' example:attn-only-2l",
                     "headway contract 'A[L1H4][q,k] x0[k,d] W_OV[L1H4][d,d1] -> [q,d1]' "
                     "example:attn-only-2l --tokens 0,5,17",
                     "headway contract @network.txt gpt2/ --tokens 1,2,3 -o value.npz"},
        .notes =
            "TEXT is the matrix shorthand (neighbours share an index, W^T is a transpose) or the indexed "
            "form,\n"
            "several lines if need be; @FILE reads it from a file, as `headway network` prints it. The "
            "model's\n"
            "own definitions (x0, x1, A[L0], A[L0H3], Q[L1], ...) may be used; those with positions need\n"
            "--tokens. An .npz holds `value`.",
        .run = contract};
}

}  // namespace headway
