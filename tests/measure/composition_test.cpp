// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/composition.hpp"

#include "headway/io/npy.hpp"
#include "headway/model/load.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

const std::vector<Composition> all_kinds{Composition::Q, Composition::K, Composition::V};

// Largest difference to the reference's arrays PREFIX + Q, K, V.
double difference(const Model& model, const std::filesystem::path& expected, const std::string& prefix) {
    const std::vector<NpyArray> reference = read_npz(expected);
    const CompositionTable table = composition(model, all_kinds);
    double largest = 0;
    for (const auto& [kind, name] :
         {std::pair{Composition::Q, "Q"}, {Composition::K, "K"}, {Composition::V, "V"}}) {
        const std::vector<double> theirs = find_array(reference, prefix + name).as_double();
        const xt::xarray<double> ours = as_array(table, kind, model.config());
        EXPECT_EQ(ours.size(), theirs.size());
        for (std::size_t i = 0; i < theirs.size(); ++i)
            largest = std::max(largest, std::isnan(ours.data()[i]) ? std::abs(theirs[i])
                                                                   : std::abs(ours.data()[i] - theirs[i]));
    }
    return largest;
}

class CompositionConformance : public testing::TestWithParam<const char*> {};

TEST_P(CompositionConformance, ScoresAreThoseOfTransformerLens) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = shared / "conformance" / "checkpoints" / GetParam();
    EXPECT_LT(difference(load_model(folder.string(), {.fold = no_folding}),
                         folder / "composition_transformerlens.npz", "raw_"),
              2e-6);
    EXPECT_LT(difference(load_model(folder.string()), folder / "composition_transformerlens.npz", "folded_"),
              2e-6);
}
INSTANTIATE_TEST_SUITE_P(Checkpoints, CompositionConformance,
                         testing::Values("gpt2", "gpt2-eps", "llama", "llama-eps", "llama-mha-tied"));

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
