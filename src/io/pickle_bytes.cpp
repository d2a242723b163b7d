// SPDX-License-Identifier: Apache-2.0
#include "io/pickle_bytes.hpp"

#include "headway/base/error.hpp"

#include <algorithm>

namespace headway {

void PickleBytes::require_left(std::uint64_t count) const {
    constexpr std::uint64_t longest = 100'000'000;
    const std::uint64_t left = source_.end - position_;
    if (count > left) fail(fmt::format("it wants {} bytes more, {} are left", count, left));
    require(position_ - source_.begin + count <= longest, ErrorKind::Limit,
            "{}: the pickle is longer than {} bytes", source_.shown, longest);
}

void PickleBytes::fill() {
    constexpr std::uint64_t chunk = std::uint64_t{1} << 16;
    buffer_.resize(std::min(chunk, source_.end - position_));
    source_.read(position_, std::as_writable_bytes(std::span(buffer_)));
    first_ = position_;
}

std::string PickleBytes::take(std::uint64_t count) {
    require_left(count);
    std::string bytes(count, '\0');
    for (std::uint64_t done = 0; done < count;) {
        if (position_ < first_ || position_ >= first_ + buffer_.size()) fill();
        const std::uint64_t ready = std::min(count - done, first_ + buffer_.size() - position_);
        std::copy_n(buffer_.data() + (position_ - first_), ready, bytes.data() + done);
        done += ready;
        position_ += ready;
    }
    return bytes;
}

void PickleBytes::skip(std::uint64_t count) {
    require_left(count);
    position_ += count;
}

std::uint64_t PickleBytes::number(std::uint64_t width) {
    const std::string bytes = take(width);
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

std::string PickleBytes::line() {
    constexpr std::size_t longest = 1000;
    std::string text;
    for (std::string byte = take(1); byte != "\n"; byte = take(1)) {
        text += byte;
        if (text.size() > longest) fail("a name does not end");
    }
    return text;
}

void PickleBytes::fail(std::string_view problem) const {
    throw Error(ErrorKind::Malformed, fmt::format("{}: is a broken pickle at byte {}: {}", source_.shown,
                                                  position_ - source_.begin, problem));
}

}  // namespace headway
