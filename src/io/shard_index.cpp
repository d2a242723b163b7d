// SPDX-License-Identifier: Apache-2.0
#include "io/shard_index.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/json.hpp"
#include "io/several_files.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace headway {
namespace {

using std::filesystem::path;

template <class... Args>
[[noreturn]] void malformed_index(fmt::format_string<Args...> message, Args&&... args) {
    throw Error(ErrorKind::Malformed, fmt::format(message, std::forward<Args>(args)...));
}

// Which shard holds which tensor, as the index says.
struct Index {
    std::string shown;
    std::map<std::string, std::string> shard_of;
    std::optional<std::uint64_t> total_size;
};

void check_shard_name(const Index& index, const std::string& tensor, const std::string& name) {
    const bool plain = !name.empty() && name != "." && name != ".." &&
                       name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
    if (!plain) {
        malformed_index("{}: tensor {} is in {}: shard names must be plain file names", index.shown,
                        quote(tensor), quote(name));
    }
    if (!name.ends_with(".safetensors") && !name.ends_with(".bin")) {
        malformed_index("{}: tensor {} is in {}, expected a .safetensors or .bin file", index.shown,
                        quote(tensor), quote(name));
    }
}

Index read_index(const path& file) {
    constexpr std::uint64_t longest = 100'000'000;
    const InputFile input(file);
    require(input.size() <= longest, ErrorKind::Limit, "{}: the index has {} bytes, the limit is {}",
            input.shown(), input.size(), longest);
    Index index;
    index.shown = input.shown();
    const Json root = parse_json(input.read_text(longest), index.shown);
    const bool is_object = root.type() == Json::Type::Object;
    if (!is_object) malformed_index("{}: is {}, expected an object", index.shown, root.shown());
    if (!root.contains("weight_map")) malformed_index("{}: has no \"weight_map\"", index.shown);
    const Json map = root.at("weight_map");
    if (map.type() != Json::Type::Object) {
        malformed_index("{}: \"weight_map\" is {}, expected an object", index.shown, map.shown());
    }
    for (auto& [tensor, shard] : map.members()) {
        if (shard.type() != Json::Type::Text) {
            malformed_index("{}: tensor {} is in {}, expected a file name", index.shown, quote(tensor),
                            shard.shown());
        }
        std::string name = shard.text();
        check_shard_name(index, tensor, name);
        index.shard_of.emplace_hint(index.shard_of.end(), tensor, std::move(name));
    }
    if (index.shard_of.empty()) malformed_index("{}: \"weight_map\" is empty", index.shown);
    const auto metadata = root.find("metadata");
    if (!metadata || metadata->type() != Json::Type::Object) return index;
    const auto total = metadata->find("total_size");
    if (total && total->type() == Json::Type::Integer && total->number() >= 0 && total->number() < 0x1p63) {
        index.total_size = static_cast<std::uint64_t>(total->number());
    }
    return index;
}

std::vector<path> shards_of(const Index& index, const path& folder) {
    std::vector<path> shards;
    for (const auto& [tensor, shard] : index.shard_of) shards.push_back(folder / shard);
    std::ranges::sort(shards);
    shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
    return shards;
}

// Both lists are sorted by name.
void check_agreement(const Index& index, const WeightFiles::Content& content) {
    auto tensor = content.tensors.begin();
    for (const auto& [name, shard] : index.shard_of) {
        if (tensor != content.tensors.end() && tensor->name < name) break;
        if (tensor == content.tensors.end() || tensor->name != name) {
            malformed_index("{}: tensor {} is in {}, which does not have it", index.shown, quote(name),
                            quote(shard));
        }
        const path actual = content.files[tensor->file].filename();
        if (actual.native() != shard) {
            malformed_index("{}: tensor {} is in {}, but it was found in {}", index.shown, quote(name),
                            quote(shard), quote(actual.native()));
        }
        ++tensor;
    }
    if (tensor == content.tensors.end()) return;
    malformed_index("{}: tensor {} of {} is not listed", index.shown, quote(tensor->name),
                    quote(content.files[tensor->file].filename().native()));
}

}  // namespace

void open_shards(const path& file, WeightFiles::Content& content) {
    const Index index = read_index(file);
    const std::vector<path> shards = shards_of(index, file.parent_path());
    require_present(shards, index.shown, "shards");
    for (const path& shard : shards) add_file(shard, content);
    sort_tensors(content);
    check_agreement(index, content);
    std::uint64_t total = 0;
    for (const StoredTensor& tensor : content.tensors) total += tensor.bytes;
    if (!index.total_size || *index.total_size == total) return;
    content.warnings.push_back(fmt::format("{}: total_size is {}, but the tensors have {} bytes", index.shown,
                                           *index.total_size, total));
}

}  // namespace headway
