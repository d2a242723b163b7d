// SPDX-License-Identifier: Apache-2.0
#include "headway/io/token_text.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/token_pieces.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>
#include <utility>

namespace headway {

namespace {

constexpr std::size_t longest_shown = 120;  // bytes

/// Code points that look like a blank or like nothing, and the one that stands for a blank.
std::size_t blank_at(std::string_view text) {
    constexpr std::array<std::string_view, 25> blanks{
        "\u00a0", "\u00b7", "\u034f", "\u115f", "\u1160", "\u1680", "\u180e", "\u2000", "\u2001",
        "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
        "\u202f", "\u205f", "\u2800", "\u3000", "\u3164", "\uffa0", "\ufe0f"};
    for (const std::string_view blank : blanks)
        if (text.starts_with(blank)) return blank.size();
    return 0;
}

std::string escaped_code_point(std::string_view bytes) {
    unsigned code = static_cast<unsigned char>(bytes[0]) & (bytes.size() == 2 ? 0x1FU : 0x0FU);
    for (const char byte : bytes.substr(1)) code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3FU);
    return fmt::format("\\u{:04x}", code);
}

std::string safe(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    const auto flush = [&](std::size_t end) {
        out += escaped(text.substr(done, end - done), std::numeric_limits<std::size_t>::max());
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t blank = static_cast<unsigned char>(text[i]) < 0x80 ? 0 : blank_at(text.substr(i));
        if (blank == 0 && text[i] != ' ' && text[i] != '"') continue;
        flush(i);
        out += text[i] == ' ' ? "\u00b7" : blank == 0 ? "\"" : escaped_code_point(text.substr(i, blank));
        i += std::max<std::size_t>(blank, 1) - 1;
        done = i + 1;
    }
    flush(text.size());
    return out;
}

/// Where `<digits>` at the end of a text begins, or npos.
std::size_t mark_at(std::string_view text) {
    if (!text.ends_with('>')) return std::string_view::npos;
    const std::size_t open = text.find_last_not_of("0123456789", text.size() - 2);
    const bool digits = open != std::string_view::npos && text[open] == '<' && open + 2 < text.size();
    return digits ? open : std::string_view::npos;
}

std::string mark(int id) { return fmt::format("<{}>", id); }

/// At most `longest_shown` bytes, cut between code points.
std::string_view front_of(std::string_view text) {
    std::size_t end = std::min(text.size(), longest_shown);
    while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

struct Token {
    TokenPiece piece;
    std::string bytes;
    std::string shown;
    int rank() const { return piece.kind == TokenPiece::Kind::Piece && byte_of_piece(piece.piece) >= 0; }
};

}  // namespace

struct TokenText::State {
    std::vector<Token> tokens;  // by id
    Decoder decoder;
    std::string note;
    std::unordered_map<std::string_view, int> by_shown;
    std::unordered_map<std::string_view, int> by_bytes;

    const Token* find(int id) const {
        const auto found =
            std::ranges::lower_bound(tokens, id, {}, [](const Token& t) { return t.piece.id; });
        return found == tokens.end() || found->piece.id != id ? nullptr : &*found;
    }

    /// Shown texts, each of one token only: of several with the same text, pieces go before bytes and low ids
    /// before high ones. No unmarked text ends like a mark, so no two are equal.
    void show() {
        std::vector<Token*> order;
        for (Token& token : tokens) order.push_back(&token);
        std::ranges::stable_sort(order, {}, &Token::rank);
        for (Token* token : order) {
            const int id = token->piece.id;
            std::string text = safe(token->bytes);
            if (const std::size_t at = mark_at(text); at != std::string::npos) text.replace(at, 1, "\\x3c");
            const bool first = by_bytes.emplace(token->bytes, id).second;
            if (text.size() > longest_shown)
                token->shown = fmt::format("{}...{}", front_of(text), mark(id));
            else
                token->shown = text.empty() || !first ? text + mark(id) : text;
        }
        for (const Token& token : tokens) by_shown.emplace(token.shown, token.piece.id);
        by_bytes.erase("");
    }
};

TokenText token_text(std::vector<TokenPiece> pieces, const Decoder& decoder) {
    TokenText::State state;
    state.decoder = decoder;
    if (!decoder.unknown.empty())
        state.note =
            fmt::format("The tokenizer's decoder {} is not known: tokens are spelled as in the file.",
                        quote(decoder.unknown));
    std::ranges::stable_sort(pieces, {}, &TokenPiece::id);
    for (TokenPiece& piece : pieces) {
        if (!state.tokens.empty() && state.tokens.back().piece.id == piece.id) state.tokens.pop_back();
        state.tokens.push_back({.piece = std::move(piece), .bytes = {}, .shown = {}});
    }
    if (state.tokens.empty()) return {};
    for (Token& token : state.tokens) {
        const bool plain = token.piece.kind != TokenPiece::Kind::Piece || !decoder.unknown.empty();
        token.bytes = plain ? token.piece.piece : decode_inside(decoder, token.piece.piece);
    }
    const auto shared = std::make_shared<TokenText::State>(std::move(state));
    shared->show();
    return TokenText(shared);
}

int TokenText::size() const { return empty() ? 0 : state_->tokens.back().piece.id + 1; }

bool TokenText::has(int id) const { return !empty() && state_->find(id) != nullptr; }

bool TokenText::is_special(int id) const {
    const Token* token = empty() ? nullptr : state_->find(id);
    return token != nullptr && token->piece.kind == TokenPiece::Kind::Special;
}

const std::string& TokenText::note() const {
    static const std::string nothing;
    return empty() ? nothing : state_->note;
}

std::string TokenText::bytes(int id) const {
    const Token* token = empty() ? nullptr : state_->find(id);
    return token == nullptr ? "" : token->bytes;
}

std::string TokenText::shown(int id) const {
    const Token* token = empty() ? nullptr : state_->find(id);
    return token == nullptr ? mark(id) : token->shown;
}

std::optional<int> TokenText::id(std::string_view text) const {
    if (empty()) return std::nullopt;
    if (const auto found = state_->by_shown.find(text); found != state_->by_shown.end()) return found->second;
    if (const auto found = state_->by_bytes.find(text); found != state_->by_bytes.end()) return found->second;
    return std::nullopt;
}

std::string TokenText::decode(std::span<const int> ids) const {
    if (empty()) return {};
    require(state_->decoder.unknown.empty(), ErrorKind::Unsupported,
            "the tokenizer's decoder {} is not known: no text can be written",
            quote(state_->decoder.unknown));
    std::vector<std::string> pieces;
    for (const int id : ids) {
        if (const Token* token = state_->find(id)) pieces.push_back(token->piece.piece);
    }
    return headway::decode(state_->decoder, std::move(pieces));
}

}  // namespace headway
