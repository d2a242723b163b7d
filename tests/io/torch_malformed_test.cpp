// Hostile and broken PyTorch checkpoints: one line each that says what is wrong; nothing is run, nothing
// large is allocated.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/weight_files.hpp"
#include "io/pickle_text.hpp"
#include "io/refused.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <fstream>

namespace headway {

using namespace test;

namespace {

using Row = test::Refused;

void expect_refused(const std::vector<Row>& rows) { test::expect_refused("m.pt", rows); }

// A checkpoint whose pickle is these bytes, and its message.
Row of_pickle(const std::string& bytes, const std::string& message, ErrorKind kind = ErrorKind::Malformed) {
    return {zip_of({{"a/data.pkl", bytes}}), message, kind};
}

Row broken(const Instructions& value, const std::string& message) {
    return of_pickle(pickle(value), "m.pt: data.pkl: is a broken pickle at byte " + message);
}

Row of_view(const View& view, const std::string& message, ErrorKind kind = ErrorKind::Malformed) {
    return {torch_file(dictionary({{"w", view}})), "m.pt: tensor \"w\" " + message, kind};
}

constexpr auto unsupported = ErrorKind::Unsupported;

}  // namespace

TEST(TorchMalformed, NamesOutsideTheListAreRefusedByName) {
    const auto wants = [](const Instructions& value, const std::string& name) {
        return of_pickle(pickle(value),
                         "m.pt: data.pkl: wants \"" + name + "\", which is no part of a checkpoint",
                         unsupported);
    };
    expect_refused({wants(call(global("os", "system"), {text("touch PWNED")}), "os.system"),
                    wants(call(global("builtins", "eval"), {text("1")}), "builtins.eval"),
                    wants(call(global("builtins", "getattr"), {}), "builtins.getattr"),
                    wants(global("torch", "load"), "torch.load"),
                    wants(text("subprocess") + text("Popen") + "\x93", "subprocess.Popen"),
                    wants(global("torch._utils", "_rebuild_qtensor"), "torch._utils._rebuild_qtensor"),
                    wants(global("os\x1b[2J", "system"), "os\\x1b[2J.system")});
    const TemporaryFolder folder;
    const auto file = folder.write("m.pt", zip_of({{"a/data.pkl", pickle(global("os", "system"))}}));
    EXPECT_EQ(error_of([&] { return open_weights(file); }).hint(),
              "save the tensors alone: torch.save(model.state_dict(), FILE)");
}

TEST(TorchMalformed, AHarmfulNameIsRefusedWhereverItStands) {
    const Instructions harm = call(global("os", "system"), {text("x")});
    const std::string message = "wants \"os.system\"";
    const auto state = [&](const Instructions& value) {
        return Row{torch_file(dictionary({{"w", View{{1}, {1}}}, {"x", value}})), message, unsupported};
    };
    expect_refused({state(harm), state(tuple({harm})), state("](" + harm + "e"), state(harm + "0N"),
                    state(call(global("torch._tensor", "_rebuild_from_type_v2"),
                               {global("os", "system"), global("torch", "Tensor"), tuple({}), "N"})),
                    state(View{{1}, {1}, 0, harm + "Q"}),
                    state("N" + Instructions("}") + "b" + global("os", "system") + "0")});
}

TEST(TorchMalformed, PicklesThatAreCutOff) {
    expect_refused(
        {of_pickle("", "is a broken pickle at byte 0: it wants 1 bytes more, 0 are left"),
         of_pickle("\x80\x02", "at byte 2: it wants 1 bytes more, 0 are left"),
         of_pickle("\x80\x02X\xff\xff\xff\xff", "it wants 4294967295 bytes more, 0 are left"),
         of_pickle("\x80\x02\x8d" + little(~0ULL, 8) + "x", "it wants 18446744073709551615 bytes more"),
         of_pickle("\x80\x02\x8e" + little(1ULL << 63, 8), "it wants 9223372036854775808 bytes more"),
         of_pickle("\x80\x02"
                   "ctorch\nFloat",
                   "it wants 1 bytes more"),
         of_pickle("\x80\x02"
                   "c" +
                       std::string(2000, 'x'),
                   "a name does not end"),
         of_pickle("\x80\x01N.", "it is of protocol 1, expected 2 to 5")});
}

TEST(TorchMalformed, StacksAndMemosThatAreMisused) {
    expect_refused({broken("0", "3: the stack is empty"), broken("", "3: the stack is empty"),
                    broken("(0", "4: the stack is empty"), broken("t", "3: there is no mark on the stack"),
                    broken("N(\x85", "5: the stack is empty"),
                    broken(std::string("h\x05"), "4: it recalls value 5, which was not remembered"),
                    broken("j" + little(0xFFFFFFFF, 4), "7: it recalls value 4294967295"),
                    broken("q\x01", "4: the stack is empty"),
                    broken("NNa", "5: it appends to what is no list"),
                    broken("N(NNu", "7: it sets items of what is no dictionary"),
                    broken("}(Nu", "6: a key has no value"), broken("N)R", "5: it calls what is no name"),
                    broken(global("torch", "Size") + "NR", "16: it calls a name without arguments"),
                    broken("NN\x93", "5: a name is no text")});
}

TEST(TorchMalformed, InstructionsThatNoCheckpointNeeds) {
    const auto instruction = [](const std::string& code, const std::string& name) {
        return of_pickle("\x80\x02" + code, "has the pickle instruction 0x" + name, unsupported);
    };
    expect_refused({instruction("I1\n.", "49 at byte 2"), instruction("(ios\nsystem\n.", "69 at byte 3"),
                    instruction("o.", "6f"), instruction("P1\n.", "50"), instruction("\x82\x01.", "82"),
                    instruction(std::string(1, '\0') + ".", "00"), instruction("\xff.", "ff")});
}

TEST(TorchMalformed, NestsWithoutEnd) {
    const Instructions itself = "}q\x01(" + text("a") + "h\x01u";
    Instructions deep;
    for (int i = 0; i < 100'000; ++i) deep += "](";
    Instructions doubled = dictionary({{"w", "N"}});  // each level names the one below twice: 2^40 paths
    for (int i = 0; i < 40; ++i) {
        const std::string memo = "r" + little(static_cast<std::uint64_t>(i), 4);
        const std::string recall = "j" + little(static_cast<std::uint64_t>(i), 4);
        doubled += memo + "0}(" + text("a") + recall + text("b") + recall + "u";
    }
    expect_refused(
        {of_pickle(pickle(itself), "m.pt: is nested more than 64 deep"),
         of_pickle(pickle(deep + "N" + std::string(100'000, 'e')), "m.pt: is nested more than 64 deep"),
         of_pickle(pickle(doubled), "m.pt: has more than 2000000 entries", ErrorKind::Limit)});
}

TEST(TorchMalformed, MoreValuesThanAreCounted) {
    expect_refused({of_pickle(pickle(std::string(2'000'001, 'N')), "the pickle has more than 2000000 values",
                              ErrorKind::Limit),
                    of_pickle(pickle("N" + std::string(2'000'001, '2')),
                              "the pickle stacks more than 2000000 values", ErrorKind::Limit),
                    of_pickle(pickle(std::string(2'000'001, '(')), "has more than 2000000 open marks",
                              ErrorKind::Limit)});
}

TEST(TorchMalformed, ViewsOutsideTheirStorage) {
    const std::string held = " does not lie in its storage of 6 elements";
    expect_refused(
        {of_view({{7}, {1}}, "of shape [7], strides [1] and offset 0" + held),
         of_view({{6}, {1}, 1}, "of shape [6], strides [1] and offset 1" + held),
         of_view({{1}, {1}, 6}, "of shape [1], strides [1] and offset 6" + held),
         of_view({{2, 2}, {5, 1}}, "of shape [2, 2], strides [5, 1] and offset 0" + held),
         of_view({{1}, {1}, 1LL << 62}, "of shape [1], strides [1] and offset 4611686018427387904" + held),
         of_view({{3}, {1LL << 62}}, "of shape [3], strides [4611686018427387904] and offset 0" + held),
         of_view({{2, 2}, {INT64_MAX, INT64_MAX}},
                 "of shape [2, 2], strides [9223372036854775807, 9223372036854775807] and offset 0" + held),
         of_view({{2}, {INT64_MAX}, INT64_MAX},
                 "of shape [2], strides [9223372036854775807] and offset 9223372036854775807" + held)});
}

TEST(TorchMalformed, ShapesAndStridesThatAreNone) {
    expect_refused({of_view({{-1}, {1}}, "has shape -1, expected at least 0"),
                    of_view({{2}, {-1}, 3}, "has stride -1, expected at least 0"),
                    of_view({{2}, {1}, -1}, "has offset -1, expected at least 0"),
                    of_view({{2, 2}, {1}}, "has 1 strides for 2 dimensions"),
                    of_view({std::vector<std::int64_t>(9, 1), {}}, "has 9 dimensions, expected at most 8"),
                    of_view({{1LL << 33, 1LL << 31}, {0, 0}},
                            "has shape [8589934592, 2147483648]: more than can be counted"),
                    of_view({{1LL << 62}, {0}}, "has shape [4611686018427387904]: more than can be counted"),
                    of_view({{1LL << 40}, {0}}, "of shape [1099511627776] repeats 24 bytes into 4 TiB",
                            ErrorKind::Limit)});
}

TEST(TorchMalformed, StoragesThatAreMissingOrNone) {
    const auto view = [](const Instructions& storage, const std::string& message) {
        return of_view({{1}, {1}, 0, storage}, message);
    };
    const auto id = [](const std::vector<Instructions>& parts) { return tuple(parts) + "Q"; };
    const Instructions type = global("torch", "FloatStorage");
    expect_refused(
        {view(storage("FloatStorage", "1", 6), "wants storage \"1\", which the file does not have"),
         view(storage("FloatStorage", "../data.pkl", 6), "wants storage \"../data.pkl\", which"),
         view("N", "has a storage of the wrong kind"), view("NQ", "has a storage without a description"),
         view(id({}), "has no storage"),
         view(id({text("module"), type}), "has \"module\" instead of a storage"),
         view(id({text("storage"), text("x")}), "has a storage type of the wrong kind"),
         view(id({text("storage"), global("torch", "Size"), text("0")}),
              "has a storage type of the wrong kind"),
         view(id({text("storage"), type}), "has no storage key"),
         view(id({text("storage"), type, integer(0)}), "has a storage key of the wrong kind")});
}

TEST(TorchMalformed, TensorsThatAreRebuiltFromNone) {
    const auto tensor = [](const Instructions& value, const std::string& message) {
        return Row{torch_file(dictionary({{"w", value}})), "tensor \"w\" " + message};
    };
    const Instructions v2 = global("torch._utils", "_rebuild_tensor_v2");
    const Instructions v3 = global("torch._utils", "_rebuild_tensor_v3");
    const Instructions parameter = global("torch._utils", "_rebuild_parameter");
    const Instructions from_type = global("torch._tensor", "_rebuild_from_type_v2");
    Instructions wrapped = View{{1}, {1}};
    for (int i = 0; i < 9; ++i) wrapped = call(parameter, {wrapped});
    expect_refused(
        {tensor(call(v2, {}), "has no storage"),
         tensor(call(v2, {storage("FloatStorage", "0", 6)}), "has no offset"),
         tensor(call(v2, {storage("FloatStorage", "0", 6), integer(0), text("x")}),
                "has a shape of the wrong kind"),
         tensor(call(v3, {storage("FloatStorage", "0", 6), integer(0), sizes({1}), sizes({1}), "N", "N", v2}),
                "has a type of the wrong kind"),
         tensor(call(parameter, {"N"}), "has a tensor of the wrong kind"),
         tensor(call(parameter, {call(global("torch", "Size"), {})}), "is rebuilt from no tensor"),
         tensor(call(from_type, {global("torch", "Size"), "N", tuple({})}), "is rebuilt from no tensor"),
         tensor(wrapped, "is rebuilt from no tensor")});
}

TEST(TorchMalformed, CheckpointsWithoutTensorsOrWithOneTwice) {
    const Instructions w = View{{1}, {1}};
    expect_refused({{torch_file(dictionary({{"epoch", integer(1)}})), "m.pt: has no tensors", unsupported},
                    {torch_file(dictionary({{"a.b", w}, {"a", dictionary({{"b", w}})}})),
                     "m.pt: tensor \"a.b\" is listed twice"},
                    {torch_file(dictionary({{"w", w}}), {{"archive/byteorder", "middle"}}),
                     "m.pt: has byte order \"middle\", expected little or big"},
                    {torch_file(dictionary({{"w", w}}), {{"archive/constants.pkl", ""}}),
                     "m.pt: is a TorchScript program", unsupported}});
}

TEST(TorchMalformed, ArchivesThatLie) {
    const Instructions state = dictionary({{"w", View{{6}, {1}}}});
    const auto with_pickle = [&](ZipEntry entry) {
        entry.name = "a/data.pkl";
        entry.content = pickle(state);
        return zip_of({entry, {"a/data/0", floats({0, 1, 2, 3, 4, 5})}});
    };
    const std::string whole = torch_file(state);
    std::string moved = whole;
    moved[moved.rfind("archive/data/0") - 4] = '\x7f';  // where the storage's header should be
    expect_refused(
        {{with_pickle({.flags = 1}), "member \"a/data.pkl\" is encrypted", unsupported},
         {with_pickle({.method = 12}), "is compressed by method 12", unsupported},
         {with_pickle({.claimed_crc = 1}), "member \"a/data.pkl\" has a wrong checksum"},
         {with_pickle({.claimed_bytes = 1}), "member \"a/data.pkl\" has sizes that cannot be"},
         {with_pickle({.deflated = true, .claimed_bytes = 10}), "does not unpack to its 10 bytes"},
         {with_pickle({.deflated = true, .claimed_bytes = 1000}), "does not unpack to its 1000 bytes"},
         {with_pickle({.deflated = true, .claimed_bytes = 4'000'000'000}), "has sizes that cannot be"},
         {moved, "is a broken zip archive: member \"archive/data/0\" "},
         {whole.substr(0, whole.size() - 30), "is no zip archive, or is truncated"},
         {zip_of({{"a/data.pkl", pickle(state)}, {"a/data.pkl", pickle(state)}}),
          "has member \"a/data.pkl\" twice"},
         {zip_of({{"a.txt", "x"}}), "neither of PyTorch nor of NumPy; the first is \"a.txt\"", unsupported}});
}

TEST(TorchMalformed, AnArchivesDirectoryBeyondTheLimitIsNotRead) {
    const TemporaryFolder folder;
    const auto file = folder.write("m.pt", "PK\x03\x04");
    std::filesystem::resize_file(file, 200'000'000);  // sparse
    std::ofstream(file, std::ios::app | std::ios::binary)
        << "PK\x05\x06" << little(0, 4) << little(1, 2) << little(1, 2) << little(150'000'000, 4)
        << little(0, 6);
    expect_error(ErrorKind::Limit, "the archive's directory has 150000000 bytes, the limit is 100000000",
                 [&] { return open_weights(file); });
}

TEST(TorchMalformed, AMemberThatUnpacksBeyondTheLimitIsRefused) {
    const TemporaryFolder folder;
    const std::string packed(6'000'000, '\0');  // as if it were deflated a thousandfold
    std::string bytes =
        zip_of({{.name = "big.npy", .content = packed, .claimed_bytes = 4'294'967'294, .method = 8}});
    const auto file = folder.write("m.npz", bytes);
    expect_error(ErrorKind::Malformed, "member \"big.npy\" does not unpack to its 4294967294 bytes",
                 [&] { return open_weights(file); });
    const std::string pickle_bomb =
        zip_of({{.name = "a/data.pkl", .content = packed, .claimed_bytes = 4'294'967'294, .method = 8}});
    expect_error(ErrorKind::Limit, "member \"a/data.pkl\" has 4294967294 bytes, the limit is 100000000",
                 [&] { return open_weights(folder.write("m.pt", pickle_bomb)); });
}

TEST(TorchMalformed, EveryFlippedByteOfAPickleIsRefusedOrStaysInTheFile) {
    const TemporaryFolder folder;
    const std::string state = pickle(dictionary({{"w", View{{2, 3}, {1, 2}}}}));
    std::size_t read = 0;
    for (std::size_t at = 0; at < state.size(); ++at) {
        for (const int bit : {0, 2, 7}) {
            std::string bytes = state;
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
            const auto file = folder.write(
                "m.pt", zip_of({{"a/data.pkl", bytes}, {"a/data/0", floats({0, 1, 2, 3, 4, 5})}}));
            try {
                const WeightFiles weights = open_weights(file);
                for (const StoredTensor& tensor : weights.tensors())
                    if (is_readable(tensor.dtype)) weights.read<float>(tensor);
                ++read;
            } catch (const Error&) {  // as it should
            }
        }
    }
    EXPECT_GT(read, 0U);  // other names
}

}  // namespace headway
