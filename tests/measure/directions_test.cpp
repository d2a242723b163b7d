// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/directions.hpp"

#include "headway/model/load.hpp"
#include "headway/network/text.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace headway {
namespace {

constexpr EvaluateOptions in_double{.precision = Precision::Double};

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// The ids of the `n` largest, by a full sort.
std::vector<int> largest(const std::vector<double>& values, int n) {
    std::vector<std::pair<double, int>> sorted;
    for (std::size_t i = 0; i < values.size(); ++i) sorted.emplace_back(-values[i], static_cast<int>(i));
    std::ranges::sort(sorted);
    std::vector<int> ids;
    for (int i = 0; i < n; ++i) ids.push_back(sorted[at(i)].second);
    return ids;
}

TEST(Directions, AreReadThroughTheEmbeddingAndWrittenThroughTheUnembedding) {
    const Model model = random_model(
        parse_random_shape("layers=2,heads=4,kv_heads=2,d_model=12,d_head=3,vocab=40,norm=rmsnorm"),
        {.seed = 3});
    const auto w_e = model.leaf<double>("W_E").data, w_u = model.leaf<double>("W_U").data;
    for (const std::string symbol : {"U_OV", "V_OV", "U_QK", "V_QK"}) {
        const HeadDirection direction{{1, 2}, symbol, 1};
        const auto leaf = model.leaf<double>(symbol, 1).data;
        std::vector<double> values(40), negative(40);
        for (int v = 0; v < 40; ++v) {
            for (int d = 0; d < 12; ++d) {
                const double entry =
                    symbol[0] == 'U' ? leaf[at((2 * 12 + d) * 3 + 1)] : leaf[at((2 * 3 + 1) * 12 + d)];
                values[at(v)] += entry * (symbol == "V_OV" ? w_u[at(d * 40 + v)] : w_e[at(v * 12 + d)]);
            }
            negative[at(v)] = -values[at(v)];
        }
        const DirectionTokens tokens = direction_tokens(model, std::vector{direction}, 5, in_double).front();
        EXPECT_EQ(tokens.plus, largest(values, 5)) << symbol;
        EXPECT_EQ(tokens.minus, largest(negative, 5)) << symbol;
        EXPECT_NEAR(tokens.plus_values[2], values[at(tokens.plus[2])], 1e-13);
        EXPECT_NEAR(tokens.minus_values[0], values[at(tokens.minus[0])], 1e-13);
    }
}

TEST(Directions, OfSeveralMatricesComeInTheOrderAskedFor) {
    const Model model =
        random_model(parse_random_shape("layers=2,heads=2,d_model=8,d_head=4,vocab=20"), {.seed = 4});
    const std::vector<HeadDirection> asked{{{1, 1}, "V_QK", 3}, {{0, 0}, "U_OV", 0}, {{1, 1}, "V_QK", 0}};
    const auto all = direction_tokens(model, asked, 100, in_double);
    ASSERT_EQ(all.size(), 3U);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        EXPECT_EQ(all[i].plus.size(), 20U);
        EXPECT_EQ(all[i].plus,
                  direction_tokens(model, std::span(asked).subspan(i, 1), 20, in_double)[0].plus);
    }
}

TEST(Directions, AreNetworksOverTheVocabulary) {
    const Config config = parse_random_shape("layers=2,heads=2,d_model=8,d_head=4,vocab=20");
    EXPECT_EQ(to_line(directions_over_vocabulary(config, {0, 1}, "U_OV")),
              "W_E[v,d] U_OV[L0H1][d,c] -> [v,c]");
    EXPECT_EQ(to_line(directions_over_vocabulary(config, {0, 1}, "V_OV")),
              "W_U[d,v] V_OV[L0H1][c,d] -> [v,c]");
}

TEST(Directions, WrittenBeforeAHeadThatIsNotLinearAreRefused) {
    Config config = parse_random_shape("layers=2,heads=2,d_model=8,d_head=4,vocab=20");
    config.masked_head = true;
    test::expect_error(ErrorKind::Unsupported, "does not reach the logits by W_U alone", [&] {
        return directions_over_vocabulary(config, {0, 1}, "V_OV");
    });
    EXPECT_NO_THROW(directions_over_vocabulary(config, {0, 1}, "V_QK"));
}

}  // namespace
}  // namespace headway
