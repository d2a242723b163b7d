// Weights on disk, whatever the format: a list of tensors, each read when it is asked for, whole or tile by
// tile. A hostile file gives an Error, never a crash: every length is checked against the file before
// anything is allocated.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/dtype.hpp"
#include "headway/io/float_formats.hpp"
#include "headway/io/json.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A tensor that a file holds, and where.
struct StoredTensor {
    std::string name;
    DType dtype = DType::Unknown;
    std::string dtype_name = {};  ///< as the file writes it, for an Unknown dtype; otherwise empty
    std::vector<std::int64_t> shape = {};
    /// From one element to the next along each axis, in elements; empty: row-major without gaps. A view of
    /// another tensor has strides, and an array in Fortran order.
    std::vector<std::int64_t> strides = {};
    bool big_endian = false;
    std::size_t file = 0;    ///< index into WeightFiles::files()
    std::size_t source = 0;  ///< which of the files' pieces it lies in: a file, or a member that is unpacked
    std::uint64_t offset = 0;  ///< its first byte, counted from the start of that piece
    std::uint64_t bytes = 0;   ///< of its elements, without what lies between them

    std::int64_t size() const;           ///< number of elements; 1 for rank 0
    std::string_view type_name() const;  ///< as the file calls it, known or not
};

/// Weights, listed but not yet read. Holds no descriptor; reading is safe from many threads, and finds out
/// when a file was changed after it was opened: Error(Malformed).
class WeightFiles {
public:
    /// Sorted by name; names are unique over all shards.
    const std::vector<StoredTensor>& tensors() const;
    /// The tensor of this name, or nullptr.
    const StoredTensor* find(std::string_view name) const;
    /// The tensor of this name. Throws Error(Unsupported) with the nearest name.
    const StoredTensor& at(std::string_view name) const;
    const std::vector<std::filesystem::path>& files() const;
    /// Oddities that are no errors: unknown fields and dtypes, a wrong total_size, entries that are no
    /// tensors.
    const std::vector<std::string>& warnings() const;
    /// What the file says of its model: the key-values of GGUF; nothing for other formats.
    const std::optional<Json>& metadata() const;
    /// `FILE: tensor "NAME"`, the beginning of every message about a tensor.
    std::string where(const StoredTensor& tensor) const;

    /// Its elements in row-major order. Exact, but F64 read as float, and integers that do not fit, are
    /// rounded to nearest. Throws Error(Unsupported) when the dtype is not readable, Error(Io),
    /// Error(Malformed).
    template <class T>  // float or double
    std::vector<T> read(const StoredTensor& tensor) const;
    /// Elements `first` to `first + out.size() - 1`, for tensors that are read tile by tile. Beside `out`
    /// it needs at most a few MiB.
    template <class T>  // float or double
    void read_range(const StoredTensor& tensor, std::uint64_t first, std::span<T> out) const;
    /// The elements in row-major order as stored, of any dtype, but little-endian. BF16 weights that stay
    /// bfloat16 come this way.
    std::vector<std::byte> read_bytes(const StoredTensor& tensor) const;
    /// The same, a part of them, which begins and ends between elements (blocks).
    void read_bytes(const StoredTensor& tensor, std::uint64_t first_byte, std::span<std::byte> out) const;

    struct Content;  // what is known of the files, our own business

private:
    friend WeightFiles open_weights(const std::filesystem::path& path);
    WeightFiles() = default;

    std::shared_ptr<const Content> content_;
};

/// Opens a weights file of any format, told by its first bytes; an index (.json) with its shards beside it;
/// or a folder that holds one of these. Reads headers only. Throws Error: Malformed (a lie in a header or
/// index), Unsupported (a format or content that is not read), Io (cannot be opened, no regular file,
/// shards missing), Usage (several candidates), Limit.
WeightFiles open_weights(const std::filesystem::path& path);

}  // namespace headway
