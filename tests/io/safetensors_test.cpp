// SPDX-License-Identifier: Apache-2.0
#include "headway/io/safetensors.hpp"

#include "headway/io/npy.hpp"
#include "headway/io/weight_files.hpp"
#include "io/safetensors_bytes.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

namespace headway {

using test::entry;
using test::error_of;
using test::expect_error;
using test::header_length;
using test::one_tensor;
using test::safetensors;
using test::TemporaryFolder;

namespace {

template <class T>
TensorToWrite to_write(std::string name, DType dtype, std::vector<std::int64_t> shape,
                       const std::vector<T>& values) {
    return {std::move(name), dtype, std::move(shape), std::as_bytes(std::span(values))};
}

}  // namespace

TEST(Safetensors, WhatIsWrittenIsReadBack) {
    const TemporaryFolder folder;
    const std::vector<float> w = {1.5F, -2, 3e-40F, 0, 5, 6};
    const std::vector<double> scale = {0.1};
    const std::vector<std::int8_t> codes = {1, -1, 3};
    write_safetensors(folder / "m.safetensors",
                      {to_write("w", DType::F32, {2, 3}, w), to_write("scale", DType::F64, {}, scale),
                       to_write("codes", DType::I8, {3}, codes)},
                      {{"format", "pt"}});
    const WeightFiles weights = open_weights(folder / "m.safetensors");
    ASSERT_EQ(weights.tensors().size(), 3U);
    EXPECT_EQ(weights.tensors()[0].name, "codes");
    EXPECT_EQ(weights.at("w").shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(weights.at("w").size(), 6);
    EXPECT_EQ(weights.at("scale").size(), 1);
    EXPECT_EQ(weights.read<float>(weights.at("w")), w);
    EXPECT_EQ(weights.read<double>(weights.at("w")), std::vector<double>(w.begin(), w.end()));
    EXPECT_EQ(weights.read<double>(weights.at("scale")), scale);
    EXPECT_EQ(weights.read<float>(weights.at("scale")), std::vector<float>{0.1F});
    EXPECT_EQ(weights.read_bytes(weights.at("codes"))[1], std::byte{0xFF});
    EXPECT_TRUE(weights.warnings().empty());
}

TEST(Safetensors, TheWriterIsDeterministicAlignedAndOrdered) {
    const TemporaryFolder folder;
    const std::vector<std::uint16_t> half = {1};
    const std::vector<double> wide = {1};
    const auto a = to_write("a", DType::F16, {1}, half);
    const auto b = to_write("b", DType::F64, {1}, wide);
    write_safetensors(folder / "ab", {a, b});
    write_safetensors(folder / "ba", {b, a});
    const std::string bytes = test::bytes_of(folder / "ab");
    EXPECT_EQ(bytes, test::bytes_of(folder / "ba"));
    EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0);
    EXPECT_EQ(bytes.substr(8, 50), R"({"b":{"dtype":"F64","shape":[1],"data_offsets":[0,)");
}

TEST(Safetensors, TheWriterRefusesWhatCannotBeRead) {
    const TemporaryFolder folder;
    const std::vector<float> two = {1, 2};
    const auto refuse = [&](const std::string& message, std::vector<TensorToWrite> tensors) {
        expect_error(ErrorKind::Usage, message, [&] {
            write_safetensors(folder / "m", tensors);
            return 0;
        });
    };
    refuse("tensor \"w\" of shape [3] and dtype \"F32\" has 8 bytes of data",
           {to_write("w", DType::F32, {3}, two)});
    refuse("tensor \"w\" of shape [-2]", {to_write("w", DType::F32, {-2}, two)});
    refuse("tensor \"w\" is to be written twice",
           {to_write("w", DType::F32, {2}, two), to_write("w", DType::I32, {2}, two)});
    refuse("cannot be named \"__metadata__\"", {to_write("__metadata__", DType::F32, {2}, two)});
    refuse("\"\\xff\" is not UTF-8", {to_write("\xff", DType::F32, {2}, two)});
    EXPECT_EQ(folder.entries(), 0U);
}

TEST(Safetensors, NamesOfAnyKindSurvive) {  // ST37
    const TemporaryFolder folder;
    const std::vector<float> one = {1};
    const std::string names[] = {"",     "a\"b\\c", std::string("nul\0", 4), "\x1b[2J", "\xe2\x80\xae",
                                 "../x", "<script>"};
    std::vector<TensorToWrite> tensors;
    for (const std::string& name : names) tensors.push_back(to_write(name, DType::F32, {1}, one));
    write_safetensors(folder / "m.safetensors", tensors);
    const WeightFiles weights = open_weights(folder / "m.safetensors");
    for (const std::string& name : names) EXPECT_NE(weights.find(name), nullptr) << name;
}

TEST(Safetensors, EverySmallFloatIsReadAsItsFunctionSays) {  // MD10
    const TemporaryFolder folder;
    std::vector<std::uint16_t> codes16(0x10000);
    std::vector<std::uint8_t> codes8(0x100);
    for (std::size_t i = 0; i < codes16.size(); ++i) codes16[i] = static_cast<std::uint16_t>(i);
    for (std::size_t i = 0; i < codes8.size(); ++i) codes8[i] = static_cast<std::uint8_t>(i);
    write_safetensors(
        folder / "m.safetensors",
        {to_write("f16", DType::F16, {256, 256}, codes16), to_write("bf16", DType::BF16, {65536}, codes16),
         to_write("e4m3", DType::F8_E4M3, {256}, codes8), to_write("e5m2", DType::F8_E5M2, {256}, codes8)});
    const WeightFiles weights = open_weights(folder / "m.safetensors");
    const auto check = [&](const char* name, auto codes, auto value_of) {
        const auto narrow = weights.read<float>(weights.at(name));
        const auto wide = weights.read<double>(weights.at(name));
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const float value = value_of(codes[i]);
            if (std::isnan(value)) {
                ASSERT_TRUE(std::isnan(narrow[i]) && std::isnan(wide[i])) << name << i;
            } else {
                ASSERT_TRUE(narrow[i] == value && wide[i] == static_cast<double>(value)) << name << i;
            }
        }
    };
    check("f16", codes16, float_from_f16);
    check("bf16", codes16, float_from_bf16);
    check("e4m3", codes8, float_from_f8_e4m3);
    check("e5m2", codes8, float_from_f8_e5m2);
}

