// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/evaluate.hpp"
#include "headway/io/npy.hpp"
#include "headway/model/load.hpp"
#include "headway/network/text.hpp"
#include "headway/network/transformer.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(Forward, ExampleRuns) {
    const Model model = load_model("example:attn-only-2l");
    const Network network = transformer(model.config());
    const std::vector<int> tokens{0, 5, 17, 5};
    const xt::xarray<double> logits = evaluate(model, network.output, tokens, {.precision = Precision::Double});
    EXPECT_EQ(logits.dimension(), 2U);
}

}  // namespace
}  // namespace headway
