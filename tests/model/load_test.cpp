// What a loader has to notice: every mistake in a checkpoint gives one line that says where, what, expected
// and got.
// SPDX-License-Identifier: Apache-2.0
#include "headway/model/load.hpp"
#include "headway/io/safetensors.hpp"
#include "support/errors.hpp"
#include "support/oracle.h"
#include "support/small_checkpoint.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace headway {
namespace {

using test::expect_error;
using test::gpt2_checkpoint;
using test::lens_checkpoint;
using test::llama_checkpoint;
using test::SmallCheckpoint;
using test::SmallTensor;

/// Loading the checkpoint fails with this kind and text.
void expect_refused(const SmallCheckpoint& checkpoint, const std::string& text,
                    ErrorKind kind = ErrorKind::Unsupported) {
    const test::TemporaryFolder folder;
    checkpoint.write(folder.path());
    expect_error(kind, text, [&] { return load_model(folder.path().string()); });
}

Model load(const SmallCheckpoint& checkpoint, const LoadOptions& options = {}) {
    const test::TemporaryFolder folder;
    checkpoint.write(folder.path());
    const Model model = load_model(folder.path().string(), options);
    for (const Leaf& leaf : model.leaves()) model.leaf<double>(leaf.name.symbol, leaf.name.layer);
    return model;  // its doubles; the files are gone
}

TEST(Load, AWrongShapeNamesTensorShapeAndExpectation) {
    SmallCheckpoint c = lens_checkpoint();
    c.add("blocks.0.attn.W_Q", {2, 4, 3});
    expect_refused(
        c, "tensor \"blocks.0.attn.W_Q\" has shape [2, 4, 3], expected [n_heads=2, d_model=6, d_head=3]");
}

TEST(Load, AFusedTensorOfAnotherModelShowsItsParts) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.add("transformer.h.1.attn.c_attn.weight", {6, 17});
    expect_refused(c, "has shape [6, 17], expected [d_model=6, 3*n_heads*d_head=18]");
}

TEST(Load, AllMissingTensorsAreListedAtOnceAndAFusedOneOnce) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.tensors.erase("transformer.h.0.attn.c_attn.weight");
    c.tensors.erase("transformer.ln_f.bias");
    expect_refused(
        c, "2 tensors are missing: \"transformer.h.0.attn.c_attn.weight\", \"transformer.ln_f.bias\"");
}

TEST(Load, AMisspeltTensorIsHinted) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.tensors["transformer.ln_f.biass"] = c.tensors.extract("transformer.ln_f.bias").mapped();
    const test::TemporaryFolder folder;
    c.write(folder.path());
    const Error error = test::error_of([&] { return load_model(folder.path().string()); });
    EXPECT_EQ(error.hint(), "the file has \"transformer.ln_f.biass\": is that \"transformer.ln_f.bias\"?");
}

TEST(Load, AnUnknownTensorIsAnErrorUnlessAllowed) {
    SmallCheckpoint c = llama_checkpoint();
    c.add("model.layers.0.self_attn.q_norm.weight", {3});
    expect_refused(
        c, "a tensor is not part of the architecture llama: \"model.layers.0.self_attn.q_norm.weight\"");
    const Model model = load(c, {.allow_unknown = true});
    int unknown = 0;
    for (const TensorUse& use : model.description().tensors)
        unknown += use.status == TensorUse::Status::Unknown;
    EXPECT_EQ(unknown, 1);
}

TEST(Load, MasksAndTablesAreIgnored) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.add("transformer.h.0.attn.bias", {1, 1, 5, 5});
    c.add("transformer.h.1.attn.masked_bias", {});
    int ignored = 0;
    const Model model = load(c);
    for (const TensorUse& use : model.description().tensors)
        ignored += use.status == TensorUse::Status::Ignored;
    EXPECT_EQ(ignored, 2);
}

