// What the tokens of a model say: ids to text. Decoding only; nothing here turns a text into tokens, but a
// token can be found by its text.
//
// Every token has two texts. Its bytes are what it adds to the middle of a sequence: ` the` for a token
// that begins a word, whatever the file writes for the blank (`Ġthe`, `▁the`, or `the` beside `##the`). Its
// shown text is for tables and pictures: a blank is `·`, and what would act on a terminal or be invisible
// is escaped as in C (`\n`, `\x1b`, `\u202e`, `\xff` for a byte that is no UTF-8); a backslash is `\\`. No
// two ids are shown alike: a token whose text another one has already is followed by its id (`A<68>`), and
// so is one without text (`<50300>`) or with too long a text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/json.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// The texts of a vocabulary. Copies are cheap. Without texts every id is shown as `<id>`.
class TokenText {
public:
    TokenText() = default;

    bool empty() const { return state_ == nullptr; }
    int size() const;        ///< 1 + the largest id that has a text; ids below may lack one
    bool has(int id) const;  ///< it has a text
    /// It stands for no text, but for the beginning or end of one, for padding, or the like.
    bool is_special(int id) const;
    /// What was not understood, for a caption; empty: nothing.
    const std::string& note() const;

    std::string bytes(int id) const;  ///< empty without text
    std::string shown(int id) const;
    /// The token of a shown text, or of these bytes, the shown text first; of several ids with these bytes
    /// the one that is shown without its id.
    std::optional<int> id(std::string_view text) const;

    /// The text of a sequence as the tokenizer's own decoder writes it: special tokens are spelled, a blank
    /// at the beginning is left out where the tokenizer adds one, bytes that are no UTF-8 are U+FFFD. Ids
    /// without text are left out. Throws Error(Unsupported) for a decoder that is not known (see `note`).
    std::string decode(std::span<const int> ids) const;

    struct State;  // our own business
    explicit TokenText(std::shared_ptr<const State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<const State> state_;
};

/// Reads a `tokenizer.json` (BPE, Unigram, WordPiece, WordLevel; added tokens). Throws Error: Malformed,
/// Unsupported, Io.
TokenText read_tokenizer_json(const std::filesystem::path& path);
/// The same of a text; `file` is for messages.
TokenText parse_tokenizer_json(std::string_view text, const std::string& file);

/// Reads a `vocab.json` of byte-level BPE (GPT-2's), and `added_tokens.json` where that lies beside it.
/// Throws Error: Malformed, Unsupported, Io.
TokenText read_vocab_json(const std::filesystem::path& path);

/// The vocabulary in the metadata of a GGUF file (`tokenizer.ggml.tokens`); no texts without one. Throws
/// Error(Unsupported).
TokenText gguf_token_text(const Json& metadata);

/// The tokens of a list such as `12,' the',·the,perfect`, in its order: a number is an id, everything else
/// the text of a token, shown or plain. In quotes ('...' or "...") a text may have commas, and may be a
/// number. Throws Error(Usage): no such id in a vocabulary of `d_vocab`, or no such token, with the nearest
/// as a hint.
std::vector<int> parse_token_list(std::string_view list, const TokenText& text, int d_vocab);

}  // namespace headway
