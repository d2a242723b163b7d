// Zip archives made by hand, right and wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headway::test {

/// `width` bytes of a number, little-endian.
inline std::string little(std::uint64_t value, int width) {
    std::string bytes;
    for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
    return bytes;
}

/// The checksum of a member, bit by bit.
inline std::uint32_t crc_of(std::string_view content) {
    std::uint32_t crc = ~0U;
    for (const char c : content) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    return ~crc;
}

/// Deflate's way to say that bytes are not compressed; at most 65535 of them.
inline std::string deflated(std::string_view content) {
    const std::uint64_t size = content.size();
    return "\x01" + little(size, 2) + little(~size, 2) + std::string(content);
}

struct ZipEntry {
    std::string name = {};
    std::string content = {};
    bool deflated = false;
    int flags = 0;
    std::optional<std::uint32_t> claimed_bytes = {};  ///< unpacked, a lie
    std::optional<std::uint32_t> claimed_crc = {};
    std::optional<int> method = {};
};

inline std::string zip_of(const std::vector<ZipEntry>& entries) {
    std::string archive;
    std::string directory;
    for (const ZipEntry& entry : entries) {
        const std::string stored = entry.deflated ? deflated(entry.content) : entry.content;
        const std::string common = little(20, 2) + little(entry.flags, 2) +
                                   little(entry.method.value_or(entry.deflated ? 8 : 0), 2) + little(0, 4) +
                                   little(entry.claimed_crc.value_or(crc_of(entry.content)), 4) +
                                   little(stored.size(), 4) +
                                   little(entry.claimed_bytes.value_or(entry.content.size()), 4) +
                                   little(entry.name.size(), 2) + little(0, 2);
        directory += "PK\x01\x02" + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) +
                     little(0, 4) + little(archive.size(), 4) + entry.name;
        archive += "PK\x03\x04" + common + entry.name + stored;
    }
    const std::string count = little(entries.size(), 2);
    return archive + directory + "PK\x05\x06" + little(0, 4) + count + count + little(directory.size(), 4) +
           little(archive.size(), 4) + little(0, 2);
}

}  // namespace headway::test
