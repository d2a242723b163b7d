// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/normalise.hpp"

#include "expand/tiny.hpp"
#include "headway/expand/distribute.hpp"
#include "headway/expand/fold.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/expand/select.hpp"
#include "headway/network/transformer.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

Expr read(const std::string& text) { return parse_network(text).output; }

struct Row {
    std::string before;
    std::string after;
};

TEST(Normalise, GivesTheNormalFormOfTheTable) {
    for (const Row& row : std::vector<Row>{
             // products are flat
             {"m[d,d1] = W_OV[L0H0][d,d2] W_OV[L0H1][d2,d1]\nm[d,d1] W_U[d1,v] -> [d,v]",
              "W_OV[L0H0][d,d2] W_OV[L0H1][d2,d1] W_U[d1,v] -> [d,v]"},
             // sums are flat, equal terms collected
             {"s[d] = b_O[L0][d] + b_O[L1][d]\nout[d] = s[d] + b_O[L0][d]",
              "out[d] = 2 b_O[L0][d] + b_O[L1][d]"},
             {"s[d] = b_O[L0][d] - b_O[L1][d]\nout[d] = b_O[L1][d] + s[d]", "b_O[L0][d]"},
             // a factor moves out of its product
             {"s[d] = 3 b_O[L0][d]\nout[v] = s[d] W_U[d,v]", "out[v] = 3 b_O[L0][d] W_U[d,v]"},
             {"s[d] = b_O[L0][d] - b_O[L0][d]\nout[v] = s[d] W_U[d,v]", "out[v] = b_U[v] - b_U[v]"},
             // identities and copies
             {"b_O[L0][d] delta[d,d1] W_U[d1,v] -> [v]", "b_O[L0][d] W_U[d,v] -> [v]"},
             {"b_O[L0][d] delta[d,d1] delta[d1,d2] W_U[d2,v] -> [v]", "b_O[L0][d] W_U[d,v] -> [v]"},
             {"b_O[L0][d] b_O[L1][d1] delta[d,d1,d2] W_U[d2,v] -> [v]",
              "b_O[L0][d] b_O[L1][d] W_U[d,v] -> [v]"},
             {"W_OV[L0H0][d,d1] delta[d1,d2] -> [d,d2]", "W_OV[L0H0][d,d2] -> [d,d2]"},
             {"W_pos[q,d] ones[q] -> [q,d]", "W_pos[q,d] -> [q,d]"},
             {"delta[d,d1] delta[d1,d2] -> [d,d2]", "delta[d,d2] -> [d,d2]"},
             // a diagonal is the same from both sides
             {"s[d,d1] = b_O[L0][d1] delta[d,d1]\nout[d,d1] = s[d1,d] + W_OV[L0H0][d,d1]",
              "out[d,d1] = b_O[L0][d] delta[d,d1] + W_OV[L0H0][d,d1]"},
             // what carries an index alone stays
             {"ones[q] b_U[v] -> [q,v]", "ones[q] b_U[v] -> [q,v]"},
             {"b_O[L0][d] delta[d,d1] -> [d,d1]", "b_O[L0][d1] delta[d,d1] -> [d,d1]"}})
        EXPECT_EQ(normalise(read(row.before)), normalise(read(row.after))) << row.before;
}

TEST(Normalise, LooksIntoFunctionsButNotBehindFrozenValues) {
    EXPECT_EQ(normalise(read("t[q,d] = W_pos[q,d1] delta[d1,d]\na[q,d] = relu(t[q,d])")),
              read("a[q,d] = relu(W_pos[q,d])"));
    const Expr frozen_value = read("f[q,d] ~ W_pos[q,d1] delta[d1,d]\nf[q,d]");
    EXPECT_EQ(normalise(frozen_value), frozen_value);
}

TEST(Normalise, IsIdempotent) {
    for (const NamedConfig& named : tiny_models()) {
        const Expr once = normalise(freeze(transformer(named.config)).output);
        ASSERT_EQ(normalise(once), once) << named.name;
    }
}

TEST(Normalise, IsWhereFlatteningAndMergingEndInEitherOrder) {
    for (const NamedConfig& named : tiny_models()) {
        const Expr logits = freeze(transformer(named.config)).output;
        const Expr normal = normalise(logits);
        ASSERT_EQ(normalise(flatten(logits)), normal) << named.name;
        ASSERT_EQ(normalise(merge_copies(logits)), normal) << named.name;
        ASSERT_EQ(merge_copies(flatten(merge_copies(logits))), normal) << named.name;
    }
}

// `ones` hides that t1 is t2 with its ports in another order.
TEST(Normalise, GivesASumThatIsAFactorAnOrderOfPortsOfItsOwn) {
    const Expr hidden = parse_network(
                            "t2[d,e] = 2 T0[d,e] + W_V[L1H0][d,e]\n"
                            "t1[e,d] = t2[d,e] ones[d]\n"
                            "out = W_V[L0][h,d,e] W_O[L0][h,e,d1] t1[e,d1]")
                            .output;
    EXPECT_EQ(normalise(flatten(hidden)), normalise(hidden));
    const auto squared = [](const char* text) { return normalise(parse_network(text).output); };
    EXPECT_EQ(squared("s[d,d1] = T0[d,d1] + 2 T1[d1,d]\nout[d,d1] = s[d,d2] s[d2,d1]"),
              squared("s[d,d1] = T0[d1,d] + 2 T1[d,d1]\nout[d,d1] = s[d2,d] s[d1,d2]"));
}

TEST(Normalise, DoesNotDependOnTheOrderOfThePasses) {
    const auto last = [](const Expr& e) { return fold(distribute(e), 1); };
    for (Config config : {tiny(), tiny_gpt2(), tiny_gpt2(2, 2, false)}) {
        const Expr logits = freeze(transformer(config)).output;
        const Expr wanted = last(split_heads(logits, config));
        EXPECT_EQ(last(split_heads(normalise(logits), config)), wanted);
        EXPECT_EQ(last(split_heads(fold(logits), config)), wanted);
        EXPECT_EQ(last(split_heads(distribute(logits), config)), wanted);
        EXPECT_EQ(last(fold(split_heads(logits, config))), wanted);
        EXPECT_EQ(normalise(fold(split_heads(distribute(unfold(logits)), config))), wanted);
    }
}

TEST(Normalise, KeepsNodesLinearInTheLayers) {
    const auto nodes = [](int layers) {
        return count_nodes(normalise(freeze(transformer(tiny_gpt2(layers))).output));
    };
    EXPECT_LT(nodes(40), 11 * nodes(4));
}

}  // namespace
}  // namespace headway
