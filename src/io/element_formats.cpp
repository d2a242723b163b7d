// SPDX-License-Identifier: Apache-2.0
#include "io/element_formats.hpp"

#include "headway/base/error.hpp"
#include "headway/io/float_formats.hpp"
#include "io/block_format.hpp"
#include "io/half_floats.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace headway {
namespace {

template <class Number, auto value_of, class T>
void decode(const std::byte* from, std::size_t count, T* to) {
    for (std::size_t i = 0; i < count; ++i) {
        Number code;
        std::memcpy(&code, from + i * sizeof(Number), sizeof(Number));
        to[i] = static_cast<T>(value_of(code));
    }
}

template <std::size_t bytes>
void swap(std::byte* numbers, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) std::reverse(numbers + i * bytes, numbers + (i + 1) * bytes);
}

constexpr auto same = [](auto value) { return value; };
constexpr auto truth = [](std::uint8_t value) { return value != 0 ? 1.0F : 0.0F; };

// A number that is a block by itself.
template <class Number, auto value_of>
constexpr ElementFormat plain(DType dtype, std::string_view name, bool is_float) {
    constexpr std::size_t width = sizeof(Number);
    ElementFormat format{.dtype = dtype, .name = name, .bytes = width, .is_float = is_float};
    format.to_floats = decode<Number, value_of, float>;
    format.to_doubles = decode<Number, value_of, double>;
    if constexpr (width > 1) format.swap = swap<width>;
    return format;
}

template <class Number>
constexpr ElementFormat integer(DType dtype, std::string_view name) {
    return plain<Number, same>(dtype, name, false);
}

// A type that is listed but not converted.
constexpr ElementFormat opaque(DType dtype, std::string_view name, int elements, int bytes) {
    return {.dtype = dtype, .name = name, .elements = elements, .bytes = bytes};
}

