// SPDX-License-Identifier: Apache-2.0
#include "headway/io/output_file.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <utility>

namespace headway {
namespace {

using std::filesystem::path;

[[noreturn]] void fail_io(const path& shown, std::string_view doing, int error) {
    const std::string reason = std::generic_category().message(error);
    throw Error(ErrorKind::Io, fmt::format("{}: {}: {}", escaped(shown.native()), doing, reason));
}

std::optional<struct stat> status_of(const path& file) {
    struct stat status = {};
    if (::stat(file.c_str(), &status) != 0) return std::nullopt;
    return status;
}

// Where an output goes, and the file that is there already.
struct Target {
    path place;           // links resolved
    bool direct = false;  // a device or pipe: written as it is
    std::optional<struct stat> present;
};

Target find_target(const path& target) {
    require(!target.empty() && target.native().find('\0') == std::string::npos, ErrorKind::Io,
            "{} is not a file name", quote(target.native()));
    Target found{.place = target, .present = status_of(target)};
    if (!found.present) {
        const int error = errno;
        struct stat link = {};
        const bool dangling = ::lstat(target.c_str(), &link) == 0;
        if (dangling || error != ENOENT) fail_io(target, "cannot be written", error);
        if (target.filename().empty()) fail_io(target, "cannot be written", EISDIR);
        return found;
    }
    const mode_t mode = found.present->st_mode;
    if (S_ISDIR(mode)) fail_io(target, "cannot be written", EISDIR);
    found.direct = !S_ISREG(mode);
    if (found.direct) return found;
    std::error_code error;
    found.place = std::filesystem::canonical(target, error);
    if (error) fail_io(target, "cannot be written", error.value());
    return found;
}

int open_retrying(const path& file, int flags) {
    for (;;) {
        const int descriptor = ::open(file.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0666);
        if (descriptor >= 0 || errno != EINTR) return descriptor;
    }
}

// A new empty file beside `place`, under a name that no one else has. Once it is there nothing throws: it would stay.
std::pair<path, int> make_temporary(const path& shown, const path& place) {
    std::random_device random;
    for (int attempt = 0; attempt < 100; ++attempt) {
        path name = place.parent_path() / fmt::format(".headway-{:08x}{:08x}.tmp", random(), random());
        const int descriptor = open_retrying(name, O_WRONLY | O_CREAT | O_EXCL);
        if (descriptor >= 0) return {std::move(name), descriptor};
        if (errno != EEXIST) break;
    }
    fail_io(shown, "cannot be written", errno);
}

}  // namespace

OutputFile::OutputFile(const path& target) : shown_(target) {
    const Target found = find_target(target);
    target_ = found.place;
    if (found.direct) {
        descriptor_ = open_retrying(target_, O_WRONLY);
        if (descriptor_ < 0) fail("cannot be opened", errno);
        return;
    }
    std::tie(temporary_, descriptor_) = make_temporary(shown_, target_);
    if (found.present) static_cast<void>(::fchmod(descriptor_, found.present->st_mode & 07777));
}

OutputFile::~OutputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::fail(std::string_view doing, int error) const { fail_io(shown_, doing, error); }

void OutputFile::write(std::span<const std::byte> bytes) {
    invariant(descriptor_ >= 0, "an output file is written before it is committed");
    constexpr std::size_t chunk = std::size_t{1} << 30;
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), chunk));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("cannot be written", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void OutputFile::commit() {
    invariant(descriptor_ >= 0, "an output file is committed once");
    const bool direct = temporary_.empty();
    while (!direct && ::fsync(descriptor_) != 0) {
        if (errno != EINTR) fail("cannot be written", errno);
    }
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0 && errno != EINTR) fail("cannot be written", errno);
    if (direct) return;
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be replaced", errno);
    temporary_.clear();
}

void write_file(const path& target, std::string_view content) {
    OutputFile file(target);
    file.write(content);
    file.commit();
}

void check_output(const path& target, std::span<const path> inputs) {
    const Target found = find_target(target);
    for (const path& input : inputs) {
        const std::optional<struct stat> other = found.present ? status_of(input) : std::nullopt;
        const bool same =
            other && other->st_dev == found.present->st_dev && other->st_ino == found.present->st_ino;
        require(!same, ErrorKind::OutputIsInput, "{}: is the input {}: it would be overwritten",
                escaped(target.native()), quote(input.native()));
    }
    const OutputFile probe(target);
}

}  // namespace headway
