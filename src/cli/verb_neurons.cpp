// headway neurons: feed-forward layers as key-value memories.
// SPDX-License-Identifier: Apache-2.0
#include "cli/matrix_flags.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/neuron_circuit.hpp"
#include "headway/measure/embedding.hpp"
#include "headway/model/tokens.hpp"
#include "headway/network/text.hpp"

namespace headway {

namespace {

std::vector<std::string> sentences(NeuronSide side, int layer, const Config& config, Embedding embedding) {
    if (side == NeuronSide::Value)
        return {
            fmt::format("W_out[L{}] W_U: what each neuron adds to the logits for each unit of its "
                        "activation, without norm scales.",
                        layer)};
    return {fmt::format("{}[L{}]^T W_E^T: which token each neuron reads, without biases and norm scales.",
                        side == NeuronSide::Key ? "W_in" : "W_gate", layer),
            embedding_sentence(config, embedding)};
}

int neurons(const Arguments& arguments) {
    require(arguments.has("--layer"), ErrorKind::Usage, "neurons: of which layer? --layer 3");
    const EvaluateOptions options = evaluate_options(arguments);
    const std::string where = arguments.positional(0);
    const NeuronSide side = parse_neuron_side(arguments.text("--side", "value"));
    const Embedding embedding = parse_embedding(arguments.text("--embed", "raw"));
    require(side != NeuronSide::Value || embedding == Embedding::Raw, ErrorKind::Usage,
            "--embed is of what neurons read: --side key or gate");
    const Destination to = destination(arguments, {where});
    const Model file = open_model(arguments, where);
    const int layer = static_cast<int>(arguments.integer("--layer", 0, 0, 1 << 20));
    AskedMatrix matrix{fmt::format("neurons of layer {}, {}", layer, name(side)),
                       neuron_matrix(file.config(), layer, side),
                       {{"neuron", false}, {"token"}},
                       sentences(side, layer, file.config(), embedding),
                       {}};
    if (arguments.has("--formula")) {
        print(to_text(matrix.expression));
        return 0;
    }
    const Model model = embed_through(file, embedding, options);
    const TokenText text = token_text_of(where);
    matrix.window = {
        numbers_of_flag(arguments, "--neurons", matrix.axes.rows, text, model, file.config().d_mlp),
        numbers_of_flag(arguments, "--cols", matrix.axes.columns, text, model, 0)};
    show_matrix(arguments, model, matrix, text, options, to);
    return 0;
}

}  // namespace

Verb neurons_verb() {
    return {.name = "neurons",
            .summary = "Feed-forward layers as key-value memories: the tokens that neurons write and read",
            .usage = "MODEL --layer 3 [options]",
            .positionals = {"MODEL"},
            .groups = {{"Neurons",
                        {{"--layer", "N", "of this layer"},
                         {"--neurons", "LIST", "these: 0-9,17 (default: the strongest entries of all)"},
                         {"--side", "S", "value (W_out W_U, default), key (W_in) or gate (W_gate)"},
                         {"--cols", "LIST", "among these tokens, by text or id"},
                         {"--top", "N", "tokens of each neuron (default 10)"},
                         {"--embed", "E", "of key and gate: raw (default), mlp0 or layer0"},
                         {"--formula", "", "the network only"}}},
                       file_flags(),
                       model_flags(),
                       general_flags()},
            .examples = {"headway neurons gpt2/ --layer 3 --neurons 0-9 --top 10",
                         "headway neurons gpt2/ --layer 3 --neurons 17 --side key",
                         "headway neurons gpt2/ --layer 11 --top 20 -o strongest.csv"},
            .notes =
                "A row of W_out is what a neuron adds to the stream; through W_U it is logits of tokens.\n"
                "An .npz holds `values` [neurons, tokens], `rows` and `columns`.",
            .run = neurons,
            .picture = "the window of --neurons and --cols as a heat map"};
}

}  // namespace headway
