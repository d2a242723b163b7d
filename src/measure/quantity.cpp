// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/quantity.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/head_circuit.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/select.hpp"
#include "headway/measure/heads.hpp"
#include "headway/measure/positional.hpp"
#include "headway/measure/probe.hpp"
#include "headway/network/transformer.hpp"
#include "measure/quantity_form.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace headway {

namespace {

Quantity of_head(const Config& config, const std::optional<Expr>& layer, Head head, std::string about) {
    require(layer.has_value(), ErrorKind::Unsupported, "the model has no such network for head {}",
            label(head));
    return {{{}, normalise(select_head(*layer, head.index, config.group_size()))}, std::move(about)};
}

Quantity circuit(const Config& config, std::string_view text, int) {
    const HeadCircuit named = parse_head_circuit(text, config);
    return {{{}, circuit_matrix(config, named, CircuitEnds::Vocabulary)},
            fmt::format("The circuit {}, by [row, column] on the tokens of a run.", label(named))};
}

// Eigenvalues of a circuit, cut open inside its head.
Quantity spectrum(const Config& config, const std::string& circuit_text, CircuitEnds ends) {
    const HeadCircuit named = parse_head_circuit(circuit_text, config);
    return {{{}, circuit_inner(config, named, ends)},
            fmt::format("{}{}, cut open inside its head: the score is Re sum(lambda) / sum|lambda| of its "
                        "eigenvalues.",
                        label(named), ends == CircuitEnds::Stream ? " on the stream alone" : "")};
}
Quantity copying(const Config& config, std::string_view text, int) {
    return spectrum(config, fmt::format("ov:{}", text), CircuitEnds::Vocabulary);
}
Quantity copying_ov(const Config& config, std::string_view text, int) {
    return spectrum(config, fmt::format("ov:{}", text), CircuitEnds::Stream);
}
Quantity matching(const Config& config, std::string_view text, int) {
    return spectrum(config, fmt::format("qk:{}", text), CircuitEnds::Vocabulary);
}

Quantity matching_pos(const Config& config, std::string_view text, int) {
    return spectrum(config, fmt::format("qk-pos:{}", text), CircuitEnds::Vocabulary);
}

template <HeadMatrix matrix>
Quantity size(const Config& config, std::string_view text, int) {
    const Head head = head_named(text, config);
    return of_head(config, circuit_gram(config, matrix, head.layer), head,
                   "Its eigenvalues are the squares of the circuit's singular values: norm^2 is its trace.");
}

template <HeadBias which>
Quantity bias(const Config& config, std::string_view text, int) {
    const Head head = head_named(text, config);
    return of_head(config, bias_image(config, which, head.layer), head, "The size is its norm.");
}

// The `number`-th of a probe's sums.
template <std::size_t number>
Quantity behaviour(const Config& config, std::string_view text, int length) {
    const Head head = head_named(text, config);
    const Network model = transformer(config);
    const std::vector<Expr> sums = probe_networks(model, config, length);
    const auto place = 1 + 4 * static_cast<std::size_t>(head.layer) + number;
    Quantity result{{model.definitions, select_head(sums[place], head.index, config.group_size())},
                    fmt::format("Its value is {} times the mean, on [b, r, r] with {} tokens in r.",
                                number == 0 || number == 3 ? 2 * length : length, length)};
    result.network.definitions.push_back({"pattern", select_head(model.at(fmt::format("A[L{}]", head.layer)),
                                                                 head.index, config.group_size())});
    return result;
}

Quantity positions(const Config& config, std::string_view text, int) {
    const Head head = head_named(text, config);
    return of_head(config, position_pattern(config, head.layer), head,
                   "Attention by [query, key] when every token is alike.");
}
Quantity kernel(const Config& config, std::string_view text, int) {
    const Head head = head_named(text, config);
    return of_head(config, position_kernel(config, head.layer), head,
                   "The score before softmax by offset, when every token is alike.");
}

constexpr std::array forms_of_heads{QuantityForm{"copying", "HEAD", copying},
                                    QuantityForm{"copying-ov", "HEAD", copying_ov},
                                    QuantityForm{"matching", "HEAD or HEAD>HEAD.K", matching},
                                    QuantityForm{"matching-pos", "HEAD>HEAD.Q", matching_pos},
                                    QuantityForm{"size-ov", "HEAD", size<HeadMatrix::OV>},
                                    QuantityForm{"size-qk", "HEAD", size<HeadMatrix::QK>},
                                    QuantityForm{"previous", "HEAD", behaviour<0>},
                                    QuantityForm{"duplicate", "HEAD", behaviour<1>},
                                    QuantityForm{"induction", "HEAD", behaviour<2>},
                                    QuantityForm{"first", "HEAD", behaviour<3>},
                                    QuantityForm{"positions", "HEAD", positions},
                                    QuantityForm{"kernel", "HEAD", kernel},
                                    QuantityForm{"bias-value", "HEAD", bias<HeadBias::Value>},
                                    QuantityForm{"bias-query", "HEAD", bias<HeadBias::Query>},
                                    QuantityForm{"bias-key", "HEAD", bias<HeadBias::Key>}};
constexpr std::array circuits{"ov", "qk", "qk-pos"};

// All forms: of heads, of pairs, of tokens.
std::vector<QuantityForm> all_forms() {
    std::vector<QuantityForm> forms(forms_of_heads.begin(), forms_of_heads.end());
    for (const std::span<const QuantityForm> more : {pair_quantities(), token_quantities()})
        forms.insert(forms.end(), more.begin(), more.end());
    return forms;
}

}  // namespace

bool names_quantity(std::string_view text) {
    return text == "direct" || text == "direct-above-mean" || text.find(':') != std::string_view::npos;
}

Quantity quantity(const Config& config, std::string_view text, int probe_length) {
    require(probe_length >= 2, ErrorKind::Usage, "a probe needs at least 2 tokens to repeat, not {}",
            probe_length);
    const auto [name, of] = cut_at(text, ':');
    if (text == "direct") return circuit(config, text, 0);
    if (text == "direct-above-mean") return direct_above_mean(config);
    std::vector<std::string> names(circuits.begin(), circuits.end());
    for (const char* each : circuits)
        if (name == each && of) return circuit(config, text, 0);
    for (const QuantityForm& form : all_forms()) {
        if (name == form.name && of) return form.make(config, *of, probe_length);
        names.emplace_back(form.name);
    }
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Usage, fmt::format("{} names no quantity", quote(text)),
                near.empty() ? fmt::format("there are {}", fmt::join(quantity_forms(), ", "))
                             : fmt::format("did you mean {}:?", near));
}

std::vector<std::string> quantity_forms() {
    std::vector<std::string> texts{"direct", "direct-above-mean"};
    for (const char* each : circuits) texts.push_back(fmt::format("{}:HEAD", each));
    for (const QuantityForm& form : all_forms()) texts.push_back(fmt::format("{}:{}", form.name, form.of));
    return texts;
}

}  // namespace headway
