// headway inspect: what a model's file is.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/report/model_table.hpp"

namespace headway {

namespace {

int inspect(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    const Destination to = destination(arguments, {where});
    const Model model = open_model(arguments, where);
    write({.command = "inspect",
           .model = model,
           .options = arguments.given(),
           .table = arguments.has("--tensors") ? tensor_rows(model) : model_facts(model)},
          to);
    return 0;
}

}  // namespace

Verb inspect_verb() {
    return {
        .name = "inspect",
        .summary = "What a model is: architecture, sizes, tensors, what was folded or approximated",
        .usage = "MODEL [--tensors] [options]",
        .positionals = {"MODEL"},
        .groups = {{"Inspect", {{"--tensors", "", "every tensor of the file, and what became of it"}}},
                   file_flags(),
                   model_flags(),
                   general_flags()},
        .examples = {"headway inspect example:attn-only-2l", "headway inspect gpt2/ --tensors --format csv",
                     "headway inspect random:llama-3-8b --json"},
        .notes = "Headers only are read, however large the file.",
        .run = inspect};
}

}  // namespace headway
