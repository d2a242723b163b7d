// The header of a GGUF file read from front to back: numbers in the file's byte order and texts, each held
// against the bytes that are left before anything is allocated.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/error.hpp"
#include "io/input_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace headway {

class GgufCursor {
public:
    /// Begins at the first byte, with little-endian numbers. `file` must outlive it.
    explicit GgufCursor(const InputFile& file);

    void set_big_endian(bool big_endian) { big_endian_ = big_endian; }
    /// What is being read, for messages: `metadata: "general.name"`.
    void set_context(std::string context) { context_ = std::move(context); }

    std::uint64_t position() const { return buffer_begin_ + used_; }
    std::uint64_t left() const { return file_.size() - position(); }  ///< bytes to the end of the file

    /// Throws Error(Malformed) at the end of the file, Error(Limit) in a header above 256 MiB; so do the
    /// others.
    template <class Number>
    Number number() {
        std::array<std::byte, sizeof(Number)> bytes;
        read(bytes);
        if (big_endian_) std::reverse(bytes.begin(), bytes.end());
        Number number;
        std::memcpy(&number, bytes.data(), sizeof(Number));
        return number;
    }

    /// A text behind its length.
    std::string text();

    /// `FILE: CONTEXT `, the beginning of a message.
    std::string where() const;

    /// Throws Error(Malformed) unless `count` things of at least `bytes_each` fit into what is left.
    void require_room(std::uint64_t count, std::uint64_t bytes_each, std::string_view things) const;

    template <class... Args>
    [[noreturn]] void fail(fmt::format_string<Args...> message, Args&&... args) const {
        throw Error(ErrorKind::Malformed, where() + fmt::format(message, std::forward<Args>(args)...));
    }

private:
    void read(std::span<std::byte> out);
    void read_across(std::span<std::byte> out);  // beyond what is in the buffer

    const InputFile& file_;
    std::vector<std::byte> buffer_;
    std::uint64_t buffer_begin_ = 0;  // in the file
    std::size_t used_ = 0;            // of the buffer
    bool big_endian_ = false;
    std::string context_;
};

inline void GgufCursor::read(std::span<std::byte> out) {
    if (out.size() > buffer_.size() - used_) return read_across(out);
    std::ranges::copy(std::span(buffer_).subspan(used_, out.size()), out.begin());
    used_ += out.size();
}

}  // namespace headway