constexpr std::array formats = {
    plain<std::uint8_t, truth>(DType::Bool, "BOOL", false),
    opaque(DType::F4, "F4", 2, 1),
    opaque(DType::F6_E2M3, "F6_E2M3", 4, 3),
    opaque(DType::F6_E3M2, "F6_E3M2", 4, 3),
    integer<std::uint8_t>(DType::U8, "U8"),
    integer<std::int8_t>(DType::I8, "I8"),
    plain<std::uint8_t, float_from_f8_e5m2>(DType::F8_E5M2, "F8_E5M2", true),
    plain<std::uint8_t, float_from_f8_e4m3>(DType::F8_E4M3, "F8_E4M3", true),
    plain<std::uint8_t, float_from_f8_e8m0>(DType::F8_E8M0, "F8_E8M0", true),
    plain<std::uint8_t, float_from_f8_e4m3fnuz>(DType::F8_E4M3FNUZ, "F8_E4M3FNUZ", true),
    plain<std::uint8_t, float_from_f8_e5m2fnuz>(DType::F8_E5M2FNUZ, "F8_E5M2FNUZ", true),
    integer<std::int16_t>(DType::I16, "I16"),
    integer<std::uint16_t>(DType::U16, "U16"),
    plain<std::uint16_t, f16_value>(DType::F16, "F16", true),
    plain<std::uint16_t, bf16_value>(DType::BF16, "BF16", true),
    integer<std::int32_t>(DType::I32, "I32"),
    integer<std::uint32_t>(DType::U32, "U32"),
    plain<float, same>(DType::F32, "F32", true),
    opaque(DType::C64, "C64", 1, 8),
    plain<double, same>(DType::F64, "F64", true),
    integer<std::int64_t>(DType::I64, "I64"),
    integer<std::uint64_t>(DType::U64, "U64"),
    quantised<32, 18, decode_q4_0, Words{0, 2}>(DType::Q4_0, "Q4_0"),
    quantised<32, 20, decode_q4_1, Words{0, 2, 2}>(DType::Q4_1, "Q4_1"),
    quantised<32, 22, decode_q5_0, Words{0, 2}, Words{2, 4}>(DType::Q5_0, "Q5_0"),
    quantised<32, 24, decode_q5_1, Words{0, 2, 2}, Words{4, 4}>(DType::Q5_1, "Q5_1"),
    quantised<32, 34, decode_q8_0, Words{0, 2}>(DType::Q8_0, "Q8_0"),
    quantised<256, 84, decode_q2_k, Words{80, 2, 2}>(DType::Q2_K, "Q2_K"),
    quantised<256, 110, decode_q3_k, Words{108, 2}>(DType::Q3_K, "Q3_K"),
    quantised<256, 144, decode_q4_k, Words{0, 2, 2}>(DType::Q4_K, "Q4_K"),
    quantised<256, 176, decode_q5_k, Words{0, 2, 2}>(DType::Q5_K, "Q5_K"),
    quantised<256, 210, decode_q6_k, Words{208, 2}>(DType::Q6_K, "Q6_K"),
    quantised<256, 66, decode_iq2_xxs, Words{0, 2}, Words{6, 4, 8, 8}>(DType::IQ2_XXS, "IQ2_XXS"),
    quantised<256, 74, decode_iq2_xs, Words{0, 2, 33}>(DType::IQ2_XS, "IQ2_XS"),
    quantised<256, 98, decode_iq3_xxs, Words{0, 2}, Words{66, 4, 8}>(DType::IQ3_XXS, "IQ3_XXS"),
    quantised<256, 50, decode_iq1_s, Words{0, 2}, Words{34, 2, 8}>(DType::IQ1_S, "IQ1_S"),
    quantised<32, 18, decode_iq4_nl, Words{0, 2}>(DType::IQ4_NL, "IQ4_NL"),
    quantised<256, 110, decode_iq3_s, Words{0, 2}>(DType::IQ3_S, "IQ3_S"),
    quantised<256, 82, decode_iq2_s, Words{0, 2}>(DType::IQ2_S, "IQ2_S"),
    quantised<256, 136, decode_iq4_xs, Words{0, 2, 2}>(DType::IQ4_XS, "IQ4_XS"),
    quantised<256, 56, decode_iq1_m, Words{48, 2, 4}>(DType::IQ1_M, "IQ1_M"),
    quantised<256, 54, decode_tq1_0, Words{52, 2}>(DType::TQ1_0, "TQ1_0"),
    quantised<256, 66, decode_tq2_0, Words{64, 2}>(DType::TQ2_0, "TQ2_0"),
    quantised<32, 17, decode_mxfp4>(DType::MXFP4, "MXFP4"),
    quantised<64, 36, decode_nvfp4>(DType::NVFP4, "NVFP4"),
    opaque(DType::Unknown, "", 1, 0),
};

constexpr bool in_the_order_of_the_types() {
    for (std::size_t i = 0; i < formats.size(); ++i)
        if (formats[i].dtype != static_cast<DType>(i)) return false;
    return formats.back().dtype == DType::Unknown;
}
static_assert(in_the_order_of_the_types());

}  // namespace

const ElementFormat& element_format(DType dtype) { return formats.at(static_cast<std::size_t>(dtype)); }

DType safetensors_dtype(std::string_view name) {
    const auto found = std::ranges::find(formats, name, &ElementFormat::name);
    return found != formats.end() && is_safetensors_dtype(found->dtype) ? found->dtype : DType::Unknown;
}

std::string_view dtype_name(DType dtype) { return element_format(dtype).name; }

BlockSize block_size(DType dtype) {
    const ElementFormat& format = element_format(dtype);
    return {format.elements, format.bytes};
}

bool is_readable(DType dtype) { return element_format(dtype).to_floats != nullptr; }
bool is_readable_float(DType dtype) { return is_readable(dtype) && element_format(dtype).is_float; }

}  // namespace headway
