// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/output_file.hpp"
#include "headway/io/safetensors.hpp"
#include "io/element_formats.hpp"
#include "io/json_members.hpp"
#include "io/sizes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace headway {
namespace {

// Bytes that the header gives a tensor.
std::uint64_t bytes_of(const TensorToMake& tensor) {
    require(tensor.name != "__metadata__", ErrorKind::Usage, "a tensor cannot be named \"__metadata__\"");
    const auto elements = element_count(tensor.shape);
    const auto in_block = static_cast<std::uint64_t>(block_size(tensor.dtype).elements);
    const bool whole = elements && *elements % in_block == 0;
    const auto bytes = whole ? headway::bytes_of(tensor.dtype, *elements) : std::nullopt;
    require(is_safetensors_dtype(tensor.dtype) && bytes, ErrorKind::Usage,
            "tensor {} of shape {} and dtype {} cannot be written", quote(tensor.name),
            shape_text(tensor.shape), quote(dtype_name(tensor.dtype)));
    return *bytes;
}

void check_size(const TensorToMake& tensor, std::size_t made) {
    require(bytes_of(tensor) == made, ErrorKind::Usage,
            "tensor {} of shape {} and dtype {} has {} bytes of data", quote(tensor.name),
            shape_text(tensor.shape), quote(dtype_name(tensor.dtype)), made);
}

std::string header_of(const std::vector<TensorToMake>& tensors,
                      const std::map<std::string, std::string>& metadata) {
    std::string json = "{";
    const auto comma = [&json] { return json.back() == '{' ? "" : ","; };
    if (!metadata.empty()) {
        json += "\"__metadata__\":{";
        for (const auto& [key, value] : metadata) {
            json += fmt::format("{}{}:{}", comma(), json_text(key), json_text(value));
        }
        json += "}";
    }
    std::uint64_t begin = 0;
    for (const TensorToMake& tensor : tensors) {
        const std::uint64_t end = begin + bytes_of(tensor);
        json += fmt::format(R"({}{}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", comma(),
                            json_text(tensor.name), dtype_name(tensor.dtype), shape_text(tensor.shape), begin,
                            end);
        begin = end;
    }
    json += "}";
    json.append((8 - json.size() % 8) % 8, ' ');  // so that the data are aligned
    return json;
}

// By falling alignment, so that each tensor is aligned, then by name.
void sort_tensors(std::vector<TensorToMake>& tensors) {
    std::ranges::sort(tensors, [](const TensorToMake& a, const TensorToMake& b) {
        return a.dtype != b.dtype ? a.dtype > b.dtype : a.name < b.name;
    });
    std::vector<std::string_view> names;
    for (const TensorToMake& tensor : tensors) names.push_back(tensor.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    require(twice == names.end(), ErrorKind::Usage, "tensor {} is to be written twice",
            quote(twice == names.end() ? "" : *twice));
}

// `put(tensor, file)` writes its data.
template <class Put>
void write_tensors(const std::filesystem::path& path, const std::vector<TensorToMake>& tensors,
                   const std::map<std::string, std::string>& metadata, const Put& put) {
    const std::string header = header_of(tensors, metadata);
    const std::uint64_t length = header.size();
    std::array<std::byte, sizeof length> prefix = {};
    std::memcpy(prefix.data(), &length, sizeof length);
    OutputFile file(path);
    file.write(prefix);
    file.write(header);
    for (const TensorToMake& tensor : tensors) put(tensor, file);
    file.commit();
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
    std::map<std::string_view, std::span<const std::byte>> data;
    std::vector<TensorToMake> list;
    for (const TensorToWrite& tensor : tensors) {
        list.push_back({tensor.name, tensor.dtype, tensor.shape, {}});
        check_size(list.back(), tensor.data.size());
        data[tensor.name] = tensor.data;
    }
    sort_tensors(list);
    write_tensors(path, list, metadata,
                  [&](const TensorToMake& tensor, OutputFile& file) { file.write(data.at(tensor.name)); });
}

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToMake> tensors,
                       const std::map<std::string, std::string>& metadata) {
    sort_tensors(tensors);
    write_tensors(path, tensors, metadata, [](const TensorToMake& tensor, OutputFile& file) {
        const std::vector<std::byte> data = tensor.make();
        check_size(tensor, data.size());
        file.write(data);
    });
}

}  // namespace headway
