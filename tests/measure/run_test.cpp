// Runs: the forward pass is the evaluation of the network, whatever way the network came.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/run.hpp"

#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

const std::vector<int> tokens{1, 4, 2, 4, 0};

Model grouped() {
    return load_model(
        "random:layers=2,heads=4,kv_heads=2,d_model=16,d_mlp=24,vocab=9,ctx=8,norm=rmsnorm,positions=rotary,"
        "gated=1,activation=silu");
}

TEST(Run, PrintedAndReadBackTheNetworkGivesTheSameBits) {
    const Model model = grouped();
    const Network network = transformer(model.config());
    for (const Precision precision : {Precision::Float, Precision::Double}) {
        const headway::Run direct = run_model(model, tokens, {.precision = precision});
        const headway::Run read =
            run_network(model, parse_network(to_text(network)), tokens, {.precision = precision});
        EXPECT_TRUE(direct.logits == read.logits);
        EXPECT_TRUE(direct.attention == read.attention);
        EXPECT_EQ(direct.loss, read.loss);
    }
}

TEST(Run, ChangingOneNodeOfTheTextChangesTheAnswer) {
    const Model model = grouped();
    std::string text = to_text(transformer(model.config()));
    const std::size_t at = text.find("W_K[L1]");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 7, "W_K[L0]");
    EXPECT_FALSE(run_network(model, parse_network(text), tokens).logits == run_model(model, tokens).logits);
}

TEST(Run, PatternsOfGroupedHeadsAreByQueryHeadAndSumToOne) {
    const headway::Run run = run_model(grouped(), tokens);
    ASSERT_EQ(run.attention.dimension(), 4u);
    EXPECT_EQ(run.attention.shape(1), 4u);
    for (std::size_t layer = 0; layer < 2; ++layer)
        for (std::size_t head = 0; head < 4; ++head)
            for (std::size_t q = 0; q < tokens.size(); ++q) {
                double sum = 0;
                for (std::size_t k = 0; k <= q; ++k) sum += run.attention(layer, head, q, k);
                EXPECT_NEAR(sum, 1.0, 1e-6);
            }
}

TEST(Run, LossIsTheNegativeLogProbabilityOfTheNextToken) {
    const headway::Run run = run_model(grouped(), tokens, {.precision = Precision::Double});
    ASSERT_EQ(run.loss.size(), tokens.size() - 1);
    double sum = 0;
    for (std::size_t v = 0; v < 9; ++v) sum += std::exp(run.logits(1, v));
    EXPECT_NEAR(run.loss[1], std::log(sum) - run.logits(1, 2), 1e-12);
}

TEST(Run, SeededTokensAreTheSameOnEveryMachineAndWithinTheModel) {
    const Config config = load_model("random:layers=1,heads=1,d_model=4,vocab=7,ctx=5").config();
    EXPECT_EQ(random_tokens(config, 8).size(), 5u);
    EXPECT_EQ(random_tokens(config, 4, 3), random_tokens(config, 4, 3));
    EXPECT_NE(random_tokens(config, 5, 3), random_tokens(config, 5, 4));
    for (const int token : random_tokens(config, 5)) EXPECT_TRUE(token >= 0 && token < 7);
}

TEST(Run, WithoutTokensThereIsNoRun) {
    test::expect_error(ErrorKind::Usage, "a run needs at least one token",
                       [] { return run_model(grouped(), std::span<const int>{}); });
}

}  // namespace
}  // namespace headway
