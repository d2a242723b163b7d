// What is listed of weights, and reading their tensors.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/weight_files.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/tensor_reader.hpp"
#include "io/weight_content.hpp"

#include <algorithm>

namespace headway {

using std::filesystem::path;

namespace {

void require_readable(const StoredTensor& tensor, const std::string& where) {
    if (is_readable(tensor.dtype)) return;
    std::string readable;
    for (int i = 0; i < static_cast<int>(DType::Unknown); ++i) {
        const auto dtype = static_cast<DType>(i);
        if (is_readable_float(dtype))
            readable += fmt::format("{}{}", readable.empty() ? "" : ", ", dtype_name(dtype));
    }
    throw Error(ErrorKind::Unsupported,
                fmt::format("{} has dtype {}, which cannot be read", where, quote(tensor.type_name())),
                "weights can be " + readable);
}

}  // namespace

std::string_view StoredTensor::type_name() const {
    return dtype == DType::Unknown ? std::string_view(dtype_name) : headway::dtype_name(dtype);
}

const std::vector<StoredTensor>& WeightFiles::tensors() const { return content_->tensors; }
const std::vector<path>& WeightFiles::files() const { return content_->files; }
const std::vector<std::string>& WeightFiles::warnings() const { return content_->warnings; }
const std::optional<Json>& WeightFiles::metadata() const { return content_->metadata; }

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
    require_readable(tensor, where(tensor));
    const auto size = static_cast<std::uint64_t>(tensor.size());
    invariant(first <= size && out.size() <= size - first, "a range of a tensor lies in the tensor");
    const SourceReader source(*content_->sources.at(tensor.source));
    read_elements(source, tensor, first, out);
    source.finish();
}

template <class T>
std::vector<T> WeightFiles::read(const StoredTensor& tensor) const {
    std::vector<T> values(is_readable(tensor.dtype) ? static_cast<std::size_t>(tensor.size()) : 0);
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
    const SourceReader source(*content_->sources.at(tensor.source));
    read_codes(source, tensor, first_byte, out);
    source.finish();
}

}  // namespace headway
