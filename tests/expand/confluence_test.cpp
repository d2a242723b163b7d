// SPDX-License-Identifier: Apache-2.0
#include "expand/random_expression.hpp"
#include "headway/expand/distribute.hpp"
#include "headway/expand/fold.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/select.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

constexpr std::uint64_t n_networks = 4000;

template <class Check>
void for_random_networks(Check check) {
    for (std::uint64_t seed = 0; seed < n_networks; ++seed) {
        SCOPED_TRACE(seed);
        const RandomNetwork random = random_network(seed);
        check(random.network.output, random);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Confluence, PassesOnRandomNetworksAreIdempotent) {
    for_random_networks([](const Expr& e, const RandomNetwork& random) {
        EXPECT_EQ(normalise(normalise(e)), normalise(e));
        EXPECT_EQ(flatten(flatten(e)), flatten(e));
        EXPECT_EQ(merge_copies(merge_copies(e)), merge_copies(e));
        EXPECT_EQ(fold(fold(e, random.group_size), random.group_size), fold(e, random.group_size));
        EXPECT_EQ(unfold(unfold(e, random.group_size), random.group_size), unfold(e, random.group_size));
    });
}

TEST(Confluence, FlatteningAndMergingMeetInTheNormalForm) {
    for_random_networks([](const Expr& e, const RandomNetwork&) {
        EXPECT_EQ(normalise(flatten(e)), normalise(e));
        EXPECT_EQ(normalise(merge_copies(e)), normalise(e));
    });
}

TEST(Confluence, MultiplyingOutEndsTheSameAfterOtherPasses) {
    int checked = 0;
    for_random_networks([&](const Expr& e, const RandomNetwork&) {
        if (count_terms(e) > 200) return;
        ++checked;
        const Expr wanted = distribute(e);
        EXPECT_EQ(distribute(wanted), wanted);
        EXPECT_EQ(normalise(wanted), wanted);
        EXPECT_EQ(distribute(flatten(e)), wanted);
        EXPECT_EQ(distribute(merge_copies(e)), wanted);
    });
    EXPECT_GT(checked, 1000);
}

TEST(Confluence, UnfoldingUndoesFolding) {
    for_random_networks([](const Expr& e, const RandomNetwork& random) {
        const int group_size = random.group_size;
        EXPECT_EQ(unfold(fold(e, group_size), group_size), unfold(e, group_size));
    });
}

}  // namespace
}  // namespace headway
