// SPDX-License-Identifier: Apache-2.0
#include "headway/io/encode.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/float_formats.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <string>

namespace headway {

namespace {

// `code_of(value)` is what is stored, `value_of(code)` what will be read.
template <class Code, class T, class CodeOf, class ValueOf>
std::vector<std::byte> codes(std::span<const T> values, DType dtype, std::string_view what,
                             const CodeOf& code_of, const ValueOf& value_of) {
    std::vector<std::byte> bytes(values.size() * sizeof(Code));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Code code = code_of(values[i]);
        const bool overflows = std::isfinite(values[i]) && !std::isfinite(value_of(code));
        if (overflows)
            throw Error(ErrorKind::Numeric,
                        fmt::format("{}: {} is too large for {}", what, values[i], dtype_name(dtype)),
                        "bf16 has the range of f32");
        std::memcpy(bytes.data() + i * sizeof(Code), &code, sizeof(Code));
    }
    return bytes;
}

template <class T>
std::vector<std::byte> encoded(std::span<const T> values, DType dtype, std::string_view what) {
    const auto same = [](auto value) { return value; };
    switch (dtype) {
        case DType::F64:
            return codes<double>(
                values, dtype, what, [](T value) { return static_cast<double>(value); }, same);
        case DType::F32:
            return codes<float>(
                values, dtype, what, [](T value) { return static_cast<float>(value); }, same);
        case DType::F16:
            return codes<std::uint16_t>(
                values, dtype, what, [](T value) { return f16_from_float(static_cast<float>(value)); },
                float_from_f16);
        case DType::BF16:
            return codes<std::uint16_t>(
                values, dtype, what, [](T value) { return bf16_from_float(static_cast<float>(value)); },
                float_from_bf16);
        default:
            throw Error(ErrorKind::Usage,
                        fmt::format("{}: weights are written as f32, f16, bf16 or f64, not {}", what,
                                    dtype_name(dtype)));
    }
}

}  // namespace

std::vector<std::byte> encode(std::span<const float> values, DType dtype, std::string_view what) {
    return encoded(values, dtype, what);
}

std::vector<std::byte> encode(std::span<const double> values, DType dtype, std::string_view what) {
    return encoded(values, dtype, what);
}

DType parse_dtype(std::string_view name) {
    constexpr std::array dtypes{DType::F32, DType::F16, DType::BF16, DType::F64};
    std::string upper(name);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    for (const DType dtype : dtypes)
        if (dtype_name(dtype) == upper) return dtype;
    throw Error(ErrorKind::Usage, fmt::format("{} is no type for weights", quote(name)),
                "the types are f32, f16, bf16 and f64");
}

}  // namespace headway
