// Vocabularies in JSON files: tokenizer.json of Hugging Face's tokenizers, vocab.json of GPT-2.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/token_text.hpp"
#include "io/input_file.hpp"
#include "io/json_members.hpp"
#include "io/token_pieces.hpp"

#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace headway {

namespace {

constexpr std::uint64_t longest_file = std::uint64_t{64} << 20;
constexpr std::size_t most_values = std::size_t{4} << 20;  // of one member: Gemma 3 has 1.8 million

using Step = DecodeStep::Kind;

int id_of(const Json& value) {
    constexpr std::int64_t largest = (1 << 24) - 1;
    const std::int64_t id = value.integer();
    require(id >= 0 && id <= largest, ErrorKind::Unsupported, "{} is {}, expected an id from 0 to {}",
            value.where(), id, largest);
    return static_cast<int>(id);
}

/// `{"the": 262, ...}`; two pieces of one id are a contradiction.
std::vector<TokenPiece> piece_table(const Json& vocabulary) {
    std::vector<TokenPiece> pieces;
    std::map<int, std::string> seen;
    for (const auto& [piece, value] : vocabulary.members()) {
        const int id = id_of(value);
        const auto [other, fresh] = seen.emplace(id, piece);
        require(fresh, ErrorKind::Malformed, "{}: {} and {} have the same id {}", vocabulary.where(),
                quote(other->second), quote(piece), id);
        pieces.push_back({.id = id, .piece = piece});
    }
    return pieces;
}

/// `[["<unk>", 0.0], ...]`, ids in order.
std::vector<TokenPiece> piece_list(const Json& vocabulary) {
    std::vector<TokenPiece> pieces;
    for (std::size_t i = 0; i < vocabulary.size(); ++i)
        pieces.push_back({.id = static_cast<int>(i), .piece = vocabulary.at(i).at(std::size_t{0}).text()});
    return pieces;
}

void add_decoder(const Json& json, Decoder& decoder);

void add_replace(const Json& json, Decoder& decoder) {
    const Json pattern = json.at("pattern");
    if (!pattern.has("String")) {
        decoder.unknown = "Replace by a regular expression";
        return;
    }
    decoder.steps.push_back(
        {.kind = Step::Replace, .pattern = pattern.text("String"), .content = json.text("content")});
}

void add_metaspace(const Json& json, Decoder& decoder) {
    const bool older = json.boolean("add_prefix_space", true);
    const bool prefix = json.text("prepend_scheme", older ? "always" : "never") != "never";
    decoder.steps.push_back(
        {.kind = Step::Metaspace, .pattern = json.text("replacement", "\u2581"), .start = prefix ? 1 : 0});
}

void add_strip(const Json& json, Decoder& decoder) {
    constexpr std::int64_t many = 1 << 20;
    const std::int64_t start = json.integer("start", 0);
    const std::int64_t stop = json.integer("stop", 0);
    require(start >= 0 && start <= many && stop >= 0 && stop <= many, ErrorKind::Unsupported,
            "{}: start {} and stop {} are no numbers of characters", json.where(), start, stop);
    decoder.steps.push_back({.kind = Step::Strip,
                             .content = json.text("content"),
                             .start = static_cast<int>(start),
                             .stop = static_cast<int>(stop)});
}

void add_sequence(const Json& json, Decoder& decoder) {
    const Json steps = json.at("decoders");
    for (std::size_t i = 0; i < steps.size(); ++i) add_decoder(steps.at(i), decoder);
}

void add_decoder(const Json& json, Decoder& decoder) {
    const std::string type = json.text("type");
    if (type == "Sequence") return add_sequence(json, decoder);
    if (type == "Replace") return add_replace(json, decoder);
    if (type == "Metaspace") return add_metaspace(json, decoder);
    if (type == "Strip") return add_strip(json, decoder);
    if (type == "ByteLevel")
        decoder.steps.push_back({.kind = Step::ByteLevel});
    else if (type == "ByteFallback")
        decoder.steps.push_back({.kind = Step::ByteFallback});
    else if (type == "Fuse")
        decoder.steps.push_back({.kind = Step::Fuse});
    else if (type == "WordPiece")
        decoder.steps.push_back({.kind = Step::WordPiece,
                                 .pattern = json.text("prefix", "##"),
                                 .clean_up = json.boolean("cleanup", true)});
    else if (type == "BPEDecoder")
        decoder.steps.push_back({.kind = Step::WordEnd, .pattern = json.text("suffix", "</w>")});
    else
        decoder.unknown = type;
}

/// The members of a tokenizer.json that say what its tokens are; the others are not kept.
struct TokenizerParts {
    std::optional<Json> model, added_tokens, decoder;

    TokenizerParts(std::string_view text, const std::string& file) {
        std::set<std::string> seen;
        for_each_member(text, {.shown = file + ":", .max_values = most_values},
                        [&](const std::string& key, const Json& value) {
                            require(seen.insert(key).second, ErrorKind::Malformed, "{}: has the key {} twice",
                                    file, quote(key));
                            if (value.is_null()) return;
                            if (key == "model") model = value;
                            if (key == "added_tokens") added_tokens = value;
                            if (key == "decoder") decoder = value;
                        });
        require(model.has_value(), ErrorKind::Unsupported, "{}: \"model\" is missing", file);
    }
};

void add_tokens(const Json& added, std::vector<TokenPiece>& pieces) {
    for (std::size_t i = 0; i < added.size(); ++i) {
        const Json token = added.at(i);
        const bool special = token.boolean("special", false);
        pieces.push_back({.id = id_of(token.at("id")),
                          .piece = token.text("content"),
                          .kind = special ? TokenPiece::Kind::Special : TokenPiece::Kind::Plain});
    }
}

}  // namespace

TokenText parse_tokenizer_json(std::string_view text, const std::string& file) {
    const TokenizerParts parts(text, file);
    const Json vocabulary = parts.model->at("vocab");
    const bool list = vocabulary.type() == Json::Type::Array;
    std::vector<TokenPiece> pieces = list ? piece_list(vocabulary) : piece_table(vocabulary);
    if (parts.added_tokens) add_tokens(*parts.added_tokens, pieces);
    Decoder decoder;
    if (parts.decoder)
        add_decoder(*parts.decoder, decoder);
    else
        decoder.spaced = true;
    return token_text(std::move(pieces), decoder);
}

TokenText read_tokenizer_json(const std::filesystem::path& path) {
    const InputFile file(path);
    return parse_tokenizer_json(file.read_text(longest_file), file.shown());
}

TokenText read_vocab_json(const std::filesystem::path& path) {
    std::vector<TokenPiece> pieces = piece_table(read_json(path));
    const std::filesystem::path added = path.parent_path() / "added_tokens.json";
    std::error_code ignored;
    if (std::filesystem::exists(added, ignored)) {
        for (TokenPiece& token : piece_table(read_json(added))) {
            token.kind = TokenPiece::Kind::Plain;
            pieces.push_back(std::move(token));
        }
    }
    return token_text(std::move(pieces), byte_level_decoder());
}

}  // namespace headway
