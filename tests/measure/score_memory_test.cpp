// Scores in blocks of layers: as many as the memory holds, the same numbers, and a refusal with an estimate.
// SPDX-License-Identifier: Apache-2.0
#include "measure/score_memory.hpp"

#include "headway/measure/composition.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

const std::vector<EdgeKind> queries{{Writer::Heads, Reader::Q}};

// W_O and W_Q of a layer are 2 x 64 kB, and 128 kB of weights are read in passing.
Config small() { return parse_random_shape("layers=7,heads=4,d_model=64,d_head=64"); }

int layers_in(std::size_t bytes, double peak = 0) {
    const ScoreMemory memory(small(), queries, {.max_memory = bytes});
    return memory.most_layers([&](int, const EvaluateOptions&) { return peak; });
}

TEST(ScoreMemory, AsManyLayersAsFitAreEvaluatedAtOnce) {
    constexpr std::size_t layer = 2 * 65536, once = 2 * 65536;
    EXPECT_EQ(layers_in(once + 7 * layer), 7);
    EXPECT_EQ(layers_in(once + 7 * layer - 1), 4) << "two blocks";
    EXPECT_EQ(layers_in(once + 3 * layer), 3);
    EXPECT_EQ(layers_in(once + layer), 1);
    EXPECT_EQ(layers_in(once + 3 * layer, layer), 1) << "results need memory too";
}

TEST(ScoreMemory, WhatCannotFitIsRefusedWithAnEstimate) {
    test::expect_error(
        ErrorKind::Limit,
        "scores of this model need 256 KiB of memory, layer by layer; --max-memory is 195.312 KiB",
        [] { layers_in(200'000); });
}

TEST(ScoreMemory, WhatIsLeftIsTheLimitOfTheEvaluation) {
    const ScoreMemory memory(small(), queries, {.max_memory = 1'000'000});
    EXPECT_EQ(memory.options(3).n_layers, 3);
    EXPECT_EQ(memory.options(3).max_memory, 1'000'000U - 3 * 131072 - 131072);
    EXPECT_TRUE(memory.options(3).keep_weights) << "a small model's weights stay for the next evaluation";
}

// Five layers in blocks of five, three, two and one, the last of them overlapping.
TEST(ScoreMemory, BlocksOfLayersGiveTheSameScores) {
    const Model model = load_model(
        "random:layers=5,heads=4,kv_heads=2,d_model=32,d_head=16,d_mlp=24,vocab=9,norm=rmsnorm,norms="
        "sandwich,"
        "positions=rotary");
    const std::vector<EdgeKind> kinds{{Writer::Heads, Reader::Q},
                                      {Writer::Heads, Reader::V},
                                      {Writer::Mlps, Reader::Mlp},
                                      {Writer::Embed, Reader::K}};
    const std::vector<EdgeRow> whole = edge_weights(model, kinds, {.precision = Precision::Double});
    std::size_t bytes = 4'000'000;
    int refused = 0;
    for (; refused == 0; bytes /= 2) {
        try {
            const std::vector<EdgeRow> rows =
                edge_weights(model, kinds, {.precision = Precision::Double, .max_memory = bytes});
            ASSERT_EQ(rows.size(), whole.size());
            for (std::size_t i = 0; i < rows.size(); ++i)
                ASSERT_NEAR(rows[i].weight.score, whole[i].weight.score, 1e-12) << bytes << " row " << i;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Limit) << error.what();
            ++refused;
        }
    }
    EXPECT_LT(bytes, 1'000'000U);
}

TEST(ScoreMemory, ThreadsChangeNoBit) {
    const Model model = load_model("random:layers=12,heads=3,kv_heads=1,d_model=48,d_head=16,norm=rmsnorm");
    const std::vector<Composition> kinds{Composition::Q, Composition::K, Composition::V};
    const CompositionTable one = composition(model, kinds);
    for (int repeat = 0; repeat < 5; ++repeat) {
        model.release();
        const CompositionTable many = composition(model, kinds, {.threads = 4});
        for (std::size_t i = 0; i < one.rows.size(); ++i) ASSERT_EQ(one.rows[i].score, many.rows[i].score);
    }
}

}  // namespace
}  // namespace headway
