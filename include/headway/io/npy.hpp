// NumPy's .npy and .npz: arrays of numbers in and out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headway {

/// A named array in row-major order. Read: f2 and f4 become float, f8 double; bool and integers int64.
struct NpyArray {
    std::string name;  ///< empty for a single .npy
    std::vector<std::int64_t> shape;
    std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>> values;

    std::size_t size() const;  ///< number of values held
    bool is_integer() const { return std::holds_alternative<std::vector<std::int64_t>>(values); }
    std::vector<double> as_double() const;  ///< integers above 2^53 are rounded
    /// Throws Error(Unsupported) that names the array when it holds floats.
    const std::vector<std::int64_t>& integers() const;
};

/// Reads one .npy of header version 1 to 3, either byte order, C or Fortran order.
/// Throws Error: Malformed, Unsupported (objects, strings, complex, records), Io.
NpyArray read_npy(const std::filesystem::path& path);

/// Reads every array of an .npz (stored or deflated, ZIP64), in the file's order. Throws as read_npy.
std::vector<NpyArray> read_npz(const std::filesystem::path& path);

/// The array of this name; throws Error(Unsupported) that lists the nearest.
const NpyArray& find_array(std::span<const NpyArray> arrays, std::string_view name);

/// Writes one .npy (version 1, little-endian, C order), atomically. Throws Error(Io), and Error(Usage) when
/// shape and values differ in size.
void write_npy(const std::filesystem::path& path, const NpyArray& array);

/// Writes an uncompressed .npz, atomically: the same arrays give the same bytes (no time stamps). Throws as
/// write_npy.
void write_npz(const std::filesystem::path& path, std::span<const NpyArray> arrays);

}  // namespace headway
