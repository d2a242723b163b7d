// SPDX-License-Identifier: Apache-2.0
#include "headway/model/begin_token.hpp"

#include "headway/io/model_path.hpp"
#include "headway/io/weight_files.hpp"
#include "model/example.hpp"

#include <algorithm>
#include <limits>

namespace headway {

namespace {

std::optional<int> token_of(const Json& json, std::string_view key) {
    const std::optional<Json> value = json.find(key);
    if (!value || value->type() != Json::Type::Integer) return std::nullopt;
    const std::int64_t token = value->integer();
    if (token < 0 || token > std::numeric_limits<int>::max()) return std::nullopt;
    return static_cast<int>(token);
}

std::optional<int> token_of_example(std::string_view name) {
    const auto files = embedded_files();
    const auto found = std::ranges::find(files, std::string(name) + "/config.json", &EmbeddedFile::name);
    if (found == files.end()) return std::nullopt;
    const std::string_view text{reinterpret_cast<const char*>(found->bytes.data()), found->bytes.size()};
    return token_of(parse_json(text, "built-in config.json"), "bos_token_id");
}

}  // namespace

std::optional<int> begin_token_of(const std::string& where, const std::filesystem::path& config) {
    constexpr std::string_view example = "example:";
    if (where.starts_with(example)) return token_of_example(std::string_view(where).substr(example.size()));
    if (where.starts_with("random:")) return std::nullopt;
    const std::filesystem::path path = find_model(where);
    if (config.empty()) {
        const WeightFiles weights = open_weights(path);
        if (weights.metadata()) return token_of(*weights.metadata(), "tokenizer.ggml.bos_token_id");
    }
    const std::filesystem::path folder = std::filesystem::is_directory(path) ? path : path.parent_path();
    return token_of(read_json(config.empty() ? folder / "config.json" : config), "bos_token_id");
}

}  // namespace headway