TEST(Load, Gpt2WithoutPrefixAndInAWrapperIsTheSameModel) {
    const Model plain = load(gpt2_checkpoint());
    const Model bare =
        load(gpt2_checkpoint().renamed([](const std::string& name) { return name.substr(12); }));
    const Model wrapped =
        load(gpt2_checkpoint().renamed([](const std::string& name) { return "module." + name; }));
    const oracle::Run want = oracle::forward(plain, {1, 2, 3});
    EXPECT_EQ(oracle::forward(bare, {1, 2, 3}).logits, want.logits);
    EXPECT_EQ(oracle::forward(wrapped, {1, 2, 3}).logits, want.logits);
}

TEST(Load, TheSameWeightTwiceIsRefused) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.add("wte.weight", {7, 6});
    expect_refused(c, "\"transformer.wte.weight\" and \"wte.weight\" are the same weight twice");
}

TEST(Load, LayersOfFileAndConfigMustAgree) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.set("n_layer", "3");
    expect_refused(c, "the tensors are those of 2 layers, expected n_layers=3 of the config");
    c.set("n_layer", "1");
    expect_refused(c, "the tensors are those of 2 layers, expected n_layers=1 of the config");
}

TEST(Load, ConfigsWithImpossibleSizesAreRefused) {
    const auto refused = [](SmallCheckpoint c, const char* key, const char* value, const char* reason) {
        c.set(key, value);
        expect_refused(c, reason);
    };
    refused(gpt2_checkpoint(), "n_head", "0", "\"n_head\" is 0");
    refused(gpt2_checkpoint(), "n_head", "-2", "\"n_head\" is -2");
    refused(gpt2_checkpoint(), "n_head", "1.5", "\"n_head\" is 1.5");
    refused(gpt2_checkpoint(), "n_head", "\"12\"", "\"n_head\" is \"12\"");
    refused(gpt2_checkpoint(), "n_head", "9223372036854775808", "\"n_head\" is 9223372036854775808");
    refused(gpt2_checkpoint(), "n_head", "1000000000", "n_embd=6 is no multiple of n_head=1000000000");
    refused(gpt2_checkpoint(), "n_head", "4", "n_embd=6 is no multiple of n_head=4");
    refused(gpt2_checkpoint(), "n_inner", "2147483647", "d_mlp is 2147483647");
    refused(llama_checkpoint(), "num_key_value_heads", "0", "\"num_key_value_heads\" is 0");
    refused(llama_checkpoint(), "num_key_value_heads", "3", "2 heads cannot share 3 key-value heads evenly");
    refused(llama_checkpoint(), "head_dim", "6", "expected [n_heads*d_head=12, d_model=6]");
    refused(llama_checkpoint(), "vocab_size", "8", "expected [d_vocab=8, d_model=6]");
    refused(gpt2_checkpoint(), "n_embd", "8",
            "\"transformer.wte.weight\" has shape [7, 6], expected [d_vocab=7, d_model=8]");
}

TEST(Load, AnEpsilonMustBeANumberAboveZero) {
    for (const char* value : {"0", "-1e-5", "\"small\"", "1e400", "null"}) {
        const test::TemporaryFolder folder;
        SmallCheckpoint c = gpt2_checkpoint();
        c.set("layer_norm_epsilon", value);
        c.write(folder.path());
        const Error error = test::error_of([&] { return load_model(folder.path().string()); });
        EXPECT_NE(std::string(error.what()).find("config.json"), std::string::npos) << error.what();
    }
}

TEST(Load, FeaturesThatAreNotRepresentedAreRefusedByName) {
    const auto refused = [](SmallCheckpoint c, const char* key, const char* value, const char* reason) {
        c.set(key, value);
        expect_refused(c, reason);
    };
    refused(gpt2_checkpoint(), "model_type", "\"xlnet\"", "\"xlnet\", which is not supported");
    refused(gpt2_checkpoint(), "add_cross_attention", "true", "\"add_cross_attention\" is true");
    refused(gpt2_checkpoint(), "activation_function", "\"quick_gelu\"",
            "is \"quick_gelu\", expected one of relu");
    refused(llama_checkpoint(), "quantization_config", "{\"quant_method\": \"gptq\"}",
            "\"quantization_config\" is there (\"gptq\"): quantised checkpoints are read as GGUF only");
    refused(lens_checkpoint(), "normalization_type", "\"BN\"",
            "is \"BN\", expected LN, LNPre, RMS, RMSPre or null");
    refused(lens_checkpoint(), "positional_embedding_type", "\"relative_bias\"",
            "is \"relative_bias\", expected standard");
    refused(lens_checkpoint(), "use_qk_norm", "true", "\"eps\" is missing");
}

