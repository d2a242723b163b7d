// headway convert: any model that can be read, as safetensors.
// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_arguments.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/edit_text.hpp"
#include "headway/io/encode.hpp"
#include "headway/io/output_file.hpp"
#include "headway/model/save.hpp"
#include "headway/report/projection_table.hpp"

#include <filesystem>
#include <limits>
#include <stdexcept>

namespace headway {

namespace {

namespace fs = std::filesystem;

// Neither file may be one that the model is read from.
void check_outputs(const fs::path& folder, const std::string& where) {
    const Whole whole;  // check_output makes a file for a moment
    std::error_code ignored;
    for (const char* name : {"model.safetensors", "config.json"})
        if (fs::exists(folder / name, ignored)) check_output(folder / name, files_of({where}));
}

// A signal that waits ends the writing; the waiting signal then ends the program.
void give_up_when_interrupted() {
    if (interrupted()) throw std::runtime_error("interrupted");
}

bool edits(const Arguments& arguments) {
    return arguments.has("--zero") || arguments.has("--scale") || arguments.has("--project");
}

[[noreturn]] void refuse_edges(const char* what) {
    throw Error(ErrorKind::Usage,
                fmt::format("{} an edge is an operation on a run: no weights give one reader a stream of its "
                            "own",
                            what),
                "run and ablate close and scale edges; --project saves the weight edit that comes nearest "
                "closing them, which other writers feel as well");
}

void check_edits_can_be_saved(const Arguments& arguments, SavedNames names) {
    if (arguments.has("--close")) refuse_edges("--close: closing");
    if (edits(arguments) && names == SavedNames::Own)
        throw Error(ErrorKind::Usage, "--names own copies the file's tensors: there is no room for an edit",
                    "save it under transformer-lens or hugging-face names");
}

// The same model with its norms folded: what components and directions are of.
Model folded_model(const Arguments& arguments, const std::string& where) {
    return load_model(where, {.allow_unknown = arguments.has("--allow-unknown"),
                              .allow_nonfinite = arguments.has("--allow-nonfinite"),
                              .seed = static_cast<std::uint64_t>(arguments.integer(
                                  "--seed", 0, 0, std::numeric_limits<std::int64_t>::max())),
                              .progress = &command_progress()});
}

// The model with the weights that the flags ask for; what a projection does beside goes to stdout.
Model with_edits(const Arguments& arguments, const Model& model, const std::string& where) {
    if (!edits(arguments)) return model;
    const Edits of_heads = edits_of(arguments, model.config());
    if (!of_heads.edges.empty()) refuse_edges("--scale: scaling");
    const Model folded = folded_model(arguments, where);
    Model result = with_edited_weights(model, of_heads, folded);
    if (!arguments.has("--project")) return result;
    Edits asked;
    for (const std::string& text : arguments.texts("--project"))
        add_edits(asked, parse_edits(text, model.config()), model.config());
    require(asked == Edits{.edges = asked.edges}, ErrorKind::Usage,
            "--project: {} is no list of edges: expected L0H3>L1H4.K", arguments.text("--project"));
    const Projection projection =
        project_readers(result, folded, asked.edges, evaluate_options(arguments, Precision::Double));
    print(to_text(projection_rows(projection)));
    return projection.model;
}

int convert(const Arguments& arguments) {
    const std::string where = arguments.positional(0);
    require(arguments.has("--output"), ErrorKind::Usage,
            "convert: a folder to write to is missing: -o FOLDER");
    const fs::path folder = arguments.text("--output");
    SaveOptions options{.names = parse_saved_names(arguments.text("--names", "transformer-lens")),
                        .config = arguments.text("--config"),
                        .dtype = parse_dtype(arguments.text("--dtype", "f32")),
                        .progress = &command_progress(),
                        .between = give_up_when_interrupted};
    check_edits_can_be_saved(arguments, options.names);
    check_outputs(folder, where);
    const Model model = with_edits(arguments, open_model(arguments, where, no_folding), where);
    const Whole whole;
    save_model(model, folder, options);
    return 0;
}

}  // namespace

Verb convert_verb() {
    std::vector<Flag> edit_flags = weight_edit_flags();
    edit_flags.push_back(
        {"--project", "LIST", "readers off what writers write: L0H3>L1H4.K; see below", {}, true});
    edit_flags.push_back({"--close", "LIST", "refused: closing an edge is no weight", {}, true});
    return {
        .name = "convert",
        .summary = "Any model that can be read, written as safetensors",
        .usage = "MODEL -o FOLDER [options]",
        .positionals = {"MODEL"},
        .groups = {{"Convert",
                    {{"--output", "FOLDER", "model.safetensors and config.json are written there", "-o"},
                     {"--names", "NAMES", "transformer-lens (default), own or hugging-face: of the tensors"},
                     {"--config", "FILE", "of hugging-face: the config.json that says what they are called"},
                     {"--dtype", "TYPE", "f32, f16, bf16 or f64 (default f32)"},
                     {"--allow-unknown", "", "go on past tensors that the architecture does not have"},
                     {"--allow-nonfinite", "", "go on with weights that are not finite"}}},
                   {"Edits", edit_flags},
                   general_flags()},
        .examples =
            {"headway convert model.gguf -o model/",
             "headway convert gpt2 -o gpt2-bf16/ --names own --dtype bf16",
             "headway convert model.gguf -o model/ --names hugging-face --config original/config.json",
             "headway convert random:gpt2 --seed 1 -o random/",
             "headway convert gpt2 -o edited/ --zero L5H1,L4H11.V:0-2"},
        .notes =
            "Nothing is folded. Under transformer-lens names every model can be written; what their\n"
            "config.json has no key for stands there under \"headway\". own: the file's tensors and its\n"
            "config.json, in another type. hugging-face: as the architecture of another config.json of this\n"
            "model has them. Written in f32 a model reads back to the same numbers. One tensor at a time is\n"
            "in memory.\n"
            "--zero and --scale change W_O of these heads and nothing else; components are those of the\n"
            "model with its norms folded. --project takes what the writers write out of the reader's "
            "weight,\n"
            "whoever writes there: the scores that fell with it are printed.",
        .run = convert};
}

}  // namespace headway
