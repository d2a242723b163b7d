// SPDX-License-Identifier: Apache-2.0
#include "io/gguf_header.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/gguf_cursor.hpp"
#include "io/gguf_metadata.hpp"
#include "io/gguf_types.hpp"
#include "io/sizes.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace headway {
namespace {

static_assert(std::endian::native == std::endian::little,
              "GgufCursor copies little-endian numbers as they are");

constexpr std::uint64_t smallest_tensor =
    8 + 4 + 8 + 4 + 8;  // length of a name, axes, an extent, type, offset
constexpr std::uint32_t most_axes = 4;
constexpr std::size_t longest_name = 63;
constexpr std::uint64_t most_elements = std::uint64_t{1} << 63;

constexpr std::uint64_t default_alignment = 32;
constexpr std::uint64_t largest_alignment = std::uint64_t{1} << 20;

constexpr bool is_version(std::uint32_t number) { return number == 2 || number == 3; }

// Reads the version behind the magic, and finds whether the file is big-endian: then the version has its
// bytes at the other end.
bool read_version(GgufCursor& cursor, const InputFile& file) {
    cursor.number<std::uint32_t>();  // the magic, the letters GGUF in either order
    const auto version = cursor.number<std::uint32_t>();
    const std::uint32_t swapped = __builtin_bswap32(version);
    cursor.set_big_endian(is_version(swapped));
    if (is_version(version) || is_version(swapped)) return is_version(swapped);
    throw Error(version == 0 ? ErrorKind::Malformed : ErrorKind::Unsupported,
                fmt::format("{}: is GGUF of version {}, expected 2 or 3", file.shown(), version),
                version == 1 ? "convert it with the software that wrote it" : "");
}

std::uint64_t alignment_in(const Json& metadata) {
    constexpr std::string_view key = "general.alignment";
    if (!metadata.contains(key)) return default_alignment;
    const Json value = metadata.at(key);
    const bool integer = value.type() == Json::Type::Integer && value.number() >= 1 &&
                         value.number() <= static_cast<double>(largest_alignment);
    const std::uint64_t alignment = integer ? static_cast<std::uint64_t>(value.integer()) : 0;
    require(std::has_single_bit(alignment), ErrorKind::Malformed,
            "{} is {}, expected a power of two from 1 to {}", value.where(), value.shown(),
            largest_alignment);
    return alignment;
}

std::string read_name(GgufCursor& cursor, std::uint64_t index) {
    cursor.set_context(fmt::format("the name of tensor {}", index + 1));
    std::string name = cursor.text();
    if (name.size() > longest_name) {
        cursor.fail("has {} bytes, expected at most {}: {}", name.size(), longest_name, quote(name));
    }
    if (name.find('\0') != std::string::npos) cursor.fail("holds a NUL byte: {}", quote(name));
    cursor.set_context("tensor " + quote(name));
    return name;
}

std::vector<std::int64_t> read_shape(GgufCursor& cursor) {
    const auto axes = cursor.number<std::uint32_t>();
    if (axes < 1 || axes > most_axes) cursor.fail("has {} dimensions, expected 1 to {}", axes, most_axes);
    std::vector<std::int64_t> shape(axes);
    for (auto extent = shape.rbegin(); extent != shape.rend(); ++extent) {
        const auto size = cursor.number<std::uint64_t>();
        if (size < 1 || size >= most_elements) {
            cursor.fail("has a dimension of {}, expected 1 to 2^63 - 1", size);
        }
        *extent = static_cast<std::int64_t>(size);
    }
    return shape;
}

// Bytes of the elements; 0 when the type is not known.
std::uint64_t checked_bytes(const GgufCursor& cursor, const StoredTensor& tensor) {
    const std::string shape = shape_text(tensor.shape);
    const std::optional<std::uint64_t> elements = element_count(tensor.shape);
    if (!elements) cursor.fail("has shape {}: more than 2^63 - 1 elements", shape);
    if (tensor.dtype == DType::Unknown) return 0;
    const BlockSize block = block_size(tensor.dtype);
    if (tensor.shape.back() % block.elements != 0) {
        cursor.fail("has shape {} of {}: rows of {} elements, expected whole blocks of {}", shape,
                    dtype_name(tensor.dtype), tensor.shape.back(), block.elements);
    }
    const std::optional<std::uint64_t> bytes = bytes_of(tensor.dtype, *elements);
    if (!bytes) cursor.fail("has shape {} of {}: more than 2^64 - 1 bytes", shape, dtype_name(tensor.dtype));
    return *bytes;
}

StoredTensor read_tensor(GgufCursor& cursor, std::uint64_t index, bool big_endian) {
    StoredTensor tensor;
    tensor.name = read_name(cursor, index);
    tensor.shape = read_shape(cursor);
    GgufType type = gguf_type(cursor.number<std::uint32_t>());
    tensor.dtype = type.dtype;
    tensor.dtype_name = std::move(type.unknown_name);
    tensor.big_endian = big_endian;
    tensor.offset = cursor.number<std::uint64_t>();
    tensor.bytes = checked_bytes(cursor, tensor);
    return tensor;
}

void note_unknown_types(WeightListing& listing, const std::string& shown) {
    const auto unknown = [](const StoredTensor& tensor) { return tensor.dtype == DType::Unknown; };
    const auto count = std::ranges::count_if(listing.tensors, unknown);
    if (count == 0) return;
    const StoredTensor& first = *std::ranges::find_if(listing.tensors, unknown);
    listing.warnings.push_back(
        fmt::format("{}: {} tensor{} with a type that is not read, the first {} with {}", shown, count,
                    count == 1 ? "" : "s", quote(first.name), first.dtype_name));
}

// Behind the last byte of a tensor, which must lie in the data.
std::uint64_t end_of(const StoredTensor& tensor, const std::string& where, std::uint64_t data_bytes) {
    std::uint64_t end = 0;
    const bool overflow = __builtin_add_overflow(tensor.offset, tensor.bytes, &end);
    if (!overflow && end <= data_bytes) return end;
    throw Error(ErrorKind::Malformed,
                fmt::format("{} begins at byte {} of the data and has {} bytes, but the data have {}", where,
                            tensor.offset, tensor.bytes, data_bytes),
                "the file is truncated: copy or download it again");
}

// The tensors lie in their order, one behind the other, each at the next multiple of the alignment; one of
// unknown type ends where the next begins. Returns the bytes behind the last.
std::uint64_t check_layout(std::vector<StoredTensor>& tensors, const std::string& shown,
                           std::uint64_t alignment, std::uint64_t data_bytes) {
    std::uint64_t expected = 0;
    bool after_unknown = false;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        StoredTensor& tensor = tensors[i];
        const std::string where = fmt::format("{}: tensor {}", shown, quote(tensor.name));
        require(tensor.offset % alignment == 0, ErrorKind::Malformed,
                "{} begins at byte {} of the data, expected a multiple of {}", where, tensor.offset,
                alignment);
        require(after_unknown ? tensor.offset >= expected : tensor.offset == expected, ErrorKind::Malformed,
                "{} begins at byte {} of the data, expected {}{}", where, tensor.offset,
                after_unknown ? "at least " : "", expected);
        after_unknown = tensor.dtype == DType::Unknown;
        if (after_unknown) {
            const std::uint64_t next = i + 1 < tensors.size() ? tensors[i + 1].offset : data_bytes;
            tensor.bytes = next < tensor.offset ? 0 : next - tensor.offset;
        }
        const std::uint64_t end = end_of(tensor, where, data_bytes);
        expected = end + (alignment - end % alignment) % alignment;
    }
    return data_bytes > expected ? data_bytes - expected : 0;
}

}  // namespace