TEST(Load, AConfigThatIsNoStrictJsonIsRefusedWithItsPlace) {
    const test::TemporaryFolder folder;
    gpt2_checkpoint().write(folder.path());
    for (const char* text : {"{\"n_layer\": 2,}", "{/* two */ \"n_layer\": 2}", "{\"n_layer\": NaN}",
                             "{\"n_layer\": 2, \"n_layer\": 2}", "n_layer: 2", ""}) {
        std::ofstream(folder / "config.json") << text;
        expect_error(ErrorKind::Malformed, "config.json", [&] { return load_model(folder.path().string()); });
    }
}

TEST(Load, AGapInTheLayersIsAMissingLayer) {
    SmallCheckpoint c = lens_checkpoint();
    for (const std::string weight : {"W_Q", "W_K", "W_V", "W_O"}) {
        const std::string old = "blocks.1.attn." + weight;
        c.tensors["blocks.2.attn." + weight] = c.tensors.at(old);
        c.tensors.erase(old);
    }
    c.set("n_layers", "3");
    expect_refused(c, "4 tensors are missing: \"blocks.1.attn.W_K\"");
}

TEST(Load, NamesOfTwoArchitecturesInOneFileAreRefused) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.add("model.layers.0.self_attn.q_proj.weight", {6, 6});
    expect_refused(
        c, "a tensor is not part of the architecture gpt2: \"model.layers.0.self_attn.q_proj.weight\"");
}

TEST(Load, AVectorOfAnotherLengthOrRankIsRefused) {
    SmallCheckpoint bias = gpt2_checkpoint();
    bias.add("transformer.h.0.attn.c_attn.bias", {6});
    expect_refused(bias, "has shape [6], expected [3*n_heads*d_head=18]");
    SmallCheckpoint rank = llama_checkpoint();
    rank.add("model.layers.0.mlp.up_proj.weight", {8, 6, 1});
    expect_refused(rank, "has shape [8, 6, 1], expected [d_mlp=8, d_model=6]");
    SmallCheckpoint fused = gpt2_checkpoint();
    fused.add("transformer.h.0.attn.c_attn.weight", {18, 18});
    expect_refused(fused, "has shape [18, 18], expected [d_model=6, 3*n_heads*d_head=18]");
}

TEST(Load, AnIntegerTensorIsNoWeight) {
    const test::TemporaryFolder folder;
    const SmallCheckpoint c = lens_checkpoint();
    c.write(folder.path());
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, tensor] : c.tensors) {
        const DType dtype = name == "embed.W_E" ? DType::I32 : DType::F32;
        tensors.push_back({name, dtype, tensor.shape, std::as_bytes(std::span(tensor.values))});
    }
    write_safetensors(folder / "model.safetensors", std::move(tensors));
    expect_error(ErrorKind::Unsupported,
                 "tensor \"embed.W_E\" is of type I32, expected a float: is this a quantised",
                 [&] { return load_model(folder.path().string()); });
}

TEST(Load, AnAdapterIsNoModel) {
    const test::TemporaryFolder folder;
    gpt2_checkpoint().write(folder.path());
    std::filesystem::remove(folder / "config.json");
    std::ofstream(folder / "adapter_config.json") << R"({"base_model_name_or_path": "org/base"})";
    expect_error(ErrorKind::Unsupported, "is a LoRA adapter of \"org/base\", not a model",
                 [&] { return load_model(folder.path().string()); });
}

TEST(Load, LinearWeightsUnderGpt2NamesAreTheSameModel) {
    const Model plain = load(gpt2_checkpoint());
    SmallCheckpoint c = gpt2_checkpoint();
    for (auto& [name, tensor] : c.tensors) {
        if (name.find(".c_") == std::string::npos || tensor.shape.size() != 2) continue;
        SmallTensor turned{{tensor.shape[1], tensor.shape[0]}, {}};
        const auto rows = static_cast<std::size_t>(tensor.shape[0]);
        const auto columns = static_cast<std::size_t>(tensor.shape[1]);
        for (std::size_t j = 0; j < columns; ++j) {
            for (std::size_t i = 0; i < rows; ++i) turned.values.push_back(tensor.values[i * columns + j]);
        }
        tensor = turned;
    }
    EXPECT_EQ(oracle::forward(load(c), {1, 2, 3}).logits, oracle::forward(plain, {1, 2, 3}).logits);
}

