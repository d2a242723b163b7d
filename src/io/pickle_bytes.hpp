// The bytes of a pickle in order, a few of them in memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/pickle.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace headway {

class PickleBytes {
public:
    /// Begins with the pickle. `source` must outlive it.
    explicit PickleBytes(const PickleSource& source) : source_(source), position_(source.begin) {}

    std::uint64_t position() const { return position_; }

    /// Throws Error(Malformed) at the end, Error(Limit) behind 100 MB; so do the others.
    std::string take(std::uint64_t count);
    void skip(std::uint64_t count);
    /// A little-endian number of `width` bytes.
    std::uint64_t number(std::uint64_t width);
    /// Up to the next line feed, which is taken too.
    std::string line();

    /// Throws Error(Malformed) with the byte.
    [[noreturn]] void fail(std::string_view problem) const;

private:
    void require_left(std::uint64_t count) const;
    void fill();

    const PickleSource& source_;
    std::uint64_t position_;
    std::uint64_t first_ = 0;  // where the buffer begins
    std::string buffer_;
};

}  // namespace headway
