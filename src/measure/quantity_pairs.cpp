// Quantities of edges of the circuit graph, and of the components that heads talk through.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/measure/channels.hpp"
#include "headway/measure/directions.hpp"
#include "headway/measure/edges.hpp"
#include "measure/quantity_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace headway {

namespace {

// `embed`, `pos`, `mlp0`, `L0H3`.
std::pair<Writer, ScorePart> writer_named(std::string_view text, const Config& config) {
    if (text == "embed") return {Writer::Embed, {}};
    if (text == "pos") return {Writer::Position, {}};
    if (!text.starts_with("mlp")) return {Writer::Heads, one_head(head_named(text, config))};
    return {Writer::Mlps, {.first = number_named(text.substr(3), "layer", config.n_layers), .layers = 1}};
}

// `Q`, `K`, `V`.
Composition input_named(std::optional<std::string_view> text, std::string_view whole) {
    if (const auto kind = text ? by_input_letter(*text) : std::nullopt) return *kind;
    throw Error(ErrorKind::Usage, fmt::format("{}: by which input of the reader? .Q, .K or .V", quote(whole)),
                "as in L0H3>L1H4.K");
}

// `L1H4.K`, `mlp1`, `unembed`.
std::pair<Reader, ScorePart> reader_named(std::string_view text, const Config& config) {
    if (text == "unembed") return {Reader::Unembed, {}};
    if (text.starts_with("mlp"))
        return {Reader::Mlp, {.first = number_named(text.substr(3), "layer", config.n_layers), .layers = 1}};
    const auto [head, input] = cut_at(text, '.');
    return {reader_of(input_named(input, text)), one_head(head_named(head, config))};
}

// The two ends of `A>B`.
std::pair<std::string_view, std::string_view> ends_named(std::string_view text) {
    const auto [from, to] = cut_at(text, '>');
    require(to.has_value(), ErrorKind::Usage, "{} is no pair: expected L0H3>L1H4", quote(text));
    return {from, *to};
}

std::string tokens_sentence(const Config& config, const ScoreOptions& score, bool positions) {
    const int tokens = positions ? config.n_ctx : score.positions();
    return tokens == 0 ? "" : fmt::format(" Evaluated on {} tokens, whichever.", tokens);
}

Quantity norm_of_pair(const Config& config, const ScoreEnds& ends, const ScoreOptions& score) {
    return {{{}, pair_norm(config, ends, score)},
            "|A B|^2: the score is its root over |A| |B|." +
                tokens_sentence(config, score, ends.writer == Writer::Position)};
}

template <Composition kind>
Quantity composed(const Config& config, std::string_view text, int) {
    const auto [pair, offsets] = cut_at(text, '@');
    const auto [writer, reader] = ends_named(pair);
    const Head from = head_named(writer, config), to = head_named(reader, config);
    require(from.layer < to.layer, ErrorKind::Usage, "{} is not before {}: they cannot compose", label(from),
            label(to));
    return norm_of_pair(config, {Writer::Heads, reader_of(kind), one_head(from), one_head(to)},
                        offsets ? offsets_named(*offsets, config) : ScoreOptions{});
}

Quantity edge(const Config& config, std::string_view text, int) {
    const auto [pair, offsets] = cut_at(text, '@');
    const auto [from, to] = ends_named(pair);
    const auto [writer, first] = writer_named(from, config);
    const auto [reader, second] = reader_named(to, config);
    const std::vector<EdgeKind> kinds = edge_kinds(config);
    require(std::ranges::find(kinds, EdgeKind{writer, reader}) != kinds.end() &&
                reads_from(config, writer, first.first, reader, second.first),
            ErrorKind::Usage, "{}: the model has no such edge", quote(pair));
    return norm_of_pair(config, {writer, reader, first, second},
                        offsets ? offsets_named(*offsets, config) : ScoreOptions{});
}

// A channel by name, and what is said of it.
struct NamedChannel {
    ChannelPair pair;
    std::optional<int> written, read;  // components
    ScoreOptions score = weights_alone;

