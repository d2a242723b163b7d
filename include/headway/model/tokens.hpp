// The texts of a model's tokens, from the files that lie with its weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/token_text.hpp"

#include <filesystem>
#include <string>

namespace headway {

/// The token texts of the model that `load_model` finds at `where`: a GGUF file's own vocabulary, or else
/// `tokenizer.json`, or else `vocab.json` in the folder of the weights, or in that of `config` where one is
/// given. No texts, and no error, where there is none of these, and for random models.
/// Throws Error as find_model, read_tokenizer_json and read_vocab_json.
TokenText token_text_of(const std::string& where, const std::filesystem::path& config = {});

}  // namespace headway
