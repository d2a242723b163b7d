// Which reader a file is for.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/find_weights.hpp"
#include "io/gguf_header.hpp"
#include "io/gguf_parts.hpp"
#include "io/npy_weights.hpp"
#include "io/safetensors_header.hpp"
#include "io/shard_index.hpp"
#include "io/torch_file.hpp"
#include "io/weight_content.hpp"

#include <algorithm>
#include <iterator>

namespace headway {
namespace {

using std::filesystem::path;

// The first bytes decide, whatever the file is called. A safetensors file begins with the length of its
// header, at most 10^8 in eight bytes, so that the last four are zero: no pickle begins so.
bool is_pickle(std::string_view front) {
    const bool begins = front.size() >= 2 && front[0] == '\x80' && front[1] >= 2 && front[1] <= 5;
    const bool is_length = front.size() == 8 && front.ends_with(std::string_view("\0\0\0\0", 4));
    return begins && !is_length;
}

WeightListing list_archive(const InputFile& file) {
    const std::vector<ZipMember> members = list_zip(file);
    if (is_torch_archive(members)) return list_torch_archive(file, members);
    if (is_npz_archive(members)) return list_npz(file, members);
    throw Error(
        ErrorKind::Unsupported,
        fmt::format("{}: is a zip archive of {} files, neither of PyTorch nor of NumPy; the first is {}",
                    file.shown(), members.size(), quote(members.front().name)));
}

WeightListing list_file(const InputFile& file) {
    if (has_gguf_magic(file)) return list_gguf(file);
    std::string front(std::min<std::uint64_t>(file.size(), 8), '\0');
    file.read(0, std::as_writable_bytes(std::span(front)));
    if (front.starts_with("PK\x03\x04") || front.starts_with("PK\x05\x06")) return list_archive(file);
    if (front.starts_with("\x93NUMPY")) return list_npy(file);
    if (is_pickle(front)) return list_torch_stream(file);
    return list_safetensors(file);
}

// An adapter has only differences to a base model, which its tensors' names show.
void refuse_adapter(const WeightFiles::Content& content) {
    const auto found = std::ranges::find_if(content.tensors, [](const StoredTensor& tensor) {
        return tensor.name.find(".lora_A.") != std::string::npos;
    });
    if (found == content.tensors.end()) return;
    throw Error(ErrorKind::Unsupported,
                fmt::format("{}: is a LoRA adapter without its base model: it has tensor {}",
                            escaped(content.shown.native()), quote(found->name)),
                "merge it into the base model (merge_and_unload of peft) and save that");
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
    sort_by_name(listing.tensors, input.shown());
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
    const path file = is_folder ? find_weights(given) : given;
    auto content = std::make_shared<WeightFiles::Content>();
    content->shown = file;
    if (file.extension() == ".json") {
        open_shards(file, *content);
    } else {
        add_file(file, *content);
        add_other_gguf_parts(*content);
    }
    refuse_adapter(*content);
    WeightFiles weights;
    weights.content_ = std::move(content);
    return weights;
}

}  // namespace headway
