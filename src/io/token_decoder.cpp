// SPDX-License-Identifier: Apache-2.0
#include "io/token_decoder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace headway {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// Bytes of the well-formed code point at the front of `text`; 0 when there is none. `wrong` is then how many
/// bytes could have begun one: they are replaced together.
std::size_t code_point_length(std::string_view text, std::size_t& wrong) {
    const unsigned lead = byte_at(text, 0);
    wrong = 1;
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    for (std::size_t i = 1; i < length; ++i) {
        if (i >= text.size()) return 0;
        unsigned least = 0x80;
        unsigned most = 0xBF;
        if (i == 1 && lead == 0xE0) least = 0xA0;
        if (i == 1 && lead == 0xED) most = 0x9F;
        if (i == 1 && lead == 0xF0) least = 0x90;
        if (i == 1 && lead == 0xF4) most = 0x8F;
        if (byte_at(text, i) < least || byte_at(text, i) > most) return 0;
        wrong = i + 1;
    }
    return length;
}

bool is_utf8(std::string_view text) {
    std::size_t wrong = 0;
    while (!text.empty()) {
        const std::size_t length = code_point_length(text, wrong);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string repaired(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t wrong = 0;
        const std::size_t length = code_point_length(text, wrong);
        out += length == 0 ? replacement : text.substr(0, length);
        text.remove_prefix(length == 0 ? wrong : length);
    }
    return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    if (from.empty()) return;
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// The byte that a code point of byte-level BPE stands for: printable Latin-1 for itself, the others in order
/// from U+0100 on; -1 for other code points.
int byte_of_code_point(unsigned code) {
    static constexpr auto table = [] {
        std::array<std::int16_t, 256 + 68> bytes{};
        for (std::int16_t& byte : bytes) byte = -1;
        std::size_t next = 256;
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const bool itself = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
            bytes[itself ? byte : next++] = static_cast<std::int16_t>(byte);
        }
        return bytes;
    }();
    return code < table.size() ? table[code] : -1;
}

/// The bytes of a byte-level piece; a piece with a code point that stands for no byte is itself.
std::string byte_level(const std::string& piece) {
    std::string bytes;
    for (std::string_view rest = piece; !rest.empty();) {
        std::size_t wrong = 0;
        const std::size_t length = code_point_length(rest, wrong);
        if (length == 0 || length > 2) return piece;
        const unsigned code =
            length == 1 ? byte_at(rest, 0) : ((byte_at(rest, 0) & 0x1FU) << 6) | (byte_at(rest, 1) & 0x3FU);
        const int byte = byte_of_code_point(code);
        if (byte < 0) return piece;
        bytes += static_cast<char>(byte);
        rest.remove_prefix(length);
    }
    return bytes;
}

std::string joined_pieces(const std::vector<std::string>& pieces, std::string_view between = {}) {
    std::string text;
    for (const std::string& piece : pieces) {
        if (&piece != &pieces.front()) text += between;
        text += piece;
    }
    return text;
}

/// Runs of byte pieces become text when they are UTF-8, or else a U+FFFD a byte.
std::vector<std::string> with_bytes(const std::vector<std::string>& pieces) {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
        if (bytes.empty()) return;
        if (is_utf8(bytes))
            out.push_back(bytes);
        else
            out.insert(out.end(), bytes.size(), std::string(replacement));
        bytes.clear();
    };
    for (const std::string& piece : pieces) {
        const int byte = byte_of_piece(piece);
        if (byte >= 0) {
            bytes += static_cast<char>(byte);
            continue;
        }
        flush();
        out.push_back(piece);
    }
    flush();
    return out;
}

void strip(const DecodeStep& step, std::string& piece) {
    if (step.content.empty()) return;
    for (int i = 0; i < step.start && piece.starts_with(step.content); ++i)
        piece.erase(0, step.content.size());
    for (int i = 0; i < step.stop && piece.ends_with(step.content); ++i)
        piece.erase(piece.size() - step.content.size());
}

