// SPDX-License-Identifier: Apache-2.0
#include "io/npy_weights.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/npy_header.hpp"

#include <algorithm>
#include <filesystem>

namespace headway {
namespace {

constexpr std::string_view ending = ".npy";

DType dtype_of(const NpyHeader& header) {
    const auto sized = [&](DType two, DType four, DType eight, DType one = DType::Unknown) {
        return header.width == 1 ? one : header.width == 2 ? two : header.width == 4 ? four : eight;
    };
    switch (header.kind) {
        case 'f':
            return sized(DType::F16, DType::F32, DType::F64);
        case 'i':
            return sized(DType::I16, DType::I32, DType::I64, DType::I8);
        case 'u':
            return sized(DType::U16, DType::U32, DType::U64, DType::U8);
        case 'b':
            return DType::Bool;
        default:
            return DType::Unknown;
    }
}

// Strides of Fortran order: the first axis runs fastest.
std::vector<std::int64_t> fortran_strides(const std::vector<std::int64_t>& shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t i = 1; i < shape.size(); ++i) strides[i] = strides[i - 1] * shape[i - 1];
    return strides;
}

// The array of `bytes` bytes that begins at `offset` of its source with the header in `front`.
StoredTensor array_at(std::uint64_t offset, std::uint64_t bytes, std::string_view front,
                      const std::string& where) {
    const NpyHeader header = parse_npy_header(front, where);
    StoredTensor tensor{.name = {}, .dtype = dtype_of(header), .shape = header.shape};
    tensor.offset = offset + header.data_begin;
    tensor.bytes = bytes - header.data_begin;
    tensor.big_endian = header.big_endian;
    if (tensor.dtype == DType::Unknown) {
        tensor.dtype_name = header.descr;
        return tensor;
    }
    require_numbers(header, bytes, where);
    if (header.fortran_order && header.shape.size() > 1 && header.elements > 0)
        tensor.strides = fortran_strides(header.shape);
    return tensor;
}

}  // namespace

WeightListing list_npy(const InputFile& file) {
    std::string front(std::min(file.size(), longest_npy_header), '\0');
    file.read(0, std::as_writable_bytes(std::span(front)));
    WeightListing listing;
    listing.tensors.push_back(array_at(0, file.size(), front, file.shown()));
    listing.tensors.front().name = std::filesystem::path(file.shown()).stem().native();
    return listing;
}

bool is_npz_archive(std::span<const ZipMember> members) {
    return std::ranges::all_of(members,
                               [](const ZipMember& member) { return member.name.ends_with(ending); });
}

WeightListing list_npz(const InputFile& file, std::span<const ZipMember> members) {
    WeightListing listing;
    for (const ZipMember& member : members) {
        const std::string where = fmt::format("{}: member {}", file.shown(), quote(member.name));
        const std::string front = read_zip_front(file, member, longest_npy_header);
        const std::uint64_t begin = member.deflated ? 0 : zip_data_offset(file, member);
        StoredTensor tensor = array_at(begin, member.bytes, front, where);
        tensor.name = member.name.substr(0, member.name.size() - ending.size());
        if (member.deflated) {
            listing.deflated.push_back(member);
            tensor.source = listing.deflated.size();
        }
        listing.tensors.push_back(std::move(tensor));
    }
    return listing;
}

}  // namespace headway
