// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/fold.hpp"

#include "headway/expand/normalise.hpp"
#include "headway/network/text.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

Expr read(const std::string& text) { return parse_network(text).output; }

struct Row {
    std::string unfolded;
    std::string folded;
    int group_size = 1;
};

std::vector<Row> table() {
    return {{"W_E[v,d] W_V[L0H3][d,e] W_O[L0H3][e,d1] -> [v,d1]", "W_E[v,d] W_OV[L0H3][d,d1] -> [v,d1]"},
            {"W_Q[L0H3][d,e] W_K[L0H3][d1,e] -> [d,d1]", "W_QK[L0H3][d,d1] -> [d,d1]"},
            {"W_V[L0][h,d,e] W_O[L0][h,e,d1] -> [h,d,d1]", "W_OV[L0][h,d,d1] -> [h,d,d1]"},
            {"W_V[L0H3][d,e] W_O[L0H3][e,d1] W_V[L1H4][d1,e1] W_O[L1H4][e1,d2] -> [d,d2]",
             "W_OV[L0H3][d,d1] W_OV[L1H4][d1,d2] -> [d,d2]"},
            {"W_V[L0G1][d,e] W_O[L0H3][e,d1] -> [d,d1]", "W_OV[L0H3][d,d1] -> [d,d1]", 2},
            {"W_Q[L0H3][d,e] W_K[L0G1][d1,e] -> [d,d1]", "W_QK[L0H3][d,d1] -> [d,d1]", 2},
            {"W_V[L0][h,d,e] W_O[L0][h,r,e,d1] -> [h,r,d,d1]", "W_OV[L0][h,r,d,d1] -> [h,r,d,d1]", 2}};
}

TEST(Fold, MakesTheCircuitsOfTheTable) {
    for (const Row& row : table()) EXPECT_EQ(fold(read(row.unfolded), row.group_size), read(row.folded));
}

TEST(Fold, IsUndoneByUnfold) {
    for (const Row& row : table())
        EXPECT_EQ(unfold(read(row.folded), row.group_size), normalise(read(row.unfolded))) << row.folded;
}

TEST(Fold, KeepsApartWhatBelongsToDifferentHeadsOrIsRotatedBetween) {
    for (const Row& row :
         std::vector<Row>{{"W_V[L0H3][d,e] W_O[L0H2][e,d1] -> [d,d1]", ""},
                          {"W_V[L0H3][d,e] W_O[L1H3][e,d1] -> [d,d1]", ""},
                          {"W_V[L0G0][d,e] W_O[L0H3][e,d1] -> [d,d1]", "", 2},
                          {"W_V[L0][h,d,e] W_O[L0][h1,e,d1] -> [h,h1,d,d1]", ""},
                          {"W_V[L0H3][d,e] W_O[L0H3][e,d1] b_V[L0H3][e] -> [d,d1]", ""},
                          {"W_V[L0H3][d,e] W_O[L0H3][e,d1] -> [e,d,d1]", ""},
                          {"W_Q[L0H3][d,e] rope(4,10000)[q,e,e1] W_K[L0H3][d1,e1] -> [q,d,d1]", ""}})
        EXPECT_EQ(fold(read(row.unfolded), row.group_size), read(row.unfolded));
}

}  // namespace
}  // namespace headway
