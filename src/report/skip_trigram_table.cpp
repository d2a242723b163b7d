// SPDX-License-Identifier: Apache-2.0
#include "headway/report/skip_trigram_table.hpp"

#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace headway {

namespace {

constexpr bool detail = true;

std::string texts_of(const std::vector<TokenValue>& tokens, const TokenText& text) {
    std::string list;
    for (const TokenValue& each : tokens) list += (list.empty() ? "" : " ") + text.shown(each.token);
    return list;
}

std::string ids_of(const std::vector<TokenValue>& tokens) {
    std::string list;
    for (const TokenValue& each : tokens) list += fmt::format("{}{}", list.empty() ? "" : " ", each.token);
    return list;
}

std::string bug_text(const SkipTrigramBug& bug, const TokenText& text) {
    return fmt::format("{} -> {} (as behind {})", text.shown(bug.destination), text.shown(bug.output),
                       text.shown(bug.other));
}

std::string all_bugs(const SkipTrigramRow& row, const TokenText& text) {
    std::string list;
    for (const SkipTrigramBug& bug : row.bugs)
        list +=
            fmt::format("{}{} ... {}", list.empty() ? "" : "; ", text.shown(bug.source), bug_text(bug, text));
    return list;
}

Column shown_tokens(std::string name) {
    return {.name = std::move(name), .kind = ColumnKind::Text, .safe = true};
}
Column token_ids(std::string name) {
    return {.name = std::move(name), .kind = ColumnKind::Text, .detail = detail};
}

std::vector<Column> columns_of(SkipTrigramKey key) {
    const bool by_source = key == SkipTrigramKey::Source, by_destination = key == SkipTrigramKey::Destination;
    const bool triple = key == SkipTrigramKey::Triple;
    return {{.name = "head", .kind = ColumnKind::Text},
            shown_tokens(by_destination ? "sources" : "source"),
            shown_tokens(by_source ? "destinations" : "destination"),
            shown_tokens(triple ? "output" : "outputs"),
            {.name = "score", .decimals = 2},
            {.name = "attention", .decimals = 2},
            {.name = "logit", .decimals = 2},
            {.name = "bigram", .decimals = 2},
            {.name = "bugs", .kind = ColumnKind::Integer},
            shown_tokens("bug"),
            token_ids("source_ids"),
            token_ids("destination_ids"),
            token_ids("output_ids"),
            {.name = "all_bugs", .kind = ColumnKind::Text, .detail = detail, .safe = true}};
}

std::vector<Cell> cells_of(const SkipTrigramRow& row, const TokenText& text) {
    Cell bug;
    if (!row.bugs.empty()) bug = bug_text(row.bugs.front(), text);
    return {label(row.head),
            texts_of(row.sources, text),
            texts_of(row.destinations, text),
            texts_of(row.outputs, text),
            row.score,
            row.destinations.front().value,
            row.outputs.front().value,
            row.bigram,
            static_cast<std::int64_t>(row.bugs.size()),
            bug,
            ids_of(row.sources),
            ids_of(row.destinations),
            ids_of(row.outputs),
            all_bugs(row, text)};
}

std::vector<std::string> caption_of(const SkipTrigramTable& trigrams, const SkipTrigramOptions& options,
                                    const std::string& tokens) {
    std::vector<std::string> caption{
        "Skip-trigrams [source] ... [destination] -> [output]: score = attention x logit.",
        "attention: (QK - its mean over sources) x scale, in nats of the attention score; logit: OV - its "
        "mean "
        "over outputs; positions, biases and norm scales are left out.",
        "bigram: the direct path W_E W_U of destination on output, above its mean output.",
        "bug: an output that follows another of the source's strongest destinations (bigram at least 1) and "
        "not this one (bigram below 0)."};
    if (options.rotary_offset > 0)
        caption.push_back(fmt::format("Queries stand {} positions behind keys.", options.rotary_offset));
    const double share = trigrams.all_entries == 0 ? 0
                                                   : static_cast<double>(trigrams.entries) /
                                                         static_cast<double>(trigrams.all_entries);
    caption.push_back(
        fmt::format("Exact up to rounding: of {} sources OV rows of {} and QK rows of {} were "
                    "evaluated, {:.1f} % of all entries; bounds rule out the others.",
                    trigrams.sources, trigrams.ov_rows, trigrams.qk_rows, 100 * share));
    if (!tokens.empty()) caption.push_back(tokens);
    return caption;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

bool is_word(std::string_view bytes) {
    return bytes.size() > 1 && bytes.front() == ' ' && std::ranges::all_of(bytes.substr(1), is_letter);
}

/// A person can read it: no control characters, nothing invisible, no parts of characters.
bool is_readable(std::string_view bytes) {
    std::string rest;  // what is not ASCII
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0x7F || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t')) return false;
        rest += byte < 0x80 ? 'a' : c;
    }
    return !bytes.empty() && escaped(rest, std::numeric_limits<std::size_t>::max()) == rest;
}

template <class Wanted>
std::vector<int> tokens_that(const TokenText& text, int d_vocab, const Wanted& wanted) {
    std::vector<int> kept;
    for (int id = 0; id < std::min(d_vocab, text.size()); ++id)
        if (!text.is_special(id) && is_readable(text.bytes(id)) && wanted(text.bytes(id))) kept.push_back(id);
    return kept;
}

}  // namespace

Table skip_trigram_rows(const SkipTrigramTable& trigrams, const SkipTrigramOptions& options,
                        const TokenText& text, const std::string& tokens) {
    Table table{
        .caption = caption_of(trigrams, options, tokens), .columns = columns_of(options.key), .rows = {}};
    for (const SkipTrigramRow& row : trigrams.rows) table.rows.push_back(cells_of(row, text));
    return table;
}

std::vector<int> readable_tokens(const TokenText& text, int d_vocab) {
    return tokens_that(text, d_vocab, [](std::string_view) { return true; });
}

std::vector<int> words_of(const TokenText& text, int d_vocab) { return tokens_that(text, d_vocab, is_word); }

std::vector<int> words_and_marks_of(const TokenText& text, int d_vocab) {
    return tokens_that(text, d_vocab, [](std::string_view bytes) {
        return is_word(bytes) || std::ranges::none_of(bytes, is_letter);
    });
}

}  // namespace headway