bool has_gguf_magic(const InputFile& file) {
    std::array<char, 4> magic = {};
    if (file.size() < magic.size()) return false;
    file.read(0, std::as_writable_bytes(std::span(magic)));
    return std::string_view(magic.data(), magic.size()) == "GGUF";
}

WeightListing list_gguf(const InputFile& file) {
    GgufCursor cursor(file);
    const bool big_endian = read_version(cursor, file);
    const auto tensors = cursor.number<std::uint64_t>();
    const auto keys = cursor.number<std::uint64_t>();
    cursor.require_room(tensors, smallest_tensor, "tensors");

    WeightListing listing;
    listing.metadata = read_gguf_metadata(cursor, keys, file.shown());
    const std::uint64_t alignment = alignment_in(*listing.metadata);
    cursor.set_context("");
    cursor.require_room(tensors, smallest_tensor, "tensors");
    listing.tensors.reserve(tensors);
    for (std::uint64_t i = 0; i < tensors; ++i) listing.tensors.push_back(read_tensor(cursor, i, big_endian));

    const std::uint64_t end = cursor.position();
    const std::uint64_t data_begin = end + (alignment - end % alignment) % alignment;
    const std::uint64_t data_bytes = file.size() - std::min(file.size(), data_begin);
    const std::uint64_t rest = check_layout(listing.tensors, file.shown(), alignment, data_bytes);
    if (rest > 0) {
        listing.warnings.push_back(
            fmt::format("{}: {} bytes behind the last tensor belong to none", file.shown(), rest));
    }
    for (StoredTensor& tensor : listing.tensors) tensor.offset += data_begin;
    note_unknown_types(listing, file.shown());
    sort_by_name(listing.tensors, file.shown());
    return listing;
}

}  // namespace headway
