// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"

#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <cmath>
#include <limits>

namespace headway {

using test::bytes_of;
using test::error_of;
using test::expect_error;
using test::TemporaryFolder;

namespace {

NpyArray array(std::string name, std::vector<std::int64_t> shape, decltype(NpyArray::values) values) {
    return {std::move(name), std::move(shape), std::move(values)};
}

// An .npy of version 1 with this dictionary and data.
std::string npy(std::string_view dictionary, std::string_view data) {
    std::string bytes = "\x93NUMPY";
    bytes += {'\x01', '\x00', static_cast<char>(dictionary.size()), '\x00'};
    return bytes + std::string(dictionary) + std::string(data);
}

std::string dictionary(std::string_view descr, std::string_view order, std::string_view shape) {
    return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, order, shape);
}

NpyArray read_bytes(const std::string& bytes) {
    const TemporaryFolder folder;
    return read_npy(folder.write("a.npy", bytes));
}

void expect_refused(ErrorKind kind, const std::string& message, const std::string& bytes) {
    expect_error(kind, message, [&] { return read_bytes(bytes); });
}

const std::vector<NpyArray>& some_arrays() {
    static const std::vector<NpyArray> arrays = {
        array("w", {2, 3},
              std::vector<float>{1, -2, 3.5F, 0, std::numeric_limits<float>::infinity(), 1e-40F}),
        array("score", {}, std::vector<double>{0.1}), array("empty", {0, 3}, std::vector<double>{}),
        array("ids", {4}, std::vector<std::int64_t>{1, -1, std::int64_t{1} << 62, 0})};
    return arrays;
}

}  // namespace

TEST(Npy, WhatIsWrittenIsReadBack) {
    const TemporaryFolder folder;
    for (const NpyArray& wanted : some_arrays()) {
        write_npy(folder / "a.npy", wanted);
        const NpyArray got = read_npy(folder / "a.npy");
        EXPECT_EQ(got.shape, wanted.shape);
        EXPECT_TRUE(got.values == wanted.values) << wanted.name;
    }
}

TEST(Npy, TheBytesAreNumpysOwn) {
    const TemporaryFolder folder;
    write_npy(folder / "a.npy", array("", {1, 2}, std::vector<float>{1, 2}));
    std::string expected = "\x93NUMPY";
    expected +=
        std::string("\x01\x00\x76\x00", 4) + "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
    expected.resize(127, ' ');
    expected += '\n' + std::string("\0\0\x80\x3f\0\0\0\x40", 8);
    EXPECT_EQ(bytes_of(folder / "a.npy"), expected);
}

TEST(Npy, EveryElementTypeInBothByteOrdersIsRead) {
    const auto read = [](const char* descr, std::string_view data) {
        return read_bytes(npy(dictionary(descr, "False", "(1,)"), data)).as_double().at(0);
    };
    using namespace std::string_view_literals;
    EXPECT_EQ(read("<f2", "\x00\x3c"sv), 1);
    EXPECT_EQ(read(">f2", "\x3c\x00"sv), 1);
    EXPECT_EQ(read(">f4", "\x40\x00\x00\x00"sv), 2);
    EXPECT_EQ(read(">f8", "\xc0\x00\x00\x00\x00\x00\x00\x00"sv), -2);
    EXPECT_EQ(read("|i1", "\xfe"sv), -2);
    EXPECT_EQ(read("<i2", "\xfe\xff"sv), -2);
    EXPECT_EQ(read(">i4", "\xff\xff\xff\xfe"sv), -2);
    EXPECT_EQ(read("<i8", "\xfe\xff\xff\xff\xff\xff\xff\xff"sv), -2);
    EXPECT_EQ(read("|u1", "\xfe"sv), 254);
    EXPECT_EQ(read(">u2", "\x01\x02"sv), 258);
    EXPECT_EQ(read("<u4", "\xff\xff\xff\xff"sv), 4294967295.0);
    EXPECT_EQ(read("=u8", "\x05\0\0\0\0\0\0\0"sv), 5);
    EXPECT_EQ(read("|b1", "\x01"sv), 1);
}

TEST(Npy, FortranOrderIsTurned) {
    const std::string bytes = npy(dictionary("|u1", "True", "(2, 3, 2)"), "abcdefghijkl");
    const NpyArray got = read_bytes(bytes);
    std::string letters;
    for (const std::int64_t value : got.integers()) letters += static_cast<char>(value);
    EXPECT_EQ(letters, "agciekbhdjfl");
}

TEST(Npy, OlderAndNewerHeadersAreRead) {
    const std::string text = "{\"shape\": (3L,), \"fortran_order\": False, \"descr\": \"<u1\"}  \n";
    std::string version3 = "\x93NUMPY";
    version3 += std::string("\x03\x00", 2) + std::string{static_cast<char>(text.size()), '\0', '\0', '\0'};
    for (const std::string& bytes : {npy(text, "abc"), version3 + text + "abc"}) {
        EXPECT_EQ(read_bytes(bytes).integers(), (std::vector<std::int64_t>{'a', 'b', 'c'}));
    }
}

