// NumPy's arrays as weights.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/io/weight_files.hpp"
#include "io/zip_bytes.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/core.h>

namespace headway {

using namespace test;

namespace {

using testing::ElementsAre;

// An array in a file; the shape is a tuple of Python.
std::string npy(std::string_view descr, std::string_view shape, std::string_view data, bool fortran = false) {
    const std::string header = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr,
                                           fortran ? "True" : "False", shape);
    return "\x93NUMPY\x01" + std::string(1, '\0') + little(header.size(), 2) + header + std::string(data);
}

// The values of the one tensor of a .npy.
std::vector<float> values_of(const std::string& bytes) {
    const TemporaryFolder folder;
    const WeightFiles weights = open_weights(folder.write("w.npy", bytes));
    return weights.read<float>(weights.at("w"));
}

WeightFiles open_npz(const std::vector<ZipEntry>& entries) {
    static const TemporaryFolder folder;
    return open_weights(folder.write("m.npz", zip_of(entries)));
}

void expect_arrays(const WeightFiles& weights, const std::vector<NpyArray>& arrays) {
    EXPECT_EQ(weights.tensors().size(), arrays.size());
    for (const NpyArray& expected : arrays) {
        const StoredTensor& tensor = weights.at(expected.name);
        EXPECT_EQ(tensor.shape, expected.shape) << expected.name;
        EXPECT_EQ(weights.read<double>(tensor), expected.as_double()) << expected.name;
    }
}

}  // namespace

TEST(NpyWeights, AnArrayHasTheNameOfItsFileAndItsValues) {
    EXPECT_THAT(values_of(npy("<i2", "(3,)", std::string("\x01\x00\xff\xff\x00\x80", 6))),
                ElementsAre(1, -1, -32768));
    EXPECT_THAT(values_of(npy(">i2", "(2,)", std::string("\x01\x02\xff\xfe", 4))), ElementsAre(258, -2));
    EXPECT_THAT(values_of(npy(">f4", "()", std::string("\x3f\x80\x00\x00", 4))), ElementsAre(1));
    EXPECT_THAT(values_of(npy(">f8", "()", std::string("\xc0\x00\0\0\0\0\0\0", 8))), ElementsAre(-2));
    EXPECT_THAT(values_of(npy("<f2", "(1,)", std::string("\x00\x3c", 2))), ElementsAre(1));
    EXPECT_THAT(values_of(npy("|b1", "(3,)", std::string("\x00\x01\x02", 3))), ElementsAre(0, 1, 1));
    EXPECT_THAT(values_of(npy("|u1", "(2, 3)", "\x01\x02\x03\x04\x05\x06")), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(values_of(npy("|u1", "(2, 3)", "\x01\x02\x03\x04\x05\x06", true)),
                ElementsAre(1, 3, 5, 2, 4, 6));
    EXPECT_THAT(values_of(npy("|u1", "(2, 0)", "", true)), ElementsAre());
}

TEST(NpyWeights, DeflatedMembersAreListedFromTheirFrontAndReadWhole) {
    const WeightFiles weights = open_npz(
        {{"b.npy", npy("|u1", "(2,)", "\x07\x08"), true}, {"a.npy", npy("|i1", "(2,)", "\x01\xff")}});
    ASSERT_EQ(weights.tensors().size(), 2U);
    EXPECT_THAT(weights.read<float>(weights.at("a")), ElementsAre(1, -1));
    EXPECT_THAT(weights.read<double>(weights.at("b")), ElementsAre(7, 8));
    std::vector<float> last(1);
    weights.read_range<float>(weights.at("b"), 1, last);
    EXPECT_THAT(last, ElementsAre(8));
}

TEST(NpyWeights, OtherTypesAreListedNotRead) {
    const WeightFiles weights =
        open_npz({{"o.npy", npy("|O", "(1,)", "pickled")}, {"w.npy", npy("|u1", "()", "\x07")}});
    EXPECT_EQ(weights.at("o").dtype, DType::Unknown);
    expect_error(ErrorKind::Unsupported, "m.npz: tensor \"o\" has dtype \"|O\", which cannot be read",
                 [&] { return weights.read<float>(weights.at("o")); });
    EXPECT_THAT(weights.read<float>(weights.at("w")), ElementsAre(7));
}

TEST(NpyWeights, BrokenMembersAreMalformed) {
    const auto refuse = [](const std::string& message, const ZipEntry& entry,
                           ErrorKind kind = ErrorKind::Malformed) {
        expect_error(kind, "m.npz: " + message, [&] { return open_npz({entry}); });
    };
    refuse("member \"w.npy\": is no NumPy array", {"w.npy", "text"});
    refuse("member \"w.npy\": has 3 bytes of data, expected 4 elements of 1",
           {"w.npy", npy("|u1", "(4,)", "abc")});
    refuse("member \"w.npy\": has 3 bytes of data, expected 4 elements of 1",
           {"w.npy", npy("|u1", "(4,)", "abc"), true});
    refuse("member \"w.npy\": has shape [4294967296, 4294967296]: more than can be counted",
           {"w.npy", npy("|u1", "(4294967296, 4294967296)", "")});
    refuse("member \"w.npy\" is encrypted", {.name = "w.npy", .content = npy("|u1", "()", "x"), .flags = 1},
           ErrorKind::Unsupported);
    refuse("is a zip archive of 1 files, neither of PyTorch nor of NumPy", {"w.txt", "text"},
           ErrorKind::Unsupported);
}

TEST(NpyWeights, AWrongChecksumIsFoundWhenTheMemberIsRead) {
    const WeightFiles weights = open_npz(
        {{.name = "w.npy", .content = npy("|u1", "()", "\x07"), .deflated = true, .claimed_crc = 1}});
    expect_error(ErrorKind::Malformed, "m.npz: member \"w.npy\" has a wrong checksum",
                 [&] { return weights.read<float>(weights.at("w")); });
}

TEST(NpyWeights, OtherPeoplesArraysHaveTheirValues) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto torch = shared / "conformance" / "torch";
    for (const char* file : {"tensors.npz", "tensors-deflated.npz"})
        expect_arrays(open_weights(torch / file), read_npz(torch / file));
    for (const char* file : {"big-endian", "fortran-order"}) {
        NpyArray array = read_npy(torch / (std::string(file) + ".npy"));
        array.name = file;
        expect_arrays(open_weights(torch / (std::string(file) + ".npy")), {array});
    }
}

}  // namespace headway
