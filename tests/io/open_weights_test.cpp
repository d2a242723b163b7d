// Opening weights by whatever a beginner points at: the format told by the first bytes, the file found in a
// folder, and what to do when it is something else.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/io/safetensors.hpp"
#include "headway/io/weight_files.hpp"
#include "io/pickle_text.hpp"
#include "io/safetensors_bytes.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace headway {

using namespace test;

namespace {

std::string one_named(std::string_view name) {
    return safetensors("{" + entry(name, "F32", "[1]", "[0,4]") + "}", 4);
}

std::string one_torch(const std::string& name) { return torch_file(dictionary({{name, View{{1}, {1}}}})); }

// The one tensor of what is found in a folder.
std::string found_in(const TemporaryFolder& folder) {
    const WeightFiles weights = open_weights(folder.path());
    return weights.tensors().size() == 1 ? weights.tensors().front().name : "";
}

}  // namespace

TEST(OpenWeights, TheFirstBytesDecideNotTheSuffix) {
    const TemporaryFolder folder;
    folder.write("a.gguf", one_named("s"));
    folder.write("a.safetensors", one_torch("t"));
    EXPECT_NE(open_weights(folder / "a.gguf").find("s"), nullptr);
    EXPECT_NE(open_weights(folder / "a.safetensors").find("t"), nullptr);
    write_npz(folder / "a.bin", std::vector{NpyArray{"n", {1}, std::vector<float>{1}}});
    EXPECT_NE(open_weights(folder / "a.bin").find("n"), nullptr);
}

TEST(OpenWeights, ALengthThatLooksLikeAPickleIsALength) {
    const TemporaryFolder folder;
    for (const std::size_t length : {std::size_t{0x0280}, std::size_t{0x010380}, std::size_t{0x2e0280}}) {
        std::string json = "{" + entry("w", "F32", "[1]", "[0,4]") + "}";
        json.resize(length, ' ');
        EXPECT_NE(open_weights(folder.write("m.pt", safetensors(json, 4))).find("w"), nullptr) << length;
    }
}

TEST(OpenWeights, AFolderGivesItsPreferredFile) {
    const TemporaryFolder folder;
    write_npz(folder / "w.npz", std::vector{NpyArray{"npz", {1}, std::vector<float>{1}}});
    EXPECT_EQ(found_in(folder), "npz");
    folder.write("notes.txt", "nothing");
    folder.write("net.pth", one_torch("pth"));
    folder.write("training_args.bin", "a pickle of settings");
    folder.write("optimizer.pt", "moments");
    EXPECT_EQ(found_in(folder), "pth");
    folder.write("my.safetensors", one_named("my"));
    EXPECT_EQ(found_in(folder), "my");
    folder.write("pytorch_model.bin", one_torch("bin"));
    EXPECT_EQ(found_in(folder), "bin");
    folder.write("model.safetensors", one_named("model"));
    EXPECT_EQ(found_in(folder), "model");
}

TEST(OpenWeights, SeveralCandidatesAreListed) {
    const TemporaryFolder folder;
    folder.write("a.pt", one_torch("a"));
    folder.write("b.bin", one_torch("b"));
    Error error = error_of([&] { return open_weights(folder.path()); });
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_THAT(error.what(),
                testing::HasSubstr("the folder has several files of weights: \"a.pt\", \"b.bin\""));
    EXPECT_EQ(error.hint(), "give the path of one of them");
    folder.write("model-00001-of-00002.safetensors", one_named("a"));
    folder.write("model-00002-of-00002.safetensors", one_named("b"));
    error = error_of([&] { return open_weights(folder.path()); });
    EXPECT_THAT(error.hint(), testing::HasSubstr("the index (.index.json) that belongs to them is missing"));
}

TEST(OpenWeights, AnEmptyFolderSaysWhatWasLookedFor) {
    const TemporaryFolder folder;
    const Error error = error_of([&] { return open_weights(folder.path()); });
    EXPECT_EQ(error.kind(), ErrorKind::Io);
    EXPECT_EQ(error.what(),
              folder.path().native() +
                  ": the folder has no weights: looked for model.safetensors.index.json, model.safetensors, "
                  "pytorch_model.bin.index.json, pytorch_model.bin, *.safetensors, *.gguf, *.pt, *.pth, "
                  "*.bin, *.npz");
}

TEST(OpenWeights, WeightsOfOtherSoftwareAreNamed) {
    const TemporaryFolder folder;
    folder.write("tf_model.h5", "\x89HDF");
    EXPECT_EQ(error_of([&] { return open_weights(folder.path()); }).hint(),
              "\"tf_model.h5\" is of another software: convert it to safetensors with that");
    expect_error(ErrorKind::Malformed, "tf_model.h5: is no weights file: it looks like an HDF5 file",
                 [&] { return open_weights(folder.write("tf_model.h5", "\x89HDF\r\n\x1a\n and more")); });
}

TEST(OpenWeights, AnAdapterNamesTheBaseThatIsMissing) {
    const TemporaryFolder folder;
    folder.write("adapter_config.json", R"({"base_model_name_or_path":"meta-llama/Llama-3.2-1B"})");
    folder.write("adapter_model.safetensors", one_named("base_model.model.q_proj.lora_A.weight"));
    const Error error = error_of([&] { return open_weights(folder.path()); });
    EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
    EXPECT_THAT(error.what(),
                testing::HasSubstr("has a LoRA adapter without its base model, \"meta-llama/Llama-3.2-1B\""));
    EXPECT_THAT(error.hint(), testing::HasSubstr("merge it into the base model"));
    expect_error(ErrorKind::Unsupported,
                 "adapter_model.safetensors: is a LoRA adapter without its base model: it has tensor "
                 "\"base_model.model.q_proj.lora_A.weight\"",
                 [&] { return open_weights(folder / "adapter_model.safetensors"); });
    folder.write("model.safetensors", one_named("base"));
    EXPECT_EQ(found_in(folder), "base");
}

TEST(OpenWeights, WhatADownloadWentWrongWithIsSaid) {
    const TemporaryFolder folder;
    for (const char* name : {"m.safetensors", "m.pt", "m.gguf", "m.npz"}) {
        const auto pointer =
            folder.write(name, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
        Error error = error_of([&] { return open_weights(pointer); });
        EXPECT_EQ(
            error.what(),
            pointer.native() + ": is no weights file: it looks like a Git LFS pointer, not the file itself");
        EXPECT_EQ(error.hint(), "run git lfs pull");
        const auto page = folder.write(name, "\n<!doctype html><html><head><title>404</title></head></html>");
        error = error_of([&] { return open_weights(page); });
        EXPECT_EQ(error.what(), page.native() + ": is no weights file: it looks like an HTML page");
        EXPECT_THAT(error.hint(), testing::HasSubstr("/resolve/, not /blob/"));
    }
}

}  // namespace headway
