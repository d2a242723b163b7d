// Contraction orders whose best is known: composition scores of all pairs, symbolic factors, ties, limits.
// SPDX-License-Identifier: Apache-2.0
#include "contract/order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "headway/base/error.hpp"

namespace headway {
namespace {

/// One letter an index: `{"aip", "apk"} -> "ak"`. Sizes are looked up by letter.
OrderProblem network(const std::vector<std::string>& factors, const std::string& output,
                     const std::vector<std::pair<std::string, int>>& sizes) {
    OrderProblem problem;
    problem.sizes.assign(128, 0);
    for (const auto& [letters, size] : sizes) {
        for (char c : letters) problem.sizes[static_cast<unsigned char>(c)] = size;
    }
    for (const std::string& factor : factors) problem.factors.push_back({{factor.begin(), factor.end()}});
    problem.output.assign(output.begin(), output.end());
    return problem;
}

void make_symbolic(OrderFactor& factor, const std::vector<std::string>& needs) {
    factor.symbolic = true;
    for (const std::string& need : needs) factor.needs.emplace_back(need.begin(), need.end());
}

/// `k_composition[a, b]` of all pairs of heads of GPT-2 small; primed indices are capitals.
OrderProblem k_composition() {
    return network({"aip", "apk", "bks", "bjs", "aiP", "aPK", "bKS", "bjS"}, "ab",
                   {{"ab", 144}, {"ijkK", 768}, {"pPsS", 64}});
}

TEST(Order, OfAllPairsCompositionBuildsGramsAndEndsInOneProductOverPairsOfIndices) {
    const auto order = find_order(k_composition());
    ASSERT_TRUE(order);
    EXPECT_EQ(order->multiply_adds, 24'914'165'760.0);
    EXPECT_TRUE(order->optimal);
    EXPECT_EQ(order->largest_result, 144.0 * 768 * 768);
    const auto [writer, reader] = order->steps.back();  // each made of four factors
    EXPECT_EQ(std::min(writer, reader), 8 + 2);
    EXPECT_EQ(std::max(writer, reader), 8 + 5);
}

TEST(Order, OfCompositionIsTheSameWhenAHeadIsALayerAndAMember) {
    OrderProblem problem = network({"lhip", "lhpk", "bks", "bjs", "lhiP", "lhPK", "bKS", "bjS"}, "lhb",
                                   {{"lh", 12}, {"b", 144}, {"ijkK", 768}, {"pPsS", 64}});
    EXPECT_EQ(find_order(problem)->multiply_adds, 24'914'165'760.0);
}

TEST(Order, KeepsALayerMaskOutOfTheCompositionGrams) {
    OrderProblem problem = k_composition();
    problem.factors.push_back({{'a', 'b'}});
    make_symbolic(problem.factors.back(), {"ab"});
    const auto order = find_order(problem);
    EXPECT_EQ(order->multiply_adds, 24'914'165'760.0 + 144 * 144);
    EXPECT_EQ(std::min(order->steps.back().left, order->steps.back().right), 8);  // the mask comes last
}

TEST(Order, OfAMatrixChainIsTheTextbookOne) {  // Cormen et al., "Introduction to Algorithms", section 15.2
    const OrderProblem problem =
        network({"ab", "bc", "cd", "de", "ef", "fg"}, "ag",
                {{"a", 30}, {"b", 35}, {"c", 15}, {"d", 5}, {"e", 10}, {"f", 20}, {"g", 25}});
    EXPECT_EQ(find_order(problem)->multiply_adds, 15125);
}

TEST(Order, TakesAnOuterProductWhereThatIsCheaper) {
    const auto order = find_order(network({"i", "j", "ijk"}, "k", {{"ij", 3}, {"k", 100}}));
    EXPECT_EQ(order->multiply_adds, 9 + 900);
    EXPECT_EQ(order->steps.front(), (OrderStep{0, 1}));
}

TEST(Order, OfOneFactorSumsItsLoneIndices) {
    const auto order = find_order(network({"ij"}, "j", {{"i", 5}, {"j", 7}}));
    EXPECT_TRUE(order->steps.empty());
    EXPECT_EQ(order->multiply_adds, 35);
    EXPECT_EQ(order->writes, 7);
    EXPECT_EQ(order->peak_elements, 7);
    EXPECT_TRUE(find_order(OrderProblem{})->steps.empty());
}

TEST(Order, SumsALoneIndexBeforeItsFactorIsUsed) {
    EXPECT_EQ(find_order(network({"ij", "jk"}, "k", {{"i", 50}, {"jk", 4}}))->multiply_adds, 200 + 16);
}

TEST(Order, OfEqualCostHasTheLowerPeak) {
    // (AB)C and A(BC) cost 144 each, as 1/b + 1/d = 1/a + 1/c; AB has 18 elements and BC 16, the result 12.
    const std::vector<std::pair<std::string, int>> sizes{{"a", 3}, {"bd", 4}, {"c", 6}};
    for (const std::vector<std::string>& factors :
         {std::vector<std::string>{"ab", "bc", "cd"}, {"cd", "bc", "ab"}}) {
        const auto order = find_order(network(factors, "ad", sizes));
        EXPECT_EQ(order->multiply_adds, 144);
        EXPECT_EQ(order->peak_elements, 16 + 12);
    }
}

TEST(Order, MakesTheBranchWithTheHigherPeakFirst) {
    // tr(ABC) passes through a matrix of 100 elements; if the number x.x were made before it, 102 would be
    // alive.
    const auto order = find_order(network({"x", "x", "ab", "bc", "ca"}, "", {{"x", 5}, {"abc", 10}}));
    EXPECT_EQ(order->peak_elements, 100 + 1);
}

TEST(Order, GathersBeforeItMultiplies) {
    // logits[q,u] = token[q,v] W_E[v,d] W_U[d,u]: rows of W_E are picked; the gather never is a product over
    // v.
    OrderProblem problem = network({"qv", "vd", "du"}, "qu", {{"q", 16}, {"vu", 50257}, {"d", 768}});
    make_symbolic(problem.factors[0], {"v"});
    const auto order = find_order(problem);
    EXPECT_EQ(order->steps, (std::vector<OrderStep>{{0, 1}, {2, 3}}));
    EXPECT_EQ(order->multiply_adds, 16. * 768 + 16. * 768 * 50257);
}

TEST(Order, RotatesOnWhicheverSideIsSmaller) {
    // score[q,k] = x[q,e] rope[q,e,f] y[f,k]: either leg of the rotation will do.
    OrderProblem problem = network({"qe", "qef", "fk"}, "qk", {{"q", 16}, {"ef", 64}, {"k", 1000}});
    make_symbolic(problem.factors[1], {"qe", "qf"});
    EXPECT_EQ(find_order(problem)->multiply_adds, 16. * 64 + 16. * 64 * 1000);
}

TEST(Order, OfTwoSymbolicFactorsAloneDoesNotExist) {
    OrderProblem problem = network({"qv", "vk"}, "qk", {{"qvk", 4}});
    make_symbolic(problem.factors[0], {"v"});
    make_symbolic(problem.factors[1], {"v"});
    EXPECT_FALSE(find_order(problem));
    EXPECT_FALSE(find_order(problem, {.exact_limit = 0}));
}

TEST(Order, RespectsTheLargestResultAllowed) {
    const OrderProblem problem = network({"ab", "bc", "cd"}, "ad", {{"a", 1}, {"bd", 5}, {"c", 30}});
    EXPECT_EQ(find_order(problem)->multiply_adds, 1 * 5 * 30 + 1 * 30 * 5);
    for (int exact_limit : {0, 14}) {
        const auto order = find_order(problem, {.largest_result = 25, .exact_limit = exact_limit});
        ASSERT_TRUE(order);
        EXPECT_EQ(order->multiply_adds, 5 * 30 * 5 + 1 * 5 * 5);
        EXPECT_FALSE(find_order(problem, {.largest_result = 24, .exact_limit = exact_limit}));
    }
}

TEST(Order, CostRefusesIllegalSteps) {
    const OrderProblem problem = network({"ab", "bc"}, "ac", {{"abc", 2}});
    EXPECT_THROW(cost_of(problem, {{0, 0}}), InvariantFailure);
    EXPECT_THROW(cost_of(problem, {{0, 2}}), InvariantFailure);
    EXPECT_THROW(cost_of(problem, {}), InvariantFailure);
    EXPECT_THROW(cost_of(problem, {{0, 1}, {0, 2}}), InvariantFailure);
    EXPECT_THROW(find_order(network({"ab"}, "ac", {{"abc", 2}})), InvariantFailure);
    EXPECT_THROW(find_order(network({"aa"}, "a", {{"a", 2}})), InvariantFailure);
}

}  // namespace
}  // namespace headway
