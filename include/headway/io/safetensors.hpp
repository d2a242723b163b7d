// Weights in safetensors files, one or in shards: a strict reader that fetches tensor by tensor, and a
// writer. A hostile file gives an Error, never a crash: every length is checked against the file before
// anything is allocated.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/float_formats.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// Element types that the format names, by increasing alignment; Unknown is any other name.
// clang-format off
enum class DType {
    Bool, F4, F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ,
    I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64, Unknown
};
// clang-format on

/// The name in a file: `F8_E4M3`. Unknown has none: see StoredTensor::dtype_name.
std::string_view dtype_name(DType dtype);
/// Bits of one element; 0 for Unknown.
int dtype_bits(DType dtype);
/// Whether WeightFiles::read converts it: F64, F32, F16, BF16, F8_E4M3, F8_E5M2.
bool is_readable_float(DType dtype);

/// A tensor that a file holds, and where.
struct StoredTensor {
    std::string name;
    DType dtype = DType::Unknown;
    std::string dtype_name;  ///< as the file writes it, for an Unknown dtype; otherwise empty
    std::vector<std::int64_t> shape;
    std::size_t file = 0;      ///< index into WeightFiles::files()
    std::uint64_t offset = 0;  ///< its first byte, counted from the start of the file
    std::uint64_t bytes = 0;

    std::int64_t size() const;  ///< number of elements; 1 for rank 0
};

/// Weights on disk, listed but not yet read. Holds no descriptor; reading is safe from many threads, and
/// finds out when a file was changed after it was opened: Error(Malformed).
class WeightFiles {
public:
    /// Sorted by name; names are unique over all shards.
    const std::vector<StoredTensor>& tensors() const;
    /// The tensor of this name, or nullptr.
    const StoredTensor* find(std::string_view name) const;
    /// The tensor of this name. Throws Error(Unsupported) with the nearest name.
    const StoredTensor& at(std::string_view name) const;
    const std::vector<std::filesystem::path>& files() const;
    /// Oddities that are no errors: unknown fields and dtypes, a wrong total_size.
    const std::vector<std::string>& warnings() const;
    /// `FILE: tensor "NAME"`, the beginning of every message about a tensor.
    std::string where(const StoredTensor& tensor) const;

    /// Its elements in row-major order. Exact, but F64 read as float is rounded to nearest.
    /// Throws Error(Unsupported) when the dtype is no readable float, Error(Io), Error(Malformed).
    template <class T>  // float or double
    std::vector<T> read(const StoredTensor& tensor) const;
    /// Elements `first` to `first + out.size() - 1`, for tensors that are read tile by tile.
    template <class T>  // float or double
    void read_range(const StoredTensor& tensor, std::uint64_t first, std::span<T> out) const;
    /// The bytes as stored, of any dtype (little-endian). BF16 weights that stay bfloat16 come this way.
    std::vector<std::byte> read_bytes(const StoredTensor& tensor) const;
    void read_bytes(const StoredTensor& tensor, std::uint64_t first_byte, std::span<std::byte> out) const;

    struct Content;  // what is known of the files, our own business

private:
    friend WeightFiles open_weights(const std::filesystem::path& path);
    WeightFiles() = default;

    std::shared_ptr<const Content> content_;
};

/// Opens a .safetensors file, a model.safetensors.index.json with its shards beside it, or a folder that
/// holds the one or the other (the index first). Reads headers only. Throws Error: Malformed (a lie in a
/// header or index), Io (cannot be opened, no regular file, shards missing), Limit.
WeightFiles open_weights(const std::filesystem::path& path);

/// A tensor to be written; `data` is row-major, little-endian, and is not copied:
/// `std::as_bytes(std::span(vector))`.
struct TensorToWrite {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> data;
};

/// Writes one .safetensors file, atomically: same tensors, same bytes, in any order given. Throws Error(Io),
/// and Error(Usage) when data and shape differ in size or a name comes twice.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace headway