TEST(Load, GainsStoredLessOneAreWhole) {
    SmallCheckpoint c = llama_checkpoint();
    c.set("model_type", "\"gemma\"");
    c.tensors.erase("lm_head.weight");
    const Model model = load(c, {.fold = no_folding});
    const float stored = c.tensors.at("model.norm.weight").values[2];
    EXPECT_EQ(model.leaf<double>("ln_final.w").values()[2], static_cast<double>(stored) + 1.0);
    EXPECT_NEAR(model.leaf<double>("embed_scale").values()[0], std::sqrt(6.0), 1e-15);
    EXPECT_EQ(model.leaf<double>("W_U").values()[1], model.leaf<double>("W_E").values()[6]);
}

TEST(Load, AConfigWithoutAnArchitectureListsThoseThereAre) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.config.erase("model_type");
    const test::TemporaryFolder folder;
    c.write(folder.path());
    const Error error = test::error_of([&] { return load_model(folder.path().string()); });
    EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
    EXPECT_TRUE(error.hint().starts_with("supported are bert, bloom, falcon, gemma")) << error.hint();
}

TEST(Load, TheClassNameNamesTheArchitectureToo) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.config.erase("model_type");
    c.set("architectures", "[\"GPT2LMHeadModel\"]");
    EXPECT_EQ(load(c).config().architecture, "gpt2");
}

TEST(Load, AWeightThatIsNotFiniteIsNamedWithCountAndPlace) {
    SmallCheckpoint c = lens_checkpoint();
    c.tensors.at("blocks.1.attn.W_K").values[20] = std::numeric_limits<float>::quiet_NaN();
    c.tensors.at("blocks.1.attn.W_K").values[35] = std::numeric_limits<float>::infinity();
    const test::TemporaryFolder folder;
    c.write(folder.path());
    const Model model = load_model(folder.path().string());
    EXPECT_NO_THROW(static_cast<void>(model.leaf<float>("W_K", 0)));
    expect_error(
        ErrorKind::Numeric,
        "tensor \"blocks.1.attn.W_K\" has 2 of 36 values that are NaN or infinite, the first at [1, 0, 2]",
        [&] { return model.leaf<float>("W_K", 1); });
    const Model allowed = load_model(folder.path().string(), {.allow_nonfinite = true});
    EXPECT_TRUE(std::isnan(allowed.leaf<float>("W_K", 1).values()[20]));
}

TEST(Load, AnUnembeddingOfATiedModelMustBeItsEmbedding) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.tensors["lm_head.weight"] = c.tensors.at("transformer.wte.weight");
    EXPECT_TRUE(load(c).config().tied_unembed);
    c.tensors.at("lm_head.weight").values[3] += 1.0F;
    expect_refused(c, "tensor \"lm_head.weight\" differs from the embedding, to which the config ties it");
    c.set("tie_word_embeddings", "false");
    EXPECT_FALSE(load(c).config().tied_unembed);
}

TEST(Load, AnUnembeddingThatDiffersBetweenTheBlocksLookedAtIsFoundWhenItIsRead) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.set("vocab_size", "900000");  // 21 MiB, of which 16 are looked at
    c.add("transformer.wte.weight", {900000, 6});
    c.tensors["lm_head.weight"] = c.tensors.at("transformer.wte.weight");
    c.tensors.at("lm_head.weight").values[3 * (1 << 18) + 10] += 1.0F;
    const test::TemporaryFolder folder;
    c.write(folder.path());
    const Model model = load_model(folder.path().string());
    EXPECT_EQ(model.at("W_U").shape[1], 900000);
    expect_error(ErrorKind::Unsupported, "differs from the embedding",
                 [&] { return model.leaf<float>("W_U"); });
}

