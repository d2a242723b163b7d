// A regular file opened for reading by position, which notices when the file changes under it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// What tells one state of a file from another.
struct FileState {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_seconds = 0;
    std::int64_t modified_nanoseconds = 0;
    bool operator==(const FileState&) const = default;
};

class InputFile {
public:
    /// Never blocks. Throws Error(Io) when it cannot be opened or is no regular file.
    explicit InputFile(const std::filesystem::path& path);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    const FileState& state() const { return state_; }
    std::uint64_t size() const { return state_.size; }
    const std::string& shown() const { return shown_; }  ///< its path, for messages

    /// Fills `out` with the bytes from `offset` on. Throws Error: Io, Malformed when the file became shorter.
    void read(std::uint64_t offset, std::span<std::byte> out) const;
    /// The whole file. Throws Error(Malformed) when it has more than `max_bytes`.
    std::string read_text(std::uint64_t max_bytes) const;
    /// Throws Error(Malformed) unless the file is still in the state `expected`.
    void require_unchanged(const FileState& expected) const;

private:
    std::string shown_;
    int descriptor_ = -1;
    FileState state_;
};

}  // namespace headway
