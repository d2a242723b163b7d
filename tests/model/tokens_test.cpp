// Token texts are found where a model's files are.
// SPDX-License-Identifier: Apache-2.0
#include "headway/model/tokens.hpp"

#include "headway/model/load.hpp"
#include "headway/model/save.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace headway {
namespace {

namespace fs = std::filesystem;

TEST(Tokens, TheBuiltInModelHasItsOwn) {
    const TokenText text = token_text_of("example:attn-only-2l");
    EXPECT_EQ(text.size(), 1024);
    EXPECT_EQ(text.shown(0), "<|endoftext|>");
    EXPECT_TRUE(text.is_special(0));
    EXPECT_TRUE(text.id(" the").has_value());
}

TEST(Tokens, ModelsWithoutTextsHaveIdsAlone) {
    EXPECT_TRUE(token_text_of("example:induction").empty());
    EXPECT_TRUE(token_text_of("random:gpt2").empty());
    const test::TemporaryFolder folder;
    save_model(load_model("example:induction", {.fold = no_folding}), folder.path() / "model");
    EXPECT_TRUE(token_text_of(folder.path() / "model").empty());
}

TEST(Tokens, TheyLieBesideTheWeightsAndTokenizerJsonComesFirst) {
    const test::TemporaryFolder folder;
    const fs::path model = folder.path() / "model";
    save_model(load_model("example:induction", {.fold = no_folding}), model);
    folder.write("model/vocab.json", R"({"Ġa": 0})");
    EXPECT_EQ(token_text_of(model).shown(0), "·a");
    folder.write("model/tokenizer.json",
                 R"({"model": {"vocab": {"Ġb": 0}}, "decoder": {"type": "ByteLevel"}})");
    EXPECT_EQ(token_text_of(model).shown(0), "·b");
    EXPECT_EQ(token_text_of(model / "model.safetensors").shown(0), "·b");
}

TEST(Tokens, TheyLieBesideAGivenConfigToo) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const fs::path folder = shared / "models" / "attn-only-2l";
    const fs::path checkpoint = fs::directory_iterator(folder / "checkpoints")->path();
    EXPECT_TRUE(token_text_of(checkpoint).empty());
    EXPECT_EQ(token_text_of(checkpoint, folder / "config.json").size(), 1024);
}

}  // namespace
}  // namespace headway
