// Hostile and broken GGUF files: one line each that says what is wrong, never a crash.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/weight_files.hpp"
#include "io/gguf_bytes.hpp"
#include "io/refused.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace headway {

using test::error_of;
using test::expect_error;
using test::TemporaryFolder;
using namespace test::gguf;

namespace {

using Row = test::Refused;

void expect_refused(const std::vector<Row>& rows) { test::expect_refused("m.gguf", rows); }

// A file with this one value under the key "k".
std::string with_value(std::uint32_t type, std::string_view value) { return file({entry("k", type, value)}); }

// A file with one tensor of 16 bytes of data.
std::string with_tensor(const std::string& tensor) { return file({}, {tensor}, std::string(16, '\0')); }

std::string with_alignment(std::uint32_t type, std::string_view value) {
    return file({entry("general.alignment", type, value)}, {tensor("w", {4})}, std::string(16, '\0'));
}

constexpr std::uint64_t all_ones = ~std::uint64_t{0};
constexpr std::uint64_t top_bit = std::uint64_t{1} << 63;

}  // namespace

TEST(GgufMalformed, FilesThatAreNotGguf) {  // GG01
    expect_refused({{"FUGG" + header(0, 0).substr(4), "looks like a GGUF file whose letters are reversed"},
                    {"GGUF", "is cut off by the end of the file at byte 4"},
                    {header(0, 0).substr(0, 20), "is cut off by the end of the file at byte 20"}});
}

TEST(GgufMalformed, VersionsThatAreNotRead) {  // GG02
    expect_refused(
        {{header(0, 0, 0), "is GGUF of version 0, expected 2 or 3"},
         {header(0, 0, 1), "is GGUF of version 1, expected 2 or 3", ErrorKind::Unsupported},
         {header(0, 0, 4), "is GGUF of version 4, expected 2 or 3", ErrorKind::Unsupported},
         {header(0, 0, 1U << 31), "is GGUF of version 2147483648, expected", ErrorKind::Unsupported}});
}

TEST(GgufMalformed, CountsThatCannotBeInTheFile) {  // GG03
    const std::string rest(76, '\0');
    for (const std::uint64_t count : {all_ones, top_bit, std::uint64_t{1} << 40, std::uint64_t{6}}) {
        const std::string left = ", but only 76 bytes are left in the file";
        expect_refused({{header(count, 0) + rest, fmt::format("has {} tensors{}", count, left)},
                        {header(0, count) + rest, fmt::format("has {} metadata keys{}", count, left)}});
    }
}

