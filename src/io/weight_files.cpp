// Opening weights, one file or shards, and reading their tensors.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/safetensors.hpp"
#include "io/input_file.hpp"
#include "io/safetensors_header.hpp"
#include "io/shard_index.hpp"
#include "io/weight_content.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace headway {
namespace {

using std::filesystem::path;

// Converts `count` elements that begin at `from`, which need not be aligned.
template <class Stored, class T, class Convert>
void convert(const std::byte* from, std::size_t count, T* to, Convert value_of) {
    for (std::size_t i = 0; i < count; ++i) {
        Stored code;
        std::memcpy(&code, from + i * sizeof(Stored), sizeof(Stored));
        to[i] = static_cast<T>(value_of(code));
    }
}

template <class T>
void convert(DType dtype, const std::byte* from, std::size_t count, T* to) {
    const auto same = [](auto value) { return value; };
    switch (dtype) {
        case DType::F64:
            return convert<double>(from, count, to, same);
        case DType::F32:
            return convert<float>(from, count, to, same);
        case DType::F16:
            return convert<std::uint16_t>(from, count, to, float_from_f16);
        case DType::BF16:
            return convert<std::uint16_t>(from, count, to, float_from_bf16);
        case DType::F8_E4M3:
            return convert<std::uint8_t>(from, count, to, float_from_f8_e4m3);
        case DType::F8_E5M2:
            return convert<std::uint8_t>(from, count, to, float_from_f8_e5m2);
        default:
            throw InvariantFailure("only readable floats are converted");
    }
}

// Reads bytes of a file that must still be in the state in which its header was read.
void read_unchanged(const path& file, const FileState& state, std::uint64_t offset,
                    std::span<std::byte> out) {
    const InputFile input(file);
    input.require_unchanged(state);
    input.read(offset, out);
    input.require_unchanged(state);
}

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

}  // namespace

const std::vector<StoredTensor>& WeightFiles::tensors() const { return content_->tensors; }
const std::vector<path>& WeightFiles::files() const { return content_->files; }
const std::vector<std::string>& WeightFiles::warnings() const { return content_->warnings; }

const StoredTensor* WeightFiles::find(std::string_view name) const {
    const auto& tensors = content_->tensors;
    const auto found = std::lower_bound(
        tensors.begin(), tensors.end(), name,
        [](const StoredTensor& tensor, std::string_view wanted) { return tensor.name < wanted; });
    return found != tensors.end() && found->name == name ? &*found : nullptr;
}

const StoredTensor& WeightFiles::at(std::string_view name) const {
    if (const StoredTensor* tensor = find(name); tensor != nullptr) return *tensor;
    std::vector<std::string> names;
    for (const StoredTensor& tensor : content_->tensors) names.push_back(tensor.name);
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Unsupported,
                fmt::format("{}: has no tensor {}", escaped(content_->shown.native()), quote(name)),
                near.empty() ? "" : fmt::format("did you mean {}?", quote(near)));
}

std::string WeightFiles::where(const StoredTensor& tensor) const {
    return fmt::format("{}: tensor {}", escaped(content_->files.at(tensor.file).native()),
                       quote(tensor.name));
}

template <class T>
void WeightFiles::read_range(const StoredTensor& tensor, std::uint64_t first, std::span<T> out) const {
    const std::string_view dtype =
        tensor.dtype == DType::Unknown ? tensor.dtype_name : dtype_name(tensor.dtype);
    require(is_readable_float(tensor.dtype), ErrorKind::Unsupported,
            "{} has dtype {}, expected one of F64, F32, F16, BF16, F8_E4M3, F8_E5M2", where(tensor),
            quote(dtype));
    const auto size = static_cast<std::uint64_t>(tensor.size());
    invariant(first <= size && out.size() <= size - first, "a range of a tensor lies in the tensor");
    const std::uint64_t width = static_cast<std::uint64_t>(dtype_bits(tensor.dtype)) / 8;
    const path& file = content_->files.at(tensor.file);
    const FileState& state = content_->states.at(tensor.file);
    const bool same =
        (tensor.dtype == DType::F32 && sizeof(T) == 4) || (tensor.dtype == DType::F64 && sizeof(T) == 8);
    if (same) return read_unchanged(file, state, tensor.offset + first * width, std::as_writable_bytes(out));

    constexpr std::size_t tile = std::size_t{1} << 18;
    const InputFile input(file);
    input.require_unchanged(state);
    std::vector<std::byte> bytes(std::min(tile, out.size()) * width);
    for (std::size_t done = 0; done < out.size(); done += tile) {
        const std::size_t count = std::min(tile, out.size() - done);
        input.read(tensor.offset + (first + done) * width, std::span(bytes).first(count * width));
        convert(tensor.dtype, bytes.data(), count, out.data() + done);
    }
    input.require_unchanged(state);
}

template <class T>
std::vector<T> WeightFiles::read(const StoredTensor& tensor) const {
    std::vector<T> values(is_readable_float(tensor.dtype) ? static_cast<std::size_t>(tensor.size()) : 0);
    read_range<T>(tensor, 0, values);
    return values;
}

template void WeightFiles::read_range(const StoredTensor&, std::uint64_t, std::span<float>) const;
template void WeightFiles::read_range(const StoredTensor&, std::uint64_t, std::span<double>) const;
template std::vector<float> WeightFiles::read(const StoredTensor&) const;
template std::vector<double> WeightFiles::read(const StoredTensor&) const;

std::vector<std::byte> WeightFiles::read_bytes(const StoredTensor& tensor) const {
    std::vector<std::byte> bytes(tensor.bytes);
    read_bytes(tensor, 0, bytes);
    return bytes;
}

void WeightFiles::read_bytes(const StoredTensor& tensor, std::uint64_t first_byte,
                             std::span<std::byte> out) const {
    invariant(first_byte <= tensor.bytes && out.size() <= tensor.bytes - first_byte,
              "a range of a tensor lies in the tensor");
    read_unchanged(content_->files.at(tensor.file), content_->states.at(tensor.file),
                   tensor.offset + first_byte, out);
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
    }
    WeightFiles weights;
    weights.content_ = std::move(content);
    return weights;
}

}  // namespace headway
