// SPDX-License-Identifier: Apache-2.0
#include "io/zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <concepts>

namespace headway {
namespace {

constexpr std::uint64_t needs_zip64 = 0xFFFFFFFF;
constexpr std::uint16_t first_of_1980 = 0x21;  // the earliest date there is: archives carry no time
constexpr std::uint16_t version_plain = 20;
constexpr std::uint16_t version_zip64 = 45;

template <std::unsigned_integral T>
void put(std::string& out, std::uint64_t value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
}

std::uint64_t short_form(std::uint64_t value) { return std::min(value, needs_zip64); }

// The extra field of the values that do not fit into 32 bits, or nothing.
std::string zip64_field(std::initializer_list<std::uint64_t> values) {
    std::string body;
    for (const std::uint64_t value : values) {
        if (value >= needs_zip64) put<std::uint64_t>(body, value);
    }
    if (body.empty()) return body;
    std::string field;
    put<std::uint16_t>(field, 1);
    put<std::uint16_t>(field, body.size());
    return field + body;
}

// The part that a member's header and its directory entry have in common, up to the name's length.
void put_common(std::string& out, const ZipMember& member, bool zip64) {
    put<std::uint16_t>(out, zip64 ? version_zip64 : version_plain);
    constexpr std::uint16_t names_are_utf8 = 0x800;
    put<std::uint16_t>(out, names_are_utf8);
    put<std::uint16_t>(out, 0);  // stored
    put<std::uint16_t>(out, 0);  // time
    put<std::uint16_t>(out, first_of_1980);
    put<std::uint32_t>(out, member.crc);
    put<std::uint32_t>(out, short_form(member.bytes));
    put<std::uint32_t>(out, short_form(member.bytes));
    put<std::uint16_t>(out, member.name.size());
}

std::string member_header(const ZipMember& member) {
    const std::string extra = zip64_field({member.bytes, member.bytes});
    std::string out = "PK\x03\x04";
    put_common(out, member, !extra.empty());
    put<std::uint16_t>(out, extra.size());
    return out + member.name + extra;
}

std::string directory_entry(const ZipMember& member) {
    const std::string extra = zip64_field({member.bytes, member.bytes, member.header_offset});
    std::string out = "PK\x01\x02";
    put<std::uint16_t>(out, extra.empty() ? version_plain : version_zip64);
    put_common(out, member, !extra.empty());
    put<std::uint16_t>(out, extra.size());
    put<std::uint16_t>(out, 0);  // comment
    put<std::uint16_t>(out, 0);  // disk
    put<std::uint16_t>(out, 0);  // attributes
    put<std::uint32_t>(out, 0);
    put<std::uint32_t>(out, short_form(member.header_offset));
    return out + member.name + extra;
}

// The archive's end: where the directory lies.
std::string archive_end(std::uint64_t entries, std::uint64_t bytes, std::uint64_t offset) {
    std::string out;
    constexpr std::uint64_t most_entries = 0xFFFF;
    if (entries >= most_entries || bytes >= needs_zip64 || offset >= needs_zip64) {
        out += "PK\x06\x06";
        put<std::uint64_t>(out, 44);  // bytes of this record that follow
        put<std::uint16_t>(out, version_zip64);
        put<std::uint16_t>(out, version_zip64);
        put<std::uint32_t>(out, 0);
        put<std::uint32_t>(out, 0);
        for (const std::uint64_t value : {entries, entries, bytes, offset}) put<std::uint64_t>(out, value);
        out += "PK\x06\x07";
        put<std::uint32_t>(out, 0);
        put<std::uint64_t>(out, offset + bytes);
        put<std::uint32_t>(out, 1);
    }
    out += "PK\x05\x06";
    put<std::uint32_t>(out, 0);
    put<std::uint16_t>(out, std::min(entries, most_entries));
    put<std::uint16_t>(out, std::min(entries, most_entries));
    put<std::uint32_t>(out, short_form(bytes));
    put<std::uint32_t>(out, short_form(offset));
    put<std::uint16_t>(out, 0);
    return out;
}

}  // namespace

void ZipWriter::write(std::string_view bytes) {
    file_.write(bytes);
    position_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::span<const std::span<const std::byte>> parts) {
    ZipMember member{.name = name, .header_offset = position_};
    uLong crc = 0;
    for (const auto part : parts) {
        if (part.empty()) continue;  // zlib begins anew when it is given no bytes
        crc = crc32_z(crc, reinterpret_cast<const Bytef*>(part.data()), part.size());
        member.bytes += part.size();
    }
    member.crc = static_cast<std::uint32_t>(crc);
    member.stored_bytes = member.bytes;
    write(member_header(member));
    for (const auto part : parts) file_.write(part);
    position_ += member.bytes;
    members_.push_back(std::move(member));
}

void ZipWriter::finish() {
    const std::uint64_t offset = position_;
    for (const ZipMember& member : members_) write(directory_entry(member));
    file_.write(archive_end(members_.size(), position_ - offset, offset));
    file_.commit();
}

}  // namespace headway