    std::string matrix() const {
        return fmt::format("{}[{}]{}", reader_components(pair.kind).matrix, label(pair.reader),
                           pair.kind == Composition::K ? "^T" : "");
    }
};

NamedChannel channel_named(const Config& config, std::string_view text) {
    const auto component = [&](std::optional<std::string_view> number) {
        return number ? std::optional(
                            number_named(*number, "component", std::min(config.d_head, config.d_model)))
                      : std::nullopt;
    };
    NamedChannel named;
    const auto [pair, offsets] = cut_at(text, '@');
    const auto [from, to] = ends_named(pair);
    const auto [writer, written] = cut_at(from, ':');
    const auto [reading, read] = cut_at(to, ':');
    const auto [reader, input] = cut_at(reading, '.');
    named.pair = {head_named(writer, config), head_named(reader, config), input_named(input, text)};
    named.written = component(written);
    named.read = component(read);
    if (offsets) named.score = offsets_named(*offsets, config);
    named.score.stream_norms = false;
    require(named.pair.writer.layer < named.pair.reader.layer, ErrorKind::Usage,
            "{} is not before {}: they cannot compose", label(named.pair.writer), label(named.pair.reader));
    require(!named.read || named.score.positions() == 0, ErrorKind::Unsupported,
            "{}: components of {} at an offset are no leaves of the model: they have no formula", quote(text),
            named.matrix());
    return named;
}

Quantity channel(const Config& config, std::string_view text, int) {
    const NamedChannel named = channel_named(config, text);
    const std::string m = named.matrix(), writer = fmt::format("W_OV[{}]", label(named.pair.writer)),
                      tokens = tokens_sentence(config, named.score, false);
    if (named.written && named.read)
        return {{{}, held_at(held_at(channel_overlaps(config, named.pair), *named.written), *named.read)},
                fmt::format("v.r: the cosine of what component {} of {} writes and what component {} of M = "
                            "{} reads.",
                            *named.written, writer, *named.read, m)};
    if (named.read)
        return {{{}, held_at(channel_squares(config, named.pair, ScoreEnd::Reader), *named.read)},
                fmt::format("|A r|^2, A = {}, r what component {} of {} reads: the score is its root over "
                            "|A|.",
                            writer, *named.read, m)};
    const Expr squares = channel_squares(config, named.pair, ScoreEnd::Writer, named.score);
    if (!named.written)
        return {
            {{}, squares},
            fmt::format("|v M|^2 by component of {}, v what it writes, M = {}: the score is its root over "
                        "|M|.{}",
                        writer, m, tokens)};
    return {{{}, held_at(squares, *named.written)},
            fmt::format("|v M|^2, v what component {} of {} writes, M = {}: the score is its root over "
                        "|M|.{}",
                        *named.written, writer, m, tokens)};
}

// `V_OV[L0H3]:5`.
Quantity direction(const Config& config, std::string_view text, int) {
    const auto [leaf, component] = cut_at(text, ':');
    const auto [symbol, head] = cut_at(leaf, '[');
    constexpr std::array symbols{"U_OV", "V_OV", "U_QK", "V_QK"};
    require(component && head && head->ends_with(']') && std::ranges::find(symbols, symbol) != symbols.end(),
            ErrorKind::Usage, "{} is no direction: expected V_OV[L0H3]:5, or U_OV, U_QK, V_QK alike",
            quote(text));
    const Head of = head_named(head->substr(0, head->size() - 1), config);
    const Expr table = directions_over_vocabulary(config, of, std::string(symbol));
    const int number = number_named(*component, "component", std::min(config.d_head, config.d_model));
    const Index v{Space::Vocab, 0}, c{Space::Channel, 0};
    return {{{}, held_at(product({{table, {v, c}}}, {c, v}), number)},
            "What the direction is for each token: the largest name one end of it, the smallest the other."};
}

constexpr std::array forms_of_pairs{QuantityForm{"q", "HEAD>HEAD", composed<Composition::Q>},
                                    QuantityForm{"k", "HEAD>HEAD", composed<Composition::K>},
                                    QuantityForm{"v", "HEAD>HEAD", composed<Composition::V>},
                                    QuantityForm{"edge", "embed>HEAD.K", edge},
                                    QuantityForm{"channel", "HEAD:N>HEAD.K", channel},
                                    QuantityForm{"direction", "V_OV[HEAD]:N", direction}};

}  // namespace

std::span<const QuantityForm> pair_quantities() { return forms_of_pairs; }

}  // namespace headway
