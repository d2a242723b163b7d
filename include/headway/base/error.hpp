// Two kinds of failure: an Error is the user's to mend (a file, a flag, a public argument) and says where, what, expected
// and got; an InvariantFailure is ours. Nothing in the library prints or exits: the command line catches once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace headway {

/// What went wrong, as the exit code of the command line.
enum class ErrorKind {
    Usage = 2,         ///< the call is wrong: an unknown name, a bad value
    Malformed = 3,     ///< a file is not what its format says
    Unsupported = 4,   ///< a well-formed model that is wrong, inconsistent or not supported
    Io = 5,            ///< a file cannot be read or written
    Numeric = 6,       ///< a value is not finite, or an iteration does not converge
    Limit = 7,         ///< more memory, paths or edges than allowed
    OutputIsInput = 8  ///< an output would overwrite an input
};

/// An error that the user can fix. `what()` is one line: where, what, expected, got. `hint()` says what to do, or is empty.
class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& message, std::string hint = {})
        : std::runtime_error(message), kind_(kind), hint_(std::move(hint)) {}
    ErrorKind kind() const noexcept { return kind_; }
    const std::string& hint() const noexcept { return hint_; }

private:
    ErrorKind kind_;
    std::string hint_;
};

/// A bug of ours: it asks for a report and exits with 70.
class InvariantFailure : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Throws an Error of `kind` with the formatted message unless `holds`. For the border only: files, flags, public arguments.
template <class... Args>
void require(bool holds, ErrorKind kind, fmt::format_string<Args...> message, Args&&... args) {
    if (!holds) throw Error(kind, fmt::format(message, std::forward<Args>(args)...));
}

/// Throws InvariantFailure unless `holds`. Always on; never used to check what a user gave.
inline void invariant(bool holds, const char* what) {
    if (!holds) throw InvariantFailure(what);
}

}  // namespace headway
