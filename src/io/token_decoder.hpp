// How the pieces of a vocabulary become text: the steps of a tokenizer's decoder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A step turns a list of pieces into another list.
struct DecodeStep {
    enum class Kind : std::uint8_t {
        ByteLevel,     ///< GPT-2's printable stand-ins for bytes; the pieces become one
        Replace,       ///< every `pattern` by `content`
        ByteFallback,  ///< `<0xE2>` is that byte
        Fuse,          ///< the pieces become one
        Strip,         ///< up to `start` leading and `stop` trailing `content` of each piece
        Metaspace,     ///< `pattern` is a blank, in the first piece nothing when `start` is 1
        WordPiece,     ///< a blank in front of every piece but the first and those with `pattern` in front
        WordEnd        ///< `pattern` is a blank, in the last piece nothing
    };
    Kind kind = Kind::Fuse;
    std::string pattern = {};
    std::string content = {};
    int start = 0;
    int stop = 0;
    bool clean_up = false;  ///< WordPiece: no blank in front of punctuation and contractions
};

struct Decoder {
    std::vector<DecodeStep> steps;
    bool spaced = false;       ///< the pieces are words: blanks between them
    std::string unknown = {};  ///< a step that is not known
};

/// The text of a sequence of pieces.
std::string decode(const Decoder& decoder, std::vector<std::string> pieces);

/// What a piece adds to the middle of a text, as bytes that need not be UTF-8.
std::string decode_inside(const Decoder& decoder, std::string piece);

/// The byte of `<0xE2>`, or -1.
int byte_of_piece(std::string_view piece);

/// The decoders that are known by the name of their kind.
Decoder byte_level_decoder();
/// `prefix`: the tokenizer puts a blank in front of every text.
Decoder metaspace_decoder(bool prefix);

}  // namespace headway
