// SPDX-License-Identifier: Apache-2.0
#include "io/input_file.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace headway {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

FileState state_of(const struct stat& status) {
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .size = static_cast<std::uint64_t>(status.st_size),
            .modified_seconds = status.st_mtim.tv_sec,
            .modified_nanoseconds = status.st_mtim.tv_nsec};
}

const char* kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : shown_(escaped(path.native())) {
    require(path.native().find('\0') == std::string::npos, ErrorKind::Io, "{}: a path cannot hold a NUL byte",
            shown_);
    do {
        descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    } while (descriptor_ < 0 && errno == EINTR);
    require(descriptor_ >= 0, ErrorKind::Io, "{}: cannot be opened: {}", shown_, reason(errno));
    struct stat status = {};
    const bool known = ::fstat(descriptor_, &status) == 0;
    if (known && S_ISREG(status.st_mode)) {
        state_ = state_of(status);
        return;
    }
    const std::string problem = known ? fmt::format("is {}, expected a regular file", kind_of(status.st_mode))
                                      : "cannot be examined: " + reason(errno);
    ::close(descriptor_);
    throw Error(ErrorKind::Io, fmt::format("{}: {}", shown_, problem));
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    constexpr std::size_t chunk = std::size_t{1} << 30;
    while (!out.empty()) {
        const ssize_t got =
            ::pread(descriptor_, out.data(), std::min(out.size(), chunk), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        require(got >= 0, ErrorKind::Io, "{}: cannot be read at byte {}: {}", shown_, offset, reason(errno));
        require(got > 0, ErrorKind::Malformed, "{}: ends at byte {}: it was changed while it was read",
                shown_, offset);
        out = out.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
}

std::string InputFile::read_text(std::uint64_t max_bytes) const {
    require(size() <= max_bytes, ErrorKind::Malformed, "{}: has {} bytes, expected at most {}", shown_,
            size(), max_bytes);
    std::string text(size(), '\0');
    read(0, std::as_writable_bytes(std::span(text)));
    return text;
}

void InputFile::require_unchanged(const FileState& expected) const {
    struct stat status = {};
    require(::fstat(descriptor_, &status) == 0, ErrorKind::Io, "{}: cannot be examined: {}", shown_,
            reason(errno));
    require(state_of(status) == expected, ErrorKind::Malformed, "{}: was changed while it was read", shown_);
}

}  // namespace headway
