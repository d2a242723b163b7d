// headway inspect: what a model's file is, and how two models differ.
// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/io/model_path.hpp"
#include "headway/report/comparison_table.hpp"
#include "headway/report/model_table.hpp"
#include "headway/report/tensor_table.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace headway {

namespace {

// The files of a model; nothing for examples and random models.
std::optional<WeightFiles> weights_of(const std::string& where) {
    if (where.starts_with("example:") || where.starts_with("random:")) return std::nullopt;
    return open_weights(find_model(where));
}

// The model that these files are; nothing, and a warning, where they are none: their tensors can be shown all the same.
std::optional<Model> model_of(const Arguments& arguments, const std::string& where, bool has_files) {
    try {
        return open_model(arguments, where);
    } catch (const Error& error) {
        if (!has_files) throw;
        warn(arguments, fmt::format("these tensors are no model: {}", error.what()));
        return std::nullopt;
    }
}

Result tensors(const Arguments& arguments, const std::string& where) {
    const std::optional<WeightFiles> files = weights_of(where);
    const bool statistics = arguments.has("--stats");
    if (statistics && !files)
        throw Error(ErrorKind::Usage, fmt::format("--stats: {} has no file", where),
                    "headway convert writes it as one");
    const std::optional<Model> model = model_of(arguments, where, files.has_value());
    Table rows = model ? tensor_rows(*model, files ? &*files : nullptr) : tensor_rows(*files);
    if (statistics) add_statistics(rows, *files, &command_progress());
    return {.command = "inspect",
            .model = model,
            .options = arguments.given(),
            .table = std::move(rows),
            .hash = !arguments.has("--no-hash")};
}

bool has_doubles(const Model& model) {
    return std::ranges::any_of(model.description().tensors,
                               [](const TensorUse& use) { return use.dtype == "F64"; });
}

int against(const Arguments& arguments, const std::string& where) {
    const std::string other = arguments.text("--against");
    for (const char* flag : {"--fold", "--tensors", "--stats"})
        require(!arguments.has(flag), ErrorKind::Usage,
                "--against compares the files' own weights: {} is one too many", flag);
    const double tolerance = arguments.number("--tolerance", 0);
    require(tolerance >= 0, ErrorKind::Usage, "--tolerance: {} is less than 0", tolerance);
    const Destination to = destination(arguments, {where, other});
    const Model model = open_model(arguments, where, no_folding);
    const Model second = open_model(arguments, other, no_folding);
    const ModelComparison comparison{
        compare_configs(model.config(), second.config()),
        compare_leaves(model, second, has_doubles(model) || has_doubles(second), &command_progress()),
        tolerance};
    write({.command = "inspect",
           .model = model,
           .options = arguments.given(),
           .table = comparison_rows(comparison, model, second),
           .hash = !arguments.has("--no-hash")},
          to);
    return comparison.agree() ? 0 : 1;
}

int inspect(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    require(arguments.has("--against") || !arguments.has("--tolerance"), ErrorKind::Usage,
            "--tolerance is for --against");
    if (arguments.has("--against")) return against(arguments, where);
    const Destination to = destination(arguments, {where});
    if (arguments.has("--tensors") || arguments.has("--stats")) {
        write(tensors(arguments, where), to);
        return 0;
    }
    const Model model = open_model(arguments, where);
    write({.command = "inspect",
           .model = model,
           .options = arguments.given(),
           .table = model_facts(model),
           .hash = !arguments.has("--no-hash")},
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
        .groups =
            {{"Inspect",
              {{"--tensors", "", "every tensor of the file, and what became of it"},
               {"--stats", "", "with min, max, mean, rms, zeros and what is not finite: reads every tensor"},
               {"--against", "OTHER", "what differs between two models, whatever their formats"},
               {"--tolerance", "X", "of --against: largest relative difference that is none (default 0)"}}},
             file_flags(),
             model_flags(),
             general_flags()},
        .examples = {"headway inspect example:attn-only-2l", "headway inspect gpt2/ --tensors --format csv",
                     "headway inspect gpt2 --stats",
                     "headway inspect model.gguf --against original/ --tolerance 0.01",
                     "headway inspect random:llama-3-8b --json"},
        .notes =
            "Without --stats and --against headers only are read, however large the file.\n"
            "--against compares leaf by leaf with nothing folded. Exit code 0: they agree; 1: they differ.",
        .run = inspect};
}

}  // namespace headway
