// The plan of all composition scores costs what the algorithm of Gram matrices costs, and the planner finds
// it by itself.
// SPDX-License-Identifier: Apache-2.0
#include "contract/order.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

TEST(CompositionOrder, OfOneKindIsTheGramMatricesAndOneProductOverTheirElements) {
    constexpr std::int64_t heads = 144, d = 768, m = 64;  // GPT-2 small
    enum { a, b, i, j, k, k1, p, p1, s, s1 };
    OrderProblem problem;
    for (const std::vector<int>& indices : {std::vector<int>{a, i, p},
                                            {a, p, k},
                                            {b, k, s},
                                            {b, j, s},
                                            {a, i, p1},
                                            {a, p1, k1},
                                            {b, k1, s1},
                                            {b, j, s1}})
        problem.factors.push_back({indices});
    problem.sizes = {heads, heads, d, d, d, d, m, m, m, m};
    problem.output = {a, b};
    const std::optional<Order> order = find_order(problem);
    ASSERT_TRUE(order.has_value());
    const double one_side = heads * d * m * m + heads * d * m * m + heads * m * d * d;
    EXPECT_EQ(order->multiply_adds, 2 * one_side + heads * heads * d * d);
    EXPECT_EQ(order->multiply_adds, 24'914'165'760.0);
    EXPECT_TRUE(order->optimal);
}

}  // namespace
}  // namespace headway
