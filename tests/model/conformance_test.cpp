// Checkpoints written by other people's software: the oracle on the loaded weights gives that software's answers.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/model/load.hpp"
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

class Checkpoint : public testing::TestWithParam<const char*> {};

TEST_P(Checkpoint, UnfoldedGivesTheReferenceAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    expect_answers(shared / "conformance/checkpoints" / GetParam(), {.fold = no_folding});
}

TEST_P(Checkpoint, FoldedGivesTheReferenceAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    expect_answers(shared / "conformance/checkpoints" / GetParam(), {});
}

TEST_P(Checkpoint, WithValueBiasesFoldedGivesTheReferenceAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    expect_answers(shared / "conformance/checkpoints" / GetParam(), {.fold = everything});
}

TEST_P(Checkpoint, ConsumesEveryTensor) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const Model model = load_model((shared / "conformance/checkpoints" / GetParam()).string());
    ASSERT_FALSE(model.description().tensors.empty());
    for (const TensorUse& use : model.description().tensors) {
        EXPECT_EQ(use.status, TensorUse::Status::Consumed) << use.name;
        EXPECT_FALSE(use.leaves.empty()) << use.name;
    }
}

INSTANTIATE_TEST_SUITE_P(OfOtherPeople, Checkpoint,
                         testing::Values("gpt2", "gpt2-eps", "gpt2-inverse-layer-scale", "llama", "llama-eps",
                                         "llama-mha-tied"),
                         [](const auto& instance) {
                             std::string name = instance.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(Conformance, AnotherEpsilonShows) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = shared / "conformance/checkpoints";
    const Model wrong = load_model((folder / "gpt2-eps").string(), {.config = folder / "gpt2/config.json"});
    EXPECT_GT(compare(wrong, read_expected(folder / "gpt2-eps/expected.npz"), 1).logits, 1e-4);
}

TEST(Conformance, BothSpellingsOfALlamaConfigMeanTheSame) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = shared / "conformance/checkpoints/llama";
    const Model newer = load_model(folder.string());
    const Model older = load_model(folder.string(), {.config = folder / "config.transformers4.json"});
    EXPECT_EQ(newer.config(), older.config());
}

TEST(Conformance, StretchedRotaryFrequenciesAreRefusedByName) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = shared / "conformance/checkpoints/llama3-rope";
    test::expect_error(ErrorKind::Unsupported, "\"llama3\"", [&] { return load_model(folder.string()); });
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

}  // namespace
}  // namespace headway
