// Behaviour on repeated random tokens: against plain loops over the patterns of a run, and of models whose
// heads are known.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/probe.hpp"

#include "headway/io/json.hpp"
#include "headway/io/npy.hpp"
#include "headway/measure/run.hpp"
#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace headway {
namespace {

using test::expect_error;
using Rows = std::vector<std::vector<int>>;

// The definitions, word for word, from the patterns of runs.
HeadProbe by_loops(const Model& model, const Rows& rows, Head head) {
    HeadProbe result{.head = head};
    const std::size_t t = (rows.front().size() - 1) / 2;
    for (const std::vector<int>& row : rows) {
        const headway::Run run = run_model(model, row, {.precision = Precision::Double});
        const auto layer = static_cast<std::size_t>(head.layer), index = static_cast<std::size_t>(head.index);
        for (std::size_t i = 0; i < t; ++i) {
            result.duplicate += run.attention(layer, index, 1 + t + i, 1 + i) / static_cast<double>(t);
            result.induction += run.attention(layer, index, 1 + t + i, 2 + i) / static_cast<double>(t);
        }
        for (std::size_t j = 0; j < 2 * t; ++j) {
            result.previous += run.attention(layer, index, j + 1, j) / static_cast<double>(2 * t);
            result.first += run.attention(layer, index, j + 1, 0) / static_cast<double>(2 * t);
        }
    }
    for (double HeadProbe::*value :
         {&HeadProbe::previous, &HeadProbe::duplicate, &HeadProbe::induction, &HeadProbe::first})
        result.*value /= static_cast<double>(rows.size());
    return result;
}

void expect_near(const HeadProbe& a, const HeadProbe& b, double tolerance) {
    EXPECT_EQ(a.head, b.head);
    EXPECT_NEAR(a.previous, b.previous, tolerance) << label(a.head);
    EXPECT_NEAR(a.duplicate, b.duplicate, tolerance) << label(a.head);
    EXPECT_NEAR(a.induction, b.induction, tolerance) << label(a.head);
    EXPECT_NEAR(a.first, b.first, tolerance) << label(a.head);
}

TEST(Probe, IsTheMeanOfTheNamedEntriesOfTheRunsPatterns) {
    for (const char* shape :
         {"random:layers=2,heads=4,kv_heads=2,d_model=16,d_mlp=24,vocab=13,norm=rmsnorm,positions=rotary,"
          "gated=1,activation=silu",
          "random:layers=2,heads=2,d_model=8,vocab=9,positions=alibi,window=3",
          "random:layers=1,heads=3,d_model=12,vocab=11,ctx=9,causal=0"}) {
        const Model model = load_model(shape);
        const Rows rows = probe_rows(model.config(), {.rows = 2, .length = 4});
        const Probe result = probe(model, rows, {.precision = Precision::Double});
        ASSERT_EQ(result.heads.size(),
                  static_cast<std::size_t>(model.config().n_layers * model.config().n_heads));
        for (const HeadProbe& head : result.heads) expect_near(head, by_loops(model, rows, head.head), 1e-12);
    }
}

TEST(Probe, TheHandMadeInductionHeadIsFoundWithItsPreviousTokenHead) {
    const Model model = load_model("example:induction");
    const Probe result = probe(model, probe_rows(model.config()), {.precision = Precision::Double});
    EXPECT_EQ(result.length, 31);  // as many tokens as there are, but the first
    EXPECT_NEAR(result.at({0, 0}).previous, 1, 1e-9);
    EXPECT_NEAR(result.at({1, 0}).induction, 1, 1e-9);
    EXPECT_NEAR(result.at({0, 1}).induction, 0, 1e-9);
    EXPECT_GT(result.at({1, 0}).first, 0.45);  // in the first copy it rests on the begin token
    EXPECT_LT(result.loss_second, 1e-4);
    EXPECT_GT(result.loss_first, 2);
}

TEST(Probe, LossesAreThoseOfTheTwoCopiesWithoutTheFirstRepeatedToken) {
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=9,ctx=16");
    const Rows rows = probe_rows(model.config(), {.rows = 1, .length = 3});
    const Probe result = probe(model, rows, {.precision = Precision::Double});
    const std::vector<double> loss = run_model(model, rows.front(), {.precision = Precision::Double}).loss;
    EXPECT_NEAR(result.loss_first, (loss[0] + loss[1] + loss[2]) / 3, 1e-12);
    EXPECT_NEAR(result.loss_second, (loss[4] + loss[5]) / 2, 1e-12);
}

TEST(Probe, AModelThatSeesWhatFollowsHasNoLoss) {
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=9,ctx=16,causal=0");
    const Probe result = probe(model, probe_rows(model.config(), {.length = 3}));
    EXPECT_TRUE(std::isnan(result.loss_first) && std::isnan(result.loss_second));
    EXPECT_EQ(result.undefined_loss, "every position sees the tokens that follow");
}

TEST(Probe, TheEditedNetworkIsTheOneThatIsProbed) {
    const Model model = load_model("example:induction");
    const Rows rows = probe_rows(model.config(), {.rows = 1, .length = 5});
    std::string text = to_text(transformer(model.config()));
    const std::size_t at = text.find("scale[L1]");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 9, "scale[L1] one_hot(0)[h]");  // the scores of the other heads become 0
    const Probe result = probe(model, parse_network(text), rows, {.precision = Precision::Double});
    EXPECT_NEAR(result.at({1, 0}).induction, 1, 1e-9);
    EXPECT_LT(result.at({1, 1}).first, 0.5);
    EXPECT_NEAR(result.at({1, 1}).previous, result.at({1, 1}).first, 1e-12);  // uniform attention
}

