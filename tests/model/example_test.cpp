// SPDX-License-Identifier: Apache-2.0
#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace headway {
namespace {

/// `0 r r` with r all tokens but the first, in some order.
std::vector<int> repeated() {
    std::vector<int> tokens{0};
    for (int pass = 0; pass < 2; ++pass) {
        for (int i = 1; i < 32; ++i) tokens.push_back(i * 7 % 32 == 0 ? 31 : i * 7 % 32);
    }
    return tokens;
}

TEST(Induction, ThePreviousTokenHeadAttendsToThePreviousToken) {
    const oracle::Run run = oracle::forward(load_model("example:induction"), repeated());
    const oracle::Matrix& pattern = run.layers[0].pattern[0];
    for (std::size_t q = 1; q < pattern.size(); ++q) EXPECT_NEAR(pattern[q][q - 1], 1.0, 1e-12) << q;
}

TEST(Induction, TheInductionHeadAttendsToWhatFollowedTheCurrentToken) {
    const oracle::Run run = oracle::forward(load_model("example:induction"), repeated());
    const oracle::Matrix& pattern = run.layers[1].pattern[0];
    for (std::size_t q = 0; q < 32; ++q) EXPECT_NEAR(pattern[q][0], 1.0, 1e-12) << q;
    for (std::size_t q = 32; q < pattern.size(); ++q) EXPECT_NEAR(pattern[q][q - 30], 1.0, 1e-12) << q;
}

TEST(Induction, PredictsTheRepeatAndNothingBeforeIt) {
    const std::vector<int> tokens = repeated();
    const oracle::Run run = oracle::forward(load_model("example:induction"), tokens);
    for (std::size_t q = 0; q + 1 < tokens.size(); ++q) {
        const auto best = std::ranges::max_element(run.logits[q]) - run.logits[q].begin();
        EXPECT_EQ(best, q < 32 ? tokens[q] : tokens[q + 1]) << q;
    }
    EXPECT_NEAR(run.logits[40][static_cast<std::size_t>(tokens[41])], 16.0, 1e-10);
    EXPECT_NEAR(run.logits[40][static_cast<std::size_t>(tokens[40])], 1.25, 1e-10);
}

/// How many entries of a layer 1 head's reader lie on directions that a layer 0 head writes.
int entries_read_of(const Model& model, int writer, const char* reader_symbol, int reader) {
    const auto output = model.leaf<double>("W_O", 0);
    const auto reads = model.leaf<double>(reader_symbol, 1);
    const Config& c = model.config();
    std::vector<double> written(static_cast<std::size_t>(c.d_model));
    for (int e = 0; e < c.d_head; ++e) {
        for (int d = 0; d < c.d_model; ++d) {
            written[static_cast<std::size_t>(d)] +=
                output.values()[static_cast<std::size_t>((writer * c.d_head + e) * c.d_model + d)];
        }
    }
    int met = 0;
    for (int d = 0; d < c.d_model; ++d) {
        for (int e = 0; e < c.d_head; ++e) {
            const double read =
                reads.values()[static_cast<std::size_t>((reader * c.d_model + d) * c.d_head + e)];
            if (written[static_cast<std::size_t>(d)] != 0.0 && read != 0.0) ++met;
        }
    }
    return met;
}

TEST(Induction, OnlyThePreviousTokenHeadAndTheKeysOfTheInductionHeadCompose) {
    const Model model = load_model("example:induction");
    for (int writer = 0; writer < 2; ++writer) {
        for (int reader = 0; reader < 2; ++reader) {
            EXPECT_EQ(entries_read_of(model, writer, "W_K", reader), writer == 0 && reader == 0 ? 31 : 0);
            EXPECT_EQ(entries_read_of(model, writer, "W_Q", reader), 0);
            EXPECT_EQ(entries_read_of(model, writer, "W_V", reader), 0);
        }
    }
}

TEST(Example, TheTrainedModelNeedsNoFileAndNoFolding) {
    const Model model = load_model("example:attn-only-2l");
    EXPECT_EQ(model.name(), "attn-only-2l");
    EXPECT_EQ(model.config().positions, Positions::Shortformer);
    EXPECT_EQ(model.config().folding, Folding{});
    EXPECT_EQ(model.description().tensors.size(), 11U);
    EXPECT_EQ(model.leaf<float>("scale", 1).values()[0], 0.25F);
}

TEST(Example, TheTrainedModelHasAnInductionHead) {
    std::vector<int> tokens{0};
    for (int pass = 0; pass < 2; ++pass) {
        for (int i = 0; i < 20; ++i) tokens.push_back(100 + 37 * i);
    }
    const oracle::Run run = oracle::forward(load_model("example:attn-only-2l"), tokens);
    double induction = 0.0;
    for (std::size_t i = 0; i < 20; ++i) induction += run.layers[1].pattern[7][21 + i][2 + i] / 20.0;
    EXPECT_GT(induction, 0.5);
}

TEST(Example, AnUnknownNameListsWhatThereIs) {
    const Error error = test::error_of([] { return load_model("example:inductoin"); });
    EXPECT_STREQ(error.what(), "no example \"inductoin\", there are: attn-only-2l, induction");
    EXPECT_EQ(error.hint(), "did you mean example:induction?");
}

}  // namespace
}  // namespace headway
