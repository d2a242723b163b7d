// Models in shards: the index is held against what the shards have.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/weight_files.hpp"
#include "io/safetensors_bytes.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

namespace headway {

using test::entry;
using test::error_of;
using test::expect_error;
using test::safetensors;
using test::TemporaryFolder;

namespace {

constexpr const char* index_name = "model.safetensors.index.json";

std::string shard_of(std::string_view tensor) {
    return safetensors("{" + entry(tensor, "F32", "[1]", "[0,4]") + "}", 4);
}

// The map of an index, in JSON.
std::string index_of(std::string_view map) {
    return fmt::format(R"({{"metadata":{{}},"weight_map":{}}})", map);
}

// Shards a.safetensors with tensor "a" and b.safetensors with "b", and this index; opened through the folder.
struct Sharded {
    explicit Sharded(std::string_view index) {
        folder.write("a.safetensors", shard_of("a"));
        folder.write("b.safetensors", shard_of("b"));
        folder.write(index_name, index);
    }
    WeightFiles open() const { return open_weights(folder.path()); }
    TemporaryFolder folder;
};

void expect_malformed(std::string_view index, const std::string& message) {
    const Sharded model(index);
    expect_error(ErrorKind::Malformed, std::string(index_name) + ": " + message,
                 [&] { return model.open(); });
}

}  // namespace

TEST(Shards, TensorsOfAllShardsAreListedByName) {
    const Sharded model(index_of(R"({"b":"b.safetensors","a":"a.safetensors"})"));
    const WeightFiles weights = model.open();
    ASSERT_EQ(weights.tensors().size(), 2U);
    EXPECT_EQ(weights.tensors()[0].name, "a");
    EXPECT_EQ(weights.files().size(), 2U);
    EXPECT_EQ(weights.read<float>(weights.at("b")).size(), 1U);
    EXPECT_EQ(weights.where(weights.at("b")), (model.folder / "b.safetensors").native() + ": tensor \"b\"");
    EXPECT_TRUE(weights.warnings().empty());
    EXPECT_EQ(open_weights(model.folder / index_name).tensors().size(), 2U);
}

TEST(Shards, AFolderWithOneFileNeedsNoIndex) {
    const TemporaryFolder folder;
    folder.write("model.safetensors", shard_of("w"));
    EXPECT_EQ(open_weights(folder.path()).tensors().size(), 1U);
}

TEST(Shards, ShardNamesArePlainFileNames) {  // CF01, CF05
    const std::string plain = ": shard names must be plain file names";
    for (const char* name : {"../../etc/passwd", "/etc/passwd", "a/../b", ".", "..", "", "x\\\\y"}) {
        expect_malformed(index_of(fmt::format(R"({{"a":"{}"}})", name)),
                         fmt::format("tensor \"a\" is in \"{}\"{}", name, plain));
    }
    expect_malformed(index_of(R"({"a":"x\u0000y"})"), "tensor \"a\" is in \"x\\x00y\"" + plain);
    expect_malformed(
        index_of(R"({"a":"model.safetensors.index.json"})"),
        "tensor \"a\" is in \"model.safetensors.index.json\", expected a .safetensors or .bin file");
}

TEST(Shards, AllMissingShardsAreNamedAtOnce) {  // CF02
    const Sharded model(index_of(R"({"a":"a.safetensors","x":"x.safetensors","y":"y.safetensors"})"));
    expect_error(ErrorKind::Io, "index.json: 2 of 3 shards missing: \"x.safetensors\", \"y.safetensors\"",
                 [&] { return model.open(); });
    EXPECT_EQ(error_of([&] { return model.open(); }).hint(),
              "download the rest of the model into the same folder");
}

TEST(Shards, OfManyMissingShardsTenAreNamed) {  // CF02
    std::string map;
    for (int i = 0; i < 1000; ++i)
        map += fmt::format("{}\"t{}\":\"s{}.safetensors\"", i == 0 ? "" : ",", i, i);
    const Sharded model(index_of("{" + map + "}"));
    expect_error(ErrorKind::Io, " and 990 more", [&] { return model.open(); });
}

TEST(Shards, TheIndexAndTheShardsMustAgree) {  // CF03
    expect_malformed(index_of(R"({"a":"a.safetensors","b":"b.safetensors","c":"a.safetensors"})"),
                     "tensor \"c\" is in \"a.safetensors\", which does not have it");
    expect_malformed(index_of(R"({"a":"b.safetensors","b":"a.safetensors"})"),
                     "tensor \"a\" is in \"b.safetensors\", but it was found in \"a.safetensors\"");
    expect_malformed(index_of(R"({"a":"a.safetensors","c":"b.safetensors"})"),
                     "tensor \"b\" of \"b.safetensors\" is not listed");
    expect_malformed(index_of(R"({"b":"b.safetensors","c":"a.safetensors"})"),
                     "tensor \"a\" of \"a.safetensors\" is not listed");
}

TEST(Shards, ATensorInTwoShardsIsMalformed) {  // CF03
    const Sharded model(index_of(R"({"a":"a.safetensors","b":"b.safetensors"})"));
    model.folder.write("b.safetensors", shard_of("a"));
    expect_error(ErrorKind::Malformed, "a.safetensors: tensor \"a\" is in \"b.safetensors\" too",
                 [&] { return model.open(); });
}

TEST(Shards, AnIndexWithoutAMapIsMalformed) {  // CF04
    expect_malformed("{}", "has no \"weight_map\"");
    expect_malformed("[]", "is an array of 0, expected an object");
    expect_malformed(index_of("{}"), "\"weight_map\" is empty");
    expect_malformed(index_of("[]"), "\"weight_map\" is an array of 0, expected an object");
    expect_malformed(index_of(R"({"a":1})"), "tensor \"a\" is in 1, expected a file name");
    expect_malformed(index_of(R"({"a":"a.safetensors","a":"b.safetensors"})"),
                     "has the key \"weight_map.a\" twice");
    expect_malformed("{\"weight_map\":", "is not valid JSON at byte 14");
}

TEST(Shards, AWrongTotalSizeIsAWarning) {  // CF06
    const auto warnings = [](int total) {
        const Sharded model(fmt::format(
            R"({{"metadata":{{"total_size":{}}},"weight_map":{{"a":"a.safetensors","b":"b.safetensors"}}}})",
            total));
        return model.open().warnings();
    };
    EXPECT_TRUE(warnings(8).empty());
    ASSERT_EQ(warnings(9).size(), 1U);
    EXPECT_THAT(warnings(9)[0],
                testing::HasSubstr("index.json: total_size is 9, but the tensors have 8 bytes"));
}

TEST(Shards, AShardThatIsNoRegularFileIsRefusedAtOnce) {  // CF07
    const Sharded model(index_of(R"({"a":"a.safetensors","b":"b.safetensors"})"));
    const auto b = model.folder / "b.safetensors";
    const auto expect_io = [&](const std::string& message) {
        expect_error(ErrorKind::Io, "b.safetensors: " + message, [&] { return model.open(); });
        std::filesystem::remove(b);
    };
    std::filesystem::remove(b);
    ASSERT_EQ(::mkfifo(b.c_str(), 0600), 0);
    expect_io("is a pipe, expected a regular file");
    std::filesystem::create_directory(b);
    expect_io("is a folder, expected a regular file");
    std::filesystem::create_symlink("/dev/zero", b);
    expect_io("is a device, expected a regular file");
    std::filesystem::create_symlink("nowhere", b);
    expect_io("cannot be opened: No such file or directory");
    std::filesystem::create_symlink("b.safetensors", b);
    expect_io("cannot be opened: Too many levels of symbolic links");
}

TEST(Shards, AShardMayBeALink) {
    const Sharded model(index_of(R"({"a":"a.safetensors","b":"b.safetensors"})"));
    std::filesystem::rename(model.folder / "b.safetensors", model.folder / "blob");
    std::filesystem::create_symlink("blob", model.folder / "b.safetensors");
    EXPECT_EQ(model.open().tensors().size(), 2U);
}

TEST(Shards, ManyShardsNeedFewDescriptors) {  // CF08
    const TemporaryFolder folder;
    std::string map;
    for (int i = 0; i < 200; ++i) {
        folder.write(fmt::format("s{}.safetensors", i), shard_of(fmt::format("t{}", i)));
        map += fmt::format("{}\"t{}\":\"s{}.safetensors\"", i == 0 ? "" : ",", i, i);
    }
    folder.write(index_name, index_of("{" + map + "}"));
    rlimit before = {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 64;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const WeightFiles weights = open_weights(folder.path());
    for (const StoredTensor& tensor : weights.tensors()) EXPECT_EQ(weights.read<float>(tensor).size(), 1U);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Shards, AnIndexAboveTheLimitIsNotRead) {
    const TemporaryFolder folder;
    std::filesystem::resize_file(folder.write(index_name, "{"), 100'000'001);  // sparse
    expect_error(ErrorKind::Limit, "the index has 100000001 bytes, the limit is 100000000",
                 [&] { return open_weights(folder.path()); });
}

TEST(Shards, OtherPeoplesShardsAreRead) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const WeightFiles weights = open_weights(shared / "conformance" / "checkpoints" / "mistral");
    EXPECT_GT(weights.files().size(), 1U);
    for (const StoredTensor& tensor : weights.tensors()) {
        EXPECT_EQ(find_non_finite(weights.read<float>(tensor)).count, 0U) << tensor.name;
    }
    EXPECT_TRUE(weights.warnings().empty());
}

}  // namespace headway