TEST(Probe, RowsAreRepeatedTokensWithoutRepeatsWithinACopyAndFollowTheSeed) {
    const Config config = load_model("random:layers=1,heads=1,d_model=4,vocab=40,ctx=21").config();
    const Rows rows = probe_rows(config, {.rows = 3, .length = 50, .first = 7, .seed = 1});
    ASSERT_EQ(rows.size(), 3u);
    for (const std::vector<int>& row : rows) {
        ASSERT_EQ(row.size(), 21u);  // as many positions as the model has
        EXPECT_EQ(row[0], 7);
        EXPECT_EQ(std::set<int>(row.begin(), row.end()).size(), 11u);
        for (std::size_t i = 1; i <= 10; ++i) EXPECT_EQ(row[i], row[i + 10]);
    }
    EXPECT_EQ(rows, probe_rows(config, {.rows = 3, .length = 50, .first = 7, .seed = 1}));
    EXPECT_NE(rows, probe_rows(config, {.rows = 3, .length = 50, .first = 7, .seed = 2}));
}

TEST(Probe, RefusesTokensThatAreNoProbe) {
    const Model model = load_model("example:induction");
    const auto probed = [&](const Rows& rows) { return [&model, rows] { return probe(model, rows); }; };
    expect_error(ErrorKind::Usage, "a probe needs at least one row", probed({}));
    expect_error(ErrorKind::Usage, "row 0 has 4 tokens, expected 1 + 2T", probed({{0, 1, 2, 1}}));
    expect_error(ErrorKind::Usage, "row 0 has 3 tokens, expected 1 + 2T", probed({{0, 1, 1}}));
    expect_error(ErrorKind::Usage, "row 1 has 7 tokens, expected 5",
                 probed({{0, 1, 2, 1, 2}, {0, 1, 2, 3, 1, 2, 3}}));
    expect_error(ErrorKind::Usage, "its second half does not repeat its first", probed({{0, 1, 2, 2, 1}}));
    expect_error(ErrorKind::Usage, "a probe cannot begin with token 32",
                 [&] { return probe_rows(model.config(), {.first = 32}); });
    expect_error(ErrorKind::Usage, "a probe needs at least 2 tokens to repeat",
                 [&] { return probe_rows(model.config(), {.length = 1}); });
    expect_error(ErrorKind::Usage, "a probe needs at least one row",
                 [&] { return probe_rows(model.config(), {.rows = 0}); });
}

// The rows of the model's own file, on which NumPy computed the means and losses in double.
TEST(Probe, TheTrainedModelOnItsProbeTokensIsAsNumPySays) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = shared / "models/attn-only-2l";
    const NpyArray tokens = read_npy(folder / "probe.npy");
    const auto n = static_cast<std::ptrdiff_t>(tokens.shape.at(1));
    Rows rows;
    for (std::ptrdiff_t i = 0; i < tokens.shape.at(0); ++i)
        rows.emplace_back(tokens.integers().begin() + i * n, tokens.integers().begin() + (i + 1) * n);
    const Probe result = probe(load_model(folder.string()), rows);
    const Json expected = read_json(folder / "causal.json").at("cases").at("nothing closed");
    for (const auto& [head, value] : expected.at("induction").members())
        EXPECT_NEAR(result.at(parse_head(head)).induction, value.number(), 1e-3) << head;
    EXPECT_NEAR(result.loss_first, expected.number("loss_first"), 1e-3);
    EXPECT_NEAR(result.loss_second, expected.number("loss_second"), 1e-3);
}

// Means over 50 other random rows: close, not equal.
TEST(Probe, TheTrainedModelOnOtherRandomRowsIsCloseToItsTable) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = shared / "models/attn-only-2l";
    const Model model = load_model(folder.string());
    const Probe result = probe(model, probe_rows(model.config(), {.rows = 20, .length = 63}));
    const Json scores = read_json(folder / "heads.json").at("scores");
    for (const auto& [name, value] : {std::pair{"induction", &HeadProbe::induction},
                                      {"previous", &HeadProbe::previous},
                                      {"duplicate", &HeadProbe::duplicate},
                                      {"first", &HeadProbe::first}})
        for (const auto& [head, expected] : scores.at(name).members())
            EXPECT_NEAR(result.at(parse_head(head)).*value, expected.number(), 0.05) << name << " " << head;
}

}  // namespace
}  // namespace headway
