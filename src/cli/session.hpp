// What commands share: the model, where the result goes, and the terminal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/arguments.hpp"
#include "headway/contract/evaluate.hpp"
#include "headway/draw/render.hpp"
#include "headway/model/load.hpp"
#include "headway/model/series.hpp"
#include "headway/report/result.hpp"
#include "headway/report/run_table.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace headway {

/// Threads, memory and precision; `precision` is what holds without the flag.
EvaluateOptions evaluate_options(const Arguments& arguments, Precision precision = Precision::Float);

/// The model that the command's positional names. Warnings go to stderr.
Model open_model(const Arguments& arguments, const std::string& where);
/// The same of one of several checkpoints.
Model open_model(const Arguments& arguments, const CheckpointStep& checkpoint);
/// The same, folded as `fold` says, whatever the flags say; `config`: as LoadOptions has it.
Model open_model(const Arguments& arguments, const std::string& where, const Folding& fold,
                 const std::filesystem::path& config = {});

/// The tokens of `--tokens` or `--tokens-file`; none when neither is there.
TokenBatch tokens_of(const Arguments& arguments);
/// The two flags.
std::vector<Flag> token_flags();

/// An argument that is a text, or `@FILE`: the text of a file of at most 16 MiB. Throws Error(Io).
std::string text_argument(const std::string& argument);

/// Where a result goes and how it is written there.
struct Destination {
    std::filesystem::path file = {};  ///< empty: stdout
    Format format = Format::Text;
};

/// Of `--output`, `--format` and `--json`. Before anything is computed: throws Error(Usage) for an extension
/// or a format that does not exist, Error(Io) and Error(OutputIsInput) as check_output; `inputs` are models
/// and other files.
Destination destination(const Arguments& arguments, const std::vector<std::string>& inputs);

/// The result of a command about a model, its caption begun; the rows are to be added.
Result result_of(const Arguments& arguments, const Model& model);
/// Puts the caption of `rows` behind that of `table`, and its columns and rows in place of the table's.
void add_rows(Table& table, Table rows);

/// The flags of commands that draw, and the format that they or the file's extension name (DOT without
/// either).
FlagGroup picture_flags();
Picture picture_format(const Arguments& arguments);

/// The files that these models and other inputs are read from; none of examples and random models.
std::vector<std::filesystem::path> files_of(const std::vector<std::string>& inputs);

/// For outputs that are no tables: throws as destination does for the file of `--output`.
void check_text_output(const Arguments& arguments, const std::vector<std::string>& inputs);
/// On stdout when `file` is empty.
void write_bytes(const std::filesystem::path& file, std::string_view bytes);

/// Writes a result.
void write(const Result& result, const Destination& destination);

/// Writes on stdout, all of it. Throws Error(Io).
void print(std::string_view text);
/// A line on stderr.
void say(std::string_view line);
void warn(const Arguments& arguments, std::string_view line);

}  // namespace headway
