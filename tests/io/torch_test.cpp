// PyTorch checkpoints of both forms.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/io/weight_files.hpp"
#include "io/pickle_text.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <bit>
#include <cmath>

namespace headway {

using namespace test;

namespace {

WeightFiles open_state(const Instructions& state, const std::vector<ZipEntry>& more = {}) {
    static const TemporaryFolder folder;
    return open_weights(folder.write("model.pt", torch_file(state, more)));
}

std::vector<std::string> names_of(const WeightFiles& weights) {
    std::vector<std::string> names;
    for (const StoredTensor& tensor : weights.tensors()) names.push_back(tensor.name);
    return names;
}

using testing::ElementsAre;

// The values of the tensor "w", which is `view`.
std::vector<float> values_of(const Instructions& view) {
    const WeightFiles weights = open_state(dictionary({{"w", view}}));
    return weights.read<float>(weights.at("w"));
}

// An old checkpoint: the pickles in front, the state, the keys, then the storages.
std::string stream_of(const Instructions& state, const std::vector<std::string>& keys,
                      const std::string& storages) {
    Instructions list = "](";
    for (const std::string& key : keys) list += text(key);
    return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle("M\xe9\x03") + pickle("}") +
           pickle(state) + pickle(list + "e") + storages;
}

// Every array has its tensor of the same shape and the same values, bit by bit.
void expect_arrays(const WeightFiles& weights, const std::vector<NpyArray>& arrays,
                   const std::string& prefix = {}) {
    for (const NpyArray& expected : arrays) {
        const StoredTensor& tensor = weights.at(prefix + expected.name);
        EXPECT_EQ(tensor.shape, expected.shape) << expected.name;
        const std::vector<double> wanted = expected.as_double();
        const std::vector<double> values = weights.read<double>(tensor);
        ASSERT_EQ(values.size(), wanted.size()) << expected.name;
        for (std::size_t i = 0; i < values.size(); ++i)
            EXPECT_EQ(std::bit_cast<std::uint64_t>(values[i]), std::bit_cast<std::uint64_t>(wanted[i]))
                << expected.name << " at " << i;
    }
}

}  // namespace

TEST(Torch, AViewHasTheElementsThatItsStridesSay) {
    EXPECT_THAT(values_of(View{{2, 3}, {3, 1}}), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(values_of(View{{3, 2}, {1, 3}}), ElementsAre(0, 3, 1, 4, 2, 5));
    EXPECT_THAT(values_of(View{{2}, {2}, 1}), ElementsAre(1, 3));
    EXPECT_THAT(values_of(View{{2, 2}, {0, 1}, 4}), ElementsAre(4, 5, 4, 5));
    EXPECT_THAT(values_of(View{{}, {}, 5}), ElementsAre(5));
    EXPECT_THAT(values_of(View{{2, 0}, {1, 7}, 100}), ElementsAre());
    EXPECT_THAT(values_of(View{{1, 6}, {17, 1}}), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(Torch, EveryRangeOfAViewIsThatPartOfTheWhole) {
    const std::string numbers = floats([] {
        std::vector<float> values(200);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
        return values;
    }());
    const Instructions view = View{{3, 4, 5}, {7, 40, 2}, 3, storage("FloatStorage", "big", 200)};
    const WeightFiles weights = open_state(dictionary({{"w", view}}), {{"archive/data/big", numbers}});
    const StoredTensor& tensor = weights.at("w");
    std::vector<double> expected;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 4; ++j)
            for (int k = 0; k < 5; ++k) expected.push_back(3 + 7 * i + 40 * j + 2 * k);
    EXPECT_EQ(weights.read<double>(tensor), expected);
    for (std::size_t first = 0; first <= expected.size(); ++first)
        for (std::size_t count = 0; first + count <= expected.size(); ++count) {
            std::vector<double> part(count);
            weights.read_range<double>(tensor, first, part);
            ASSERT_TRUE(std::equal(part.begin(), part.end(), expected.begin() + static_cast<long>(first)))
                << first << " " << count;
        }
    EXPECT_EQ(weights.read_bytes(tensor).size(), 240U);
    std::vector<std::byte> one(4);
    weights.read_bytes(tensor, 4 * 59, one);
    EXPECT_EQ(one[3], std::byte{0x43});  // 145.0F
}

TEST(Torch, ALargeTransposedViewIsReadInPieces) {
    constexpr std::int64_t rows = 700;
    constexpr std::int64_t columns = 1000;  // 2.8 MB, so that the window over the storage moves
    std::vector<float> values(rows * columns);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    const Instructions view =
        View{{columns, rows}, {1, columns}, 0, storage("FloatStorage", "big", rows * columns)};
    const WeightFiles weights = open_state(dictionary({{"w", view}}), {{"archive/data/big", floats(values)}});
    const std::vector<float> got = weights.read<float>(weights.at("w"));
    for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_EQ(got[i], values[i % rows * columns + i / rows]) << i;
}

TEST(Torch, SharedStoragesAreReadThroughEachOfTheirTensors) {
    const WeightFiles weights =
        open_state(dictionary({{"a", View{{6}, {1}}}, {"b", View{{2, 2}, {2, 1}, 2}}}));
    EXPECT_THAT(weights.read<float>(weights.at("a")), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(weights.read<float>(weights.at("b")), ElementsAre(2, 3, 4, 5));
}

TEST(Torch, ADeflatedStorageIsUnpacked) {
    const Instructions view = View{{2}, {1}, 1, storage("FloatStorage", "packed", 3)};
    const WeightFiles weights =
        open_state(dictionary({{"w", view}}), {{"archive/data/packed", floats({7, 8, 9}), true}});
    EXPECT_THAT(weights.read<float>(weights.at("w")), ElementsAre(8, 9));
    EXPECT_THAT(weights.read<float>(weights.at("w")), ElementsAre(8, 9));
}

TEST(Torch, BigEndianStoragesAreTurned) {
    const Instructions view = View{{2}, {1}, 0, storage("ShortStorage", "s", 2)};
    const WeightFiles weights =
        open_state(dictionary({{"w", view}}),
                   {{"archive/data/s", std::string("\x01\x02\xff\xfe", 4)}, {"archive/byteorder", "big"}});
    EXPECT_THAT(weights.read<float>(weights.at("w")), ElementsAre(258, -2));
    EXPECT_EQ(weights.read_bytes(weights.at("w"))[0], std::byte{2});
}

TEST(Torch, ATypeOverUntypedBytesIsTheOneThatIsGiven) {
    const Instructions bytes = tuple({text("storage"), global("torch.storage", "UntypedStorage"), text("u"),
                                      text("cpu"), integer(4)}) +
                               "Q";
    const Instructions tensor =
        call(global("torch._utils", "_rebuild_tensor_v3"),
             {bytes, integer(1), sizes({3}), sizes({1}), "\x89", "N", global("torch", "float8_e4m3fn"), "N"});
    const WeightFiles weights =
        open_state(dictionary({{"w", tensor}}), {{"archive/data/u", std::string("\x00\x38\xb8\x7e", 4)}});
    EXPECT_EQ(weights.at("w").dtype, DType::F8_E4M3);
    EXPECT_THAT(weights.read<float>(weights.at("w")), ElementsAre(1, -1, 448));
}

TEST(Torch, WrappedTensorsAreTensors) {
    const Instructions view = View{{2}, {1}, 3};
    const Instructions parameter = call(global("torch._utils", "_rebuild_parameter"), {view, "\x88", "N"});
    EXPECT_THAT(values_of(parameter), ElementsAre(3, 4));
    const Instructions typed = call(
        global("torch._tensor", "_rebuild_from_type_v2"),
        {global("torch._utils", "_rebuild_tensor_v2"), global("torch.nn.parameter", "Parameter"),
         tuple({storage("FloatStorage", "0", 6), integer(4), sizes({2}), sizes({1}), "\x89", "N"}), "}"});
    EXPECT_THAT(values_of(typed), ElementsAre(4, 5));
}

TEST(Torch, NestedNamesAreJoinedAndWrappersTakenOff) {
    const Instructions w = View{{1}, {1}};
    const Instructions blocks = dictionary({{"0", dictionary({{"w", w}})}, {"b", w}});
    EXPECT_THAT(names_of(open_state(dictionary({{"blocks", blocks}}))),
                ElementsAre("blocks.0.w", "blocks.b"));
    EXPECT_THAT(names_of(open_state(dictionary({{"state_dict", blocks}, {"epoch", integer(3)}}))),
                ElementsAre("0.w", "b"));
    EXPECT_THAT(names_of(open_state(dictionary({{"model", dictionary({{"state_dict", blocks}})}}))),
                ElementsAre("0.w", "b"));
    EXPECT_THAT(names_of(open_state(dictionary({{"model", blocks}, {"ema", dictionary({{"w", w}})}}))),
                ElementsAre("ema.w", "model.0.w", "model.b"));
    EXPECT_THAT(names_of(open_state(tuple({w, w}))), ElementsAre("0", "1"));
}

TEST(Torch, WhatIsNoTensorOrNoWeightIsLeftOutAndCounted) {
    const Instructions w = View{{1}, {1}};
    const WeightFiles weights = open_state(
        dictionary({{"model", dictionary({{"w", w}})},
                    {"optimizer", dictionary({{"state", dictionary({{"exp_avg", w}, {"exp_avg_sq", w}})}})},
                    {"epoch", integer(3)},
                    {"name", text("x")},
                    {"args", call(global("argparse", "Namespace"), {}) + dictionary({{"lr", "N"}}) + "b"}}));
    EXPECT_THAT(names_of(weights), ElementsAre("w"));
    EXPECT_THAT(
        weights.warnings(),
        ElementsAre(
            testing::HasSubstr("model.pt: 3 entries that are no tensors were left out, the first \"epoch\""),
            testing::HasSubstr("model.pt: 2 tensors of the training's state were left out, the first "
                               "\"optimizer.state.exp_avg\"")));
}

TEST(Torch, AnOrderedDictionaryOfPython2IsRead) {
    const Instructions w = View{{1}, {1}};
    const Instructions pairs = "](](" + text("w") + w + "ee";
    EXPECT_THAT(names_of(open_state(call(global("collections", "OrderedDict"), {pairs}))), ElementsAre("w"));
}

TEST(Torch, AnOldStreamIsRead) {
    const TemporaryFolder folder;
    const Instructions view = View{{2}, {1}, 1, storage("FloatStorage", "7", 3)};
    const Instructions old = tuple({text("storage"), global("torch.cuda", "HalfStorage"), text("9"),
                                    text("cuda:0"), integer(2), "N"}) +
                             "Q";
    const Instructions state = dictionary({{"a", view}, {"b", View{{2}, {1}, 0, old}}});
    const std::string storages =
        little(2, 8) + std::string("\x00\x3c\x00\xc0", 4) + little(3, 8) + floats({7, 8, 9});
    const WeightFiles weights = open_weights(folder.write("m.bin", stream_of(state, {"9", "7"}, storages)));
    EXPECT_THAT(weights.read<float>(weights.at("a")), ElementsAre(8, 9));
    EXPECT_THAT(weights.read<float>(weights.at("b")), ElementsAre(1, -2));
}

TEST(Torch, AnOldStreamThatIsCutOffIsMalformed) {
    const TemporaryFolder folder;
    const Instructions state = dictionary({{"w", View{{2}, {1}}}});
    const std::string storages = little(6, 8) + floats({0, 1, 2, 3, 4, 5});
    const auto refuse = [&](const std::string& message, const std::string& bytes,
                            ErrorKind kind = ErrorKind::Malformed) {
        expect_error(kind, "m.pt: " + message, [&] { return open_weights(folder.write("m.pt", bytes)); });
    };
    const std::string whole = stream_of(state, {"0"}, storages);
    refuse("storage \"0\" has 6 elements of 4 bytes, but 23 bytes are left: truncated?",
           whole.substr(0, whole.size() - 1));
    refuse("storage \"0\" has 0 elements of 4 bytes, but 0 bytes are left",
           whole.substr(0, whole.size() - 25));
    refuse("storage \"0\" has 4611686018427387905 elements",
           stream_of(state, {"0"}, little((1ULL << 62) + 1, 8) + floats({0, 1})));
    refuse("storage \"1\" belongs to no tensor", stream_of(state, {"1"}, storages));
    refuse("tensor \"w\" wants storage \"0\", which the file does not have", stream_of(state, {}, storages));
    refuse("is a Python pickle, but not one of PyTorch's", pickle(state), ErrorKind::Unsupported);
    refuse("version: is a broken pickle at byte 0: it wants 1 bytes more, 0 are left", whole.substr(0, 15));
}

TEST(Torch, ShardsOfAnIndexAreRead) {
    const TemporaryFolder folder;
    folder.write("pytorch_model-00001-of-00002.bin", torch_file(dictionary({{"a", View{{6}, {1}}}})));
    folder.write("pytorch_model-00002-of-00002.bin", torch_file(dictionary({{"b", View{{2}, {3}}}})));
    folder.write("pytorch_model.bin.index.json",
                 R"({"metadata":{"total_size":32},"weight_map":{"a":"pytorch_model-00001-of-00002.bin",)"
                 R"("b":"pytorch_model-00002-of-00002.bin"}})");
    const WeightFiles weights = open_weights(folder.path());
    EXPECT_THAT(weights.read<float>(weights.at("b")), ElementsAre(0, 3));
    EXPECT_TRUE(weights.warnings().empty());
}

TEST(Torch, OtherPeoplesTensorsHaveTheirValues) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto torch = shared / "conformance" / "torch";
    const std::vector<NpyArray> expected = read_npz(torch / "tensors.npz");
    for (const char* file : {"tensors-zip.pt", "tensors-legacy.pt", "tensors-nested.pt"}) {
        SCOPED_TRACE(file);
        const WeightFiles weights = open_weights(torch / file);
        EXPECT_EQ(weights.tensors().size(), expected.size());
        expect_arrays(weights, expected);
    }
    EXPECT_EQ(open_weights(torch / "tensors-zip.pt").at("bfloat16").dtype, DType::BF16);
    EXPECT_THAT(
        open_weights(torch / "tensors-nested.pt").warnings(),
        ElementsAre(testing::HasSubstr("3 entries that are no tensors were left out, the first \"epoch\"")));
}

TEST(Torch, OtherPeoplesParametersHaveTheirValues) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto torch = shared / "conformance" / "torch";
    const WeightFiles weights = open_weights(torch / "state-dict-parameters.pt");
    std::vector<NpyArray> expected = read_npz(torch / "tensors.npz");
    std::erase_if(expected, [](const NpyArray& array) { return array.is_integer(); });  // no parameters
    EXPECT_EQ(weights.tensors().size(), expected.size());
    expect_arrays(weights, expected, "p_");
    EXPECT_TRUE(weights.warnings().empty());
}

TEST(Torch, AnotherPersonsMaliceIsRefusedByName) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto file = shared / "conformance" / "torch" / "malicious.pt";
    expect_error(
        ErrorKind::Unsupported,
        "malicious.pt: data.pkl: wants \"posix.system\", which is no part of a checkpoint; nothing was run",
        [&] { return open_weights(file); });
    EXPECT_FALSE(std::filesystem::exists("HEADWAY_PWNED"));
}

}  // namespace headway
