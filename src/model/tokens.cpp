// SPDX-License-Identifier: Apache-2.0
#include "headway/model/tokens.hpp"

#include "headway/io/model_path.hpp"
#include "headway/io/weight_files.hpp"
#include "model/example.hpp"

#include <algorithm>
#include <system_error>

namespace headway {

namespace {

TokenText text_of_example(std::string_view name) {
    const auto files = embedded_files();
    const std::string file = std::string(name) + "/tokenizer.json";
    const auto found = std::ranges::find(files, file, &EmbeddedFile::name);
    if (found == files.end()) return {};
    const std::string_view text{reinterpret_cast<const char*>(found->bytes.data()), found->bytes.size()};
    return parse_tokenizer_json(text, "built-in tokenizer.json");
}

bool is_in_folder(const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
}

TokenText text_in_folder(const std::filesystem::path& folder) {
    if (const auto file = folder / "tokenizer.json"; is_in_folder(file)) return read_tokenizer_json(file);
    if (const auto file = folder / "vocab.json"; is_in_folder(file)) return read_vocab_json(file);
    return {};
}

}  // namespace

TokenText token_text_of(const std::string& where, const std::filesystem::path& config) {
    constexpr std::string_view example = "example:";
    if (where.starts_with(example)) return text_of_example(std::string_view(where).substr(example.size()));
    if (where.starts_with("random:")) return {};
    const std::filesystem::path path = find_model(where);
    const WeightFiles weights = open_weights(path);
    TokenText text = weights.metadata() ? gguf_token_text(*weights.metadata()) : TokenText();
    if (text.empty()) text = text_in_folder(weights.files().front().parent_path());
    if (text.empty() && !config.empty()) text = text_in_folder(config.parent_path());
    return text;
}

}  // namespace headway