void clean_up(std::string& piece) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> rules{{{" .", "."},
                                                                                   {" ?", "?"},
                                                                                   {" !", "!"},
                                                                                   {" ,", ","},
                                                                                   {" ' ", "'"},
                                                                                   {" n't", "n't"},
                                                                                   {" 'm", "'m"},
                                                                                   {" do not", " don't"},
                                                                                   {" 's", "'s"},
                                                                                   {" 've", "'ve"},
                                                                                   {" 're", "'re"}}};
    for (const auto& [from, to] : rules) replace_all(piece, from, to);
}

void word_piece(const DecodeStep& step, bool first, std::string& piece) {
    if (!first && !step.pattern.empty() && piece.starts_with(step.pattern))
        piece.erase(0, step.pattern.size());
    else if (!first)
        piece.insert(0, " ");
    if (step.clean_up) clean_up(piece);
}

/// Steps that treat each piece for itself.
void apply(const DecodeStep& step, bool first, bool last, std::string& piece) {
    using Kind = DecodeStep::Kind;
    if (step.kind == Kind::Replace) replace_all(piece, step.pattern, step.content);
    if (step.kind == Kind::Strip) strip(step, piece);
    if (step.kind == Kind::Metaspace) replace_all(piece, step.pattern, first && step.start > 0 ? "" : " ");
    if (step.kind == Kind::WordPiece) word_piece(step, first, piece);
    if (step.kind == Kind::WordEnd) replace_all(piece, step.pattern, last ? "" : " ");
}

}  // namespace

int byte_of_piece(std::string_view piece) {
    if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return -1;
    int byte = -1;
    const char* end = piece.data() + 5;
    const auto [stop, error] = std::from_chars(piece.data() + 3, end, byte, 16);
    return error == std::errc() && stop == end && byte >= 0 ? byte : -1;
}

std::string decode(const Decoder& decoder, std::vector<std::string> pieces) {
    for (const DecodeStep& step : decoder.steps) {
        switch (step.kind) {
            case DecodeStep::Kind::ByteLevel: {
                for (std::string& piece : pieces) piece = byte_level(piece);
                pieces = {repaired(joined_pieces(pieces))};
                break;
            }
            case DecodeStep::Kind::ByteFallback:
                pieces = with_bytes(pieces);
                break;
            case DecodeStep::Kind::Fuse:
                pieces = {joined_pieces(pieces)};
                break;
            default:
                for (std::size_t i = 0; i < pieces.size(); ++i)
                    apply(step, i == 0, i + 1 == pieces.size(), pieces[i]);
        }
    }
    return joined_pieces(pieces, decoder.spaced ? " " : "");
}

std::string decode_inside(const Decoder& decoder, std::string piece) {
    for (const DecodeStep& each : decoder.steps) {
        DecodeStep step = each;
        step.clean_up = false;
        if (step.kind == DecodeStep::Kind::Fuse) break;  // what comes behind it is about the ends of the text
        if (step.kind == DecodeStep::Kind::ByteLevel) piece = byte_level(piece);
        if (step.kind == DecodeStep::Kind::ByteFallback && byte_of_piece(piece) >= 0)
            piece = std::string(1, static_cast<char>(byte_of_piece(piece)));
        apply(step, false, false, piece);
    }
    return decoder.spaced ? " " + piece : piece;
}

Decoder byte_level_decoder() { return {.steps = {{.kind = DecodeStep::Kind::ByteLevel}}}; }

Decoder metaspace_decoder(bool prefix) {
    using Kind = DecodeStep::Kind;
    Decoder decoder{.steps = {{.kind = Kind::Replace, .pattern = "\u2581", .content = " "},
                              {.kind = Kind::ByteFallback},
                              {.kind = Kind::Fuse}}};
    if (prefix) decoder.steps.push_back({.kind = Kind::Strip, .content = " ", .start = 1});
    return decoder;
}

}  // namespace headway
