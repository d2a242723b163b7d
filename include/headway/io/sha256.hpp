// Which file it was: SHA-256 of files and of bytes, as sha256sum prints it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace headway {

/// 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::byte> bytes);

/// Gives a file's SHA-256 when it is called: reading it takes about a second a gigabyte.
using FileHash = std::function<std::string()>;

/// Takes note of the file as it is now, and reads it when the hash is asked for, a piece at a time. Throws Error(Io),
/// and then Error: Io, Malformed when the file was changed meanwhile.
FileHash sha256_of(const std::filesystem::path& file);

}  // namespace headway
