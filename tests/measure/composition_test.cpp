// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/composition.hpp"

#include "headway/io/npy.hpp"
#include "headway/model/load.hpp"
#include "support/score_oracle.h"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace headway {
namespace {

const std::vector<Composition> all_kinds{Composition::Q, Composition::K, Composition::V};

// Largest difference to the reference's arrays PREFIX + Q, K, V, which are 0 where a pair has no score.
double difference(const CompositionTable& table, const Config& config, const std::filesystem::path& expected,
                  const std::string& prefix) {
    const std::vector<NpyArray> reference = read_npz(expected);
    double largest = 0;
    for (const auto& [kind, name] :
         {std::pair{Composition::Q, "Q"}, {Composition::K, "K"}, {Composition::V, "V"}}) {
        const std::vector<double> theirs = find_array(reference, prefix + name).as_double();
        const xt::xarray<double> ours = as_array(table, kind, config);
        EXPECT_EQ(ours.size(), theirs.size());
        for (std::size_t i = 0; i < theirs.size(); ++i)
            largest = std::max(largest, std::isnan(ours.data()[i]) ? std::abs(theirs[i])
                                                                   : std::abs(ours.data()[i] - theirs[i]));
    }
    return largest;
}

double difference_to_loops(const CompositionTable& table, const oracle::ScoreOracle& loops) {
    double largest = 0;
    for (const CompositionRow& row : table.rows) {
        const Reader reader = row.kind == Composition::Q   ? Reader::Q
                              : row.kind == Composition::K ? Reader::K
                                                           : Reader::V;
        const double score = loops.score(Writer::Heads, row.writer, reader, row.reader);
        largest = std::max(largest, std::abs(row.score - score));
    }
    return largest;
}

class CompositionConformance : public testing::TestWithParam<const char*> {};

TEST_P(CompositionConformance, RawScoresAreThoseOfTransformerLens) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = shared / "conformance" / "checkpoints" / GetParam();
    const Model model = load_model(folder.string(), {.fold = no_folding});
    const CompositionTable table = composition(model, all_kinds, {}, {.stream_norms = false});
    EXPECT_LT(difference(table, model.config(), folder / "composition_transformerlens.npz", "raw_"), 2e-6);
}

// TransformerLens folds no gains of norms behind branches or of queries and keys, and BERT's by a rule of its
// own.
TEST_P(CompositionConformance, FoldedScoresAreThoseOfTransformerLensWhereItFoldsAllGains) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = shared / "conformance" / "checkpoints" / GetParam();
    const Model model = load_model(folder.string());
    const Config& config = model.config();
    const CompositionTable table = composition(model, all_kinds);
    const double theirs = difference(table, config, folder / "composition_transformerlens.npz", "folded_");
    const bool same =
        !config.norms_after() && !config.norms_stream() && config.query_key_norm == QueryKeyNorm::None;
    if (same) {
        EXPECT_LT(theirs, 2e-6);
    } else {
        EXPECT_GT(theirs, 1e-4) << "the gains that are left out there make no difference";
    }
}

TEST_P(CompositionConformance, FoldedScoresAreThoseOfPlainLoops) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = (shared / "conformance" / "checkpoints" / GetParam()).string();
    const Model model = load_model(folder), file = load_model(folder, {.fold = no_folding});
    const oracle::ScoreOracle loops(file, model.config().folding, {});
    EXPECT_LT(difference_to_loops(composition(model, all_kinds), loops), 2e-6);
    const oracle::ScoreOracle raw(file, {}, {.stream_norms = false});
    EXPECT_LT(difference_to_loops(composition(file, all_kinds, {}, {.stream_norms = false}), raw), 2e-6);
}

// The twins with another epsilon have the same scores.
INSTANTIATE_TEST_SUITE_P(Checkpoints, CompositionConformance,
                         testing::Values("bert", "bloom", "falcon", "gemma", "gemma-eps", "gemma2", "gemma3",
                                         "gpt-neo", "gpt-neox", "gpt-neox-serial", "gpt2", "gpt2-eps",
                                         "gpt2-inverse-layer-scale", "gptj", "llama", "llama-eps",
                                         "llama-mha-tied", "llama3-rope", "mistral", "olmo2", "opt", "phi",
                                         "phi3", "qwen2", "qwen3", "qwen3-eps", "smollm3", "stablelm",
                                         "starcoder2"),
                         [](const testing::TestParamInfo<const char*>& checkpoint) {
                             std::string name = checkpoint.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(Composition, TheTrainedExampleShowsItsPreviousTokenHeadFeedingTheInductionHeads) {
    const Model model = load_model("example:attn-only-2l");
    CompositionTable table = composition(model, {Composition::K});
    EXPECT_EQ(table.rows.size(), 64U);
    std::sort(table.rows.begin(), table.rows.end(),
              [](const auto& a, const auto& b) { return a.score > b.score; });
    EXPECT_EQ(label(table.rows[0].writer) + label(table.rows[0].reader), "L0H0L1H7");
    EXPECT_EQ(label(table.rows[1].writer) + label(table.rows[1].reader), "L0H0L1H4");
    EXPECT_EQ(label(table.rows[2].writer) + label(table.rows[2].reader), "L0H0L1H5");
    EXPECT_NEAR(table.rows[0].score, 0.222, 5e-4);
    EXPECT_NEAR(table.baseline, 0.0884, 5e-5);
}

}  // namespace
}  // namespace headway
