// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/open_head.hpp"

#include "expand/tiny.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/select.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/text.hpp"
#include "headway/network/transformer.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

Expr read(const std::string& text, const Network& known = {}) {
    return parse_network(text, known.definitions).output;
}

TEST(OpenHead, GivesTheLayersWeightForAHeads) {
    EXPECT_EQ(open_head(head_leaf("W_Q", {0, 3}), {0, 3}), leaf("W_Q", 0));
    EXPECT_EQ(open_head(head_leaf("W_Q", {0, 3}, 2), {0, 3}, 2), leaf("W_Q", 0, 2));
    EXPECT_EQ(open_head(head_leaf("W_K", {0, 3}, 2), {0, 3}, 2), leaf("W_K", 0, 2));
}

TEST(OpenHead, MakesOneIndexOfAllTheHeadsWeights) {
    EXPECT_EQ(open_head(read("W_Q[L0H3][d,e] W_K[L0H3][d1,e] -> [d,d1]"), {0, 3}),
              read("W_Q[L0][h,d,e] W_K[L0][h,d1,e] -> [h,d,d1]"));
    EXPECT_EQ(open_head(read("W_Q[L0H3][d,e] W_K[L0G1][d1,e] -> [d,d1]"), {0, 3}, 2),
              read("W_Q[L0][h,r,d,e] W_K[L0][h,d1,e] -> [h,r,d,d1]"));
}

TEST(OpenHead, LeavesOtherHeadsAsTheyAre) {
    EXPECT_EQ(open_head(read("W_O[L0H3][e,d] W_V[L1H3][d,e1] -> [e,e1]"), {1, 3}),
              read("W_O[L0H3][e,d] W_V[L1][h,d,e1] -> [h,e,e1]"));
}

TEST(OpenHead, OpensOneHeadAfterTheOther) {
    const Expr pair = read("W_O[L0H3][e,d] W_V[L1H2][d,e1] -> [e,e1]");
    EXPECT_EQ(open_head(open_head(pair, {1, 2}), {0, 3}),
              read("W_O[L0][h,e,d] W_V[L1][h1,d,e1] -> [h,h1,e,e1]"));
}

TEST(OpenHead, WidensTermsThatDoNotBelongToTheHead) {
    const Index e{Space::HeadInner, 0}, d{Space::Residual, 0}, h{Space::Head, 0};
    const Expr other = head_leaf("W_O", {1, 1});
    const Expr both = sum({{1, {head_leaf("W_O", {0, 1}), {e, d}}}, {2, {other, {e, d}}}}, {e, d});
    const Expr wide = product({{other, {e, d}}, {copy(Space::Head, 1), {h}}}, {h, e, d});
    EXPECT_EQ(open_head(both, {0, 1}),
              sum({{1, {leaf("W_O", 0), {h, e, d}}}, {2, {wide, {h, e, d}}}}, {h, e, d}));
}

TEST(OpenHead, GoesIntoFamilies) {
    const Expr list = family({head_leaf("W_O", {0, 1}), head_leaf("W_O", {1, 1})}, Space::Layer);
    const Expr opened = open_head(list, {1, 1});
    EXPECT_EQ(opened->ports(), (std::vector{Space::Head, Space::Layer, Space::HeadInner, Space::Residual}));
    EXPECT_EQ(normalise(select(opened, {{0, 1}, {1, 1}})), head_leaf("W_O", {1, 1}));
}

TEST(OpenHead, IsUndoneBySelectingTheHead) {
    for (const int group : {1, 2}) {
        const Expr circuit =
            product({{head_leaf("W_O", {1, 3}, group), {{Space::HeadInner, 0}, {Space::Residual, 0}}},
                     {head_leaf("W_V", {1, 3}, group), {{Space::Residual, 0}, {Space::HeadInner, 1}}}},
                    {{Space::HeadInner, 0}, {Space::HeadInner, 1}});
        EXPECT_EQ(select_head(open_head(circuit, {1, 3}, group), 3, group), circuit);
    }
}

TEST(OpenHead, OpensFrozenPatterns) {
    const Network frozen = freeze(transformer(tiny(1)));
    EXPECT_EQ(open_head(read("A[L0H1][q,k] -> [q,k]", frozen), {0, 1}), frozen.at("A[L0]"));
}

TEST(OpenHead, RefusesWhatHasNoSuchHeadOrHidesIt) {
    test::expect_error(ErrorKind::Usage, "nothing in the network belongs to L0H1", [] {
        return open_head(leaf("W_E"), {0, 1});
    });
    test::expect_error(ErrorKind::Usage, "L0H1 is inside of a function", [] {
        return open_head(pointwise(Function::Relu, head_leaf("b_Q", {0, 1})), {0, 1});
    });
}

}  // namespace
}  // namespace headway
