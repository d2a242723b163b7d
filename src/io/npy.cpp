// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/float_formats.hpp"
#include "headway/io/output_file.hpp"
#include "io/input_file.hpp"
#include "io/npy_header.hpp"
#include "io/sizes.hpp"
#include "io/zip.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace headway {
namespace {

using std::filesystem::path;
using Bytes = std::span<const std::byte>;

// Calls `visit(i, from)` for each element in row-major order; `from` is where the file has it.
template <class Visit>
void for_each_element(const NpyHeader& header, Visit visit) {
    std::vector<std::uint64_t> strides(header.shape.size(), 1);  // of an array in Fortran order
    for (std::size_t axis = 1; axis < strides.size(); ++axis) {
        strides[axis] = strides[axis - 1] * static_cast<std::uint64_t>(header.shape[axis - 1]);
    }
    std::vector<std::int64_t> index(header.shape.size(), 0);
    std::uint64_t from = 0;
    for (std::uint64_t i = 0; i < header.elements; ++i) {
        visit(i, header.fortran_order ? from : i);
        if (!header.fortran_order) continue;
        for (std::size_t axis = index.size(); axis-- > 0;) {
            from += strides[axis];
            if (++index[axis] < header.shape[axis]) break;
            from -= strides[axis] * static_cast<std::uint64_t>(header.shape[axis]);
            index[axis] = 0;
        }
    }
}

template <class Stored, class T, class Convert>
std::vector<T> converted(const NpyHeader& header, Bytes data, Convert value_of) {
    std::vector<T> values(header.elements);
    for_each_element(header, [&](std::uint64_t i, std::uint64_t from) {
        std::array<std::byte, sizeof(Stored)> bytes;
        std::memcpy(bytes.data(), data.data() + from * sizeof(Stored), sizeof(Stored));
        if (header.big_endian) std::reverse(bytes.begin(), bytes.end());
        Stored value;
        std::memcpy(&value, bytes.data(), sizeof(Stored));
        values[i] = static_cast<T>(value_of(value));
    });
    return values;
}

decltype(NpyArray::values) values_of(const NpyHeader& header, Bytes data, const std::string& where) {
    const auto same = [](auto value) { return value; };
    const auto in_range = [&](std::uint64_t value) {
        require(value >> 63 == 0, ErrorKind::Unsupported, "{}: has the integer {}, expected less than 2^63",
                where, value);
        return value;
    };
    const std::string type = fmt::format("{}{}", header.kind, header.width);
    if (type == "f2") return converted<std::uint16_t, float>(header, data, float_from_f16);
    if (type == "f4") return converted<float, float>(header, data, same);
    if (type == "f8") return converted<double, double>(header, data, same);
    if (type == "i1") return converted<std::int8_t, std::int64_t>(header, data, same);
    if (type == "i2") return converted<std::int16_t, std::int64_t>(header, data, same);
    if (type == "i4") return converted<std::int32_t, std::int64_t>(header, data, same);
    if (type == "i8") return converted<std::int64_t, std::int64_t>(header, data, same);
    if (type == "u1") return converted<std::uint8_t, std::int64_t>(header, data, same);
    if (type == "u2") return converted<std::uint16_t, std::int64_t>(header, data, same);
    if (type == "u4") return converted<std::uint32_t, std::int64_t>(header, data, same);
    if (type == "u8") return converted<std::uint64_t, std::int64_t>(header, data, in_range);
    if (type == "b1")
        return converted<std::uint8_t, std::int64_t>(header, data, [](auto value) { return value != 0; });
    throw InvariantFailure("the header's reader lets only these element types through");
}

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// An array from all of its bytes.
NpyArray array_from(Bytes bytes, const std::string& where) {
    const std::size_t front = std::min<std::size_t>(bytes.size(), longest_npy_header);
    const NpyHeader header = parse_npy_header(as_text(bytes.first(front)), where);
    require_numbers(header, bytes.size(), where);
    NpyArray array;
    array.shape = header.shape;
    array.values = values_of(header, bytes.subspan(header.data_begin), where);
    return array;
}

// Header and data of an array as they stand in a file.
struct Encoded {
    std::string header;
    Bytes data;
};

Encoded encoded(const NpyArray& array) {
    const auto elements = element_count(array.shape);
    require(elements && *elements == array.size(), ErrorKind::Usage, "array {} of shape {} has {} values",
            quote(array.name), shape_text(array.shape), array.size());
    constexpr std::array<std::string_view, 3> descr = {"<f4", "<f8", "<i8"};
    return {npy_header(descr.at(array.values.index()), array.shape),
            std::visit([](const auto& values) { return std::as_bytes(std::span(values)); }, array.values)};
}

}  // namespace

