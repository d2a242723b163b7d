// headway ov, qk, bigram: circuits of heads over the vocabulary.
// SPDX-License-Identifier: Apache-2.0
#include "cli/matrix_flags.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/measure/embedding.hpp"
#include "headway/model/tokens.hpp"
#include "headway/network/text.hpp"
#include "headway/report/selection.hpp"

#include <cmath>
#include <limits>

namespace headway {

namespace {

// The circuits that the flags name: one, or of `--accuracy` without a head every head's own.
std::vector<HeadCircuit> circuits_of(const Arguments& arguments, const Config& config, CircuitKind kind) {
    constexpr int most = 1 << 16;
    const int named =
        int{arguments.has("--head")} + int{arguments.has("--heads")} + int{arguments.has("--circuit")};
    require(named <= 1, ErrorKind::Usage, "--head, --heads and --circuit: one of them is enough");
    HeadCircuit circuit{.kind = kind};
    if (arguments.has("--head")) circuit.heads = {parse_head_of(arguments.text("--head"), config)};
    if (arguments.has("--heads")) circuit.heads = parse_head_set(arguments.text("--heads"), config);
    if (arguments.has("--circuit")) circuit = parse_head_circuit(arguments.text("--circuit"), config);
    if (kind == CircuitKind::QK && arguments.has("--positions")) circuit.kind = CircuitKind::PositionQK;
    if (arguments.has("--rope-offset"))
        circuit.rotary_offset = static_cast<int>(arguments.integer("--rope-offset", 0, 0, most));
    const bool fits =
        circuit.kind == kind || (kind == CircuitKind::QK && circuit.kind == CircuitKind::PositionQK);
    require(fits, ErrorKind::Usage, "{}: {} is a circuit of another command", arguments.verb().name,
            label(circuit));
    if (named > 0 || kind == CircuitKind::Direct) return {circuit};
    require(arguments.has("--accuracy"), ErrorKind::Usage,
            "{}: which head? --head L1H4, --heads LIST (summed) or --circuit", arguments.verb().name);
    std::vector<HeadCircuit> all;
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (int head = 0; head < config.n_heads; ++head) {
            all.push_back(circuit);
            all.back().heads = {{layer, head}};
        }
    return all;
}

struct Asked {
    std::vector<HeadCircuit> circuits;
    std::vector<Expr> matrices;
    Embedding embedding;
    std::vector<std::string> caption(const Config& config) const {
        std::vector<std::string> sentences = circuit_sentences(circuits, config);
        if (circuits.front().kind != CircuitKind::PositionQK)
            sentences.push_back(embedding_sentence(config, embedding));
        return sentences;
    }
};

void write_accuracy(const Arguments& arguments, const Model& model, const Asked& asked,
                    const EvaluateOptions& options, const Destination& to) {
    AccuracyOptions accuracy{.early_exit = !arguments.has("--no-early-exit")};
    std::vector<std::string> labels;
    for (const HeadCircuit& circuit : asked.circuits) labels.push_back(label(circuit));
    const std::vector<DiagonalAccuracy> results = diagonal_accuracy(model, asked.matrices, options, accuracy);
    Result result = result_of(arguments, model);
    for (std::string& sentence : asked.caption(model.config()))
        result.table.caption.push_back(std::move(sentence));
    add_rows(result.table, accuracy_rows(labels, results, accuracy.early_exit));
    result.rows_are_data = true;
    write(result, to);
}

// Trace and norm as networks. Where rows and columns are positions the run has all of them.
MatrixSize size_of(const Model& model, const HeadCircuit& circuit, const EvaluateOptions& options) {
    const Config& config = model.config();
    const std::array networks{circuit_trace(config, circuit, CircuitEnds::Vocabulary),
                              circuit_square(config, circuit, CircuitEnds::Vocabulary)};
    const bool positions = circuit.kind == CircuitKind::PositionQK;
    const std::vector<int> run(
        static_cast<std::size_t>(positions ? config.n_ctx : circuit.rotary_offset + 1));
    const std::vector<xt::xarray<double>> values = evaluate(model, networks, run, options);
    return {values[0](), std::sqrt(values[1]())};
}

void write_histogram(const Arguments& arguments, const Model& model, const Asked& asked,
                     const EvaluateOptions& options, const Destination& to) {
    require(!arguments.has("--rows") && !arguments.has("--cols"), ErrorKind::Usage,
            "--histogram is of the whole matrix, without --rows and --cols");
    const Expr& matrix = asked.matrices.front();
    const auto rows = static_cast<double>(matrix_extent(model.config(), matrix, 0));
    const MatrixSize size = size_of(model, asked.circuits.front(), options);
    const double end = size.norm > 0 ? 5 * size.norm / rows : 1;
    Result result = result_of(arguments, model);
    for (std::string& sentence : asked.caption(model.config()))
        result.table.caption.push_back(std::move(sentence));
    result.table.caption.push_back(size_sentence(size, rows * rows));
    add_rows(result.table, histogram_rows(entry_histogram(model, matrix, -end, end, 50, options)));
    result.rows_are_data = true;
    write(result, to);
}

void write_entries(const Arguments& arguments, const Model& model, const Asked& asked,
                   const EvaluateOptions& options, const Destination& to) {
    const Expr& expression = asked.matrices.front();
    AskedMatrix matrix{label(asked.circuits.front()),
                       expression,
                       axes_of(asked.circuits.front().kind),
                       asked.caption(model.config()),
                       {}};
    const TokenText text = token_text_of(arguments.positional(0));
    matrix.window = {numbers_of_flag(arguments, "--rows", matrix.axes.rows, text, model,
                                     matrix_extent(model.config(), expression, 0)),
                     numbers_of_flag(arguments, "--cols", matrix.axes.columns, text, model,
                                     matrix_extent(model.config(), expression, 1))};
    show_matrix(arguments, model, matrix, text, options, to);
}

int matrix_command(const Arguments& arguments, CircuitKind kind) {
    const EvaluateOptions options = evaluate_options(arguments);
    const std::string where = arguments.positional(0);
    const Embedding embedding = parse_embedding(arguments.text("--embed", "raw"));
    const Destination to = destination(arguments, {where});
    const Model file = open_model(arguments, where);
    Asked asked{circuits_of(arguments, file.config(), kind), {}, embedding};
    for (const HeadCircuit& circuit : asked.circuits)
        asked.matrices.push_back(circuit_matrix(file.config(), circuit, CircuitEnds::Vocabulary));
    if (arguments.has("--formula")) {
        for (const Expr& matrix : asked.matrices) print(to_text(matrix));
        return 0;
    }
    const Model model = embed_through(file, embedding, options);
    if (arguments.has("--accuracy")) {
        write_accuracy(arguments, model, asked, options, to);
    } else if (arguments.has("--histogram")) {
        write_histogram(arguments, model, asked, options, to);
    } else {
        write_entries(arguments, model, asked, options, to);
    }
    return 0;
}

int ov(const Arguments& arguments) { return matrix_command(arguments, CircuitKind::OV); }
int qk(const Arguments& arguments) { return matrix_command(arguments, CircuitKind::QK); }
int bigram(const Arguments& arguments) { return matrix_command(arguments, CircuitKind::Direct); }

const Flag circuit_flag{"--circuit", "C",
                        "of a composed one: ov:L0H3>L1H4, qk:L0H3>L1H4.K, qk-pos:L0H3>L1H4.K"};

std::vector<Flag> head_choice() {
    return {{"--head", "HEAD", "of this head: L1H4"},
            {"--heads", "LIST", "of these, summed as one effective head: L1H2,L1H{4-7}"},
            circuit_flag};
}

FlagGroup shown_flags() {
    return {"Shown",
            {{"--rows", "LIST", "of these rows, tokens by text or id: ' the',262 (default: all)"},
             {"--cols", "LIST", "of these columns"},
             {"--top", "N", "strongest entries: of each of --rows, or of all (default 10)"},
             {"--accuracy", "", "how often a row's largest entry is its diagonal (top 1, top 5); all heads"},
             {"--no-early-exit", "", "with --accuracy: every entry is made, for timing"},
             {"--histogram", "", "how the entries are distributed; trace and norm"},
             {"--embed", "E", "raw (W_E, default), mlp0 or layer0: what stands for a token"},
             {"--formula", "", "the network only"}}};
}

constexpr std::string_view picture = "the window of --rows and --cols as a heat map";

}  // namespace

Verb ov_verb() {
    return {
        .name = "ov",
        .summary = "Full OV circuits W_E W_OV W_U: which token, attended to, raises which output",
        .usage = "MODEL --head L1H4 [options]",
        .positionals = {"MODEL"},
        .groups = {{"Circuit", head_choice()}, shown_flags(), file_flags(), model_flags(), general_flags()},
        .examples = {"headway ov example:attn-only-2l --head L1H4 --rows 5,17 --top 3",
                     "headway ov example:attn-only-2l --heads 'L1H{2,4-7}' --accuracy",
                     "headway ov gpt2/ --accuracy --format json",
                     "headway ov gpt2/ --circuit 'ov:L0H3>L1H4' --rows ' the' --cols ' cat',' dog'",
                     "headway ov gpt2/ --head L5H1 --rows 100,200 --cols 0,1,2 -o window.npz"},
        .notes =
            "Rows are source tokens, columns output tokens. The [d_vocab, d_vocab] matrix is made in\n"
            "tiles and never stored. An .npz holds `values` [rows, columns], `rows` and `columns` (ids).",
        .run = ov,
        .picture = picture};
}

Verb qk_verb() {
    std::vector<Flag> circuit = head_choice();
    circuit.push_back(
        {"--positions", "", "over positions, W_pos W_QK W_pos^T; rows and columns are positions"});
    circuit.push_back({"--rope-offset", "N", "rotary models: query minus key position (default 0)"});
    return {.name = "qk",
            .summary = "Full QK circuits W_E W_QK W_E^T: which query token looks for which key token",
            .usage = "MODEL --head L1H4 [options]",
            .positionals = {"MODEL"},
            .groups = {{"Circuit", circuit}, shown_flags(), file_flags(), model_flags(), general_flags()},
            .examples = {"headway qk example:attn-only-2l --head L0H3 --rows 5,17 --top 3",
                         "headway qk example:attn-only-2l --circuit 'qk:L0H0>L1H4.K' --accuracy",
                         "headway qk gpt2/ --head L4H11 --positions --rows 10 --top 3",
                         "headway qk llama/ --head L4H11 --rope-offset 1 --rows ' the'"},
            .notes =
                "Rows are query tokens, columns key tokens; through a head (--circuit) the column is the\n"
                "token that this head reads. Scores lack 1/sqrt(d_head), norm scales and biases.",
            .run = qk,
            .picture = picture};
}

Verb bigram_verb() {
    return {.name = "bigram",
            .summary = "The direct path W_E W_U: which token raises which next one without any layer",
            .usage = "MODEL [options]",
            .positionals = {"MODEL"},
            .groups = {shown_flags(), file_flags(), model_flags(), general_flags()},
            .examples = {"headway bigram example:attn-only-2l --rows 5,17 --top 3",
                         "headway bigram gpt2/ --rows ' Barack' --top 5"},
            .notes = "Rows are tokens, columns the next ones; without norm scales and biases.",
            .run = bigram,
            .picture = picture};
}

}  // namespace headway
