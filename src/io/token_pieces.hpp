// The pieces of a vocabulary as a file spells them, on their way to a TokenText.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/token_text.hpp"
#include "io/token_decoder.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace headway {

struct TokenPiece {
    enum class Kind : std::uint8_t {
        Piece,   ///< spelled for the decoder
        Plain,   ///< added to the vocabulary: spelled as it is
        Special  ///< the same, and stands for no text
    };
    int id = 0;
    std::string piece;
    Kind kind = Kind::Piece;
};

/// The texts of `pieces`; ids are from 0 on, a later piece of the same id takes the place of an earlier one.
TokenText token_text(std::vector<TokenPiece> pieces, const Decoder& decoder);

}  // namespace headway
