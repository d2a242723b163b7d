// A model written to files is the same model when it is read again.
// SPDX-License-Identifier: Apache-2.0
#include "headway/model/save.hpp"

#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace headway {
namespace {

void expect_same(const Model& model, const Model& again) {
    for (const Leaf& leaf : model.leaves()) {
        const auto values = model.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const auto read = again.leaf<float>(leaf.name.symbol, leaf.name.layer);
        ASSERT_EQ(values.shape, read.shape) << label(leaf.name);
        EXPECT_TRUE(std::equal(values.values().begin(), values.values().end(), read.values().begin()))
            << label(leaf.name);
    }
}

TEST(Save, WhatIsReadBackHasTheSameNumbers) {
    for (const char* shape :
         {"example:induction", "random:layers=2,heads=2,d_model=8,vocab=11,ctx=5",
          "random:layers=1,heads=4,kv_heads=2,d_model=8,d_mlp=12,vocab=11,ctx=5,norm=rmsnorm,"
          "positions=rotary,activation=silu,gated=1,tied=1",
          "random:layers=2,heads=2,d_model=8,d_mlp=16,vocab=11,ctx=5,norm=layernorm,biases=1"}) {
        const test::TemporaryFolder folder;
        const Model model = load_model(shape, {.fold = no_folding});
        save_model(model, folder / "model");
        const Model again = load_model(folder / "model", {.fold = no_folding});
        Config config = again.config();
        config.architecture = model.config().architecture;
        config.tied_unembed = model.config().tied_unembed;  // the file has a W_U of its own
        if (!config.has_mlp()) config.activation = model.config().activation;  // of no MLP
        EXPECT_TRUE(config == model.config()) << shape;
        expect_same(model, again);
    }
}

TEST(Save, FoldedWeightsAreRefused) {
    const test::TemporaryFolder folder;
    const Model folded = load_model("random:layers=1,heads=2,d_model=8,vocab=11,norm=layernorm");
    test::expect_error(ErrorKind::Unsupported, "has folded weights", [&] {
        save_model(folded, folder / "m");
        return 0;
    });
    EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace headway
