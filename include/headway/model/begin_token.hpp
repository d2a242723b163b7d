// The token that begins a sequence, as the files of a model name it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace headway {

/// `bos_token_id` of the config.json of the model that `load_model` finds at `where` (or of `config`, where
/// one is given), or `tokenizer.ggml.bos_token_id` of a GGUF file; nothing where they name none, for random
/// models. Throws Error as find_model, open_weights and read_json.
std::optional<int> begin_token_of(const std::string& where, const std::filesystem::path& config = {});

}  // namespace headway
