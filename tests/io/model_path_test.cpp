// A model's name is found in the cache of Hugging Face, or the message says what was tried.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/model_path.hpp"

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace headway {
namespace {

using test::error_of;
using test::expect_error;
using test::TemporaryFolder;

namespace fs = std::filesystem;

// Puts a snapshot of a model into a cache; a reference names it unless `ref` is empty.
fs::path add_snapshot(const fs::path& cache, const std::string& folder, const std::string& ref,
                      const std::string& commit) {
    const fs::path place = cache / folder / "snapshots" / commit;
    fs::create_directories(place);
    fs::create_directories(cache / folder / "refs");
    if (!ref.empty()) std::ofstream(cache / folder / "refs" / ref) << commit << "\n";
    return place;
}

TEST(ModelPath, WhatExistsIsItself) {
    const TemporaryFolder folder;
    EXPECT_EQ(find_model(folder.path(), {}), folder.path());
    EXPECT_EQ(find_model("example:induction", {}), "example:induction");
    EXPECT_EQ(find_model("random:gpt2", {}), "random:gpt2");
}

TEST(ModelPath, ANameIsTheSnapshotOfMain) {
    const TemporaryFolder cache;
    const fs::path main = add_snapshot(cache.path(), "models--org--small", "main", "aaa1");
    add_snapshot(cache.path(), "models--org--small", "", "bbb2");
    EXPECT_EQ(find_model("org/small", cache.path()), main);
    EXPECT_EQ(find_model("small", cache.path()), main);
}

TEST(ModelPath, ARevisionIsABranchATagOrTheBeginningOfACommit) {
    const TemporaryFolder cache;
    add_snapshot(cache.path(), "models--org--steps", "main", "aaa1");
    const fs::path step = add_snapshot(cache.path(), "models--org--steps", "step1000", "bbb2");
    EXPECT_EQ(find_model("org/steps@step1000", cache.path()), step);
    EXPECT_EQ(find_model("org/steps@bb", cache.path()), step);
    expect_error(ErrorKind::Io, "2 snapshots of this model, none of them \"step7\"",
                 [&] { return find_model("org/steps@step7", cache.path()); });
    expect_error(ErrorKind::Io, "none of them",
                 [&] { return find_model("org/steps@../main", cache.path()); });
}

TEST(ModelPath, TheOnlySnapshotNeedsNoReference) {
    const TemporaryFolder cache;
    const fs::path only = add_snapshot(cache.path(), "models--gpt2", "", "aaa1");
    EXPECT_EQ(find_model("gpt2", cache.path()), only);
}

TEST(ModelPath, ANameOfSeveralOrganisationsHasToSayWhich) {
    const TemporaryFolder cache;
    add_snapshot(cache.path(), "models--a--tiny", "main", "aaa1");
    add_snapshot(cache.path(), "models--b--tiny", "main", "bbb2");
    const Error error = error_of([&] { return find_model("tiny", cache.path()); });
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_EQ(error.hint(), "say which: a/tiny, b/tiny");
}

TEST(ModelPath, WhatIsNotThereNamesTheNearestAndThatNothingIsDownloaded) {
    const TemporaryFolder cache;
    add_snapshot(cache.path(), "models--HuggingFaceTB--SmolLM2-135M", "main", "aaa1");
    const Error near = error_of([&] { return find_model("HuggingFaceTB/SmolLM-135M", cache.path()); });
    EXPECT_EQ(near.kind(), ErrorKind::Io);
    EXPECT_THAT(near.what(), testing::HasSubstr("has no model of that name"));
    EXPECT_EQ(near.hint(), "did you mean HuggingFaceTB/SmolLM2-135M?");
    const Error far = error_of([&] { return find_model("nothing/alike", cache.path()); });
    EXPECT_THAT(far.hint(), testing::HasSubstr("Headway downloads nothing"));
}

TEST(ModelPath, AModelWithoutAnySnapshotSaysSo) {
    const TemporaryFolder cache;
    fs::create_directories(cache / "models--org--half");
    expect_error(ErrorKind::Io, "has no files of this model",
                 [&] { return find_model("org/half", cache.path()); });
}

TEST(ModelPath, APathThatIsNoNameIsNotLookedForInTheCache) {
    const TemporaryFolder cache;
    for (const char* path : {"./gpt2", "/no/such/folder", "a/b/c", "../gpt2", "models/x.safetensors/y"}) {
        const Error error = error_of([&] { return find_model(path, cache.path()); });
        EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("Hugging Face"))) << path;
    }
}

TEST(ModelPath, TheTitleIsTheLastPartThatSaysSomething) {
    const TemporaryFolder folder;
    fs::create_directories(folder / "gpt2");
    folder.write("gpt2/model.safetensors", "x");
    folder.write("tiny.v2.gguf", "x");
    EXPECT_EQ(model_title(folder / "gpt2"), "gpt2");
    EXPECT_EQ(model_title((folder / "gpt2").string() + "/"), "gpt2");
    EXPECT_EQ(model_title(folder / "gpt2/model.safetensors"), "gpt2");
    EXPECT_EQ(model_title(folder / "tiny.v2.gguf"), "tiny.v2");
    EXPECT_EQ(model_title("meta-llama/Llama-3.2-1B"), "Llama-3.2-1B");
}

}  // namespace
}  // namespace headway
