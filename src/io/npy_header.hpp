// The header of an .npy array: a Python dictionary in text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

struct NpyHeader {
    std::string descr;  ///< the element type as the file writes it
    char kind = '\0';   ///< f: floating point, i, u: integers, b: truth values; 0: anything else
    int width = 0;      ///< bytes of an element of such a kind
    bool big_endian = false;
    bool fortran_order = false;
    std::vector<std::int64_t> shape;
    std::uint64_t elements = 0;    ///< product of the shape
    std::uint64_t data_begin = 0;  ///< bytes from the start of the array
};

/// The bytes that hold the longest header that is read.
inline constexpr std::uint64_t longest_npy_header = 1 << 16;

/// Reads the header at the front of `bytes`: the first longest_npy_header of an array, or all of it.
/// `where` begins messages. Throws Error: Malformed, Unsupported (another version).
NpyHeader parse_npy_header(std::string_view bytes, const std::string& where);

/// Throws Error(Unsupported) when the elements are no plain numbers, Error(Malformed) unless they fill an
/// array of `total` bytes with its header.
void require_numbers(const NpyHeader& header, std::uint64_t total, const std::string& where);

/// Everything in front of the data, for an array in C order: `descr` is `<f4`, `<f8` or `<i8`.
std::string npy_header(std::string_view descr, std::span<const std::int64_t> shape);

}  // namespace headway