TEST(Safetensors, ARangeIsReadWithoutTheRest) {
    const TemporaryFolder folder;
    std::vector<std::uint16_t> codes(600'000);
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = bf16_from_float(static_cast<float>(i));
    write_safetensors(folder / "m.safetensors", {to_write("w", DType::BF16, {600, 1000}, codes)});
    const WeightFiles weights = open_weights(folder / "m.safetensors");
    std::vector<double> tile(300'001);
    weights.read_range<double>(weights.at("w"), 299'999, tile);
    EXPECT_EQ(tile.front(), float_from_bf16(codes[299'999]));
    EXPECT_EQ(tile.back(), float_from_bf16(codes[599'999]));
    std::vector<std::byte> raw(2);
    weights.read_bytes(weights.at("w"), 2 * 599'999, raw);
    EXPECT_EQ(std::memcmp(raw.data(), &codes.back(), 2), 0);
    EXPECT_THROW(weights.read_range<double>(weights.at("w"), 300'000, tile), InvariantFailure);
}

TEST(Safetensors, UnalignedDataAreRead) {  // ST38
    const TemporaryFolder folder;
    std::string json = "{" + entry("w", "F64", "[2]", "[0,16]") + "}";
    while (json.size() % 2 == 0) json += ' ';
    const WeightFiles weights = open_weights(folder.write("m.safetensors", safetensors(json, 16)));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(weights.read<double>(weights.at("w"))[0]), 0x0706050403020100U);
    EXPECT_EQ(weights.read<float>(weights.at("w")).size(), 2U);
}

TEST(Safetensors, EmptyTensorsMayShareTheirPlace) {  // ST32, ST33
    const TemporaryFolder folder;
    const std::string json = "{" + entry("z", "F32", "[0,7]", "[0,0]") + "," +
                             entry("a", "F32", "[]", "[0,4]") + "," + entry("y", "F32", "[2,0]", "[4,4]") +
                             "}";
    const WeightFiles weights = open_weights(folder.write("m.safetensors", safetensors(json, 4)));
    EXPECT_EQ(weights.at("z").size(), 0);
    EXPECT_TRUE(weights.read<float>(weights.at("y")).empty());
    EXPECT_EQ(weights.read<float>(weights.at("a")).size(), 1U);
}

TEST(Safetensors, AnUnknownDtypeIsAWarningUntilItIsRead) {  // ST21
    const TemporaryFolder folder;
    const std::string json = R"({"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":5,"shape":[1],"data_offsets":[4,8]},)"
                             R"("c":{"dtype":"","shape":[1],"data_offsets":[8,12]}})";
    const WeightFiles weights = open_weights(folder.write("m.safetensors", safetensors(json, 12)));
    ASSERT_EQ(weights.warnings().size(), 1U);
    EXPECT_THAT(weights.warnings()[0],
                testing::HasSubstr(
                    "m.safetensors: 3 tensors with a dtype that is not known, the first \"a\" with \"f32\""));
    expect_error(ErrorKind::Unsupported,
                 "m.safetensors: tensor \"a\" has dtype \"f32\", which cannot be read",
                 [&] { return weights.read<float>(weights.at("a")); });
}

TEST(Safetensors, IntegersAndTruthValuesAreReadButAreNoWeights) {  // MD06
    const TemporaryFolder folder;
    const std::vector<std::int64_t> ids = {1, -2, 1'000'000'007};
    const std::vector<std::uint64_t> large = {1ULL << 63};
    const std::vector<std::int16_t> small = {-32768};
    const std::vector<std::uint8_t> mask = {0, 1, 2};
    write_safetensors(folder / "m.safetensors",
                      {to_write("ids", DType::I64, {3}, ids), to_write("large", DType::U64, {1}, large),
                       to_write("small", DType::I16, {}, small), to_write("mask", DType::Bool, {3}, mask)});
    const WeightFiles weights = open_weights(folder / "m.safetensors");
    EXPECT_EQ(weights.read<double>(weights.at("ids")), (std::vector<double>{1, -2, 1'000'000'007}));
    EXPECT_EQ(weights.read<double>(weights.at("large")), std::vector<double>{0x1p63});
    EXPECT_EQ(weights.read<float>(weights.at("small")), std::vector<float>{-32768});
    EXPECT_EQ(weights.read<float>(weights.at("mask")), (std::vector<float>{0, 1, 1}));
    for (const StoredTensor& tensor : weights.tensors()) EXPECT_FALSE(is_readable_float(tensor.dtype));
}

TEST(Safetensors, AnUnknownFieldIsAWarning) {  // ST20
    const TemporaryFolder folder;
    const std::string json = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"note":{"x":[]}}})";
    const WeightFiles weights = open_weights(folder.write("m.safetensors", safetensors(json, 4)));
    ASSERT_EQ(weights.warnings().size(), 1U);
    EXPECT_THAT(weights.warnings()[0],
                testing::HasSubstr("1 tensor with a field that is not known, the first \"a\" with \"note\""));
}

TEST(Safetensors, MetadataOf50MegabytesAreRead) {  // ST34
    const TemporaryFolder folder;
    const std::string json = "{\"__metadata__\":{\"big\":\"" + std::string(50'000'000, 'x') + "\"}}";
    EXPECT_TRUE(open_weights(folder.write("m.safetensors", safetensors(json))).tensors().empty());
}

TEST(Safetensors, AFileAbove4GigabytesIsRead) {  // ST39
    const TemporaryFolder folder;
    constexpr std::uint64_t five = 5ULL << 30;
    const std::string json = "{" +
                             entry("big", "U8", fmt::format("[{}]", five), fmt::format("[0,{}]", five)) +
                             "," + entry("last", "F32", "[1]", fmt::format("[{},{}]", five, five + 4)) + "}";
    const auto file = folder.write("m.safetensors", safetensors(json));
    const auto begin = 8 + json.size() + five;
    std::filesystem::resize_file(file, begin);  // sparse
    const float value = 7;
    std::ofstream(file, std::ios::app | std::ios::binary).write(reinterpret_cast<const char*>(&value), 4);
    const WeightFiles weights = open_weights(file);
    EXPECT_EQ(weights.at("last").offset, begin);
    EXPECT_EQ(weights.read<float>(weights.at("last")), std::vector<float>{7});
}

TEST(Safetensors, AMissingTensorNamesTheNearest) {
    const TemporaryFolder folder;
    const auto file = folder.write("m.safetensors", one_tensor("[1]", "[0,4]", 4));
    const Error error = error_of([&] { return open_weights(file).at("x"); });
    EXPECT_THAT(error.what(), testing::HasSubstr("m.safetensors: has no tensor \"x\""));
    EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
    EXPECT_EQ(open_weights(file).find("x"), nullptr);
    const auto other = folder.write(
        "n.safetensors", safetensors("{" + entry("lm_head.weight", "F32", "[1]", "[0,4]") + "}", 4));
    EXPECT_EQ(error_of([&] { return open_weights(other).at("lm_head.weigth"); }).hint(),
              "did you mean \"lm_head.weight\"?");
}

TEST(Safetensors, AFileThatChangesIsNoticed) {  // CL18
    const TemporaryFolder folder;
    const auto file = folder.write("m.safetensors", one_tensor("[4]", "[0,16]", 16));
    const WeightFiles weights = open_weights(file);
    EXPECT_EQ(weights.read<float>(weights.at("w")).size(), 4U);
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
    expect_error(ErrorKind::Malformed, "m.safetensors: was changed while it was read",
                 [&] { return weights.read<float>(weights.at("w")); });
    std::filesystem::remove(file);
    expect_error(ErrorKind::Io, "m.safetensors: cannot be opened: No such file",
                 [&] { return weights.read<float>(weights.at("w")); });
}

TEST(Safetensors, WhatIsNoRegularFileIsRefusedAtOnce) {  // CF07, CL08, CL09
    const TemporaryFolder folder;
    const auto refuse = [](const std::filesystem::path& path, const std::string& message) {
        expect_error(ErrorKind::Io, message, [&] { return open_weights(path); });
    };
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    refuse(folder / "pipe", "pipe: is a pipe, expected a regular file");
    refuse("/dev/zero", "/dev/zero: is a device, expected a regular file");
    refuse(folder / "absent", "absent: cannot be opened: No such file or directory");
    refuse("", ": cannot be opened: No such file or directory");
    std::filesystem::create_symlink("loop", folder / "loop");
    refuse(folder / "loop", "loop: cannot be opened: Too many levels of symbolic links");
    std::filesystem::create_symlink("nowhere", folder / "dangling");
    refuse(folder / "dangling", "dangling: cannot be opened: No such file or directory");
    refuse(folder / std::string(300, 'x'), "cannot be opened: File name too long");
    refuse(folder.path(),
           "the folder has no weights: looked for model.safetensors.index.json, model.safetensors, ");
    refuse(std::filesystem::path(std::string("a\0b", 3)), "a\\x00b: a path cannot hold a NUL byte");
}

TEST(Safetensors, OfASocketTheSystemsReasonIsTold) {  // CF07
    const TemporaryFolder folder;
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string path = folder / "socket";
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    expect_error(ErrorKind::Io, "socket: cannot be opened: No such device",
                 [&] { return open_weights(path); });
    ::close(descriptor);
}

TEST(Safetensors, APathIsShownEscaped) {  // CL10
    expect_error(ErrorKind::Io, "no\\nsuch\\x1bfile\\xff: cannot be opened", [] {
        return open_weights(
            "no\nsuch\x1b"
            "file\xff");
    });
}

namespace {

// Every tensor of the file that holds floats has the values of the array of its name.
void expect_values(const std::filesystem::path& file, const std::filesystem::path& arrays) {
    const WeightFiles weights = open_weights(file);
    std::size_t compared = 0;
    for (const NpyArray& expected : read_npz(arrays)) {
        const StoredTensor* tensor = weights.find(expected.name);
        if (tensor == nullptr) continue;
        EXPECT_EQ(tensor->shape, expected.shape) << expected.name;
        const std::vector<double> values = weights.read<double>(*tensor);
        const std::vector<double> wanted = expected.as_double();
        ASSERT_EQ(values.size(), wanted.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            const bool both_nan = std::isnan(values[i]) && std::isnan(wanted[i]);
            EXPECT_TRUE(values[i] == wanted[i] || both_nan) << expected.name << " at " << i;
        }
        ++compared;
    }
    EXPECT_GE(compared, 2U);
}

}  // namespace

TEST(Safetensors, OtherPeoplesTensorsHaveTheirValues) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto torch = shared / "conformance" / "torch";
    expect_values(torch / "tensors.safetensors", torch / "tensors.npz");
    expect_values(torch / "small-types.safetensors", torch / "small-types-expected.npz");
}

}  // namespace headway
