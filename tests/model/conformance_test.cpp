// Checkpoints written by other people's software: the oracle on the loaded weights gives that software's
// answers.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/model/load.hpp"
#include "support/checkpoints.hpp"
#include "support/errors.hpp"
#include "support/oracle.h"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

namespace headway {
namespace {

/// What other people's software computes on a batch of tokens.
struct Expected {
    std::vector<std::int64_t> tokens;
    std::size_t batch = 0;
    std::size_t n = 0;
    std::vector<double> logits;      // [batch, n, d_vocab]
    std::vector<double> attentions;  // [n_layers, batch, n_heads, n, n]
};

Expected read_expected(const std::filesystem::path& path) {
    const std::vector<NpyArray> arrays = read_npz(path);
    const NpyArray& tokens = find_array(arrays, "tokens");
    return {tokens.integers(), static_cast<std::size_t>(tokens.shape[0]),
            static_cast<std::size_t>(tokens.shape[1]), find_array(arrays, "logits").as_double(),
            find_array(arrays, "attentions").as_double()};
}

/// Largest differences, of logits in units of the largest logit.
struct Difference {
    double logits = 0.0;
    double attention = 0.0;
};

/// Compares the first `rows` rows of the batch.
Difference compare(const Model& model, const Expected& expected, std::size_t rows) {
    Difference difference;
    double largest = 0.0;
    for (const double value : expected.logits) largest = std::max(largest, std::abs(value));
    const Config& c = model.config();
    const std::size_t n = expected.n;
    const auto n_heads = static_cast<std::size_t>(c.n_heads);
    const auto d_vocab = static_cast<std::size_t>(c.d_vocab);
    for (std::size_t b = 0; b < std::min(rows, expected.batch); ++b) {
        const auto first = expected.tokens.begin() + static_cast<std::ptrdiff_t>(b * n);
        const oracle::Run run =
            oracle::forward(model, std::vector<int>(first, first + static_cast<std::ptrdiff_t>(n)));
        for (std::size_t q = 0; q < n; ++q) {
            for (std::size_t v = 0; v < d_vocab; ++v) {
                const double want = expected.logits.at((b * n + q) * d_vocab + v);
                difference.logits = std::max(difference.logits, std::abs(run.logits[q][v] - want) / largest);
            }
        }
        for (std::size_t l = 0; l < run.layers.size(); ++l) {
            for (std::size_t i = 0; i < n_heads * n * n; ++i) {
                const double want = expected.attentions.at((l * expected.batch + b) * n_heads * n * n + i);
                const double got = run.layers[l].pattern[i / (n * n)][i / n % n][i % n];
                difference.attention = std::max(difference.attention, std::abs(got - want));
            }
        }
    }
    return difference;
}

constexpr Folding everything{.gains = true, .centring = true, .value_bias = true};

void expect_answers(const std::filesystem::path& folder, const LoadOptions& options) {
    const Model model = load_model(folder.string(), options);
    const Difference difference = compare(model, read_expected(folder / "expected.npz"), 2);
    EXPECT_LT(difference.logits, 1e-5) << folder;
    EXPECT_LT(difference.attention, 1e-5) << folder;
}

class Checkpoint : public testing::TestWithParam<std::string> {};

TEST_P(Checkpoint, UnfoldedGivesTheReferenceAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    expect_answers(test::checkpoint(shared, GetParam()), {.fold = no_folding});
}

TEST_P(Checkpoint, FoldedGivesTheReferenceAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    expect_answers(test::checkpoint(shared, GetParam()), {});
}

TEST_P(Checkpoint, WithValueBiasesFoldedGivesTheReferenceAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    expect_answers(test::checkpoint(shared, GetParam()), {.fold = everything});
}

TEST_P(Checkpoint, ConsumesEveryTensor) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const Model model = load_model(test::checkpoint(shared, GetParam()).string());
    ASSERT_FALSE(model.description().tensors.empty());
    for (const TensorUse& use : model.description().tensors) {
        EXPECT_EQ(use.status, TensorUse::Status::Consumed) << use.name;
        EXPECT_FALSE(use.leaves.empty()) << use.name;
    }
}

TEST_P(Checkpoint, TheOlderSpellingOfItsConfigMeansTheSame) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = test::checkpoint(shared, GetParam());
    const std::filesystem::path older = folder / "config.transformers4.json";
    if (!std::filesystem::exists(older)) return;  // this one is spelled in one way only
    EXPECT_EQ(load_model(folder.string(), {.config = older}).config(), load_model(folder.string()).config());
}

INSTANTIATE_TEST_SUITE_P(Conformance, Checkpoint, testing::ValuesIn(test::checkpoint_list()),
                         test::checkpoint_label);

TEST(Conformance, EveryCheckpointIsTested) {
    HEADWAY_SHARED_OR_SKIP(shared);
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(shared / "conformance/checkpoints"))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    EXPECT_TRUE(std::ranges::equal(names, test::checkpoint_names));
}

TEST(Conformance, AnotherEpsilonShows) {
    HEADWAY_SHARED_OR_SKIP(shared);
    for (const std::string name : {"gpt2", "llama", "gemma", "qwen3"}) {
        const std::filesystem::path with = test::checkpoint(shared, name + "-eps");
        const Model wrong =
            load_model(with.string(), {.config = test::checkpoint(shared, name) / "config.json"});
        EXPECT_GT(compare(wrong, read_expected(with / "expected.npz"), 1).logits, 1e-4) << name;
    }
}

TEST(Conformance, TheTrainedModelsGiveTheirTrainersAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    for (const char* name : {"attn-only-1l", "attn-only-2l"}) {
        const std::filesystem::path folder = shared / "models" / name;
        const Difference difference =
            compare(load_model(folder.string()), read_expected(folder / "expected.npz"), 1);
        EXPECT_LT(difference.logits, 1e-5) << name;
        EXPECT_LT(difference.attention, 1e-5) << name;
    }
}

TEST(Conformance, TheBuiltInModelIsTheTrainedOne) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const Model built_in = load_model("example:attn-only-2l");
    const Model file = load_model((shared / "models/attn-only-2l").string());
    ASSERT_EQ(built_in.config(), file.config());
    for (const Leaf& leaf : file.leaves()) {
        const auto ours = built_in.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const auto theirs = file.leaf<float>(leaf.name.symbol, leaf.name.layer);
        EXPECT_TRUE(std::ranges::equal(ours.values(), theirs.values())) << label(leaf.name);
    }
}

class GgufLlama : public testing::TestWithParam<std::string> {};

TEST_P(GgufLlama, GivesTheReferenceAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = shared / "conformance/gguf";
    const Model model = load_model((folder / ("llama-" + GetParam() + ".gguf")).string());
    const Difference difference = compare(model, read_expected(folder / ("llama-" + GetParam() + ".npz")), 2);
    EXPECT_LT(difference.logits, 1e-4);
    EXPECT_LT(difference.attention, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Conformance, GgufLlama,
                         testing::Values("F32", "F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace headway
