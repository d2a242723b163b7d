// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/model_path.hpp"
#include "headway/io/output_file.hpp"
#include "headway/report/selection.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

namespace headway {

namespace {

namespace fs = std::filesystem;

// The files that a model or another input is read from: in a folder all of them.
void add_files(const std::string& where, std::vector<fs::path>& files) {
    std::error_code ignored;
    if (where.empty() || where.starts_with("example:") || where.starts_with("random:")) return;
    fs::path place = where;
    try {
        place = find_model(where);
    } catch (const Error&) {  // what is not there is an error when it is read
        return;
    }
    files.push_back(place);
    if (!fs::is_directory(place, ignored)) {
        files.push_back(place.parent_path() / "config.json");
        return;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(place, ignored))
        files.push_back(entry.path());
}

// `--fold` folds what it lists, and nothing else.
Folding folding(const Arguments& arguments) {
    require(!arguments.has("--no-fold") || !arguments.has("--fold"), ErrorKind::Usage,
            "--no-fold and --fold disagree");
    if (!arguments.has("--fold")) return arguments.has("--no-fold") ? no_folding : LoadOptions{}.fold;
    Folding fold = no_folding;
    const std::string list = arguments.text("--fold");
    for (std::string_view rest = list; !rest.empty();) {
        const std::string_view item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), item.size() + 1));
        if (item == "norm")
            fold.gains = true;
        else if (item == "center" || item == "centre")
            fold.gains = fold.centring = true;  // exact only behind a norm whose gains are folded
        else if (item == "value-bias")
            fold.value_bias = true;
        else
            throw Error(ErrorKind::Usage, fmt::format("--fold: {} cannot be folded", quote(item)),
                        "norm, center and value-bias can");
    }
    return fold;
}

std::optional<Error> write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
            return Error(ErrorKind::Io,
                         fmt::format("standard output: {}", std::generic_category().message(errno)));
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return std::nullopt;
}

}  // namespace

EvaluateOptions evaluate_options(const Arguments& arguments, Precision otherwise) {
    EvaluateOptions options{.precision = otherwise, .progress = &command_progress()};
    const std::string precision = arguments.text("--precision");
    require(!arguments.has("--precision") || precision == "float" || precision == "double", ErrorKind::Usage,
            "--precision: {} is neither float nor double", quote(precision));
    if (precision == "double") options.precision = Precision::Double;
    if (precision == "float") options.precision = Precision::Float;
    const auto cores = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
    options.threads = static_cast<int>(arguments.integer("--threads", cores, 1, 1024));
    if (arguments.has("--max-memory")) options.max_memory = parse_bytes(arguments.text("--max-memory"));
    require(!arguments.has("--max-memory") || options.max_memory > 0, ErrorKind::Usage,
            "--max-memory: 0 bytes are not enough");
    return options;
}

Model open_model(const Arguments& arguments, const std::string& where) {
    return open_model(arguments, where, folding(arguments));
}

Model open_model(const Arguments& arguments, const CheckpointStep& checkpoint) {
    return open_model(arguments, checkpoint.where, folding(arguments), checkpoint.config);
}

Model open_model(const Arguments& arguments, const std::string& where, const Folding& fold,
                 const fs::path& config) {
    LoadOptions options{.fold = fold,
                        .allow_unknown = arguments.has("--allow-unknown"),
                        .allow_nonfinite = arguments.has("--allow-nonfinite"),
                        .seed = static_cast<std::uint64_t>(
                            arguments.integer("--seed", 0, 0, std::numeric_limits<std::int64_t>::max())),
                        .config = config,
                        .progress = &command_progress()};
    Model model = load_model(where, options);
    for (const std::string& line : model.description().warnings) warn(arguments, line);
    return model;
}

std::vector<Flag> token_flags() {
    return {{"--tokens", "LIST", "token ids: 0,5,17"},
            {"--tokens-file", "FILE", "a .npy of token ids, [n] or [batch, n]"}};
}

TokenBatch tokens_of(const Arguments& arguments) {
    require(!arguments.has("--tokens") || !arguments.has("--tokens-file"), ErrorKind::Usage,
            "--tokens and --tokens-file are both there: one is enough");
    if (arguments.has("--tokens-file")) return read_tokens(arguments.text("--tokens-file"));
    if (arguments.has("--tokens")) return {{parse_tokens(arguments.text("--tokens"))}, false};
    return {};
}