TEST(Load, ALlamaWithoutAnUnembeddingIsTiedUnlessItSaysNot) {
    SmallCheckpoint c = llama_checkpoint();
    c.tensors.erase("lm_head.weight");
    EXPECT_TRUE(load(c).config().tied_unembed);
    c.set("tie_word_embeddings", "false");
    expect_refused(c, "a tensor is missing: \"lm_head.weight\"");
}

TEST(Load, AttentionBiasesOfALlamaAreRead) {
    SmallCheckpoint c = llama_checkpoint();
    c.set("attention_bias", "true");
    for (const std::string layer : {"0", "1"}) {
        const std::string at = "model.layers." + layer + ".self_attn.";
        c.add(at + "q_proj.bias", {4});
        c.add(at + "k_proj.bias", {2});
        c.add(at + "v_proj.bias", {2});
        c.add(at + "o_proj.bias", {6});
    }
    const Model model = load(c);
    EXPECT_EQ(model.at("b_Q", 1).shape, (std::vector<std::int64_t>{2, 2}));
    EXPECT_TRUE(model.has("b_O", 0));
}

TEST(Load, TheFieldsSpellingOfRotaryBaseIsReadInBothPlaces) {
    SmallCheckpoint c = llama_checkpoint();
    c.set("rope_theta", "500000.0");
    EXPECT_EQ(load(c).config().rotary.theta, 500000.0);
    c.config.erase("rope_theta");
    c.set("rope_parameters", "{\"rope_type\": \"default\", \"rope_theta\": 250000.0}");
    EXPECT_EQ(load(c).config().rotary.theta, 250000.0);
}

TEST(Load, ScalesOfAttentionAreRead) {
    SmallCheckpoint c = gpt2_checkpoint();
    c.set("scale_attn_weights", "false");
    c.set("scale_attn_by_inverse_layer_idx", "true");
    EXPECT_EQ(load(c).leaf<double>("scale", 1).values()[0], 0.5);
    SmallCheckpoint lens = lens_checkpoint();
    lens.set("attn_scale", "4.0");
    EXPECT_EQ(load(lens).leaf<double>("scale", 1).values()[0], 0.25);
}

TEST(Load, NormsWithoutGainsHaveOnes) {
    SmallCheckpoint c = lens_checkpoint();
    c.set("normalization_type", "\"LNPre\"");
    c.set("eps", "1e-5");
    const Model model = load(c, {.fold = no_folding});
    EXPECT_EQ(model.leaf<double>("ln1.w", 0).values()[5], 1.0);
    EXPECT_FALSE(model.description().warnings.empty());
}

/// The GPT-2 checkpoint, saved under TransformerLens's names from its leaves.
SmallCheckpoint as_lens_checkpoint(const Model& model) {
    const std::map<std::string, std::string> names{
        {"W_E", "embed."}, {"W_pos", "pos_embed."}, {"W_U", "unembed."}, {"W_in", "mlp."}, {"b_in", "mlp."},
        {"W_out", "mlp."}, {"b_out", "mlp."},       {"ln1.w", ""},       {"ln1.b", ""},    {"ln2.w", ""},
        {"ln2.b", ""},     {"ln_final.w", ""},      {"ln_final.b", ""}};
    SmallCheckpoint c;
    c.config = {{"model_type", "\"transformer_lens\""},
                {"n_layers", "2"},
                {"n_heads", "2"},
                {"d_model", "6"},
                {"d_head", "3"},
                {"d_mlp", "8"},
                {"n_ctx", "5"},
                {"d_vocab", "7"},
                {"act_fn", "\"gelu_new\""},
                {"positional_embedding_type", "\"standard\""},
                {"normalization_type", "\"LN\""},
                {"eps", "1e-5"}};
    for (const Leaf& leaf : model.leaves()) {
        if (leaf.name.symbol == "scale") continue;
        const auto found = names.find(leaf.name.symbol);
        std::string name = (found != names.end() ? found->second : "attn.") + leaf.name.symbol;
        if (leaf.name.layer >= 0) name = "blocks." + std::to_string(leaf.name.layer) + "." + name;
        const auto array = model.leaf<double>(leaf.name.symbol, leaf.name.layer);
        SmallTensor& tensor = c.tensors[name];
        tensor.shape = array.shape;
        for (const double value : array.values()) tensor.values.push_back(static_cast<float>(value));
    }
    return c;
}

