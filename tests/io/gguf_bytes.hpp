// GGUF files as bytes, for tests that need one that is broken in just one place.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace headway::test::gguf {

/// The bytes of a number, little-endian.
template <class Number>
std::string number(Number value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

inline std::string u32(std::uint32_t value) { return number(value); }
inline std::string u64(std::uint64_t value) { return number(value); }
inline std::string text(std::string_view value) { return u64(value.size()) + std::string(value); }

/// Types of metadata values.
enum : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Text, Array, U64, I64, F64 };

/// A key-value.
inline std::string entry(std::string_view key, std::uint32_t type, std::string_view value) {
    return text(key) + u32(type) + std::string(value);
}
inline std::string u32_entry(std::string_view key, std::uint32_t value) {
    return entry(key, U32, u32(value));
}
/// The value of an array: the elements' type, their number, and their bytes.
inline std::string array(std::uint32_t type, std::uint64_t count, std::string_view elements) {
    return u32(type) + u64(count) + std::string(elements);
}

/// A tensor; `extents` the fastest first, type 0 is F32.
inline std::string tensor(std::string_view name, std::initializer_list<std::uint64_t> extents,
                          std::uint32_t type = 0, std::uint64_t offset = 0) {
    std::string bytes = text(name) + u32(static_cast<std::uint32_t>(extents.size()));
    for (const std::uint64_t extent : extents) bytes += u64(extent);
    return bytes + u32(type) + u64(offset);
}

inline std::string header(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
    return "GGUF" + u32(version) + u64(tensors) + u64(keys);
}

/// A whole file; the data begin at a multiple of `alignment`.
inline std::string file(const std::vector<std::string>& entries, const std::vector<std::string>& tensors = {},
                        std::string_view data = {}, std::size_t alignment = 32) {
    std::string bytes = header(tensors.size(), entries.size());
    for (const std::string& each : entries) bytes += each;
    for (const std::string& each : tensors) bytes += each;
    if (!tensors.empty()) bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes + std::string(data);
}

}  // namespace headway::test::gguf
