// SPDX-License-Identifier: Apache-2.0
#include "io/dtype.hpp"
#include "headway/io/safetensors.hpp"

#include <algorithm>
#include <array>

namespace headway {
namespace {

struct Entry {
    DType dtype;
    std::string_view name;
    int bits;
};

constexpr std::array<Entry, 23> table = {{{DType::Bool, "BOOL", 8},
                                          {DType::F4, "F4", 4},
                                          {DType::F6_E2M3, "F6_E2M3", 6},
                                          {DType::F6_E3M2, "F6_E3M2", 6},
                                          {DType::U8, "U8", 8},
                                          {DType::I8, "I8", 8},
                                          {DType::F8_E5M2, "F8_E5M2", 8},
                                          {DType::F8_E4M3, "F8_E4M3", 8},
                                          {DType::F8_E8M0, "F8_E8M0", 8},
                                          {DType::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8},
                                          {DType::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8},
                                          {DType::I16, "I16", 16},
                                          {DType::U16, "U16", 16},
                                          {DType::F16, "F16", 16},
                                          {DType::BF16, "BF16", 16},
                                          {DType::I32, "I32", 32},
                                          {DType::U32, "U32", 32},
                                          {DType::F32, "F32", 32},
                                          {DType::C64, "C64", 64},
                                          {DType::F64, "F64", 64},
                                          {DType::I64, "I64", 64},
                                          {DType::U64, "U64", 64},
                                          {DType::Unknown, "", 0}}};

}  // namespace

std::string_view dtype_name(DType dtype) { return table[static_cast<std::size_t>(dtype)].name; }
int dtype_bits(DType dtype) { return table[static_cast<std::size_t>(dtype)].bits; }

bool is_readable_float(DType dtype) {
    return dtype == DType::F64 || dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16 ||
           dtype == DType::F8_E4M3 || dtype == DType::F8_E5M2;
}

DType dtype_named(std::string_view name) {
    const auto found =
        std::find_if(table.begin(), table.end(), [name](const Entry& entry) { return entry.name == name; });
    return found == table.end() ? DType::Unknown : found->dtype;
}

std::optional<std::uint64_t> element_count(std::span<const std::int64_t> shape) {
    std::uint64_t count = 1;
    for (const std::int64_t size : shape) {
        if (size < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(size), &count))
            return std::nullopt;
    }
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return count <= most ? std::optional(count) : std::nullopt;
}

std::optional<std::uint64_t> bits_of(DType dtype, std::uint64_t elements) {
    std::uint64_t total = 0;
    const bool overflow =
        __builtin_mul_overflow(elements, static_cast<std::uint64_t>(dtype_bits(dtype)), &total);
    return overflow ? std::nullopt : std::optional(total);
}

std::int64_t StoredTensor::size() const {
    std::int64_t count = 1;  // checked for overflow when the header was read
    for (const std::int64_t extent : shape) count *= extent;
    return count;
}

}  // namespace headway
