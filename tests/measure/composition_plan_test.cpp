// The plan of all composition scores costs what the algorithm of Gram matrices costs.
// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/plan.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/score_network.hpp"
#include "headway/model/load.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

struct Cost {
    double grams = 0, pairs = 0;
};

// N heads a side: VV and Y cost N d m² each, a Gram N m d², all pairs of one kind N² d².
Cost cost_of_algorithm(const Config& config, double kinds) {
    const double n = config.n_layers * config.n_heads, d = config.d_model, m = config.d_head;
    return {(1 + kinds) * (2 * n * d * m * m + n * m * d * d), kinds * n * n * d * d};
}

TEST(CompositionPlan, SharesTheWritersGramBetweenTheKinds) {
    for (const char* shape : {"gpt2", "gpt2-medium", "gpt2-xl"}) {
        const Config config = parse_random_shape(shape);
        std::vector<Expr> networks;
        for (const Reader reader : {Reader::Q, Reader::K, Reader::V})
            networks.push_back(pair_norm(config, {Writer::Heads, reader}));
        const Plan plan = headway::plan(config, networks, 0);
        const Cost cost = cost_of_algorithm(config, 3);
        EXPECT_EQ(plan.multiply_adds_plain, cost.grams + cost.pairs) << shape << "\n" << to_text(plan);
    }
}

TEST(CompositionPlan, CountsSymmetricTilesOnceAndLeavesImpossibleLayersOut) {
    const Config config = parse_random_shape("gpt2");
    const Plan plan = headway::plan(
        config, composition_networks(config, {Composition::Q, Composition::K, Composition::V}), 0);
    EXPECT_GT(plan.multiply_adds, 20e9) << to_text(plan);
    EXPECT_LT(plan.multiply_adds, 30e9) << to_text(plan);
    EXPECT_LT(plan.peak_bytes, 1e9);
}

}  // namespace
}  // namespace headway
