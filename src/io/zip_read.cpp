// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <concepts>
#include <limits>
#include <memory>

namespace headway {
namespace {

constexpr std::uint64_t member_header_bytes = 30;
constexpr std::uint64_t entry_bytes = 46;
constexpr std::uint64_t end_bytes = 22;
constexpr std::uint64_t locator_bytes = 20;
constexpr std::uint64_t zip64_end_bytes = 56;
constexpr std::uint32_t in_zip64 = 0xFFFFFFFF;  // a size or offset that stands in the ZIP64 field

[[noreturn]] void fail(const InputFile& file, std::string_view problem,
                       ErrorKind kind = ErrorKind::Malformed) {
    throw Error(kind, fmt::format("{}: {}", file.shown(), problem));
}

template <std::unsigned_integral T>
T number_at(std::string_view bytes, std::uint64_t offset) {
    T value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
        value = static_cast<T>((std::uint64_t{value} << 8) | static_cast<unsigned char>(bytes[offset + i]));
    }
    return value;
}

std::string read_bytes(const InputFile& file, std::uint64_t offset, std::uint64_t size,
                       std::string_view what) {
    if (offset > file.size() || size > file.size() - offset) {
        fail(file, fmt::format("is a broken zip archive: its {} lies beyond the end", what));
    }
    std::string bytes(size, '\0');
    file.read(offset, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

struct Directory {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;
};

Directory zip64_directory(const InputFile& file, std::uint64_t end_offset) {
    if (end_offset < locator_bytes) fail(file, "is a broken zip archive: its ZIP64 locator is missing");
    const std::string locator = read_bytes(file, end_offset - locator_bytes, locator_bytes, "ZIP64 locator");
    const bool found = locator.starts_with("PK\x06\x07");
    if (!found) fail(file, "is a broken zip archive: its ZIP64 locator is missing");
    const std::string end =
        read_bytes(file, number_at<std::uint64_t>(locator, 8), zip64_end_bytes, "ZIP64 end");
    if (!end.starts_with("PK\x06\x06")) fail(file, "is a broken zip archive: its ZIP64 end is missing");
    return {.entries = number_at<std::uint64_t>(end, 32),
            .bytes = number_at<std::uint64_t>(end, 40),
            .offset = number_at<std::uint64_t>(end, 48)};
}

Directory find_directory(const InputFile& file) {
    const std::uint64_t tail_bytes = std::min<std::uint64_t>(file.size(), end_bytes + 0xFFFF);
    const std::uint64_t tail_offset = file.size() - tail_bytes;
    const std::string tail = read_bytes(file, tail_offset, tail_bytes, "end");
    for (std::size_t at = tail.rfind("PK\x05\x06"); at != std::string::npos;
         at = at == 0 ? std::string::npos : tail.rfind("PK\x05\x06", at - 1)) {
        const bool whole = tail.size() - at >= end_bytes &&
                           number_at<std::uint16_t>(tail, at + 20) == tail.size() - at - end_bytes;
        if (!whole) continue;
        const Directory found = {.entries = number_at<std::uint16_t>(tail, at + 10),
                                 .bytes = number_at<std::uint32_t>(tail, at + 12),
                                 .offset = number_at<std::uint32_t>(tail, at + 16)};
        const bool large = found.entries == 0xFFFF || found.bytes == in_zip64 || found.offset == in_zip64;
        return large ? zip64_directory(file, tail_offset + at) : found;
    }
    fail(file, "is no zip archive, or is truncated: its end is missing");
}

// Replaces what stands in the ZIP64 field of an entry's extra fields.
void read_zip64_field(const InputFile& file, std::string_view extra, ZipMember& member) {
    const auto broken = [&] {
        fail(file, fmt::format("has a broken ZIP64 field for {}", quote(member.name)));
    };
    while (extra.size() >= 4) {
        const auto id = number_at<std::uint16_t>(extra, 0);
        const std::uint64_t size = number_at<std::uint16_t>(extra, 2);
        if (size > extra.size() - 4) broken();
        std::string_view field = extra.substr(4, size);
        extra.remove_prefix(4 + size);
        if (id != 1) continue;
        for (std::uint64_t* value : {&member.bytes, &member.stored_bytes, &member.header_offset}) {
            if (*value != in_zip64) continue;
            if (field.size() < 8) broken();
            *value = number_at<std::uint64_t>(field, 0);
            field.remove_prefix(8);
        }
        return;
    }
}

// Takes one entry off the front of the directory.
ZipMember take_entry(const InputFile& file, std::string_view& directory) {
    const bool begins = directory.size() >= entry_bytes && directory.starts_with("PK\x01\x02");
    if (!begins) fail(file, "is a broken zip archive: its directory ends early");
    const std::uint64_t name_bytes = number_at<std::uint16_t>(directory, 28);
    const std::uint64_t extra_bytes = number_at<std::uint16_t>(directory, 30);
    const std::uint64_t total =
        entry_bytes + name_bytes + extra_bytes + number_at<std::uint16_t>(directory, 32);
    if (directory.size() < total) fail(file, "is a broken zip archive: its directory ends early");
    ZipMember member;
    member.name = directory.substr(entry_bytes, name_bytes);
    const auto flags = number_at<std::uint16_t>(directory, 8);
    const auto method = number_at<std::uint16_t>(directory, 10);
    member.deflated = method == 8;
    member.crc = number_at<std::uint32_t>(directory, 16);
    member.stored_bytes = number_at<std::uint32_t>(directory, 20);
    member.bytes = number_at<std::uint32_t>(directory, 24);
    member.header_offset = number_at<std::uint32_t>(directory, 42);
    read_zip64_field(file, directory.substr(entry_bytes + name_bytes, extra_bytes), member);
    directory.remove_prefix(total);
    const std::string shown = quote(member.name);
    if ((flags & 1U) != 0) fail(file, fmt::format("member {} is encrypted", shown), ErrorKind::Unsupported);
    if (method != 0 && method != 8) {
        fail(file,
             fmt::format("member {} is compressed by method {}, expected stored or deflated", shown, method),
             ErrorKind::Unsupported);
    }
    return member;
}

// Fills `out` with the front of a deflated member; true when it ends exactly there, with all its input.
bool inflate_front(const InputFile& file, const ZipMember& member, std::span<std::byte> out) {
    z_stream stream = {};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> ends(&stream, inflateEnd);
    constexpr std::uint64_t chunk = std::uint64_t{1} << 18;
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    std::vector<std::byte> packed(std::min(chunk, member.stored_bytes));
    std::uint64_t offset = zip_data_offset(file, member);
    std::uint64_t left = member.stored_bytes;
    std::byte end{};  // room for the end, which needs none
    int status = Z_OK;
    for (std::size_t made = 0; status == Z_OK && (made < out.size() || out.size() == member.bytes);) {
        if (stream.avail_in == 0) {
            if (left == 0) break;
            const auto taken = static_cast<uInt>(std::min(chunk, left));
            file.read(offset, std::span(packed).first(taken));
            offset += taken;
            left -= taken;
            stream.next_in = reinterpret_cast<Bytef*>(packed.data());
            stream.avail_in = taken;
        }
        const auto room = static_cast<uInt>(std::min(out.size() - made, most));
        stream.next_out = reinterpret_cast<Bytef*>(room > 0 ? out.data() + made : &end);
        stream.avail_out = room;
        status = inflate(&stream, Z_NO_FLUSH);
        made += room - stream.avail_out;
    }
    const bool filled = stream.total_out == out.size();
    if (out.size() < member.bytes) return filled;
    return filled && status == Z_STREAM_END && left == 0 && stream.avail_in == 0;
}

// A part from the front on, or all.
void read_into(const InputFile& file, const ZipMember& member, std::span<std::byte> out) {
    if (!member.deflated) return file.read(zip_data_offset(file, member), out);
    if (inflate_front(file, member, out)) return;
    fail(file, fmt::format("member {} does not unpack to its {} bytes", quote(member.name), member.bytes));
}

}  // namespace

std::vector<ZipMember> list_zip(const InputFile& file) {
    const Directory place = find_directory(file);
    constexpr std::uint64_t longest = 100'000'000;
    require(place.bytes <= longest, ErrorKind::Limit,
            "{}: the archive's directory has {} bytes, the limit is {}", file.shown(), place.bytes, longest);
    const std::string bytes = read_bytes(file, place.offset, place.bytes, "directory");
    if (place.entries > bytes.size() / entry_bytes)
        fail(file, "is a broken zip archive: its directory ends early");
    std::string_view rest = bytes;
    std::vector<ZipMember> members;
    std::uint64_t left = file.size();  // members that share bytes would let a small file unpack to a huge one
    for (std::uint64_t i = 0; i < place.entries; ++i) {
        const ZipMember& member = members.emplace_back(take_entry(file, rest));
        constexpr std::uint64_t highest_ratio = 1032;  // of deflate
        const bool fits = member.stored_bytes <= left &&
                          (member.deflated ? member.bytes / highest_ratio <= member.stored_bytes
                                           : member.bytes == member.stored_bytes);
        if (!fits) fail(file, fmt::format("member {} has sizes that cannot be", quote(member.name)));
        left -= member.stored_bytes;
    }
    return members;
}

std::uint64_t zip_data_offset(const InputFile& file, const ZipMember& member) {
    const std::string header = read_bytes(file, member.header_offset, member_header_bytes, "member");
    if (!header.starts_with("PK\x03\x04")) {
        fail(file,
             fmt::format("is a broken zip archive: member {} is not where it should be", quote(member.name)));
    }
    const std::uint64_t begin = member.header_offset + member_header_bytes +
                                number_at<std::uint16_t>(header, 26) + number_at<std::uint16_t>(header, 28);
    if (begin > file.size() || member.stored_bytes > file.size() - begin) {
        fail(file, fmt::format("is a broken zip archive: member {} lies beyond the end", quote(member.name)));
    }
    return begin;
}

std::vector<std::byte> read_zip_member(const InputFile& file, const ZipMember& member) {
    constexpr std::uint64_t longest = std::uint64_t{4} << 30;
    require(!member.deflated || member.bytes <= longest, ErrorKind::Limit,
            "{}: member {} unpacks to {}, the limit for compressed members is {}", file.shown(),
            quote(member.name), bytes_text(member.bytes), bytes_text(longest));
    std::vector<std::byte> content(member.bytes);
    read_into(file, member, content);
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    if (crc != member.crc) fail(file, fmt::format("member {} has a wrong checksum", quote(member.name)));
    return content;
}

std::string read_zip_front(const InputFile& file, const ZipMember& member, std::uint64_t most) {
    std::string content(std::min(most, member.bytes), '\0');
    read_into(file, member, std::as_writable_bytes(std::span(content)));
    return content;
}

}  // namespace headway
