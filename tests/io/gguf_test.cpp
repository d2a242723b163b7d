// What a GGUF file says and holds: metadata of every type, shapes, byte orders, parts of a split model.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/weight_files.hpp"
#include "io/gguf_big_endian.hpp"
#include "io/gguf_bytes.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <cmath>
#include <numeric>

namespace headway {

using test::bytes_of;
using test::error_of;
using test::expect_error;
using test::TemporaryFolder;
using namespace test::gguf;
using namespace std::string_view_literals;

namespace {

// The bytes of 0, 1, 2, ... as floats.
std::string floats(std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += number(static_cast<float>(i));
    return bytes;
}

WeightFiles open_bytes(const TemporaryFolder& folder, std::string_view bytes) {
    return open_weights(folder.write("m.gguf", bytes));
}

// Metadata with a value of each type, and arrays.
std::vector<std::string> every_type() {
    return {entry("u8", U8, "\xFF"),
            entry("i8", I8, "\xFF"),
            entry("u16", U16, number<std::uint16_t>(65535)),
            entry("i16", I16, number<std::int16_t>(-2)),
            u32_entry("u32", 4'000'000'000U),
            entry("i32", I32, number<std::int32_t>(-4)),
            entry("f32", F32, number(1e-5F)),
            entry("bool", Bool, "\x01"),
            entry("text", Text, text("\xC4\xA0the\n")),
            entry("u64", U64, u64(~std::uint64_t{0})),
            entry("i64", I64, number(std::int64_t{-1} << 62)),
            entry("f64", F64, number(0.1)),
            entry("texts", Array, array(Text, 2, text("") + text("b"))),
            entry("nest", Array, array(Array, 2, array(I16, 1, "\x05\0"sv) + array(Bool, 0, "")))};
}

void expect_every_type(const Json& root) {
    EXPECT_EQ(root.integer("u8"), 255);
    EXPECT_EQ(root.integer("i8"), -1);
    EXPECT_EQ(root.integer("u16"), 65535);
    EXPECT_EQ(root.integer("i16"), -2);
    EXPECT_EQ(root.integer("u32"), 4'000'000'000);
    EXPECT_EQ(root.integer("i32"), -4);
    EXPECT_EQ(root.number("f32"), static_cast<double>(1e-5F));
    EXPECT_TRUE(root.boolean("bool"));
    EXPECT_EQ(root.text("text"), "\xC4\xA0the\n");
    EXPECT_EQ(root.at("u64").shown(), "18446744073709551615");
    EXPECT_EQ(root.integer("i64"), std::int64_t{-1} << 62);
    EXPECT_EQ(root.number("f64"), 0.1);
    EXPECT_EQ(root.at("texts").at(1).text(), "b");
    EXPECT_EQ(root.at("nest").at(std::size_t{0}).at(std::size_t{0}).integer(), 5);
    EXPECT_EQ(root.at("nest").at(1).size(), 0U);
}

// Part `part` of `count` of a model that has one tensor in each part: t0, t1, ...
std::string part_of_model(int part, int count, std::uint32_t tensors = 3) {
    const auto number_of_part = [](int value) { return number(static_cast<std::uint16_t>(value)); };
    std::vector<std::string> entries = {entry("split.no", U16, number_of_part(part)),
                                        entry("split.count", U16, number_of_part(count)),
                                        entry("split.tensors.count", I32, u32(tensors))};
    if (part == 0) entries.push_back(entry("general.name", Text, text("first")));
    return file(entries, {tensor(fmt::format("t{}", part), {4})}, floats(4));
}

std::string part_name(int part, int count) { return fmt::format("m-{:05}-of-{:05}.gguf", part + 1, count); }

}  // namespace

TEST(Gguf, MetadataOfEveryTypeAreAJsonObject) {
    const TemporaryFolder folder;
    const WeightFiles weights = open_bytes(folder, file(every_type()));
    expect_every_type(weights.metadata().value());
    EXPECT_EQ(weights.metadata()->keys().size(), 14U);
    expect_error(ErrorKind::Unsupported, "m.gguf: metadata: \"llama.block_count\" is missing",
                 [&] { return weights.metadata()->count("llama.block_count"); });
}

TEST(Gguf, BigEndianMetadataAreTheSame) {
    const TemporaryFolder folder;
    expect_every_type(open_bytes(folder, big_endian(file(every_type()))).metadata().value());
}

TEST(Gguf, ShapesAreRowMajorAndTensorsSortedByName) {
    const TemporaryFolder folder;
    const WeightFiles weights =
        open_bytes(folder, file({}, {tensor("b", {3, 2}), tensor("a", {1, 1, 4, 2}, 26, 32)},
                                floats(8) + std::string(32, '\1')));
    ASSERT_EQ(weights.tensors().size(), 2U);
    const StoredTensor& a = weights.tensors()[0];
    EXPECT_EQ(a.shape, (std::vector<std::int64_t>{2, 4, 1, 1}));
    EXPECT_EQ(a.dtype, DType::I32);
    const StoredTensor& b = weights.at("b");
    EXPECT_EQ(b.shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(weights.read<float>(b), (std::vector<float>{0, 1, 2, 3, 4, 5}));
    EXPECT_TRUE(weights.warnings().empty());
}

TEST(Gguf, VersionTwoIsRead) {
    const TemporaryFolder folder;
    std::string bytes = file({u32_entry("k", 7)}, {tensor("w", {4})}, floats(4));
    bytes[4] = 2;
    const WeightFiles weights = open_bytes(folder, bytes);
    EXPECT_EQ(weights.metadata()->integer("k"), 7);
    EXPECT_EQ(weights.read<float>(weights.at("w")).back(), 3);
}

TEST(Gguf, TheAlignmentOfTheFileIsObeyed) {
    const TemporaryFolder folder;
    const auto with = [](std::size_t alignment, std::uint64_t second) {
        std::string data = floats(4);
        data.resize(second);
        return file({u32_entry("general.alignment", static_cast<std::uint32_t>(alignment))},
                    {tensor("a", {4}), tensor("b", {4}, 0, second)}, data + floats(4), alignment);
    };
    for (const std::size_t alignment : {1U, 8U, 128U, 4096U}) {
        const WeightFiles weights = open_bytes(folder, with(alignment, std::max<std::size_t>(16, alignment)));
        EXPECT_EQ(weights.read<float>(weights.at("b")), (std::vector<float>{0, 1, 2, 3})) << alignment;
    }
}

TEST(Gguf, AFileOfMetadataOnlyHasNoTensors) {
    const TemporaryFolder folder;
    EXPECT_TRUE(open_bytes(folder, header(0, 0)).tensors().empty());
    EXPECT_TRUE(open_bytes(folder, file({u32_entry("k", 1)})).tensors().empty());
}

TEST(Gguf, BytesBehindTheLastTensorAreToldAsAWarning) {
    const TemporaryFolder folder;
    const auto open = [&](std::size_t more) {
        return open_bytes(folder, file({}, {tensor("w", {4})}, floats(4) + std::string(more, 'x')));
    };
    EXPECT_TRUE(open(16).warnings().empty()) << "padding";
    EXPECT_THAT(open(17).warnings(),
                testing::ElementsAre(testing::EndsWith("1 bytes behind the last tensor belong to none")));
}

TEST(Gguf, TypesThatAreNotReadAreListedAndRefusedWhenTheyAreNeeded) {  // GG09, GG13
    for (const auto& [type, name] :
         std::vector<std::pair<std::uint32_t, std::string>>{{4, "Q4_2 (given up)"},
                                                            {5, "Q4_3 (given up)"},
                                                            {15, "Q8_K"},
                                                            {42, "type 42"},
                                                            {~0U, "type 4294967295"}}) {
        const TemporaryFolder folder;
        const WeightFiles weights = open_bytes(
            folder,
            file({}, {tensor("a", {7}, type), tensor("b", {4}, 0, 64)}, std::string(64, 'x') + floats(4)));
        EXPECT_THAT(weights.warnings(),
                    testing::ElementsAre(testing::EndsWith(
                        "1 tensor with a type that is not read, the first \"a\" with " + name)));
        EXPECT_EQ(weights.at("a").bytes, 64U);
        EXPECT_EQ(weights.read<float>(weights.at("b")).back(), 3);
        const Error error = error_of([&] { return weights.read<float>(weights.at("a")); });
        EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::Unsupported));
        EXPECT_THAT(error.what(),
                    testing::HasSubstr("tensor \"a\" has dtype \"" + name + "\", which cannot be read"));
        EXPECT_THAT(error.hint(), testing::HasSubstr("F32, F64, Q4_0, Q4_1, Q5_0"));
    }
}

TEST(Gguf, OffsetsBehindAnUnknownTypeStillGoUp) {
    const TemporaryFolder folder;
    const auto path = folder.write(
        "m.gguf",
        file({}, {tensor("a", {7}), tensor("b", {7}, 99, 32), tensor("c", {4}, 0, 0)}, std::string(96, 'x')));
    expect_error(ErrorKind::Malformed, "tensor \"c\" begins at byte 0 of the data, expected at least 32",
                 [&] { return open_weights(path); });
}

TEST(Gguf, ANonFiniteScaleIsSeenInTheElementsOfItsBlock) {  // GG14
    const TemporaryFolder folder;
    std::string data(36, '\x11');
    data.replace(18, 2, "\x00\x7E"sv);  // NaN, the scale of the second Q4_0 block
    const WeightFiles weights = open_bytes(folder, file({}, {tensor("w", {64}, 2)}, data));
    const NonFinite found = find_non_finite(weights.read<float>(weights.at("w")));
    EXPECT_EQ(found.count, 32U);
    EXPECT_EQ(found.first, 32U);
}

TEST(Gguf, AVocabularyOfAQuarterMillionIsRead) {
    constexpr std::uint64_t count = 256'000;
    std::string tokens;
    for (std::uint64_t i = 0; i < count; ++i) tokens += text(std::to_string(i));
    const TemporaryFolder folder;
    const WeightFiles weights = open_bytes(
        folder,
        file({entry("tokenizer.ggml.tokens", Array, array(Text, count, tokens)), u32_entry("last", 9)}));
    const Json read = weights.metadata()->at("tokenizer.ggml.tokens");
    ASSERT_EQ(read.size(), count);
    for (const std::size_t i : {std::size_t{0}, std::size_t{131'072}, std::size_t{255'999}}) {
        EXPECT_EQ(read.at(i).text(), std::to_string(i));
    }
    EXPECT_EQ(weights.metadata()->integer("last"), 9);
}

TEST(GgufParts, AnyPartOpensTheWholeModel) {
    const TemporaryFolder folder;
    for (int i = 0; i < 3; ++i) folder.write(part_name(i, 3), part_of_model(i, 3));
    for (int i = 0; i < 3; ++i) {
        const WeightFiles weights = open_weights(folder / part_name(i, 3));
        ASSERT_EQ(weights.tensors().size(), 3U);
        EXPECT_EQ(weights.tensors()[2].name, "t2");
        EXPECT_EQ(weights.read<float>(weights.at("t1")).back(), 3);
        EXPECT_EQ(weights.metadata()->text("general.name"), "first");
    }
}

TEST(GgufParts, MissingPartsAreAllNamed) {
    const TemporaryFolder folder;
    const auto path = folder.write(part_name(1, 12), part_of_model(1, 12));
    expect_error(ErrorKind::Io,
                 "11 of 12 parts missing: \"m-00001-of-00012.gguf\", \"m-00003-of-00012.gguf\"",
                 [&] { return open_weights(path); });
    expect_error(ErrorKind::Io, "\"m-00011-of-00012.gguf\" and 1 more", [&] { return open_weights(path); });
}

TEST(GgufParts, NamesAndNumbersMustAgree) {
    const TemporaryFolder folder;
    const auto renamed = folder.write("m.gguf", part_of_model(1, 3));
    expect_error(ErrorKind::Malformed,
                 "is part 2 of 3 of a model, expected a name that ends in -00002-of-00003.gguf",
                 [&] { return open_weights(renamed); });
    const auto first = folder.write(part_name(0, 2), part_of_model(0, 2, 2));
    folder.write(part_name(1, 2), part_of_model(0, 2, 2));
    expect_error(ErrorKind::Malformed, "says that it is part 1 of 2, expected 2 of 2",
                 [&] { return open_weights(first); });
    const auto beyond = folder.write("m.gguf", part_of_model(3, 3));
    expect_error(ErrorKind::Malformed, "metadata: \"split.no\" is 3, expected an integer from 0 to 2",
                 [&] { return open_weights(beyond); });
}

TEST(GgufParts, TensorsMustBeThereOnce) {
    const TemporaryFolder folder;
    const auto first = folder.write(part_name(0, 2), part_of_model(0, 2, 3));
    folder.write(part_name(1, 2), part_of_model(1, 2, 3));
    expect_error(ErrorKind::Malformed, "metadata: \"split.tensors.count\" is 3, but the parts have 2 tensors",
                 [&] { return open_weights(first); });
    const std::string same = file({entry("split.no", U16, "\1\0"sv), entry("split.count", U16, "\2\0"sv)},
                                  {tensor("t0", {4})}, floats(4));
    folder.write(part_name(1, 2), same);
    expect_error(ErrorKind::Malformed, "tensor \"t0\" is in \"m-00002-of-00002.gguf\" too",
                 [&] { return open_weights(first); });
}

TEST(Gguf, QuantisedLlamasAreNearTheOneInFloats) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto open = [&](std::string_view type) {
        return open_weights(shared / "conformance" / "gguf" / fmt::format("llama-{}.gguf", type));
    };
    const WeightFiles exact = open("F32");
    ASSERT_EQ(exact.metadata()->text("general.architecture"), "llama");
    // Relative to the root mean square of a tensor: half a step of each format's grid.
    for (const auto& [type, bound] : std::vector<std::pair<std::string, double>>{{"F16", 5e-4},
                                                                                 {"BF16", 3e-3},
                                                                                 {"Q8_0", 1e-2},
                                                                                 {"Q5_1", 5e-2},
                                                                                 {"Q5_0", 5e-2},
                                                                                 {"Q4_1", 1e-1},
                                                                                 {"Q4_0", 1e-1}}) {
        const WeightFiles quantised = open(type);
        ASSERT_EQ(quantised.tensors().size(), exact.tensors().size());
        for (const StoredTensor& tensor : exact.tensors()) {
            const std::vector<double> a = exact.read<double>(tensor);
            const std::vector<double> b = quantised.read<double>(quantised.at(tensor.name));
            ASSERT_EQ(quantised.at(tensor.name).shape, tensor.shape);
            double error = 0;
            double norm = 0;
            for (std::size_t i = 0; i < a.size(); ++i) {
                error += (a[i] - b[i]) * (a[i] - b[i]);
                norm += a[i] * a[i];
            }
            EXPECT_LT(std::sqrt(error / norm), bound) << type << " " << tensor.name;
        }
    }
}

}  // namespace headway
