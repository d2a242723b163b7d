// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/quantity.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/head_circuit.hpp"
#include "headway/expand/select.hpp"
#include "headway/measure/heads.hpp"
#include "headway/measure/positional.hpp"
#include "headway/measure/probe.hpp"
#include "headway/measure/score_network.hpp"
#include "headway/network/transformer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace headway {

namespace {

Head head_of(std::string_view text, const Config& config) {
    const Head head = parse_head(text);
    require(head.layer < config.n_layers && head.index < config.n_heads, ErrorKind::Usage,
            "there is no head {}: the model has {} layers of {} heads", label(head), config.n_layers,
            config.n_heads);
    return head;
}

Quantity of_head(const Config& config, const std::optional<Expr>& layer, Head head, std::string about) {
    require(layer.has_value(), ErrorKind::Unsupported, "the model has no such network for head {}",
            label(head));
    return {{{}, select_head(*layer, head.index, config.group_size())}, std::move(about)};
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

template <HeadMatrix matrix>
Quantity size(const Config& config, std::string_view text, int) {
    const Head head = head_of(text, config);
    return of_head(config, circuit_gram(config, matrix, head.layer), head,
                   "Its eigenvalues are the squares of the circuit's singular values: norm^2 is its trace.");
}

template <HeadBias which>
Quantity bias(const Config& config, std::string_view text, int) {
    const Head head = head_of(text, config);
    return of_head(config, bias_image(config, which, head.layer), head, "The size is its norm.");
}

template <Reader reader>
Quantity composed(const Config& config, std::string_view text, int) {
    const std::size_t arrow = text.find('>');
    require(arrow != std::string_view::npos, ErrorKind::Usage, "{} is no pair: expected L0H3>L1H4",
            quote(text));
    const Head from = head_of(text.substr(0, arrow), config), to = head_of(text.substr(arrow + 1), config);
    require(from.layer < to.layer, ErrorKind::Usage, "{} is not before {}: they cannot compose", label(from),
            label(to));
    const ScoreEnds ends{.writer = Writer::Heads,
                         .reader = reader,
                         .from = {.first = from.layer, .layers = 1, .head = from.index},
                         .to = {.first = to.layer, .layers = 1, .head = to.index}};
    return {{{}, pair_norm(config, ends)}, "|A B|^2: the score is its root over |A| |B|."};
}

// The `number`-th of a probe's sums.
template <std::size_t number>
Quantity behaviour(const Config& config, std::string_view text, int length) {
    const Head head = head_of(text, config);
    const Network model = transformer(config);
    const std::vector<Expr> sums = probe_networks(model, config, length);
    const auto place = 1 + 4 * static_cast<std::size_t>(head.layer) + number;
    Quantity result = of_head(config, sums[place], head,
                              fmt::format("Its value is {} times the mean, on [b, r, r] with {} tokens in r.",
                                          number == 0 || number == 3 ? 2 * length : length, length));
    result.network.definitions = model.definitions;
    result.network.definitions.push_back({"pattern", select_head(model.at(fmt::format("A[L{}]", head.layer)),
                                                                 head.index, config.group_size())});
    return result;
}

Quantity positions(const Config& config, std::string_view text, int) {
    const Head head = head_of(text, config);
    return of_head(config, position_pattern(config, head.layer), head,
                   "Attention by [query, key] when every token is alike.");
}
Quantity kernel(const Config& config, std::string_view text, int) {
    const Head head = head_of(text, config);
    return of_head(config, position_kernel(config, head.layer), head,
                   "The score before softmax by offset, when every token is alike.");
}

struct Form {
    const char* name;
    const char* of;
    Quantity (*make)(const Config&, std::string_view, int);
};
constexpr std::array forms{Form{"copying", "HEAD", copying},
                           Form{"copying-ov", "HEAD", copying_ov},
                           Form{"matching", "HEAD or HEAD>HEAD.K", matching},
                           Form{"size-ov", "HEAD", size<HeadMatrix::OV>},
                           Form{"size-qk", "HEAD", size<HeadMatrix::QK>},
                           Form{"q", "HEAD>HEAD", composed<Reader::Q>},
                           Form{"k", "HEAD>HEAD", composed<Reader::K>},
                           Form{"v", "HEAD>HEAD", composed<Reader::V>},
                           Form{"previous", "HEAD", behaviour<0>},
                           Form{"duplicate", "HEAD", behaviour<1>},
                           Form{"induction", "HEAD", behaviour<2>},
                           Form{"first", "HEAD", behaviour<3>},
                           Form{"positions", "HEAD", positions},
                           Form{"kernel", "HEAD", kernel},
                           Form{"bias-value", "HEAD", bias<HeadBias::Value>},
                           Form{"bias-query", "HEAD", bias<HeadBias::Query>},
                           Form{"bias-key", "HEAD", bias<HeadBias::Key>}};
constexpr std::array circuits{"ov", "qk", "qk-pos"};

}  // namespace

bool names_quantity(std::string_view text) {
    return text == "direct" || text.find(':') != std::string_view::npos;
}

Quantity quantity(const Config& config, std::string_view text, int probe_length) {
    require(probe_length >= 2, ErrorKind::Usage, "a probe needs at least 2 tokens to repeat, not {}",
            probe_length);
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    if (text == "direct") return circuit(config, text, 0);
    std::vector<std::string> names(circuits.begin(), circuits.end());
    for (const char* each : circuits)
        if (name == each && colon != std::string_view::npos) return circuit(config, text, 0);
    for (const Form& form : forms) {
        if (name == form.name && colon != std::string_view::npos)
            return form.make(config, text.substr(colon + 1), probe_length);
        names.emplace_back(form.name);
    }
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Usage, fmt::format("{} names no quantity", quote(text)),
                near.empty() ? fmt::format("there are {}", fmt::join(quantity_forms(), ", "))
                             : fmt::format("did you mean {}:?", near));
}

std::vector<std::string> quantity_forms() {
    std::vector<std::string> texts{"direct"};
    for (const char* each : circuits) texts.push_back(fmt::format("{}:HEAD", each));
    for (const Form& form : forms) texts.push_back(fmt::format("{}:{}", form.name, form.of));
    return texts;
}

}  // namespace headway
