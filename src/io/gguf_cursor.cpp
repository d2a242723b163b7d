// SPDX-License-Identifier: Apache-2.0
#include "io/gguf_cursor.hpp"

namespace headway {
namespace {

constexpr std::uint64_t longest_header = std::uint64_t{256} << 20;
constexpr std::uint64_t buffer_bytes = std::uint64_t{1} << 18;

}  // namespace

GgufCursor::GgufCursor(const InputFile& file) : file_(file) {}

std::string GgufCursor::where() const {
    return fmt::format("{}: {}{}", file_.shown(), context_, context_.empty() ? "" : " ");
}

void GgufCursor::require_room(std::uint64_t count, std::uint64_t bytes_each, std::string_view things) const {
    if (count <= left() / bytes_each) return;
    fail("has {} {}, but only {} bytes are left in the file", count, things, left());
}

std::string GgufCursor::text() {
    const auto length = number<std::uint64_t>();
    require_room(length, 1, "bytes of text");
    require(length <= longest_header, ErrorKind::Limit, "{}has a text of {} bytes, the limit is {}", where(),
            length, longest_header);
    std::string text(length, '\0');
    read(std::as_writable_bytes(std::span(text)));
    return text;
}

void GgufCursor::read_across(std::span<std::byte> out) {
    if (out.size() > left()) fail("is cut off by the end of the file at byte {}", file_.size());
    require(position() + out.size() <= longest_header, ErrorKind::Limit,
            "{}ends behind the limit of {} bytes for a header", where(), longest_header);
    const std::size_t ready = buffer_.size() - used_;
    std::ranges::copy(std::span(buffer_).subspan(used_), out.begin());
    used_ = buffer_.size();
    out = out.subspan(ready);
    const std::uint64_t begin = position();
    if (out.size() >= buffer_bytes) {  // a long text goes straight to its place
        file_.read(begin, out);
        buffer_.clear();
        buffer_begin_ = begin + out.size();
        used_ = 0;
        return;
    }
    buffer_.resize(std::min(buffer_bytes, left()));
    file_.read(begin, buffer_);
    buffer_begin_ = begin;
    std::ranges::copy(std::span(buffer_).first(out.size()), out.begin());
    used_ = out.size();
}

}  // namespace headway
