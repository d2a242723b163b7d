// Safetensors files made by hand, right and wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace headway::test {

/// The eight bytes in front of a header.
inline std::string header_length(std::uint64_t length) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>((length >> (8 * i)) & 0xFFU);
    return bytes;
}

/// A file with this header and `data_bytes` bytes of data: 0, 1, 2, ...
inline std::string safetensors(std::string_view json, std::size_t data_bytes = 0) {
    std::string bytes = header_length(json.size()) + std::string(json);
    for (std::size_t i = 0; i < data_bytes; ++i) bytes += static_cast<char>(i & 0xFFU);
    return bytes;
}

/// An entry of a header: `"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`.
inline std::string entry(std::string_view name, std::string_view dtype, std::string_view shape,
                         std::string_view offsets) {
    return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape, offsets);
}

/// A file of one tensor "w" of F32.
inline std::string one_tensor(std::string_view shape, std::string_view offsets, std::size_t data_bytes) {
    return safetensors("{" + entry("w", "F32", shape, offsets) + "}", data_bytes);
}

}  // namespace headway::test
