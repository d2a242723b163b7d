// More of other people's numbers: the trained two-layer model's composition scores, and a GPT-2 whose scores
// are divided by the layer.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/run.hpp"
#include "headway/model/load.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

TEST(OtherNumbers, CompositionScoresOfTheTrainedModelAreThoseOfTransformerLens) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = shared / "models" / "attn-only-2l";
    const std::vector<NpyArray> reference = read_npz(folder / "composition_transformerlens.npz");
    int pairs = 0;
    for (const std::string& where : {folder.string(), std::string("example:attn-only-2l")})
        for (const Precision precision : {Precision::Float, Precision::Double}) {
            const Model model = load_model(where);
            const CompositionTable table = composition(
                model, {Composition::Q, Composition::K, Composition::V}, {.precision = precision});
            for (const auto& [kind, name] :
                 {std::pair{Composition::Q, "Q"}, {Composition::K, "K"}, {Composition::V, "V"}}) {
                const auto theirs = find_array(reference, std::string("raw_") + name).as_double();
                const xt::xarray<double> ours = as_array(table, kind, model.config());
                ASSERT_EQ(ours.size(), theirs.size());
                for (std::size_t i = 0; i < theirs.size(); ++i) {
                    if (std::isnan(ours.data()[i])) continue;
                    EXPECT_NEAR(ours.data()[i], theirs[i], 2e-6) << name << " " << i;
                    ++pairs;
                }
            }
        }
    EXPECT_EQ(pairs, 2 * 2 * 3 * 64);
}

TEST(OtherNumbers, ScoresDividedByTheLayerAreThoseOfTransformers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = shared / "conformance" / "checkpoints" / "gpt2-inverse-layer-scale";
    const std::vector<NpyArray> reference = read_npz(folder / "expected.npz");
    const NpyArray& tokens = find_array(reference, "tokens");
    const auto n = static_cast<std::ptrdiff_t>(tokens.shape[1]);
    const std::vector<double> logits = find_array(reference, "logits").as_double();
    const std::vector<int> first(tokens.integers().begin(), tokens.integers().begin() + n);
    const xt::xarray<double> ours =
        run_model(load_model(folder.string()), first, {.precision = Precision::Double}).logits;
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        worst = std::max(worst, std::abs(ours.data()[i] - logits[i]));
        largest = std::max(largest, std::abs(logits[i]));
    }
    EXPECT_LT(worst, 1e-5 * largest);
}

}  // namespace
}  // namespace headway
