// Heads, layers and tokens as people write them.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/selection.hpp"

#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace headway {
namespace {

using test::expect_error;

Config two_by_three() {
    Config config;
    config.n_layers = 2;
    config.n_heads = config.n_kv_heads = 3;
    return config;
}

TEST(Selection, HeadsAreLabelsWithStars) {
    const Config config = two_by_three();
    EXPECT_EQ(parse_heads("L1H2,L0H1", config), (std::vector<Head>{{0, 1}, {1, 2}}));
    EXPECT_EQ(parse_heads("L1H*", config), (std::vector<Head>{{1, 0}, {1, 1}, {1, 2}}));
    EXPECT_EQ(parse_heads("L*H2", config), (std::vector<Head>{{0, 2}, {1, 2}}));
    EXPECT_EQ(parse_heads("0.1,L0H1", config), (std::vector<Head>{{0, 1}}));
}

TEST(Selection, WhatIsNoHeadIsShown) {
    for (const char* text :
         {"", "L1", "1", "1.", ".1", "-1.0", "1.0.0", "a.b", "0x1.0", " 1.0 ", "L1H2,", "LH*", "L*H"})
        expect_error(ErrorKind::Usage, "head", [&] { return parse_heads(text, two_by_three()); });
}

TEST(Selection, AHeadThatTheModelHasNotIsNamed) {
    expect_error(ErrorKind::Unsupported, "there is no head L1H7: layer 1 has heads 0 to 2",
                 [] { return parse_heads("L1H7", two_by_three()); });
    expect_error(ErrorKind::Unsupported, "there is no layer 5: the model has layers 0 to 1",
                 [] { return parse_heads("L5H0", two_by_three()); });
    expect_error(ErrorKind::Unsupported, "there is no layer 2",
                 [] { return parse_head_of("L2H0", two_by_three()); });
}

TEST(Selection, LayersAreNumbersAndRanges) {
    Config config = two_by_three();
    config.n_layers = 8;
    EXPECT_EQ(parse_layers("5,0-2,1", config), (std::vector<int>{0, 1, 2, 5}));
    for (const char* text : {"", "5-3", "0-", "-1", "a", "1,,2", "1-2-3"})
        expect_error(ErrorKind::Usage, "no layer or range of layers",
                     [&] { return parse_layers(text, config); });
    expect_error(ErrorKind::Unsupported, "there is no layer 8", [&] { return parse_layers("0-8", config); });
}

TEST(Selection, TokensAreIdsBetweenCommas) {
    EXPECT_EQ(parse_tokens("0,5,17"), (std::vector<int>{0, 5, 17}));
    for (const char* text : {"", "1,", "1,,2", "-1", "1.5", " 1", "99999999999"})
        expect_error(ErrorKind::Usage, "is no token", [&] { return parse_tokens(text); });
}

TEST(Selection, IntegersAreWholeAndClamped) {
    EXPECT_EQ(parse_integer("-12", "--n"), -12);
    EXPECT_EQ(parse_integer("99999999999999999999", "--n"), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(parse_integer("-99999999999999999999", "--n"), std::numeric_limits<std::int64_t>::min());
    for (const char* text : {"", "ten", "1x", "1.0", " 1", "+1"})
        expect_error(ErrorKind::Usage, "--n: ", [&] { return parse_integer(text, "--n"); });
}

}  // namespace
}  // namespace headway
