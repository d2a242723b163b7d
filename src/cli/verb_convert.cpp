// headway convert: any model that can be read, as safetensors.
// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/io/encode.hpp"
#include "headway/io/output_file.hpp"
#include "headway/model/save.hpp"

#include <filesystem>
#include <stdexcept>

namespace headway {

namespace {

namespace fs = std::filesystem;

// Neither file may be one that the model is read from.
void check_outputs(const fs::path& folder, const std::string& where) {
    std::error_code ignored;
    for (const char* name : {"model.safetensors", "config.json"})
        if (fs::exists(folder / name, ignored)) check_output(folder / name, files_of({where}));
}

// A signal that waits ends the writing; the waiting signal then ends the program.
void give_up_when_interrupted() {
    if (interrupted()) throw std::runtime_error("interrupted");
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
    check_outputs(folder, where);
    const Model model = open_model(arguments, where, no_folding);
    const Whole whole;
    save_model(model, folder, options);
    return 0;
}

}  // namespace

Verb convert_verb() {
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
                   general_flags()},
        .examples =
            {"headway convert model.gguf -o model/",
             "headway convert gpt2 -o gpt2-bf16/ --names own --dtype bf16",
             "headway convert model.gguf -o model/ --names hugging-face --config original/config.json",
             "headway convert random:gpt2 --seed 1 -o random/"},
        .notes =
            "Nothing is folded. Under transformer-lens names every model can be written; what their\n"
            "config.json has no key for stands there under \"headway\". own: the file's tensors and its\n"
            "config.json, in another type. hugging-face: as the architecture of another config.json of this\n"
            "model has them. Written in f32 a model reads back to the same numbers. One tensor at a time is\n"
            "in memory.",
        .run = convert};
}

}  // namespace headway
