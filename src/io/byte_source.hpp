// Where the bytes of tensors come from: a file, or a member of a zip archive that is unpacked once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/input_file.hpp"
#include "io/zip.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace headway {

/// A file that must stay in the state in which it was listed. A deflated member of it is kept in memory
/// from its first use.
class ByteSource {
public:
    ByteSource(std::filesystem::path file, const FileState& state, std::optional<ZipMember> deflated = {});

private:
    friend class SourceReader;
    const std::vector<std::byte>& unpacked(const InputFile& file) const;

    std::filesystem::path file_;
    FileState state_;
    std::optional<ZipMember> deflated_;
    mutable std::mutex unpacking_;
    mutable std::optional<std::vector<std::byte>> unpacked_;
};

/// Reads a source while it lives; holds the file open. Of one thread.
class SourceReader {
public:
    /// Throws Error: Io, Malformed when the file changed or its member does not unpack.
    explicit SourceReader(const ByteSource& source);

    /// Fills `out` from `offset` on. Requires: the range lies in the source, as it was when it was listed.
    void read(std::uint64_t offset, std::span<std::byte> out) const;
    /// To be called when all is read: throws Error(Malformed) when the file changed meanwhile.
    void finish() const;

private:
    InputFile file_;
    const ByteSource* source_;
    const std::vector<std::byte>* unpacked_ = nullptr;
};

}  // namespace headway
