// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/select.hpp"

#include "expand/tiny.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

Expr read(const std::string& text, const Network& known = {}) {
    return parse_network(text, known.definitions).output;
}

TEST(Select, NamesTheHeadInTheLeaf) {
    EXPECT_EQ(select_head(leaf("W_Q", 0), 3), head_leaf("W_Q", {0, 3}));
    EXPECT_EQ(select_head(leaf("W_Q", 0, 2), 3, 2), head_leaf("W_Q", {0, 3}, 2));
    EXPECT_EQ(select_head(leaf("W_K", 0, 2), 3, 2), head_leaf("W_K", {0, 3}, 2));
}

TEST(Select, FixesAHeadThroughProductsSumsAndFunctions) {
    const Network network = transformer(tiny(1));
    EXPECT_EQ(normalise(select_head(network.at("A[L0]"), 1)),
              normalise(read("x[q,d] = token[q,v] W_E[v,d]\n"
                             "s[q,k] = x[q,d] W_Q[L0H1][d,e] W_K[L0H1][d1,e] x[k,d1] scale[L0]\n"
                             "a[q,k] = softmax_k(causal[q,k]; s[q,k])\na[q,k]")));
}

TEST(Select, FixesOneHeadOfAFrozenValue) {
    const Network frozen = freeze(transformer(tiny(1)));
    EXPECT_EQ(select_head(frozen.at("A[L0]"), 1), read("A[L0H1][q,k] -> [q,k]", frozen));
}

TEST(Select, TakesTheMemberOfAFamily) {
    const Expr all = layers_leaf("W_V", 3);
    EXPECT_EQ(select(all, {{0, 2}}), leaf("W_V", 2));
    EXPECT_EQ(select(all, {{0, 2}, {1, 1}}), head_leaf("W_V", {2, 1}));
    EXPECT_EQ(select(select(all, {{1, 1}}), {{0, 2}}), head_leaf("W_V", {2, 1}));
}

TEST(Select, TurnsCopiesIntoOneHots) {
    EXPECT_EQ(select(copy(Space::Head, 2), {{0, 3}}), one_hot(Space::Head, 3));
    EXPECT_EQ(select(copy(Space::Head, 3), {{0, 3}, {1, 2}}), sum(std::vector<Term>{}, {Space::Head}));
}

TEST(Select, HoldsAnIndexThatTheLeafCannotName) {
    EXPECT_EQ(select(leaf("W_Q", 0, 2), {{1, 1}}, 2), read("W_Q[L0][h,r,d,e] one_hot(1)[r] -> [h,d,e]"));
}

TEST(Select, RefusesPortsThatAreNoHeads) {
    EXPECT_THROW(select(leaf("W_E"), {{0, 1}}), Error);
    EXPECT_THROW(select(leaf("W_Q", 0), {{3, 1}}), Error);
    EXPECT_THROW(select(leaf("W_Q", 0), {{0, -1}}), Error);
    EXPECT_THROW(select(leaf("W_Q", 0), {{0, 1}, {0, 1}}), Error);
    EXPECT_THROW(select_head(leaf("W_E"), 0), Error);
}

TEST(SplitHeads, GivesOneTermAHead) {
    const Network frozen = freeze(transformer(tiny(1)));
    EXPECT_EQ(normalise(split_heads(frozen.at("attn[L0]"), tiny(1))),
              normalise(read("out[q,d] = A[L0H0][q,k] x0[k,d1] W_V[L0H0][d1,e] W_O[L0H0][e,d] + "
                             "A[L0H1][q,k] x0[k,d1] W_V[L0H1][d1,e] W_O[L0H1][e,d]",
                             frozen)));
}

TEST(SplitHeads, OfGroupedHeadsSharesKeysAndValues) {
    Config config = tiny(1, 4);
    config.n_kv_heads = 2;
    const Network frozen = freeze(transformer(config));
    const Expr split = normalise(split_heads(frozen.at("attn[L0]"), config));
    std::string text = "out[q,d] = ";
    for (int head = 0; head < 4; ++head)
        text += fmt::format("{}A[L0H{}][q,k] x0[k,d1] W_V[L0G{}][d1,e] W_O[L0H{}][e,d]",
                            head == 0 ? "" : " + ", head, head / 2, head);
    EXPECT_EQ(split, normalise(read(text, frozen)));
}

TEST(SplitHeads, LeavesOpenHeadIndicesAlone) {
    const Network network = transformer(tiny(1));
    EXPECT_EQ(split_heads(network.at("S[L0]"), tiny(1)), network.at("S[L0]"));
}

TEST(SplitHeads, RefusesTooManyCombinations) {
    EXPECT_THROW(
        split_heads(read("W_V[L0][h,d,e] W_O[L0][h,e,d1] W_V[L1][h1,d1,e1] W_O[L1][h1,e1,d2] -> [d,d2]"),
                    tiny(2, 4), 15),
        Error);
}

}  // namespace
}  // namespace headway