TEST(GgufMalformed, KeysOfImpossibleLengths) {  // GG04
    const auto with_key_length = [](std::uint64_t length) {
        return header(0, 1) + u64(length) + std::string(32, 'k');
    };
    const std::string left = " bytes of text, but only 32 bytes are left in the file";
    expect_refused(
        {{with_key_length(all_ones), "metadata key 1 has 18446744073709551615" + left},
         {with_key_length(top_bit), "metadata key 1 has 9223372036854775808" + left},
         {with_key_length(33), "metadata key 1 has 33" + left},
         {file({u32_entry("k", 1), u32_entry("", 1)}), "metadata key 2 is empty"},
         {file({u32_entry(std::string(65'536, 'k'), 1)}), "has 65536 bytes, expected at most 65535"}});
}

TEST(GgufMalformed, TextsLongerThanTheFile) {  // GG05
    for (const std::uint64_t length : {all_ones, top_bit, std::uint64_t{1} << 40, std::uint64_t{9}}) {
        expect_refused(
            {{with_value(Text, u64(length) + "12345678"),
              fmt::format("metadata: \"k\" has {} bytes of text, but only 8 bytes are left", length)}});
    }
}

TEST(GgufMalformed, AFileOfATerabyteIsNoReasonToAllocateOne) {  // GG05
    const TemporaryFolder folder;
    const std::uint64_t length = std::uint64_t{1} << 39;
    const auto path = folder.write("m.gguf", with_value(Text, u64(length)));
    ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(2 * length)), 0);
    expect_error(ErrorKind::Limit, "has a text of 549755813888 bytes, the limit is 268435456",
                 [&] { return open_weights(path); });
    struct rusage usage = {};
    ASSERT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
    EXPECT_LT(usage.ru_maxrss, 512 * 1024) << "KiB, of the whole test program";
}

TEST(GgufMalformed, ArraysThatLie) {  // GG06
    std::string nest;
    for (int i = 0; i < 10'000; ++i) nest += array(Array, 1, "");
    expect_refused(
        {{with_value(Array, array(U8, top_bit, "1234")),
          "metadata: \"k\" has 9223372036854775808 values in an array, but only 4 bytes are left"},
         {with_value(Array, array(Text, 2, std::string(15, '\0'))), "has 2 values in an array, but only 15"},
         {with_value(Array, array(F64, 2, std::string(15, '\0'))), "has 2 values in an array, but only 15"},
         {with_value(Array, nest), "metadata: \"k\" is nested more than 8 deep"},
         {with_value(Array, array(13, 1, "1234")), "has a value of type 13, expected 0 to 12"},
         {with_value(13, "1234"), "metadata: \"k\" has a value of type 13, expected 0 to 12"},
         {with_value(all_ones & 0xFFFFFFFFU, "1234"), "has a value of type 4294967295"},
         {with_value(Bool, "\x02"), "metadata: \"k\" has a truth value of 2, expected 0 or 1"},
         {with_value(U32, "123"), "metadata: \"k\" is cut off by the end of the file"}});
}

TEST(GgufMalformed, AValueOfAnotherTypeThanAskedForIsNamed) {  // GG06
    const TemporaryFolder folder;
    const auto path = folder.write("m.gguf", with_value(Array, array(I8, 2, "\x01\x02")));
    const WeightFiles weights = open_weights(path);
    const Json value = weights.metadata()->at("k");
    expect_error(ErrorKind::Unsupported, "metadata: \"k[1]\" is 2, expected a text",
                 [&] { return value.at(std::size_t{1}).text(); });
    expect_error(ErrorKind::Unsupported, "metadata: \"k\" is an array of 2, expected a number",
                 [&] { return value.number(); });
}

TEST(GgufMalformed, MetadataOfMoreValuesThanAnyModelNeedsAreRefused) {
    const std::uint64_t count = (std::uint64_t{1} << 22);
    expect_refused(
        {{with_value(Array, array(Bool, count, std::string(count, '\0'))),
          "metadata: \"k\" brings the metadata to 4194305 values, the limit is 4194304", ErrorKind::Limit}});
}

TEST(GgufMalformed, DoubledKeysAndImpossibleAlignments) {  // GG07
    const std::string expected = ", expected a power of two from 1 to 1048576";
    expect_refused(
        {{file({u32_entry("k", 1), u32_entry("k", 1)}), "metadata: \"k\" comes twice"},
         {file({u32_entry("general.alignment", 32), u32_entry("general.alignment", 32)}),
          "metadata: \"general.alignment\" comes twice"},
         {with_alignment(U32, u32(0)), "metadata: \"general.alignment\" is 0" + expected},
         {with_alignment(U32, u32(3)), "metadata: \"general.alignment\" is 3" + expected},
         {with_alignment(U32, u32(1U << 31)), "\"general.alignment\" is 2147483648" + expected},
         {with_alignment(I32, u32(all_ones & 0xFFFFFFFFU)), "\"general.alignment\" is -1" + expected},
         {with_alignment(Text, text("32")), "\"general.alignment\" is \"32\"" + expected},
         {with_alignment(F32, number(32.0F)), "\"general.alignment\" is 32.0" + expected}});
}

TEST(GgufMalformed, ShapesThatCannotBe) {  // GG08
    const auto with_axes = [](std::uint32_t axes) {
        return with_tensor(text("w") + u32(axes) + std::string(64, '\1'));
    };
    const std::uint64_t half = std::uint64_t{1} << 32;
    expect_refused(
        {{with_axes(0), "tensor \"w\" has 0 dimensions, expected 1 to 4"},
         {with_axes(5), "tensor \"w\" has 5 dimensions, expected 1 to 4"},
         {with_axes(0xFFFFFFFFU), "tensor \"w\" has 4294967295 dimensions"},
         {with_tensor(tensor("w", {4, 0})), "tensor \"w\" has a dimension of 0, expected 1 to 2^63 - 1"},
         {with_tensor(tensor("w", {top_bit})), "has a dimension of 9223372036854775808, expected"},
         {with_tensor(tensor("w", {all_ones})), "has a dimension of 18446744073709551615, expected"},
         {with_tensor(tensor("w", {half, half})), "has shape [4294967296, 4294967296]: more than 2^63 - 1"},
         {with_tensor(tensor("w", {top_bit - 1})), "F32: more than 2^64 - 1 bytes"}});
}

TEST(GgufMalformed, SizesWhoseSumGoesBeyondTheFile) {  // GG08
    // 2^63 bytes of F32.
    const std::uint64_t large = std::uint64_t{1} << 61;
    expect_refused({{with_tensor(tensor("w", {large})),
                     "tensor \"w\" begins at byte 0 of the data and has 9223372036854775808 bytes, but the "
                     "data have 16"},
                    {file({}, {tensor("a", {large}), tensor("b", {large}, 0, top_bit)}),
                     "tensor \"a\" begins at byte 0 of the data and has 9223372036854775808 bytes"}});
}

TEST(GgufMalformed, RowsThatAreNotWholeBlocks) {  // GG10
    expect_refused(
        {{with_tensor(tensor("w", {16, 2}, 2)),
          "tensor \"w\" has shape [2, 16] of Q4_0: rows of 16 elements, expected whole blocks of 32"},
         {with_tensor(tensor("w", {128, 2}, 12)),
          "tensor \"w\" has shape [2, 128] of Q4_K: rows of 128 elements, expected whole blocks of "
          "256"}});
}

TEST(GgufMalformed, OffsetsThatAreNotTheNext) {  // GG11
    const auto two = [](std::uint64_t first, std::uint64_t second) {
        return file({}, {tensor("a", {4}, 0, first), tensor("b", {4}, 0, second)}, std::string(64, '\0'));
    };
    expect_refused(
        {{two(0, 16), "tensor \"b\" begins at byte 16 of the data, expected a multiple of 32"},
         {two(0, 0), "tensor \"b\" begins at byte 0 of the data, expected 32"},
         {two(0, 64), "tensor \"b\" begins at byte 64 of the data, expected 32"},
         {two(32, 64), "tensor \"a\" begins at byte 32 of the data, expected 0"},
         {two(0, top_bit), "tensor \"b\" begins at byte 9223372036854775808 of the data, expected 32"},
         {two(0, all_ones - 31), "tensor \"b\" begins at byte 18446744073709551584 of the data, expected"}});
}

TEST(GgufMalformed, DataThatAreCut) {
    const TemporaryFolder folder;
    const std::string whole = file({}, {tensor("a", {4}), tensor("b", {4}, 0, 32)}, std::string(48, '\0'));
    EXPECT_EQ(open_weights(folder.write("m.gguf", whole)).tensors().size(), 2U);
    const auto path = folder.write("m.gguf", whole.substr(0, whole.size() - 1));
    const Error error = error_of([&] { return open_weights(path); });
    EXPECT_THAT(error.what(), testing::HasSubstr("tensor \"b\" begins at byte 32 of the data and has 16 "
                                                 "bytes, but the data have 47"));
    EXPECT_EQ(error.hint(), "the file is truncated: copy or download it again");
}

TEST(GgufMalformed, EveryCutOfAHeaderIsFound) {
    const std::string whole = file({entry("k", Array, array(Text, 1, text("x"))), u32_entry("l", 1)},
                                   {tensor("a", {4}), tensor("b", {4}, 0, 32)}, std::string(48, '\0'));
    for (std::size_t length = 4; length < whole.size(); ++length) {
        expect_refused({{whole.substr(0, length), ""}});
    }
}

TEST(GgufMalformed, EveryChangedByteOfAHeaderIsRefusedOrLeavesTensorsInsideTheFile) {
    const std::string whole = file({entry("k", Array, array(Text, 1, text("x"))), u32_entry("l", 1)},
                                   {tensor("a", {32}, 8), tensor("b", {4, 2}, 0, 64)}, std::string(96, '\0'));
    const TemporaryFolder folder;
    int accepted = 0;
    for (std::size_t i = 0; i < 2 * (whole.size() - 96); ++i) {
        std::string bytes = whole;
        bytes[i / 2] = static_cast<char>(bytes[i / 2] ^ (i % 2 == 0 ? 0x01 : 0xFF));
        try {
            const WeightFiles weights = open_weights(folder.write("m.gguf", bytes));
            ++accepted;
            for (const StoredTensor& each : weights.tensors()) {
                ASSERT_LE(each.offset + each.bytes, bytes.size());
                if (!is_readable(each.dtype)) continue;
                EXPECT_TRUE(std::cmp_equal(weights.read<float>(each).size(), each.size()));
            }
        } catch (const Error&) {  // as it should be, for most bytes
        }
    }
    EXPECT_GT(accepted, 0) << "a name, for one, may be any other";
}

TEST(GgufMalformed, NamesOfTensors) {  // GG12
    using namespace std::string_view_literals;
    const std::string longest(63, 'n');
    expect_refused(
        {{with_tensor(tensor(longest + "n", {4})), "the name of tensor 1 has 64 bytes, expected at most 63"},
         {with_tensor(tensor("a\0b"sv, {4})), "the name of tensor 1 holds a NUL byte: \"a\\x00b\""},
         {file({}, {tensor("a", {4}), tensor("a", {4}, 0, 32)}, std::string(48, '\0')),
          "tensor \"a\" is listed twice"}});
    const TemporaryFolder folder;
    const auto path = folder.write("m.gguf", with_tensor(tensor(longest, {4})));
    EXPECT_EQ(open_weights(path).tensors().at(0).name, longest);
}

}  // namespace headway
