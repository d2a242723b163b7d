// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/judge.hpp"

#include "headway/model/load.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

PairMatching pair(Head writer, Head reader, double matching, double copying) {
    PairMatching result;
    result.writer = writer, result.reader = reader;
    result.k_matching.value = matching, result.copying_reader = copying;
    return result;
}

// Two layers of three heads. The probe's induction heads are L1H0 and L1H1.
Probe some_probe() {
    Probe probe;
    for (int layer = 0; layer < 2; ++layer)
        for (int head = 0; head < 3; ++head) probe.heads.push_back({.head = {layer, head}});
    probe.heads[3].induction = 0.5;
    probe.heads[4].induction = 0.8;
    return probe;
}

const std::vector<PairMatching> some_pairs{pair({0, 0}, {1, 0}, 0.95, 0.99), pair({0, 1}, {1, 0}, 0.1, 0.99),
                                           pair({0, 0}, {1, 1}, 0.5, 0.8), pair({0, 0}, {1, 2}, 0.97, 0.2)};

CompositionTable some_scores() {
    CompositionTable table;
    table.baseline = 0.1;
    table.rows.push_back({.kind = Composition::K, .writer = {0, 0}, .reader = {1, 0}, .score = 0.2});
    table.rows.push_back({.kind = Composition::K, .writer = {0, 1}, .reader = {1, 1}, .score = 0.1});
    table.rows.push_back({.kind = Composition::Q, .writer = {0, 1}, .reader = {1, 1}, .score = 0.9});
    table.rows.push_back({.kind = Composition::K, .writer = {0, 1}, .reader = {1, 2}, .score = 0.3});
    return table;
}

TEST(Judge, NamesHitsMissesAndFalseAlarmsOfAThreshold) {
    const std::vector<Verdict> verdicts = judge_induction(some_pairs, some_scores(), some_probe());
    ASSERT_EQ(verdicts.size(), 8U);
    const Verdict& score = verdicts[0];
    EXPECT_EQ(score.method, "k_score");
    EXPECT_EQ(score.named_by, "at least 0.175");
    EXPECT_EQ(score.hits, (std::vector<Head>{{1, 0}}));
    EXPECT_EQ(score.misses, (std::vector<Head>{{1, 1}}));
    EXPECT_EQ(score.false_alarms, (std::vector<Head>{{1, 2}}));
    EXPECT_EQ(score.precision, 0.5);
    EXPECT_EQ(score.recall, 0.5);
    EXPECT_EQ(verdicts[4].method, "corner");
    EXPECT_EQ(verdicts[4].hits, (std::vector<Head>{{1, 0}}));
    EXPECT_TRUE(verdicts[4].false_alarms.empty());
    EXPECT_EQ(verdicts[4].precision, 1);
}

TEST(Judge, NamesAsManyAsTheProbeFound) {
    const std::vector<Verdict> verdicts = judge_induction(some_pairs, some_scores(), some_probe());
    EXPECT_EQ(verdicts[1].named_by, "the 2 strongest");
    EXPECT_EQ(verdicts[1].hits, (std::vector<Head>{{1, 0}}));          // score: L1H2, L1H0
    EXPECT_EQ(verdicts[3].false_alarms, (std::vector<Head>{{1, 2}}));  // matching: L1H2, L1H0
    EXPECT_EQ(verdicts[5].recall, 1);                                  // corner: L1H0, L1H1
}

// L1H2 has the highest score, with L0H1; it matches with L0H0.
TEST(Judge, BothClaimsMustHoldOfOnePair) {
    const std::vector<Verdict> verdicts = judge_induction(some_pairs, some_scores(), some_probe());
    EXPECT_EQ(verdicts[6].method, "score_and_matching");
    EXPECT_EQ(verdicts[6].hits, (std::vector<Head>{{1, 0}}));
    EXPECT_TRUE(verdicts[6].false_alarms.empty());
}

TEST(Judge, AveragePrecisionIsOfTheWholeOrder) {
    const std::vector<Verdict> verdicts = judge_induction(some_pairs, some_scores(), some_probe());
    EXPECT_NEAR(verdicts[0].average_precision, (1.0 / 2 + 2.0 / 3) / 2, 1e-15);
    EXPECT_NEAR(verdicts[4].average_precision, 1, 1e-15);
    EXPECT_EQ(verdicts[0].average_precision, verdicts[1].average_precision);
}

TEST(Judge, HeadsWithoutAValueAreNeverNamedAndMissed) {
    const double nan = std::nan("");
    const std::vector<Verdict> verdicts =
        judge_induction({pair({0, 0}, {1, 0}, nan, 0.99)}, {}, some_probe());
    EXPECT_TRUE(verdicts[2].hits.empty());
    EXPECT_TRUE(std::isnan(verdicts[2].precision));
    EXPECT_EQ(verdicts[2].misses, (std::vector<Head>{{1, 1}, {1, 0}}));
    EXPECT_EQ(verdicts[2].average_precision, 0);
}

TEST(Judge, WithoutInductionHeadsThereIsNothingToRecall) {
    Probe none = some_probe();
    for (HeadProbe& head : none.heads) head.induction = 0;
    const std::vector<Verdict> verdicts = judge_induction(some_pairs, some_scores(), none);
    EXPECT_TRUE(std::isnan(verdicts[4].recall));
    EXPECT_EQ(verdicts[4].precision, 0);
    EXPECT_TRUE(std::isnan(verdicts[4].average_precision));
}

TEST(Judge, TheCornerFindsTheInductionHeadsOfTheTrainedExampleAndNothingElse) {
    const Model model = load_model("example:attn-only-2l");
    const EvaluateOptions options{.threads = 2};
    const Probe found = probe(model, probe_rows(model.config(), {.rows = 2, .length = 40}), options);
    const std::vector<Verdict> verdicts = judge_induction(
        pair_matching(model), composition(model, {Composition::K}), found, {.matching = 0.99});
    EXPECT_EQ(verdicts[4].recall, 1);
    EXPECT_EQ(verdicts[4].precision, 1);
    EXPECT_EQ(verdicts[4].hits.size(), 5U);
}

}  // namespace
}  // namespace headway
