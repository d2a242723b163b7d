// A model written to files is the same model when it is read again.
// SPDX-License-Identifier: Apache-2.0
#include "headway/model/save.hpp"

#include "headway/io/float_formats.hpp"
#include "headway/io/weight_files.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/small_checkpoint.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

namespace headway {
namespace {

void expect_same(const Model& model, const Model& again) {
    for (const Leaf& leaf : model.leaves()) {
        const auto values = model.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const auto read = again.leaf<float>(leaf.name.symbol, leaf.name.layer);
        ASSERT_EQ(values.shape, read.shape) << label(leaf.name);
        EXPECT_TRUE(std::equal(values.values().begin(), values.values().end(), read.values().begin()))
            << label(leaf.name);
    }
}

// Every kind that a Config knows, in a few small models.
const std::array shapes{
    "example:induction",
    "random:layers=2,heads=2,d_model=8,vocab=11,ctx=5",
    "random:layers=2,heads=2,d_model=8,d_mlp=16,vocab=11,ctx=5,norm=layernorm,biases=1",
    "random:layers=1,heads=4,kv_heads=2,d_model=8,d_mlp=12,vocab=11,ctx=5,norm=rmsnorm,positions=rotary,"
    "activation=silu,gated=1,gate_bias=1,biases=1,tied=1,rope=linear,factor=3",
    "random:layers=4,heads=4,kv_heads=2,d_model=8,d_mlp=12,vocab=11,ctx=5,norm=rmsnorm,norms=sandwich,"
    "qk_norm=head,positions=rotary,rope=llama3,factor=8,original_ctx=100,window=3,full_every=2,plain_every=4,"
    "score_cap=50,logit_cap=30,embed_scale=2.8,activation=gelu_new,gated=1,tied=1",
    "random:layers=2,heads=2,d_model=8,d_mlp=16,vocab=11,ctx=5,norm=layernorm,norms=stream,embed_norm=1,"
    "embed_bias=1,biases=1,causal=0,masked_head=1,activation=gelu,tied=1,final_norm=1",
    "random:layers=2,heads=2,d_model=8,d_mlp=16,vocab=11,norm=rmsnorm,norms=after,qk_norm=layer,positions="
    "rotary",
    "random:layers=2,heads=2,d_model=8,d_mlp=16,vocab=11,norm=layernorm,positions=alibi,embed_norm=1,biases="
    "1",
    "random:layers=2,heads=2,d_model=8,d_mlp=16,vocab=11,norm=layernorm,positions=rotary,rotary_dims=2,"
    "adjacent=1,"
    "parallel=1,shared_norm=1,inverse_layer=1",
    "random:layers=2,heads=2,d_model=8,vocab=11,norm=layernorm,final_norm=0"};

TEST(Save, WhatIsReadBackHasTheSameKindsAndNumbers) {
    for (const char* shape : shapes) {
        SCOPED_TRACE(shape);
        const test::TemporaryFolder folder;
        const Model model = load_model(shape, {.fold = no_folding});
        save_model(model, folder / "model");
        const Model again = load_model(folder / "model", {.fold = no_folding});
        Config config = again.config();
        config.architecture = model.config().architecture;
        config.tied_unembed = model.config().tied_unembed;  // the file has a W_U of its own
        if (!config.has_mlp()) config.activation = model.config().activation;  // of no MLP
        EXPECT_TRUE(config == model.config());
        expect_same(model, again);
    }
}

TEST(Save, DoublesKeepEveryBitAndHalvesAreRounded) {
    const test::TemporaryFolder folder;
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=11", {.fold = no_folding});
    save_model(model, folder / "f64", {.dtype = DType::F64});
    save_model(model, folder / "bf16", {.dtype = DType::BF16});
    const auto values = model.leaf<double>("W_E");
    const auto wide = load_model(folder / "f64", {.fold = no_folding}).leaf<double>("W_E");
    const auto half = load_model(folder / "bf16", {.fold = no_folding}).leaf<float>("W_E");
    for (std::size_t i = 0; i < 88; ++i) {
        EXPECT_EQ(wide.values()[i], values.values()[i]);
        const float rounded = float_from_bf16(bf16_from_float(static_cast<float>(values.values()[i])));
        EXPECT_EQ(half.values()[i], rounded);
    }
}

TEST(Save, OwnNamesKeepTensorsAndConfig) {
    const test::TemporaryFolder folder;
    test::gpt2_checkpoint().write(folder.path());
    const Model model = load_model(folder.path(), {.fold = no_folding});
    save_model(model, folder / "own", {.names = SavedNames::Own});
    EXPECT_EQ(test::bytes_of(folder / "own/config.json"), test::bytes_of(folder / "config.json"));
    const Model again = load_model(folder / "own", {.fold = no_folding});
    EXPECT_TRUE(again.config() == model.config());
    expect_same(model, again);
}

TEST(Save, NamesOfAnArchitectureAreTheInverseOfReadingThem) {
    HEADWAY_SHARED_OR_SKIP(shared);
    for (const char* name : {"gpt2", "gpt-neox", "llama", "qwen3", "gemma3", "phi3", "bloom", "starcoder2"}) {
        SCOPED_TRACE(name);
        const test::TemporaryFolder folder;
        const std::filesystem::path original = shared / "conformance/checkpoints" / name;
        const Model model = load_model(original, {.fold = no_folding});
        save_model(model,
                   folder / "lens");  // a detour: nothing of the tensors' own names and layouts is left
        save_model(load_model(folder / "lens", {.fold = no_folding}), folder / "again",
                   {.names = SavedNames::HuggingFace, .config = original / "config.json"});
        const WeightFiles before = open_weights(original), after = open_weights(folder / "again");
        for (const StoredTensor& tensor : after.tensors()) {
            EXPECT_EQ(before.at(tensor.name).shape, tensor.shape) << tensor.name;
            const auto want = before.read<double>(before.at(tensor.name)), got = after.read<double>(tensor);
            // Gemma stores gain - 1, which is rounded; the gain itself comes back.
            const double rounding = std::string_view(name) == "gemma3" ? 1.2e-7 : 0;
            for (std::size_t i = 0; i < got.size(); ++i)
                ASSERT_NEAR(want[i], got[i], rounding) << tensor.name;
        }
        const Model again = load_model(folder / "again", {.fold = no_folding});
        EXPECT_TRUE(again.config() == model.config());
        expect_same(model, again);
    }
}

TEST(Save, AConfigOfAnotherModelIsRefused) {
    const test::TemporaryFolder folder;
    test::gpt2_checkpoint().write(folder.path());
    const Model other = load_model("random:layers=1,heads=2,d_model=8,vocab=11", {.fold = no_folding});
    test::expect_error(ErrorKind::Unsupported, "describes another model", [&] {
        save_model(other, folder / "m", {.names = SavedNames::HuggingFace, .config = folder / "config.json"});
        return 0;
    });
}

TEST(Save, EveryReferenceCheckpointSurvives) {
    HEADWAY_SHARED_OR_SKIP(shared);
    std::size_t checkpoints = 0;
    for (const auto& entry : std::filesystem::directory_iterator(shared / "conformance/checkpoints")) {
        SCOPED_TRACE(entry.path().filename());
        const test::TemporaryFolder folder;
        const Model model = load_model(entry.path(), {.fold = no_folding});
        for (const SavedNames names : {SavedNames::TransformerLens, SavedNames::Own}) {
            const std::filesystem::path saved = folder / (names == SavedNames::Own ? "own" : "lens");
            save_model(model, saved, {.names = names});
            expect_same(model, load_model(saved, {.fold = no_folding}));
        }
        ++checkpoints;
    }
    EXPECT_GE(checkpoints, 29U);
}

TEST(Save, TheModelsOwnFilesAreNotOverwritten) {
    const test::TemporaryFolder folder;
    test::gpt2_checkpoint().write(folder.path());
    const Model model = load_model(folder.path(), {.fold = no_folding});
    const std::string before = test::bytes_of(folder / "model.safetensors");
    test::expect_error(ErrorKind::OutputIsInput, "it would be overwritten", [&] {
        save_model(model, folder.path(), {.names = SavedNames::Own});
        return 0;
    });
    EXPECT_EQ(test::bytes_of(folder / "model.safetensors"), before);
}

TEST(Save, WhatEndsTheSavingLeavesNothingBehind) {
    const test::TemporaryFolder folder;
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=11", {.fold = no_folding});
    int tensors = 0;
    const auto third = [&] {
        if (++tensors == 3) throw std::runtime_error("enough");
    };
    EXPECT_THROW(save_model(model, folder / "m", {.between = third}), std::runtime_error);
    EXPECT_EQ(folder.entries(), 0U);
}

TEST(Save, ProgressReachesItsEnd) {
    const test::TemporaryFolder folder;
    Progress progress;
    save_model(load_model("example:induction", {.fold = no_folding}), folder / "m", {.progress = &progress});
    EXPECT_GT(progress.work, 0U);
    EXPECT_EQ(progress.work, progress.all_work);
}

TEST(Save, KindsThatNoOneKnowsAreRefused) {
    const test::TemporaryFolder folder;
    save_model(load_model("random:layers=1,heads=2,d_model=8,vocab=11,score_cap=5", {.fold = no_folding}),
               folder / "m");
    std::string config = test::bytes_of(folder / "m/config.json");
    config.replace(config.find("score_cap"), 9, "score_cup");
    folder.write("m/config.json", config);
    test::expect_error(ErrorKind::Unsupported, "\"score_cup\" is not known",
                       [&] { return load_model(folder / "m"); });
}

TEST(Save, FoldedWeightsAreRefused) {
    const test::TemporaryFolder folder;
    const Model folded = load_model("random:layers=1,heads=2,d_model=8,vocab=11,norm=layernorm");
    test::expect_error(ErrorKind::Unsupported, "has folded weights", [&] {
        save_model(folded, folder / "m");
        return 0;
    });
    EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace headway
