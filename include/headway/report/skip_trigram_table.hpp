// Skip-trigrams as a table of words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/token_text.hpp"
#include "headway/measure/skip_trigrams.hpp"
#include "headway/report/table.hpp"

#include <string>
#include <vector>

namespace headway {

/// Columns `head,source,destination,output,score,attention,logit,bigram,bugs,bug`; keyed by source its
/// strongest `destinations` and `outputs`, by destination its `sources` and their `outputs`. Tokens in a list
/// stand between blanks, strongest first; numbers are of the best triple. Ids are in detail columns.
/// `tokens`: what is said of the tokens: their embedding, and which were not asked for.
Table skip_trigram_rows(const SkipTrigramTable& trigrams, const SkipTrigramOptions& options,
                        const TokenText& text, const std::string& tokens = {});

/// The tokens that can mean something to a person: not special, with a text of whole, visible characters. The
/// others are seldom trained. None, that is all, without texts.
std::vector<int> readable_tokens(const TokenText& text, int d_vocab);

/// Of these, whole words: a blank and letters.
std::vector<int> words_of(const TokenText& text, int d_vocab);
/// Whole words, and tokens without any letter.
std::vector<int> words_and_marks_of(const TokenText& text, int d_vocab);

}  // namespace headway
