// Zip archives as .npz needs them: members stored or deflated, ZIP64, no encryption, no time stamps.
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

/// A member unpacked, its checksum compared. Throws Error(Malformed).
std::vector<std::byte> read_zip_member(const InputFile& file, const ZipMember& member);

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
