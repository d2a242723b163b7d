// Quantised blocks against the values of the format's reference dequantiser, and by hand.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/io/weight_files.hpp"
#include "io/gguf_big_endian.hpp"
#include "io/gguf_bytes.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <bit>
#include <cmath>
#include <numeric>

namespace headway {

using test::bytes_of;
using test::expect_error;
using test::TemporaryFolder;
using namespace test::gguf;
using namespace std::string_literals;

namespace {

std::filesystem::path all_types(const std::filesystem::path& shared) {
    return shared / "conformance" / "gguf" / "quant-types.gguf";
}

// Floats between `a` and `b`, when the two have one sign.
std::int64_t steps_between(float a, float b) {
    return std::abs(std::int64_t{std::bit_cast<std::int32_t>(a)} - std::bit_cast<std::int32_t>(b));
}

std::int64_t largest_difference(std::span<const float> a, std::span<const float> b) {
    std::int64_t largest = a.size() == b.size() ? 0 : std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (!(a[i] == b[i])) largest = std::max(largest, steps_between(a[i], b[i]));
    }
    return largest;
}

// The elements of one block, of the type with this number in GGUF.
std::vector<float> decoded(std::uint32_t type, std::uint64_t elements, const std::string& block) {
    const TemporaryFolder folder;
    const WeightFiles weights =
        open_weights(folder.write("m.gguf", file({}, {tensor("w", {elements}, type)}, block)));
    EXPECT_TRUE(weights.warnings().empty());
    return weights.read<float>(weights.at("w"));
}

const std::string one = "\x00\x3C"s;  // as binary16

}  // namespace

TEST(BlockFormats, EveryTypeIsDecodedAsTheReferenceDoes) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const WeightFiles weights = open_weights(all_types(shared));
    const std::vector<NpyArray> expected = read_npz(shared / "conformance" / "gguf" / "quant-types.npz");
    ASSERT_EQ(weights.tensors().size(), 26U);
    for (const StoredTensor& tensor : weights.tensors()) {
        const std::string type = tensor.name.substr(2);  // q.TYPE
        EXPECT_EQ(dtype_name(tensor.dtype), type);
        EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{3, 512}));
        const auto& values = std::get<std::vector<float>>(find_array(expected, type).values);
        EXPECT_LE(largest_difference(weights.read<float>(tensor), values), 2) << type;
    }
}

TEST(BlockFormats, DoublesAreTheFloats) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const WeightFiles weights = open_weights(all_types(shared));
    for (const StoredTensor& tensor : weights.tensors()) {
        const std::vector<float> floats = weights.read<float>(tensor);
        EXPECT_EQ(weights.read<double>(tensor), std::vector<double>(floats.begin(), floats.end()))
            << tensor.name;
    }
}

TEST(BlockFormats, ARangeThatBeginsAndEndsInsideBlocksIsThatPart) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const WeightFiles weights = open_weights(all_types(shared));
    for (const StoredTensor& tensor : weights.tensors()) {
        const std::vector<float> whole = weights.read<float>(tensor);
        for (const auto& [first, count] : std::vector<std::pair<std::size_t, std::size_t>>{
                 {0, 1}, {37, 3}, {250, 12}, {256, 256}, {300, 1000}, {1535, 1}, {1536, 0}}) {
            std::vector<float> part(count);
            weights.read_range<float>(tensor, first, part);
            const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(first);
            EXPECT_TRUE(std::equal(part.begin(), part.end(), begin)) << tensor.name << " from " << first;
        }
    }
}

TEST(BlockFormats, BigEndianBlocksHaveTheSameElements) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const TemporaryFolder folder;
    const WeightFiles little = open_weights(all_types(shared));
    const WeightFiles big = open_weights(folder.write("big.gguf", big_endian(bytes_of(all_types(shared)))));
    ASSERT_EQ(big.tensors().size(), little.tensors().size());
    for (const StoredTensor& tensor : little.tensors()) {
        const StoredTensor& other = big.at(tensor.name);
        EXPECT_TRUE(other.big_endian);
        EXPECT_EQ(big.read<float>(other), little.read<float>(tensor)) << tensor.name;
        EXPECT_EQ(big.read_bytes(other), little.read_bytes(tensor)) << tensor.name;
    }
}

TEST(BlockFormats, LowHalvesOfBytesComeFirstInQ4) {
    const std::vector<float> values = decoded(2, 32, one + "\x2F" + std::string(15, '\x88'));
    EXPECT_EQ(values[0], 7);
    EXPECT_EQ(values[16], -6);
    EXPECT_EQ(std::count(values.begin(), values.end(), 0.0F), 30);
}

TEST(BlockFormats, Q8IsSigned) {
    const std::vector<float> values = decoded(8, 32, "\x00\x40\x80\x7F"s + std::string(30, '\0'));
    EXPECT_EQ(values[0], -256);
    EXPECT_EQ(values[1], 254);
}

TEST(BlockFormats, TheScaleOfMxfp4IsAPowerOfTwoDownToTheSmallest) {
    const auto first = [](char exponent) { return decoded(39, 32, exponent + std::string(16, '\x22'))[0]; };
    EXPECT_EQ(first('\x7F'), 1.0F);  // E2M1 code 2 is 1
    EXPECT_EQ(first('\x82'), 8.0F);
    EXPECT_EQ(first('\x00'), 0x1p-127F);
    EXPECT_EQ(first('\x01'), 0x1p-126F);
    EXPECT_EQ(first('\xFE'), 0x1p127F);
}

TEST(BlockFormats, TheScaleOfNvfp4IsE4m3WithoutNan) {
    const auto first = [](char code) {
        return decoded(40, 64, std::string(4, code) + std::string(32, '\x22'))[0];
    };
    EXPECT_EQ(first('\x38'), 1.0F);
    EXPECT_EQ(first('\x7E'), 448.0F);
    EXPECT_EQ(first('\x01'), 0x1p-9F);
    EXPECT_EQ(first('\x00'), 0.0F);
    EXPECT_EQ(first('\x7F'), 0.0F);
}

TEST(BlockFormats, SignsOfEightInIq2AreEven) {
    std::string block = one + std::string(64, '\0');
    block[6] = '\x01';  // the first of seven signs; the eighth follows from it
    const std::vector<float> values = decoded(16, 256, block);
    std::vector<float> expected(8, 1.0F);  // 8 * (0.5 + 0) * 0.25
    expected.front() = expected.back() = -1.0F;
    EXPECT_EQ(std::vector<float>(values.begin(), values.begin() + 8), expected);
}

TEST(BlockFormats, SizesOfBlocksAreThoseOfTheFormat) {
    EXPECT_EQ(block_size(DType::Q4_K).elements, 256);
    EXPECT_EQ(block_size(DType::Q4_K).bytes, 144);
    EXPECT_TRUE(is_readable_float(DType::NVFP4));
    EXPECT_TRUE(is_readable_float(DType::Q4_0));
}

}  // namespace headway
