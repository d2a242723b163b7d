// Which reader a file is for, and which file of a folder.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/gguf_header.hpp"
#include "io/gguf_parts.hpp"
#include "io/safetensors_header.hpp"
#include "io/shard_index.hpp"
#include "io/weight_content.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace headway {
namespace {

using std::filesystem::path;

path weights_in(const path& folder) {
    const std::array<path, 2> candidates = {folder / "model.safetensors.index.json",
                                            folder / "model.safetensors"};
    for (const path& candidate : candidates) {
        std::error_code error;
        if (std::filesystem::symlink_status(candidate, error).type() !=
            std::filesystem::file_type::not_found) {
            return candidate;
        }
    }
    throw Error(ErrorKind::Io, fmt::format("{}: the folder has neither model.safetensors nor "
                                           "model.safetensors.index.json",
                                           escaped(folder.native())));
}

WeightListing list_file(const InputFile& file) {
    return has_gguf_magic(file) ? list_gguf(file) : list_safetensors(file);
}

}  // namespace

void sort_by_name(std::vector<StoredTensor>& tensors, const std::string& shown) {
    std::ranges::sort(tensors, {}, &StoredTensor::name);
    const auto twice = std::ranges::adjacent_find(tensors, {}, &StoredTensor::name);
    if (twice == tensors.end()) return;
    throw Error(ErrorKind::Malformed,
                fmt::format("{}: tensor {} is listed twice", shown, quote(twice->name)));
}

void add_file(const path& file, WeightFiles::Content& content) {
    const InputFile input(file);
    WeightListing listing = list_file(input);
    const std::size_t first_source = content.sources.size();
    content.sources.push_back(std::make_shared<ByteSource>(file, input.state()));
    for (ZipMember& member : listing.deflated) {
        content.sources.push_back(std::make_shared<ByteSource>(file, input.state(), std::move(member)));
    }
    for (StoredTensor& tensor : listing.tensors) {
        tensor.file = content.files.size();
        tensor.source += first_source;
    }
    content.files.push_back(file);
    std::ranges::move(listing.tensors, std::back_inserter(content.tensors));
    std::ranges::move(listing.warnings, std::back_inserter(content.warnings));
    content.metadata = std::move(listing.metadata);
}

WeightFiles open_weights(const path& given) {
    std::error_code error;
    const bool is_folder = std::filesystem::is_directory(given, error);
    const path file = is_folder ? weights_in(given) : given;
    auto content = std::make_shared<WeightFiles::Content>();
    content->shown = file;
    if (file.extension() == ".json") {
        open_shards(file, *content);
    } else {
        add_file(file, *content);
        add_other_gguf_parts(*content);
    }
    WeightFiles weights;
    weights.content_ = std::move(content);
    return weights;
}

}  // namespace headway
