// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/source.hpp"

#include "headway/base/error.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace headway {

namespace {

enum class Place { None, Number, Layer, Head };

// How each kind is written: a word, then nothing, a number, `[L3]` or `[L3H2]`.
struct Form {
    SourceKind kind;
    std::string_view word;
    Place place;
};

constexpr std::array<Form, n_source_kinds> forms{{{SourceKind::Embed, "embed", Place::None},
                                                  {SourceKind::Pos, "pos", Place::None},
                                                  {SourceKind::EmbedBias, "b_E", Place::None},
                                                  {SourceKind::EmbedNormBias, "ln_embed.b", Place::None},
                                                  {SourceKind::Mlp, "mlp", Place::Number},
                                                  {SourceKind::OutBias, "b_O", Place::Layer},
                                                  {SourceKind::ValueBias, "b_V", Place::Head},
                                                  {SourceKind::NormBias, "ln1.b", Place::Layer},
                                                  {SourceKind::MlpNormBias, "ln2.b", Place::Layer},
                                                  {SourceKind::FinalNormBias, "ln_final.b", Place::None},
                                                  {SourceKind::UnembedBias, "b_U", Place::None},
                                                  {SourceKind::QueryBias, "b_Q", Place::Head},
                                                  {SourceKind::KeyBias, "b_K", Place::Head},
                                                  {SourceKind::HeadOutput, "", Place::Head},
                                                  {SourceKind::Alibi, "alibi", Place::None}}};

// Takes `letter` and a number off the front of `text`.
bool take(std::string_view& text, std::string_view letter, int& number) {
    if (!text.starts_with(letter)) return false;
    const char* const first = text.data() + letter.size();
    const char* const last = text.data() + text.size();
    if (first == last || *first < '0' || *first > '9') return false;
    const auto [end, error] = std::from_chars(first, last, number);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

std::optional<Source> read(const Form& form, std::string_view rest) {
    Source source{form.kind, -1, -1};
    if (form.place == Place::None) return rest.empty() ? std::optional(source) : std::nullopt;
    const bool bare = form.place == Place::Number || form.kind == SourceKind::HeadOutput;
    if (!bare) {
        if (rest.size() < 2 || rest.front() != '[' || rest.back() != ']') return std::nullopt;
        rest = rest.substr(1, rest.size() - 2);
    }
    if (!take(rest, form.place == Place::Number ? "" : "L", source.layer)) return std::nullopt;
    const bool whole_layer = form.kind == SourceKind::ValueBias && rest.empty();
    if (form.place == Place::Head && !whole_layer && !take(rest, "H", source.head)) return std::nullopt;
    return rest.empty() ? std::optional(source) : std::nullopt;
}

}  // namespace

std::string_view name(SourceKind kind) {
    const std::string_view word = forms[static_cast<std::size_t>(kind)].word;
    return word.empty() ? "head" : word;
}

std::string label(const Source& source) {
    const Form& form = forms[static_cast<std::size_t>(source.kind)];
    if (form.place == Place::None) return std::string(form.word);
    if (form.place == Place::Number) return fmt::format("{}{}", form.word, source.layer);
    const std::string place =
        source.head < 0 ? fmt::format("L{}", source.layer) : fmt::format("L{}H{}", source.layer, source.head);
    return form.word.empty() ? place : fmt::format("{}[{}]", form.word, place);
}

Source parse_source(std::string_view text) {
    for (const Form& form : forms)
        if (text.starts_with(form.word))
            if (const std::optional<Source> source = read(form, text.substr(form.word.size())))
                return *source;
    throw Error(
        ErrorKind::Usage,
        fmt::format("\"{}\" is not a source: expected embed, pos, mlp5, b_O[L3], b_V[L3H2], ln1.b[L3], "
                    "ln_final.b, b_U, b_E, ln_embed.b or ln2.b[L3]",
                    text));
}

bool is_bias(SourceKind kind) {
    switch (kind) {
        case SourceKind::Embed:
        case SourceKind::Pos:
        case SourceKind::Mlp:
        case SourceKind::HeadOutput:
        case SourceKind::Alibi:
            return false;
        default:
            return true;
    }
}

}  // namespace headway
