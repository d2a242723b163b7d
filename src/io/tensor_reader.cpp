// SPDX-License-Identifier: Apache-2.0
#include "io/tensor_reader.hpp"

#include "headway/base/error.hpp"
#include "io/element_formats.hpp"
#include "io/strided_reader.hpp"

#include <algorithm>
#include <type_traits>

namespace headway {
namespace {

constexpr std::uint64_t tile_elements = std::uint64_t{1} << 18;

std::uint64_t elements_in(const ElementFormat& format) { return static_cast<std::uint64_t>(format.elements); }
std::uint64_t bytes_in(const ElementFormat& format) { return static_cast<std::uint64_t>(format.bytes); }

template <class T>
void decode(const ElementFormat& format, const std::byte* blocks, std::size_t count, T* out) {
    if constexpr (std::is_same_v<T, float>) {
        format.to_floats(blocks, count, out);
    } else {
        format.to_doubles(blocks, count, out);
    }
}

// Reads whole blocks of a tensor without strides, tile by tile.
template <class T>
class BlockReader {
public:
    BlockReader(const SourceReader& source, const StoredTensor& tensor)
        : source_(source), tensor_(tensor), format_(element_format(tensor.dtype)) {}

    void read(std::uint64_t first, std::span<T> out) {
        const std::uint64_t in_block = elements_in(format_);
        while (!out.empty()) {
            const std::uint64_t skipped = first % in_block;
            const std::uint64_t whole = skipped == 0 ? std::min(out.size(), tile_elements) / in_block : 0;
            std::uint64_t taken = whole * in_block;
            if (whole > 0) {
                decode_blocks(first / in_block, whole, out.data());
            } else {  // only a part of a block is wanted
                part_.resize(in_block);
                decode_blocks(first / in_block, 1, part_.data());
                taken = std::min<std::uint64_t>(out.size(), in_block - skipped);
                std::copy_n(part_.begin() + static_cast<std::ptrdiff_t>(skipped), taken, out.begin());
            }
            first += taken;
            out = out.subspan(taken);
        }
    }

private:
    void decode_blocks(std::uint64_t block, std::uint64_t count, T* out) {
        const std::uint64_t width = bytes_in(format_);
        bytes_.resize(std::max<std::size_t>(bytes_.size(), count * width));
        source_.read(tensor_.offset + block * width, std::span(bytes_).first(count * width));
        if (tensor_.big_endian && format_.swap != nullptr) format_.swap(bytes_.data(), count);
        decode(format_, bytes_.data(), count, out);
    }

    const SourceReader& source_;
    const StoredTensor& tensor_;
    const ElementFormat& format_;
    std::vector<std::byte> bytes_;  // of a tile
    std::vector<T> part_;           // a block of which a part is wanted
};

// Whether the file has the numbers as they are wanted, so that they are read where they go.
template <class T>
bool is_stored_as(const StoredTensor& tensor) {
    constexpr DType same = std::is_same_v<T, float> ? DType::F32 : DType::F64;
    return tensor.dtype == same && tensor.strides.empty() && !tensor.big_endian;
}

}  // namespace

template <class T>
void read_elements(const SourceReader& source, const StoredTensor& tensor, std::uint64_t first,
                   std::span<T> out) {
    if (is_stored_as<T>(tensor)) {
        return source.read(tensor.offset + first * sizeof(T), std::as_writable_bytes(out));
    }
    if (tensor.strides.empty()) return BlockReader<T>(source, tensor).read(first, out);
    std::vector<T> values;
    read_strided(source, tensor, first, out.size(), [&](const StoredRun& run) {
        values.resize(std::max(values.size(), run.count));
        decode(element_format(tensor.dtype), run.codes.data(), run.count, values.data());
        for (std::size_t i = 0; i < run.count; ++i) out[run.first + i * run.step] = values[i];
    });
}

template void read_elements(const SourceReader&, const StoredTensor&, std::uint64_t, std::span<float>);
template void read_elements(const SourceReader&, const StoredTensor&, std::uint64_t, std::span<double>);

void read_codes(const SourceReader& source, const StoredTensor& tensor, std::uint64_t first_byte,
                std::span<std::byte> out) {
    const ElementFormat& format = element_format(tensor.dtype);
    const std::uint64_t width = std::max<std::uint64_t>(bytes_in(format), 1);  // Unknown: single bytes
    const bool between_blocks = first_byte % width == 0 && out.size() % width == 0;
    invariant(between_blocks, "stored elements are read whole");
    if (tensor.strides.empty()) {
        source.read(tensor.offset + first_byte, out);
        if (tensor.big_endian && format.swap != nullptr) format.swap(out.data(), out.size() / width);
        return;
    }
    read_strided(source, tensor, first_byte / width, out.size() / width, [&](const StoredRun& run) {
        for (std::size_t i = 0; i < run.count; ++i) {
            std::ranges::copy(run.codes.subspan(i * width, width),
                              out.begin() + static_cast<std::ptrdiff_t>((run.first + i * run.step) * width));
        }
    });
}

}  // namespace headway
