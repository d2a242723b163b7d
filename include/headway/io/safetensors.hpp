// Writing safetensors files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/dtype.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// A tensor to be written; `data` is row-major, little-endian, and is not copied:
/// `std::as_bytes(std::span(vector))`.
struct TensorToWrite {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> data;
};

/// A tensor whose data are made when their turn to be written comes, and dropped then.
struct TensorToMake {
    std::string name;
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape;
    std::function<std::vector<std::byte>()> make;  ///< as many bytes as the shape needs
};

/// Writes one .safetensors file, atomically: same tensors, same bytes, in any order given. Throws Error(Io),
/// and Error(Usage) when data and shape differ in size, the format has no such dtype, or a name comes twice.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata = {});
/// The same, with the data of one tensor at a time in memory. What `make` throws leaves no file behind.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToMake> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace headway
