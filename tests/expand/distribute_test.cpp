// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/distribute.hpp"

#include "expand/tiny.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/network/transformer.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

Expr read(const std::string& text) { return parse_network(text).output; }

TEST(Distribute, MultipliesProductsOverSums) {
    EXPECT_EQ(
        distribute(read("s[d] = b_O[L0][d] + 2 b_O[L1][d]\nt[v] = s[d] W_U[d,v]\nout[v] = 3 t[v] - b_U[v]")),
        read("out[v] = 3 b_O[L0][d] W_U[d,v] + 6 b_O[L1][d] W_U[d,v] - b_U[v]"));
}

TEST(Distribute, CollectsEqualTerms) {
    EXPECT_EQ(distribute(read("s[d] = b_O[L0][d] + b_O[L1][d]\nout[d] = s[d] s[d]")),
              read("out[d] = b_O[L0][d] b_O[L0][d] + 2 b_O[L0][d] b_O[L1][d] + b_O[L1][d] b_O[L1][d]"));
}

TEST(Distribute, GivesAnEmptySumForZero) {
    const Expr none = distribute(read("s[d] = b_O[L0][d] - b_O[L0][d]\nout[v] = s[d] W_U[d,v]"));
    ASSERT_NE(none->as<Sum>(), nullptr);
    EXPECT_TRUE(none->as<Sum>()->terms.empty());
    EXPECT_EQ(none->ports(), std::vector<Space>{Space::Vocab});
}

TEST(Distribute, StopsAtFunctions) {
    const Expr apply = read("s[q,d] = W_pos[q,d] + W_pos[q,d1] centre[d1,d]\nout[q,d] = relu(s[q,d])");
    EXPECT_EQ(distribute(apply), apply);
}

TEST(Distribute, CountsBeforeItBuilds) {
    EXPECT_EQ(count_terms(freeze(transformer(tiny(3))).output), 8U);
    EXPECT_EQ(count_terms(freeze(transformer(tiny(60))).output), std::uint64_t{1} << 60);
}

TEST(Distribute, RefusesTooManyTermsWithTheCount) {
    const Expr logits = freeze(transformer(tiny(30))).output;
    try {
        distribute(logits);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Limit);
        EXPECT_STREQ(error.what(), "multiplying out gives 1073741824 terms, more than the limit of 100000");
    }
    EXPECT_THROW(distribute(freeze(transformer(tiny(70))).output), Error);
}

}  // namespace
}  // namespace headway
