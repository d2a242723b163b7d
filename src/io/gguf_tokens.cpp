// The vocabulary in the metadata of a GGUF file.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "io/token_pieces.hpp"

#include <utility>

namespace headway {

namespace {

/// Kinds of tokens, as `tokenizer.ggml.token_type` numbers them.
enum : std::int64_t { Control = 3, UserDefined = 4 };

/// `tokenizer.ggml.model` says how its pieces are spelled.
Decoder decoder_of(const Json& metadata) {
    const std::string model = metadata.text("tokenizer.ggml.model", "llama");
    if (model == "gpt2") return byte_level_decoder();
    const bool prefix = metadata.boolean("tokenizer.ggml.add_space_prefix", model != "bert");
    if (model == "llama" || model == "t5" || model == "bert") return metaspace_decoder(prefix);
    return {.steps = {}, .spaced = false, .unknown = model};
}

}  // namespace

TokenText gguf_token_text(const Json& metadata) {
    const std::optional<Json> tokens = metadata.find("tokenizer.ggml.tokens");
    if (!tokens) return {};
    const std::optional<Json> types = metadata.find("tokenizer.ggml.token_type");
    require(!types || types->size() == tokens->size(), ErrorKind::Unsupported,
            "{} has {} entries, expected one for each of {} tokens", types ? types->where() : "",
            types ? types->size() : 0, tokens->size());
    std::vector<TokenPiece> pieces;
    for (std::size_t i = 0; i < tokens->size(); ++i) {
        const std::int64_t type = types ? types->at(i).integer() : 1;
        const TokenPiece::Kind kind = type == Control       ? TokenPiece::Kind::Special
                                      : type == UserDefined ? TokenPiece::Kind::Plain
                                                            : TokenPiece::Kind::Piece;
        pieces.push_back({.id = static_cast<int>(i), .piece = tokens->at(i).text(), .kind = kind});
    }
    return token_text(std::move(pieces), decoder_of(metadata));
}

}  // namespace headway
