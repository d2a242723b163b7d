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

void check(const TensorToWrite& tensor) {
    require(tensor.name != "__metadata__", ErrorKind::Usage, "a tensor cannot be named \"__metadata__\"");
    const auto elements = element_count(tensor.shape);
    const auto in_block = static_cast<std::uint64_t>(block_size(tensor.dtype).elements);
    const bool whole = elements && *elements % in_block == 0;
    const auto bytes = whole ? bytes_of(tensor.dtype, *elements) : std::nullopt;
    require(is_safetensors_dtype(tensor.dtype) && bytes == tensor.data.size(), ErrorKind::Usage,
            "tensor {} of shape {} and dtype {} has {} bytes of data", quote(tensor.name),
            shape_text(tensor.shape), quote(dtype_name(tensor.dtype)), tensor.data.size());
}

std::string header_of(const std::vector<TensorToWrite>& tensors,
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
    for (const TensorToWrite& tensor : tensors) {
        const std::uint64_t end = begin + tensor.data.size();
        json += fmt::format(R"({}{}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", comma(),
                            json_text(tensor.name), dtype_name(tensor.dtype), shape_text(tensor.shape), begin,
                            end);
        begin = end;
    }
    json += "}";
    json.append((8 - json.size() % 8) % 8, ' ');  // so that the data are aligned
    return json;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
    for (const TensorToWrite& tensor : tensors) check(tensor);
    // By falling alignment, so that each tensor is aligned, then by name.
    std::sort(tensors.begin(), tensors.end(), [](const TensorToWrite& a, const TensorToWrite& b) {
        return a.dtype != b.dtype ? a.dtype > b.dtype : a.name < b.name;
    });
    std::vector<std::string_view> names;
    for (const TensorToWrite& tensor : tensors) names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    require(twice == names.end(), ErrorKind::Usage, "tensor {} is to be written twice",
            quote(twice == names.end() ? "" : *twice));

    const std::string header = header_of(tensors, metadata);
    const std::uint64_t length = header.size();
    std::array<std::byte, sizeof length> prefix = {};
    std::memcpy(prefix.data(), &length, sizeof length);
    OutputFile file(path);
    file.write(prefix);
    file.write(header);
    for (const TensorToWrite& tensor : tensors) file.write(tensor.data);
    file.commit();
}

}  // namespace headway
