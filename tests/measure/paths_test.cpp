// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/paths.hpp"

#include "headway/measure/score_terms.hpp"
#include "headway/model/load.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

void expect_closed(const Model& model, std::span<const int> tokens) {
    for (int heads = 0; heads <= model.config().n_layers; ++heads)
        for (bool split : {false, true}) {
            PathMeasureOptions options;
            options.max_heads = heads;
            options.all_positions = !split;
            options.by_source_token = split;
            const PathTable table = path_contributions(model, tokens, options);
            EXPECT_LT(table.closure / table.largest_logit, 1e-10) << heads << " heads of " << model.name();
            EXPECT_EQ(table.rows.back().path.has_value(), heads == model.config().n_layers);
        }
    for (int layer = 0; layer < model.config().n_layers; ++layer) {
        const ScoreTermTable table = score_terms(model, tokens, {layer, 1}, 3, 2);
        EXPECT_LT(table.closure, 1e-10 * std::max(1.0, std::abs(table.score)));
    }
}

TEST(Paths, AllPathsAndTheRemainderAddUpToTheLogits) {
    const std::vector<int> tokens{0, 5, 17, 5};
    expect_closed(load_model("example:attn-only-2l"), tokens);
    expect_closed(
        load_model(
            "random:layers=2,heads=4,kv_heads=2,d_model=32,d_mlp=24,vocab=20,ctx=8,norm=layernorm,biases=1"),
        tokens);
}

TEST(Paths, TheyAddUpForCheckpointsWithNormsBiasesRotationAndGroups) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::vector<int> tokens{1, 5, 17, 5, 66};
    for (const char* name : {"gpt2", "llama", "llama-mha-tied"})
        for (const Folding& fold : {Folding{true, true, false}, no_folding, Folding{true, true, true}})
            expect_closed(
                load_model((shared / "conformance" / "checkpoints" / name).string(), {.fold = fold}), tokens);
}

}  // namespace
}  // namespace headway
