// A file that appears whole or not at all: written beside its target, synced, then renamed over it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace headway {

/// Writes to a temporary file in the target's folder; `commit` puts it in the target's place. Without commit
/// nothing remains. A symbolic link is followed, so that the link stays. A device or pipe that exists
/// (/dev/null) is written directly.
class OutputFile {
public:
    /// Throws Error(Io) when no file can be made there.
    explicit OutputFile(const std::filesystem::path& target);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    /// Throws Error(Io) with the system's reason: disk full, too large.
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
    /// Syncs and renames. Throws Error(Io); the old target is then intact.
    void commit();

private:
    void fail(std::string_view doing, int error) const;

    std::filesystem::path shown_;      // as the user wrote it
    std::filesystem::path target_;     // links resolved
    std::filesystem::path temporary_;  // empty: written directly, or committed
    int descriptor_ = -1;
};

/// Writes a whole file, atomically.
void write_file(const std::filesystem::path& target, std::string_view content);

/// To be called before a long computation: throws Error(Io) unless a file can be made at `target`, and
/// Error(OutputIsInput) when it is one of `inputs` (the same file by any name or link).
void check_output(const std::filesystem::path& target, std::span<const std::filesystem::path> inputs = {});

}  // namespace headway
