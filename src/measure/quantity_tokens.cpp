// Quantities over the vocabulary beyond the circuits of heads: neurons, skip-trigrams, bigrams.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/head_circuit.hpp"
#include "headway/expand/neuron_circuit.hpp"
#include "headway/network/leaves.hpp"
#include "measure/quantity_form.hpp"

#include <fmt/format.h>

#include <array>

namespace headway {

namespace {

// `mlp0.17`: a row of the matrix; `mlp0`: all of it.
template <NeuronSide side>
Quantity neuron(const Config& config, std::string_view text, int) {
    const auto [mlp, number] = cut_at(text, '.');
    require(mlp.starts_with("mlp"), ErrorKind::Usage, "{} is no neuron: expected mlp0.17", quote(text));
    const Expr matrix = neuron_matrix(config, number_named(mlp.substr(3), "layer", config.n_layers), side);
    const std::string about = side == NeuronSide::Value
                                  ? "What the neuron adds to the logits for each unit of its activation."
                                  : "Which tokens the neuron reads.";
    if (!number) return {{{}, matrix}, about + " By [neuron, token]."};
    return {{{}, held_at(matrix, number_named(*number, "neuron", config.d_mlp))}, about + " By token."};
}

// d_vocab times what the entries of a matrix are above the mean of their row over the vocabulary. A mean has
// a division, which a network has not.
Expr above_row_mean(const Config& config, const HeadCircuit& circuit) {
    const Index row{Space::Position, 0}, column{Space::Position, 1};
    const Expr matrix = circuit_matrix(config, circuit, CircuitEnds::Vocabulary);
    const Expr total = product(
        {{circuit_row_sums(config, circuit), {row}}, {copy(Space::Position, 1), {column}}}, {row, column});
    return sum({{config.d_vocab, {matrix, {row, column}}}, {-1, {total, {row, column}}}}, {row, column});
}

Quantity trigram(const Config& config, std::string_view text, int) {
    const auto [name, offset] = cut_at(text, '@');
    const Head head = head_named(name, config);
    const int turn = offset ? offsets_named(*offset, config).offset : 0;
    const Index s{Space::Position, 0}, t{Space::Position, 1}, o{Space::Position, 2};
    const Expr logits = above_row_mean(config, {.kind = CircuitKind::OV, .heads = {head}});
    const Expr attention =
        above_row_mean(config, {.kind = CircuitKind::QK, .heads = {head}, .rotary_offset = turn});
    return {
        {{}, product({{leaf("scale", head.layer), {}}, {attention, {t, s}}, {logits, {s, o}}}, {s, t, o})},
        fmt::format("Its value is {}^2 (the size of the vocabulary, squared) times attention(s, t) "
                    "logit(s, o), by [source, destination, output] on the tokens of a run.",
                    config.d_vocab)};
}

constexpr std::array forms_of_tokens{QuantityForm{"neuron", "mlp0.17", neuron<NeuronSide::Value>},
                                     QuantityForm{"neuron-key", "mlp0.17", neuron<NeuronSide::Key>},
                                     QuantityForm{"neuron-gate", "mlp0.17", neuron<NeuronSide::Gate>},
                                     QuantityForm{"trigram", "HEAD", trigram}};

}  // namespace

std::span<const QuantityForm> token_quantities() { return forms_of_tokens; }

Quantity direct_above_mean(const Config& config) {
    return {{{}, above_row_mean(config, {.kind = CircuitKind::Direct})},
            fmt::format("Its value is {} (the size of the vocabulary) times what the direct path says of "
                        "[token, next token] above the mean of the row, on the tokens of a run.",
                        config.d_vocab)};
}

}  // namespace headway