std::string text_argument(const std::string& argument) {
    if (!argument.starts_with('@')) return argument;
    constexpr std::size_t most = std::size_t{16} << 20;
    const fs::path file = argument.substr(1);
    std::error_code error;
    const bool regular = fs::is_regular_file(file, error);
    require(!error && regular, ErrorKind::Io, "{}: {}", escaped(file.native()),
            error ? error.message() : "is no regular file");
    require(fs::file_size(file, error) <= most, ErrorKind::Limit, "{}: a text of more than 16 MiB",
            escaped(file.native()));
    std::ifstream stream(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    require(stream.good() || stream.eof(), ErrorKind::Io, "{}: cannot be read", escaped(file.native()));
    return text;
}

std::vector<fs::path> files_of(const std::vector<std::string>& inputs) {
    std::vector<fs::path> files;
    for (const std::string& input : inputs) add_files(input, files);
    return files;
}

void check_text_output(const Arguments& arguments, const std::vector<std::string>& inputs) {
    const Whole whole;  // check_output makes a file for a moment
    if (arguments.has("--output")) check_output(arguments.text("--output"), files_of(inputs));
}

Destination destination(const Arguments& arguments, const std::vector<std::string>& inputs) {
    Destination result;
    const bool stated = arguments.has("--format") || arguments.has("--json");
    if (arguments.has("--json")) result.format = Format::Json;
    if (arguments.has("--format")) result.format = parse_format(arguments.text("--format"));
    require(!arguments.has("--json") || result.format == Format::Json, ErrorKind::Usage,
            "--json and --format {} disagree", quote(arguments.text("--format")));
    if (arguments.has("--output")) {
        result.file = arguments.text("--output");
        const std::optional<Format> own = format_of(result.file);
        if (!stated && !own)
            throw Error(ErrorKind::Usage,
                        fmt::format("-o {}: the extension names no format", escaped(result.file.native())),
                        fmt::format("use .txt, .csv, .tsv, .json, .jsonl, .md{} or say --format",
                                    arguments.verb().picture.empty() ? " or .npz," : ", .npz or .svg,"));
        if (!stated) result.format = *own;
        check_text_output(arguments, inputs);
    }
    require(result.format != Format::Npz || !result.file.empty(), ErrorKind::Usage,
            "--format npz needs a file: -o FILE.npz");
    require(result.format != Format::Svg || !arguments.verb().picture.empty(), ErrorKind::Usage,
            "{} has no picture: svg is not one of its formats", arguments.verb().name);
    return result;
}

Result result_of(const Arguments& arguments, const Model& model) {
    return {.command = std::string(arguments.verb().name),
            .model = model,
            .options = arguments.given(),
            .table = {.caption = model_caption(model), .columns = {}, .rows = {}},
            .hash = !arguments.has("--no-hash")};
}

void add_rows(Table& table, Table rows) {
    table.caption.insert(table.caption.end(), rows.caption.begin(), rows.caption.end());
    table.columns = std::move(rows.columns);
    table.rows = std::move(rows.rows);
}

FlagGroup picture_flags() {
    return {"Output",
            {{"--output", "FILE", "write there, whole or not at all: .svg, .png, .pdf or .dot", "-o"},
             {"--format", "F", "svg, png, pdf or dot, whatever the file is called"}}};
}

Picture picture_format(const Arguments& arguments) {
    if (arguments.has("--format")) return parse_picture(arguments.text("--format"));
    if (!arguments.has("--output")) return Picture::Dot;
    const std::string extension = fs::path(arguments.text("--output")).extension().native();
    return parse_picture(extension.empty() ? extension : extension.substr(1));
}

void write_bytes(const fs::path& file, std::string_view bytes) {
    if (file.empty()) {
        print(bytes);
    } else {
        const Whole whole;
        write_file(file, bytes);
    }
}

void write(const Result& result, const Destination& destination) {
    if (destination.format == Format::Npz) {
        const std::vector<NpyArray> columns =
            result.arrays.empty() ? number_columns(result.table) : result.arrays;
        require(!columns.empty(), ErrorKind::Usage, "{} has no numbers to write as .npz", result.command);
        const Whole whole;
        write_npz(destination.file, columns);
    } else {
        write_bytes(destination.file, to_text(result, destination.format));
    }
}

void print(std::string_view text) {
    erase_progress();
    if (const std::optional<Error> error = write_all(STDOUT_FILENO, text)) throw *error;
}

void say(std::string_view line) {
    erase_progress();
    static_cast<void>(write_all(STDERR_FILENO, std::string(line) + "\n"));
}

void warn(const Arguments& arguments, std::string_view line) {
    if (!arguments.has("--quiet")) say(fmt::format("headway: warning: {}", line));
}

}  // namespace headway