std::size_t NpyArray::size() const {
    return std::visit([](const auto& held) { return held.size(); }, values);
}

std::vector<double> NpyArray::as_double() const {
    return std::visit(
        [](const auto& held) {
            std::vector<double> copy(held.size());
            std::transform(held.begin(), held.end(), copy.begin(),
                           [](auto value) { return static_cast<double>(value); });
            return copy;
        },
        values);
}

const std::vector<std::int64_t>& NpyArray::integers() const {
    require(is_integer(), ErrorKind::Unsupported, "array {} holds floating-point numbers, expected integers",
            quote(name));
    return std::get<std::vector<std::int64_t>>(values);
}

NpyArray read_npy(const path& path) {
    const InputFile file(path);
    std::string front(std::min(file.size(), longest_npy_header), '\0');
    file.read(0, std::as_writable_bytes(std::span(front)));
    const NpyHeader header = parse_npy_header(front, file.shown());
    require_numbers(header, file.size(), file.shown());
    std::vector<std::byte> data(file.size() - header.data_begin);
    file.read(header.data_begin, data);
    NpyArray array;
    array.shape = header.shape;
    array.values = values_of(header, data, file.shown());
    return array;
}

std::vector<NpyArray> read_npz(const path& path) {
    constexpr std::string_view ending = ".npy";
    const InputFile file(path);
    std::vector<NpyArray> arrays;
    for (const ZipMember& member : list_zip(file)) {
        const std::string where = fmt::format("{}: member {}", file.shown(), quote(member.name));
        require(member.name.ends_with(ending), ErrorKind::Unsupported, "{}, expected only .npy arrays",
                where);
        NpyArray array = array_from(read_zip_member(file, member), where);
        array.name = member.name.substr(0, member.name.size() - ending.size());
        arrays.push_back(std::move(array));
    }
    std::vector<std::string_view> names;
    for (const NpyArray& array : arrays) names.push_back(array.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    const bool unique = twice == names.end();
    require(unique, ErrorKind::Malformed, "{}: has array {} twice", file.shown(),
            quote(unique ? "" : *twice));
    return arrays;
}

const NpyArray& find_array(std::span<const NpyArray> arrays, std::string_view name) {
    std::vector<std::string> names;
    for (const NpyArray& array : arrays) {
        if (array.name == name) return array;
        names.push_back(array.name);
    }
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Unsupported, fmt::format("there is no array {}", quote(name)),
                near.empty() ? "" : fmt::format("did you mean {}?", quote(near)));
}

void write_npy(const path& path, const NpyArray& array) {
    const Encoded bytes = encoded(array);
    OutputFile file(path);
    file.write(bytes.header);
    file.write(bytes.data);
    file.commit();
}

void write_npz(const path& path, std::span<const NpyArray> arrays) {
    ZipWriter archive(path);
    for (const NpyArray& array : arrays) {
        const Encoded bytes = encoded(array);
        const std::array<Bytes, 2> parts = {std::as_bytes(std::span(bytes.header)), bytes.data};
        archive.add(array.name + ".npy", parts);
    }
    archive.finish();
}

}  // namespace headway
