// Zip archives as .npz and PyTorch files need them: members stored or deflated, ZIP64, no encryption, no
// time stamps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/output_file.hpp"
#include "io/input_file.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

struct ZipMember {
    std::string name;
    bool deflated = false;
    std::uint32_t crc = 0;
    std::uint64_t stored_bytes = 0;  ///< in the archive
    std::uint64_t bytes = 0;         ///< when unpacked
    std::uint64_t header_offset = 0;
};

/// The members in the order of the archive's directory.
/// Throws Error: Malformed, Unsupported (another compression, encryption).
std::vector<ZipMember> list_zip(const InputFile& file);

/// Where a stored member's content begins in the file; all of it lies in the file. Throws Error(Malformed).
std::uint64_t zip_data_offset(const InputFile& file, const ZipMember& member);

/// A member unpacked, its checksum compared. Throws Error: Malformed, Limit (one that unpacks to more than
/// 4 GiB).
std::vector<std::byte> read_zip_member(const InputFile& file, const ZipMember& member);

/// The first `most` bytes of a member, or all when it has fewer; no more of it is read than it takes.
/// Throws Error(Malformed).
std::string read_zip_front(const InputFile& file, const ZipMember& member, std::uint64_t most);

/// Writes stored members one after the other.
class ZipWriter {
public:
    explicit ZipWriter(const std::filesystem::path& path) : file_(path) {}

    /// A member whose content is the parts in turn.
    void add(const std::string& name, std::span<const std::span<const std::byte>> parts);
    /// Writes the directory and puts the archive in its place.
    void finish();

private:
    void write(std::string_view bytes);

    OutputFile file_;
    std::vector<ZipMember> members_;
    std::uint64_t position_ = 0;
};

}  // namespace headway
