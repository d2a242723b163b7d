// Hostile and broken safetensors files: one line each that says what is wrong, never a crash.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/weight_files.hpp"
#include "io/refused.hpp"
#include "io/safetensors_bytes.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <unistd.h>

#include <ctime>

namespace headway {

using test::entry;
using test::error_of;
using test::expect_error;
using test::header_length;
using test::one_tensor;
using test::safetensors;
using test::TemporaryFolder;

namespace {

using Row = test::Refused;

void expect_refused(const std::vector<Row>& rows) { test::expect_refused("m.safetensors", rows); }

// The message about one tensor "w" with these fields and 16 bytes of data.
Row fields(std::string_view json, std::string message) {
    return {safetensors(fmt::format(R"({{"w":{{{}}}}})", json), 16),
            "m.safetensors: tensor \"w\" " + message};
}

Row with_shape(std::string_view shape, std::string message) {
    return fields(fmt::format(R"("dtype":"F32","shape":{},"data_offsets":[0,16])", shape),
                  std::move(message));
}

Row with_offsets(std::string_view offsets, std::string message) {
    return fields(fmt::format(R"("dtype":"F32","shape":[4],"data_offsets":{})", offsets), std::move(message));
}

}  // namespace

TEST(SafetensorsMalformed, FilesTooShortForAHeader) {  // ST01, ST02, ST03
    expect_refused({{"", "the file has 0 bytes, a safetensors file has at least 10"},
                    {"\x02", "the file has 1 bytes"},
                    {"1234567", "the file has 7 bytes"},
                    {header_length(0) + "{}", "the header says it has 0 bytes, expected from 2"}});
}

TEST(SafetensorsMalformed, HeaderLengthsThatLie) {  // ST04, ST05
    const std::string rest(60, ' ');
    expect_refused(
        {{header_length(1000) + rest, "the header says it has 1000 bytes, expected from 2 to the 60 left"},
         {header_length(1ULL << 63) + rest, "says it has 9223372036854775808 bytes"},
         {header_length(~0ULL) + rest, "says it has 18446744073709551615 bytes"},
         {header_length(~0ULL - 7) + rest, "says it has 18446744073709551608 bytes"},
         {header_length(0xFFFFFF0000000000ULL) + rest, "truncated?"}});
}

TEST(SafetensorsMalformed, AHeaderAboveTheLimitIsNotRead) {  // ST06
    const TemporaryFolder folder;
    const auto file = folder.write("m.safetensors", header_length(100'000'001) + "{}");
    ASSERT_EQ(::truncate(file.c_str(), 200'000'000), 0);
    expect_error(ErrorKind::Limit, "the header has 100000001 bytes, the limit is 100000000",
                 [&] { return open_weights(file); });
}

TEST(SafetensorsMalformed, HeadersThatAreNoJson) {  // ST07, ST08, ST14, ST15, ST16, ST36
    const std::string cut = "{" + entry("w", "F32", "[1]", "[0,4]");
    const std::string whole = cut + "}";
    expect_refused(
        {{header_length(cut.size()) + whole,
          fmt::format("header is not valid JSON at byte {}", 8 + cut.size())},
         {header_length(whole.size() + 2) + whole + "\xff\xfe\x01\x02", "header is not valid JSON at byte"},
         {safetensors("[]"), "header is an array, expected an object"},
         {safetensors("\"x\""), "header is \"x\", expected an object"},
         {safetensors("null"), "header is null, expected an object"},
         {safetensors("10"), "header is 10, expected an object"},
         {safetensors(std::string("{}\0\0", 4)), "header is not valid JSON at byte 10: a NUL byte"},
         {safetensors("\xEF\xBB\xBF{}"), "header begins with a byte order mark"},
         {safetensors(std::string(10'000, '[')), "header is"},
         {safetensors("{\"w\":" + std::string(1'000'000, '[')), "header is nested more than 1024 deep"},
         {safetensors("{\"w\":18446744073709551616}"), "header has an integer beyond 64 bits"}});
}

TEST(SafetensorsMalformed, NulPaddingHasAHint) {  // ST15
    const TemporaryFolder folder;
    const auto file = folder.write("m.safetensors", safetensors(std::string("{}\0\0", 4)));
    EXPECT_EQ(error_of([&] { return open_weights(file); }).hint(),
              "JSON is padded with spaces, not with NUL");
}

TEST(SafetensorsMalformed, BlanksAroundTheHeaderAreAccepted) {  // ST16
    const TemporaryFolder folder;
    EXPECT_TRUE(open_weights(folder.write("m.safetensors", safetensors(" \n {} \n\t "))).tensors().empty());
}

TEST(SafetensorsMalformed, DataThatAreCutOrGoOn) {  // ST09, ST10, ST30
    const std::string two =
        "{" + entry("a", "F32", "[4]", "[0,16]") + "," + entry("b", "U8", "[8]", "[16,24]") + "}";
    const std::string whole = safetensors(two, 24);
    const auto cut = [&](std::size_t missing) { return whole.substr(0, whole.size() - missing); };
    const std::string at_b = "tensor \"b\" ends at byte 24 of the data, but there are 23 and 1 are missing";
    expect_refused(
        {{cut(1), at_b},
         {cut(8), "tensor \"b\" ends at byte 24 of the data, but there are 16 and 8 are missing"},
         {cut(12), "tensor \"a\" ends at byte 16 of the data, but there are 12 and 12 are missing"},
         {cut(24), "tensor \"a\" ends at byte 16 of the data, but there are 0 and 24 are missing"},
         {whole + "PK\x03\x04", "4 bytes behind the last tensor belong to none"},
         {safetensors("{}", 1), "1 bytes behind the last tensor belong to none"}});
}

TEST(SafetensorsMalformed, FilesOfOtherFormatsAreRecognised) {  // ST11, ST12, ST13
    const std::string rest(100, 'x');
    expect_refused({{"\x7f"
                     "ELF" +
                         rest,
                     "is no weights file: it looks like a program (ELF)"},
                    {"\x89PNG\r\n\x1a\n" + rest, "it looks like a PNG picture"},
                    {"PK\x03\x04" + rest, "is no zip archive, or is truncated: its end is missing"},
                    {"\x80\x02}q", "first pickle: is a broken pickle at byte 4"},
                    {"\n <html lang=\"en\">" + rest, "it looks like an HTML page"},
                    {"\x89HDF\r\n\x1a\n" + rest, "it looks like an HDF5 file"},
                    {"<!DOCTYPE html>" + rest, "it looks like an HTML page"},
                    {"{\"architectures\": []}", "it looks like JSON"},
                    {"version https://git-lfs.github.com/spec/v1\noid", "it looks like a Git LFS pointer"},
                    {"just some text in a file", "the header says it has"}});
    const TemporaryFolder folder;
    const auto pointer = folder.write("m.safetensors", "version https://git-lfs.github.com/spec/v1\n");
    EXPECT_EQ(error_of([&] { return open_weights(pointer); }).hint(), "run git lfs pull");
}

TEST(SafetensorsMalformed, NamesAndFieldsThatComeTwice) {  // ST17, ST18, ST19
    const auto two = [](std::string_view a, std::string_view b) {
        return safetensors(
            "{" + entry(a, "F32", "[1]", "[0,4]") + "," + entry(b, "F32", "[1]", "[4,8]") + "}", 8);
    };
    expect_refused({{two("a", "a"), "tensor \"a\" is listed twice"},
                    {two("a", "\\u0061"), "tensor \"a\" is listed twice"},
                    {safetensors(R"({"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4),
                     "header has the key \"w.shape\" twice"},
                    {safetensors(R"({"__metadata__":{},"__metadata__":{}})"), "has \"__metadata__\" twice"}});
}

TEST(SafetensorsMalformed, EntriesThatLackAField) {  // ST20
    expect_refused({fields(R"("shape":[4],"data_offsets":[0,16])", "has no \"dtype\""),
                    fields(R"("dtype":"F32","data_offsets":[0,16])", "has no \"shape\""),
                    fields(R"("dtype":"F32","shape":[4])", "has no \"data_offsets\""),
                    {safetensors(R"({"w":5})"), "tensor \"w\" is 5, expected an object"},
                    {safetensors(R"({"w":[]})"), "tensor \"w\" is an array of 0, expected an object"}});
}

TEST(SafetensorsMalformed, ShapesThatAreNone) {  // ST22, ST23, ST33
    const std::string integer = ", expected an integer from 0 to 2^48 - 1";
    expect_refused({with_shape("[-1]", "has -1 in its shape" + integer),
                    with_shape("[2.0]", "has 2.0 in its shape" + integer),
                    with_shape("[1e3]", "has 1000.0 in its shape" + integer),
                    with_shape("[\"4\"]", "has \"4\" in its shape" + integer),
                    with_shape("[true]", "has true in its shape" + integer),
                    with_shape("[[4]]", "has an array of 1 in its shape" + integer),
                    with_shape("[null]", "has null in its shape" + integer),
                    with_shape("4", "has shape 4, expected an array of integers"),
                    with_shape("[281474976710656]", "has 281474976710656 in its shape" + integer),
                    with_shape("[9007199254740993]", "has 9007199254740993 in its shape" + integer),
                    with_shape("[18446744073709551615]", "has 18446744073709551615 in its shape" + integer),
                    with_shape("[1,1,1,1,1,1,1,1,4]", "has 9 dimensions, expected at most 8")});
    std::string many = "[1";
    for (int i = 0; i < 10'000; ++i) many += ",1";
    expect_refused({with_shape(many + "]", "has 10001 dimensions, expected at most 8")});
}

TEST(SafetensorsMalformed, ProductsThatOverflow) {  // ST24, ST25
    const std::string message = "more than 2^63 elements or 2^64 bytes";
    expect_refused(
        {with_shape("[8589934592,2147483648]", "has shape [8589934592, 2147483648]: " + message),
         with_shape("[281474976710655,281474976710655]", "has shape [281474976710655, 281474976710655]: "),
         with_shape("[4294967296,2147483647]", "has shape [4294967296, 2147483647]: " + message),
         with_shape("[281474976710655,281474976710655,0]", "has shape [281474976710655, ")});
}

TEST(SafetensorsMalformed, SizesThatDisagree) {  // ST26, ST31
    expect_refused({with_shape("[5]", "has shape [5] of F32: expected 20 bytes of data, got 16"),
                    with_shape("[3]", "has shape [3] of F32: expected 12 bytes of data, got 16"),
                    {safetensors("{" + entry("w", "F4", "[3]", "[0,1]") + "}", 1),
                     "tensor \"w\" has shape [3] of F4: 3 elements, expected whole blocks of 2"},
                    {safetensors("{" + entry("w", "F6_E2M3", "[2]", "[0,1]") + "}", 1),
                     "of F6_E2M3: 2 elements, expected whole blocks of 4"}});
}

TEST(SafetensorsMalformed, OffsetsThatAreNone) {  // ST27, ST30
    expect_refused({with_offsets("[16,0]", "has data_offsets [16, 0], expected begin <= end"),
                    with_offsets("[-1,15]", "has -1 in its data_offsets"),
                    with_offsets("[0,0]", "has shape [4] of F32: expected 16 bytes of data, got 0"),
                    with_offsets("[0]", "has data_offsets an array of 1, expected two integers"),
                    with_offsets("[0,8,16]", "has data_offsets an array of 3, expected two integers"),
                    with_offsets("\"0,16\"", "has data_offsets \"0,16\", expected two integers"),
                    {one_tensor("[8]", "[0,32]", 16),
                     "ends at byte 32 of the data, but there are 16 and 16 are missing"}});
}

TEST(SafetensorsMalformed, RangesThatOverlapOrLeaveHoles) {  // ST28, ST29
    std::string ten = "{";
    for (int i = 0; i < 10; ++i)
        ten += (i == 0 ? "" : ",") + entry(fmt::format("t{}", i), "F32", "[4]", "[0,16]");
    const auto two = [](std::string_view a, std::string_view b, std::size_t bytes) {
        return safetensors("{" + entry("a", "F32", "[1]", a) + "," + entry("b", "F32", "[1]", b) + "}",
                           bytes);
    };
    expect_refused(
        {{safetensors(ten + "}", 16),
          "tensor \"t1\" begins at byte 0 of the data, inside tensor \"t0\", which ends at 16"},
         {two("[0,4]", "[2,6]", 6), "tensor \"b\" begins at byte 2 of the data, inside tensor \"a\""},
         {two("[0,4]", "[8,12]", 12), "tensor \"b\" begins at byte 8 of the data, expected 4"},
         {two("[4,8]", "[8,12]", 12), "tensor \"a\" begins at byte 4 of the data, expected 0"}});
}

TEST(SafetensorsMalformed, MetadataThatAreNoTexts) {  // ST34
    expect_refused(
        {{safetensors(R"({"__metadata__":[]})"), "\"__metadata__\" is an array of 0, expected an object"},
         {safetensors(R"({"__metadata__":{"format":1}})"),
          "\"__metadata__\" has 1 for \"format\", expected a text"},
         {safetensors("{" + entry("__metadata__", "F32", "[1]", "[0,4]") + "}", 4),
          "\"__metadata__\" has "}});
}

TEST(SafetensorsMalformed, NamesThatAreNoUnicode) {  // ST37
    expect_refused(
        {{safetensors("{" + entry("\xff", "F32", "[1]", "[0,4]") + "}", 4), "ill-formed UTF-8"},
         {safetensors("{" + entry("\xc0\xaf", "F32", "[1]", "[0,4]") + "}", 4), "ill-formed UTF-8"},
         {safetensors("{" + entry("\\ud800", "F32", "[1]", "[0,4]") + "}", 4), "header is not valid JSON"}});
}

TEST(SafetensorsMalformed, HostileNamesAreShownEscapedAndCut) {  // ST37
    const auto named = [](const std::string& name) {
        return safetensors("{" + entry(name, "F32", "[2]", "[0,4]") + "}", 4);
    };
    expect_refused({{named("\\u001b[2J\\n"), "tensor \"\\x1b[2J\\n\" has shape"},
                    {named("\\u0000"), "tensor \"\\x00\" has shape"},
                    {named("\xe2\x80\xae"
                           "abc"),
                     "tensor \"\\u202eabc\" has shape"},
                    {named(""), "tensor \"\" has shape"},
                    {named("../x"), "tensor \"../x\" has shape"},
                    {named("<script>"), "tensor \"<script>\" has shape"},
                    {named(std::string(1 << 20, 'n')), "nnn...\" has shape"}});
}

TEST(SafetensorsMalformed, HundredThousandEntriesWithOneTwiceAreRefusedInTime) {  // ST35
    std::string json = "{" + entry("t99999", "U8", "[0]", "[0,0]");
    for (int i = 0; i < 100'000; ++i) json += "," + entry(fmt::format("t{}", i), "U8", "[0]", "[0,0]");
    const std::clock_t begin = std::clock();  // of this process, however busy the machine is
    expect_refused({{safetensors(json + "}"), "tensor \"t99999\" is listed twice"}});
    EXPECT_LT(std::clock() - begin, 10 * CLOCKS_PER_SEC);
}

TEST(SafetensorsMalformed, EveryFlippedByteOfAHeaderIsRefusedOrKeepsTheSizes) {
    const TemporaryFolder folder;
    const std::string whole = safetensors(
        "{" + entry("a", "F32", "[2,2]", "[0,16]") + "," + entry("b", "F16", "[4]", "[16,24]") + "}", 24);
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < whole.size() - 24; ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bytes = whole;
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
            try {
                const WeightFiles weights = open_weights(folder.write("m.safetensors", bytes));
                std::uint64_t total = 0;
                for (const StoredTensor& tensor : weights.tensors()) total += tensor.bytes;
                ASSERT_EQ(total, 24U);
                ++accepted;
            } catch (const Error&) {  // as it should
            }
        }
    }
    EXPECT_GT(accepted, 0U);  // other names, dtypes of the same width
}

}  // namespace headway
