// A little-endian GGUF file written as a big-endian machine would, told from the format's description of each
// block.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace headway::test::gguf {

/// The fields of a block by the number of its type: b a byte, h a word of two, w of four, d of eight, with
/// how many before it.
inline std::string_view block_fields(std::uint32_t type) {
    static const std::map<std::uint32_t, std::string_view> fields = {{0, "w"},
                                                                     {1, "h"},
                                                                     {2, "h16b"},
                                                                     {3, "2h16b"},
                                                                     {6, "hw16b"},
                                                                     {7, "2hw16b"},
                                                                     {8, "h32b"},
                                                                     {10, "80b2h"},
                                                                     {11, "108bh"},
                                                                     {12, "2h140b"},
                                                                     {13, "2h172b"},
                                                                     {14, "208bh"},
                                                                     {17, "33h8b"},
                                                                     {18, "h64b8w"},
                                                                     {19, "h32b8h"},
                                                                     {20, "h16b"},
                                                                     {21, "h108b"},
                                                                     {22, "h80b"},
                                                                     {23, "2h132b"},
                                                                     {24, "b"},
                                                                     {25, "h"},
                                                                     {26, "w"},
                                                                     {27, "d"},
                                                                     {28, "d"},
                                                                     {29, "48b4h"},
                                                                     {30, "h"},
                                                                     {34, "52bh"},
                                                                     {35, "64bh"},
                                                                     {39, "17b"},
                                                                     {40, "36b"},
                                                                     {16, "h4bw4bw4bw4bw4bw4bw4bw4bw"}};
    return fields.at(type);
}

/// Goes through a little-endian file and turns each number over.
class BigEndianWriter {
public:
    explicit BigEndianWriter(std::string bytes) : bytes_(std::move(bytes)) {}

    std::string turned() {
        position_ = 4;
        number<std::uint32_t>();
        const auto tensors = number<std::uint64_t>();
        const auto keys = number<std::uint64_t>();
        for (std::uint64_t i = 0; i < keys; ++i) {
            text();
            value(number<std::uint32_t>());
        }
        std::vector<Tensor> infos;
        for (std::uint64_t i = 0; i < tensors; ++i) infos.push_back(tensor());
        const std::size_t data = (position_ + 31) / 32 * 32;
        for (const Tensor& info : infos) {
            position_ = data + info.offset;
            const std::size_t end = data + info.end;
            while (position_ < end) block(block_fields(info.type));
        }
        return bytes_;
    }

private:
    struct Tensor {
        std::uint32_t type = 0;
        std::size_t offset = 0, end = 0;
    };

    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, &bytes_.at(position_), sizeof(value));
        turn(sizeof(value));
        return value;
    }

    void turn(std::size_t width) {
        const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(position_);
        std::reverse(begin, begin + static_cast<std::ptrdiff_t>(width));
        position_ += width;
    }

    void text() { position_ += number<std::uint64_t>(); }

    void value(std::uint32_t type) {
        constexpr std::size_t widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
        if (type == 8) return text();
        if (type != 9) return turn(widths[type]);
        const auto of = number<std::uint32_t>();
        const auto count = number<std::uint64_t>();
        for (std::uint64_t i = 0; i < count; ++i) value(of);
    }

    Tensor tensor() {
        text();
        Tensor info;
        std::uint64_t elements = 1;
        const auto axes = number<std::uint32_t>();
        for (std::uint32_t i = 0; i < axes; ++i) elements *= number<std::uint64_t>();
        info.type = number<std::uint32_t>();
        info.offset = number<std::uint64_t>();
        info.end = info.offset + elements / elements_of(info.type) * bytes_of_block(info.type);
        return info;
    }

    static std::uint64_t elements_of(std::uint32_t type) {
        if (type < 2 || (type >= 24 && type <= 30 && type != 29)) return 1;
        if (type < 10 || type == 20 || type == 39) return 32;
        return type == 40 ? 64 : 256;
    }

    static std::size_t bytes_of_block(std::uint32_t type) {
        BigEndianWriter counter(std::string(512, '\0'));
        counter.block(block_fields(type));
        return counter.position_;
    }

    void block(std::string_view fields) {
        std::size_t count = 0;
        for (const char field : fields) {
            if (field >= '0' && field <= '9') {
                count = 10 * count + static_cast<std::size_t>(field - '0');
                continue;
            }
            const std::size_t width = field == 'b' ? 1 : field == 'h' ? 2 : field == 'w' ? 4 : 8;
            for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) turn(width);
            count = 0;
        }
    }

    std::string bytes_;
    std::size_t position_ = 0;
};

inline std::string big_endian(const std::string& bytes) { return BigEndianWriter(bytes).turned(); }

}  // namespace headway::test::gguf
