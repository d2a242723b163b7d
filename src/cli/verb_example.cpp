// headway example: the built-in models, and one of them as files.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/model/save.hpp"
#include "headway/report/model_table.hpp"

namespace headway {

namespace {

int example(const Arguments& arguments) {
    const std::string name = arguments.positional(0);
    if (name.empty()) {
        const Destination to = destination(arguments, {});
        write({.command = "example", .options = arguments.given(), .table = example_rows()}, to);
        return 0;
    }
    require(arguments.has("--output"), ErrorKind::Usage,
            "example: a folder to write to is missing: -o FOLDER");
    save_model(load_model("example:" + name, {.fold = no_folding}), arguments.text("--output"));
    return 0;
}

}  // namespace

Verb example_verb() {
    return {.name = "example",
            .summary = "The built-in models; one of them written to a folder",
            .usage = "[NAME -o FOLDER]",
            .positionals = {"NAME"},
            .required = 0,
            .groups = {file_flags(), general_flags()},
            .examples = {"headway example", "headway example attn-only-2l -o attn-only-2l"},
            .notes = "",
            .run = example};
}

}  // namespace headway
