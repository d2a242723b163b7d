// SPDX-License-Identifier: Apache-2.0
#include "io/npy_header.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/sizes.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace headway {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

// Reads the few Python literals that a header is made of.
class LiteralReader {
public:
    LiteralReader(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

    bool take(char wanted) {
        skip_blanks();
        if (!rest_.starts_with(wanted)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void expect(char wanted) {
        if (!take(wanted)) fail(fmt::format("expected '{}'", wanted));
    }

    std::string_view string() {
        skip_blanks();
        const char mark = rest_.empty() ? '\0' : rest_.front();
        const std::size_t end = mark == '\'' || mark == '"' ? rest_.find(mark, 1) : std::string_view::npos;
        if (end == std::string_view::npos) fail("expected a text in quotes");
        const std::string_view content = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return content;
    }

    // The rest of a list that describes the fields of records; what it says is not wanted.
    std::string_view records() {
        for (int open = 1; open > 0;) {
            if (at_end()) fail("expected the end of a list");
            if (rest_.starts_with('[')) ++open;
            if (rest_.starts_with(']')) --open;
            rest_.starts_with('\'') || rest_.starts_with('"') ? static_cast<void>(string())
                                                              : rest_.remove_prefix(1);
        }
        return "records";
    }

    bool boolean() {
        skip_blanks();
        const bool value = rest_.starts_with("True");
        if (!value && !rest_.starts_with("False")) fail("expected True or False");
        rest_.remove_prefix(value ? 4 : 5);
        return value;
    }

    std::vector<std::int64_t> tuple() {
        std::vector<std::int64_t> values;
        expect('(');
        while (!take(')')) {
            values.push_back(integer());
            if (take(',')) continue;
            expect(')');
            break;
        }
        return values;
    }

    bool at_end() {
        skip_blanks();
        return rest_.empty();
    }

    [[noreturn]] void fail(std::string_view problem) const {
        throw Error(ErrorKind::Malformed, fmt::format("{}: the header has {}, {}", where_,
                                                      rest_.empty() ? "ended" : quote(rest_, 40), problem));
    }

private:
    void skip_blanks() {
        const std::size_t next = rest_.find_first_not_of(" \t\n");
        rest_.remove_prefix(next == std::string_view::npos ? rest_.size() : next);
    }

    std::int64_t integer() {
        skip_blanks();
        std::int64_t value = -1;
        const auto read = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (read.ec != std::errc{} || value < 0) fail("expected a size from 0 to 2^63 - 1");
        rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
        if (rest_.starts_with('L')) rest_.remove_prefix(1);  // as Python 2 wrote long integers
        return value;
    }

    std::string_view rest_;
    const std::string& where_;
};

void set_element_type(NpyHeader& header, std::string_view descr) {
    const bool has_order =
        !descr.empty() && std::string_view("<>|=").find(descr.front()) != std::string_view::npos;
    const std::string_view type = has_order ? descr.substr(1) : descr;
    header.descr = descr;
    header.big_endian = descr.starts_with('>');
    constexpr std::string_view types[] = {"f2", "f4", "f8", "i1", "i2", "i4",
                                          "i8", "u1", "u2", "u4", "u8", "b1"};
    if (std::ranges::count(types, type) == 0) return;
    header.kind = type[0];
    header.width = type[1] - '0';
}

// The text of the dictionary, and where the data begin.
std::string_view dictionary_in(std::string_view bytes, const std::string& where, std::uint64_t& data_begin) {
    require(bytes.starts_with(magic), ErrorKind::Malformed,
            "{}: is no NumPy array: it does not begin with \\x93NUMPY", where);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const bool complete = bytes.size() >= 12;
    const unsigned version = complete ? byte(6) : 0;
    require(complete, ErrorKind::Malformed, "{}: has {} bytes, too few for a header", where, bytes.size());
    require(version >= 1 && version <= 3, ErrorKind::Unsupported,
            "{}: has header version {}, expected 1, 2 or 3", where, version);
    const std::size_t begin = version == 1 ? 10 : 12;
    std::uint64_t length = 0;
    for (std::size_t i = begin; i-- > 8;) length = length * 256 + byte(i);
    require(length <= bytes.size() - begin, ErrorKind::Malformed,
            "{}: has a header of {} bytes, expected at most {}", where, length, bytes.size() - begin);
    data_begin = begin + length;
    return bytes.substr(begin, length);
}

}  // namespace

NpyHeader parse_npy_header(std::string_view bytes, const std::string& where) {
    NpyHeader header;
    LiteralReader reader(dictionary_in(bytes, where, header.data_begin), where);
    std::optional<std::string_view> descr;
    std::optional<bool> fortran_order;
    std::optional<std::vector<std::int64_t>> shape;
    reader.expect('{');
    while (!reader.take('}')) {
        const std::string_view key = reader.string();
        reader.expect(':');
        if (key == "descr" && !descr) {
            descr = reader.take('[') ? reader.records() : reader.string();
        } else if (key == "fortran_order" && !fortran_order) {
            fortran_order = reader.boolean();
        } else if (key == "shape" && !shape) {
            shape = reader.tuple();
        } else {
            reader.fail(fmt::format("after the key {}, which is unknown or comes twice", quote(key)));
        }
        if (!reader.take(',')) {
            reader.expect('}');
            break;
        }
    }
    if (!reader.at_end()) reader.fail("expected nothing more");
    require(descr && fortran_order && shape, ErrorKind::Malformed,
            "{}: the header lacks one of descr, fortran_order, shape", where);
    set_element_type(header, *descr);
    header.fortran_order = *fortran_order;
    header.shape = std::move(*shape);
    const std::optional<std::uint64_t> elements = element_count(header.shape);
    require(elements.has_value() && header.shape.size() <= 64, ErrorKind::Malformed,
            "{}: has shape {}: more than can be counted", where, shape_text(header.shape));
    header.elements = *elements;
    return header;
}

void require_numbers(const NpyHeader& header, std::uint64_t total, const std::string& where) {
    require(header.kind != '\0', ErrorKind::Unsupported,
            "{}: has elements of type {}, expected floats, integers or truth values", where,
            quote(header.descr));
    const std::uint64_t data = total - header.data_begin;
    const auto width = static_cast<std::uint64_t>(header.width);
    const bool fits = data % width == 0 && data / width == header.elements;
    require(fits, ErrorKind::Malformed, "{}: has {} bytes of data, expected {} elements of {}", where, data,
            header.elements, width);
}

std::string npy_header(std::string_view descr, std::span<const std::int64_t> shape) {
    std::string sizes;
    for (const std::int64_t size : shape) sizes += fmt::format("{}{}", sizes.empty() ? "" : ", ", size);
    if (shape.size() == 1) sizes += ",";
    std::string text =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, sizes);
    constexpr std::size_t prefix = 10;
    const std::size_t unpadded = prefix + text.size() + 1;
    text.append((64 - unpadded % 64) % 64, ' ');
    text += '\n';
    invariant(text.size() < longest_npy_header, "a header of version 1 is below 64 KiB");
    std::string header(magic);
    header += {'\x01', '\x00', static_cast<char>(text.size() & 0xFFU), static_cast<char>(text.size() >> 8)};
    return header + text;
}

}  // namespace headway
