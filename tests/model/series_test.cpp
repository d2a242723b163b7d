// Checkpoints of a training run: found by the number in their names, each with its config.
// SPDX-License-Identifier: Apache-2.0
#include "headway/model/series.hpp"

#include "headway/model/begin_token.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace headway {
namespace {

using test::expect_error;

std::filesystem::path made(const std::filesystem::path& file, const std::string& text = "{}") {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file;
}

std::vector<std::int64_t> steps_of(const std::vector<CheckpointStep>& series) {
    std::vector<std::int64_t> steps;
    for (const CheckpointStep& each : series) steps.push_back(each.step);
    return steps;
}

TEST(CheckpointSeries, IsInTheOrderOfTheStepsAndPassesOverTheRest) {
    const test::TemporaryFolder folder;
    const auto config = made(folder.path() / "run/config.json");
    for (const char* name : {"step900.safetensors", "step10000.pt", "model-2-step30.safetensors",
                             "training7.jsonl", "last.safetensors"})
        made(folder.path() / "run/checkpoints" / name);
    std::filesystem::create_directories(folder.path() / "run/checkpoints/logs-5");
    const auto series = checkpoint_series(folder.path() / "run/checkpoints");
    EXPECT_EQ(steps_of(series), (std::vector<std::int64_t>{30, 900, 10000}));
    EXPECT_EQ(series[0].config, std::filesystem::absolute(config));  // of the folder above
}

TEST(CheckpointSeries, AFolderOfWeightsWithItsOwnConfigKeepsIt) {
    const test::TemporaryFolder folder;
    made(folder.path() / "config.json");
    made(folder.path() / "checkpoint-5/config.json");
    made(folder.path() / "checkpoint-5/model.safetensors");
    made(folder.path() / "checkpoint-40/model.safetensors");
    made(folder.path() / "6.gguf");
    const auto series = checkpoint_series(folder.path());
    EXPECT_EQ(steps_of(series), (std::vector<std::int64_t>{5, 6, 40}));
    EXPECT_TRUE(series[0].config.empty());
    EXPECT_TRUE(series[1].config.empty());
    EXPECT_EQ(series[2].config, std::filesystem::absolute(folder.path() / "config.json"));
    EXPECT_EQ(checkpoint_series(folder.path(), "other.json")[0].config, "other.json");
}

TEST(CheckpointSeries, RefusesAFolderThatHoldsNone) {
    const test::TemporaryFolder folder;
    expect_error(ErrorKind::Io, "No such file", [&] { return checkpoint_series(folder.path() / "none"); });
    expect_error(ErrorKind::Unsupported, "no weights whose name has a step",
                 [&] { return checkpoint_series(folder.path()); });
    made(folder.path() / "a/deep/step1.safetensors");
    expect_error(ErrorKind::Unsupported, "the checkpoints have no config.json",
                 [&] { return checkpoint_series(folder.path() / "a/deep"); });
    made(folder.path() / "a/config.json");
    made(folder.path() / "a/deep/step01.pt");
    expect_error(ErrorKind::Unsupported, "are both of step 1",
                 [&] { return checkpoint_series(folder.path() / "a/deep"); });
}

TEST(BeginToken, IsWhatTheConfigNames) {
    HEADWAY_SHARED_OR_SKIP(shared);
    EXPECT_EQ(begin_token_of((shared / "models/attn-only-2l").string()), 0);
    EXPECT_EQ(begin_token_of("example:attn-only-2l"), 0);
    EXPECT_EQ(begin_token_of("example:induction"), std::nullopt);
    EXPECT_EQ(begin_token_of("random:gpt2"), std::nullopt);
    const auto checkpoint = shared / "models/attn-only-2l/checkpoints/step00100.safetensors";
    EXPECT_EQ(begin_token_of(checkpoint.string(), shared / "models/attn-only-2l/config.json"), 0);
}

}  // namespace
}  // namespace headway