TEST(Load, AModelWithMlpUnderLensNamesIsTheSameModel) {
    const Model gpt2 = load(gpt2_checkpoint(), {.fold = no_folding});
    const Model lens = load(as_lens_checkpoint(gpt2));
    EXPECT_EQ(lens.config().architecture, "transformer_lens");
    const oracle::Run want = oracle::forward(gpt2, {1, 5, 3, 5});
    const oracle::Run got = oracle::forward(lens, {1, 5, 3, 5});
    for (std::size_t q = 0; q < 4; ++q) {
        for (std::size_t v = 0; v < 7; ++v) EXPECT_NEAR(got.logits[q][v], want.logits[q][v], 1e-12);
    }
}

TEST(Load, ALensConfigMustSayWhatNoTensorSays) {
    for (const std::string key : {"normalization_type", "positional_embedding_type"}) {
        SmallCheckpoint c = lens_checkpoint();
        c.config.erase(key);
        expect_refused(c, "\"" + key + "\" is missing");
    }
}

TEST(Load, GroupedKeysOfLensNamesHaveAnUnderscore) {
    SmallCheckpoint c = lens_checkpoint();
    c.set("n_key_value_heads", "1");
    for (const std::string layer : {"0", "1"}) {
        for (const std::string weight : {"W_K", "W_V"}) {
            c.tensors.erase("blocks." + layer + ".attn." + weight);
            c.add("blocks." + layer + ".attn._" + weight, {1, 6, 3});
        }
    }
    EXPECT_EQ(load(c).at("W_K", 1).shape, (std::vector<std::int64_t>{1, 6, 3}));
}

TEST(Load, AMissingConfigIsAnInputError) {
    const test::TemporaryFolder folder;
    gpt2_checkpoint().write(folder.path());
    std::filesystem::remove(folder / "config.json");
    expect_error(ErrorKind::Io, "config.json", [&] { return load_model(folder.path().string()); });
}

TEST(Load, TheConfigMayLieElsewhere) {
    const test::TemporaryFolder folder;
    gpt2_checkpoint().write(folder.path());
    std::filesystem::rename(folder / "config.json", folder / "other.json");
    EXPECT_EQ(load_model((folder / "model.safetensors").string(), {.config = folder / "other.json"})
                  .config()
                  .n_layers,
              2);
}

TEST(Model, AnUnknownLeafIsAnErrorThatNamesTheNearest) {
    const Error error = test::error_of([] { return load_model("example:induction").leaf<float>("W_q", 0); });
    EXPECT_STREQ(error.what(), "induction has no weight W_q[L0]");
    EXPECT_EQ(error.hint(), "did you mean W_Q[L0]?");
}

TEST(Model, ALeafIsMadeOnceAndSharedByManyThreads) {
    const Model model = load_model("random:layers=1,heads=4,d_model=64");
    std::vector<const float*> seen(8);
    {
        std::vector<std::jthread> threads;
        for (const float*& place : seen) {
            threads.emplace_back([&model, &place] { place = model.leaf<float>("W_Q", 0).data.get(); });
        }
    }
    for (const float* place : seen) EXPECT_EQ(place, seen.front());
    const auto held = model.leaf<float>("W_Q", 0);
    model.release();
    EXPECT_NE(model.leaf<float>("W_Q", 0).data.get(), held.data.get());
}

TEST(Model, FromArraysNeedsEveryArrayInItsSize) {
    const Config config = parse_random_shape("layers=1,heads=1,d_model=2,vocab=3,ctx=2");
    std::map<LeafName, std::vector<double>> arrays;
    expect_error(ErrorKind::Unsupported, "toy: W_E is missing",
                 [&] { return model_from_arrays(config, arrays, {}, "toy"); });
    arrays[{"W_E"}] = {1.0, 2.0};
    expect_error(ErrorKind::Unsupported, "toy: W_E has 2 values, expected 6",
                 [&] { return model_from_arrays(config, arrays, {}, "toy"); });
}

}  // namespace
}  // namespace headway