TEST(Npy, AnEmptyArrayIsRead) {
    const NpyArray got = read_bytes(npy(dictionary("<f4", "True", "(3, 0)"), ""));
    EXPECT_EQ(got.size(), 0U);
    EXPECT_EQ(got.shape, (std::vector<std::int64_t>{3, 0}));
}

TEST(Npy, BrokenHeadersAreMalformed) {
    const auto malformed = [](const std::string& message, const std::string& bytes) {
        expect_refused(ErrorKind::Malformed, message, bytes);
    };
    malformed("a.npy: is no NumPy array", "");
    malformed("is no NumPy array", "PK\x03\x04 and more");
    malformed("has 10 bytes, too few for a header", npy("", ""));
    malformed("has a header of 200 bytes, expected at most 60", npy(std::string(200, ' '), "").substr(0, 70));
    malformed("the header has ended, expected '{'", npy("   \n", ""));
    malformed("the header lacks one of descr, fortran_order, shape", npy("{'descr': '<f4'}", ""));
    malformed("the header has \" 2}\", after the key \"more\", which is unknown or comes twice",
              npy("{'more': 2}", ""));
    malformed("after the key \"shape\", which is unknown or comes twice",
              npy("{'shape': (), 'shape': ()}", ""));
    malformed("expected True or False", npy(dictionary("<f4", "0", "(1,)"), "1234"));
    malformed("expected a size from 0 to 2^63 - 1", npy(dictionary("<f4", "False", "(-1,)"), "1234"));
    malformed("expected a size from 0 to 2^63 - 1",
              npy(dictionary("<f4", "False", "(99999999999999999999,)"), "1234"));
    malformed("expected ')'", npy(dictionary("<f4", "False", "(1 2)"), "1234"));
    malformed("expected nothing more",
              npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", "1234"));
    malformed("more than can be counted", npy(dictionary("<f4", "False", "(4294967296, 4294967296)"), ""));
    malformed("has 3 bytes of data, expected 1 elements of 4", npy(dictionary("<f4", "False", "()"), "123"));
    malformed("has 8 bytes of data, expected 1 elements of 4",
              npy(dictionary("<f4", "False", "()"), "12345678"));
    malformed("has 0 bytes of data, expected 4611686018427387904 elements of 8",
              npy(dictionary("<f8", "False", "(4611686018427387904,)"), ""));
}

TEST(Npy, OtherElementTypesAreUnsupported) {
    for (const char* descr : {"|O", "<c8", "|S4", "<U3", "|V2", "<f16", "<M8[ns]", "", "<"}) {
        expect_refused(ErrorKind::Unsupported, fmt::format("has elements of type \"{}\"", descr),
                       npy(dictionary(descr, "False", "()"), "1234"));
    }
    expect_refused(
        ErrorKind::Unsupported, "has elements of type \"records\"",
        npy("{'descr': [('a', '<f4'), ('b]', [('c', '<f8')])], 'fortran_order': False, 'shape': ()}", ""));
    expect_refused(ErrorKind::Unsupported, "has header version 4", "\x93NUMPY\x04\x01  {}  ");
    expect_refused(ErrorKind::Unsupported, "has the integer 9223372036854775808, expected less than 2^63",
                   npy(dictionary(">u8", "False", "()"), std::string("\x80\0\0\0\0\0\0\0", 8)));
}

TEST(Npy, FloatsAreNoIntegers) {
    expect_error(ErrorKind::Unsupported, "array \"w\" holds floating-point numbers, expected integers",
                 [] { return some_arrays()[0].integers().size(); });
}

TEST(Npy, AShapeThatDoesNotFitIsNotWritten) {
    const TemporaryFolder folder;
    expect_error(ErrorKind::Usage, "array \"w\" of shape [2, 2] has 3 values", [&] {
        return write_npy(folder / "a", array("w", {2, 2}, std::vector<float>(3))), 0;
    });
    expect_error(ErrorKind::Usage, "array \"w\" of shape [-3]", [&] {
        return write_npz(folder / "a", std::vector{array("w", {-3}, std::vector<float>(3))}), 0;
    });
    EXPECT_EQ(folder.entries(), 0U);
}

TEST(Npz, WhatIsWrittenIsReadBackInOrder) {
    const TemporaryFolder folder;
    write_npz(folder / "a.npz", some_arrays());
    const std::vector<NpyArray> got = read_npz(folder / "a.npz");
    ASSERT_EQ(got.size(), some_arrays().size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_EQ(got[i].name, some_arrays()[i].name);
        EXPECT_EQ(got[i].shape, some_arrays()[i].shape);
        EXPECT_TRUE(got[i].values == some_arrays()[i].values);
    }
}

TEST(Npz, TheSameArraysGiveTheSameBytes) {
    const TemporaryFolder folder;
    write_npz(folder / "a.npz", some_arrays());
    write_npz(folder / "b.npz", some_arrays());
    EXPECT_EQ(bytes_of(folder / "a.npz"), bytes_of(folder / "b.npz"));
}

TEST(Npz, AnEmptyArchiveIsWrittenAndRead) {
    const TemporaryFolder folder;
    write_npz(folder / "a.npz", {});
    EXPECT_TRUE(read_npz(folder / "a.npz").empty());
}

TEST(Npz, ManyArraysNeedZip64) {
    const TemporaryFolder folder;
    std::vector<NpyArray> arrays;
    for (int i = 0; i < 70'000; ++i)
        arrays.push_back(array(fmt::format("a{}", i), {}, std::vector<double>{1.0 * i}));
    write_npz(folder / "a.npz", arrays);
    const std::vector<NpyArray> got = read_npz(folder / "a.npz");
    ASSERT_EQ(got.size(), arrays.size());
    EXPECT_EQ(got.back().as_double(), std::vector<double>{69'999});
}

TEST(Npz, AnArrayIsFoundByNameAndTheNearestIsSuggested) {
    EXPECT_EQ(find_array(some_arrays(), "score").size(), 1U);
    const Error error = error_of([] { return find_array(some_arrays(), "scores").size(); });
    EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
    EXPECT_STREQ(error.what(), "there is no array \"scores\"");
    EXPECT_EQ(error.hint(), "did you mean \"score\"?");
}

TEST(Npz, BrokenArchivesAreMalformed) {
    const TemporaryFolder folder;
    write_npz(folder / "good.npz", some_arrays());
    const std::string good = bytes_of(folder / "good.npz");
    const auto malformed = [&](const std::string& message, const std::string& bytes) {
        expect_error(ErrorKind::Malformed, "a.npz: " + message,
                     [&] { return read_npz(folder.write("a.npz", bytes)); });
    };
    malformed("is no zip archive, or is truncated", "");
    malformed("is no zip archive, or is truncated", "not a zip archive at all, only text");
    malformed("is no zip archive, or is truncated", good.substr(0, good.size() - 1));
    std::string other_data = good;
    other_data[good.find("(2, 3)") + 80] ^= 1;
    malformed("member \"w.npy\" has a wrong checksum", other_data);
    std::string no_directory = good;
    no_directory[good.size() - 6] = '\x7f';
    malformed("is a broken zip archive", no_directory);
    std::string two = good;
    while (two.find("ids.npy") != std::string::npos) two.replace(two.find("ids.npy"), 7, "two.npy");
    std::string same = two;
    while (same.find("score.npy") != std::string::npos) same.replace(same.find("score.npy"), 9, "xtwo.npy ");
    expect_error(ErrorKind::Unsupported, "\"xtwo.npy \", expected only .npy arrays",
                 [&] { return read_npz(folder.write("a.npz", same)); });
}

TEST(Npz, AnArrayThatComesTwiceIsMalformed) {
    const TemporaryFolder folder;
    write_npz(folder / "a.npz", std::vector{some_arrays()[1], some_arrays()[1]});
    expect_error(ErrorKind::Malformed, "a.npz: has array \"score\" twice",
                 [&] { return read_npz(folder / "a.npz"); });
}

TEST(Npz, EveryFlippedByteIsReadTheSameOrRefused) {
    const TemporaryFolder folder;
    write_npz(folder / "good.npz", std::vector{some_arrays()[1]});
    const std::string good = bytes_of(folder / "good.npz");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const int bit : {0, 3, 7}) {
            std::string bytes = good;
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
            try {
                const auto arrays = read_npz(folder.write("a.npz", bytes));
                if (!arrays.empty()) {
                    ASSERT_EQ(arrays.at(0).as_double(), std::vector<double>{0.1}) << at;
                }
            } catch (const Error&) {  // as it should
            }
        }
    }
}

TEST(Npz, OtherPeoplesArraysAreRead) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto torch = shared / "conformance" / "torch";
    const std::vector<NpyArray> stored = read_npz(torch / "tensors.npz");
    const std::vector<NpyArray> deflated = read_npz(torch / "tensors-deflated.npz");
    ASSERT_FALSE(stored.empty());
    ASSERT_EQ(stored.size(), deflated.size());
    for (std::size_t i = 0; i < stored.size(); ++i) {
        EXPECT_EQ(stored[i].name, deflated[i].name);
        EXPECT_EQ(stored[i].shape, deflated[i].shape);
        EXPECT_TRUE(stored[i].values == deflated[i].values) << stored[i].name;
    }
}

TEST(Npz, OtherPeoplesOrdersAreRead) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto torch = shared / "conformance" / "torch";
    const std::vector<std::int64_t> shape = {4, 6};
    const NpyArray big = read_npy(torch / "big-endian.npy");
    const auto& big_values = std::get<std::vector<float>>(big.values);
    EXPECT_EQ(big.shape, shape);
    EXPECT_EQ(big_values.at(0), 0.14440395F);  // as NumPy reads them
    EXPECT_EQ(big_values.at(23), -0.57888174F);
    const NpyArray fortran = read_npy(torch / "fortran-order.npy");
    const auto& values = std::get<std::vector<float>>(fortran.values);
    EXPECT_EQ(fortran.shape, shape);
    EXPECT_EQ(values.at(1), 1.0462948F);
    EXPECT_EQ(values.at(4), 0.23519313F);
    EXPECT_EQ(values.at(23), 0.3718005F);
}

}  // namespace headway
