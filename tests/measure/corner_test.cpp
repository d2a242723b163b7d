// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/corner.hpp"

#include "headway/measure/composition.hpp"
#include "headway/model/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace headway {
namespace {

const PairMatching& at(const std::vector<PairMatching>& pairs, Head writer, Head reader) {
    const auto found = std::ranges::find_if(
        pairs, [&](const PairMatching& pair) { return pair.writer == writer && pair.reader == reader; });
    EXPECT_NE(found, pairs.end());
    return *found;
}

const std::vector<PairMatching>& trained() {
    static const std::vector<PairMatching> pairs = pair_matching(load_model("example:attn-only-2l"));
    return pairs;
}
const std::vector<Head> induction_heads{{1, 2}, {1, 4}, {1, 5}, {1, 6}, {1, 7}};

TEST(Corner, HoldsTheFiveInductionHeadsWithTheirPreviousTokenHeads) {
    for (const Head reader : induction_heads)
        for (const Head writer : {Head{0, 0}, Head{0, 2}, Head{0, 4}}) {
            const PairMatching& pair = at(trained(), writer, reader);
            EXPECT_GT(pair.k_matching.value, 0.99) << label(writer) << label(reader);
            EXPECT_GT(pair.copying_reader, 0.99) << label(writer) << label(reader);
        }
    std::set<Head> deep;
    for (const CornerCandidate& candidate : induction_corner(trained(), 0.99)) deep.insert(candidate.reader);
    EXPECT_EQ(deep, std::set<Head>(induction_heads.begin(), induction_heads.end()));
}

// L0H6 attends to the token itself. Its composition scores are those of the previous-token heads; what it
// moves does not match.
TEST(Corner, IsAnotherClaimThanACompositionScore) {
    const Model model = load_model("example:attn-only-2l");
    const xt::xarray<double> scores =
        as_array(composition(model, {Composition::K}), Composition::K, model.config());
    for (const Head reader : induction_heads) {
        EXPECT_GT(scores(0, 6, 1, reader.index), 1.75 / std::sqrt(128)) << label(reader);
        EXPECT_GT(scores(0, 6, 1, reader.index), 0.95 * scores(0, 4, 1, reader.index)) << label(reader);
        EXPECT_LT(at(trained(), {0, 6}, reader).k_matching.value, 0.5) << label(reader);
    }
}

TEST(Corner, OrdersCandidatesByDepthAndPartnersByMatching) {
    const std::vector<CornerCandidate> candidates = induction_corner(trained(), 0.9);
    ASSERT_GE(candidates.size(), 5U);
    for (std::size_t i = 1; i < candidates.size(); ++i)
        EXPECT_GE(candidates[i - 1].partners[0].corner(), candidates[i].partners[0].corner());
    for (const CornerCandidate& candidate : candidates)
        EXPECT_TRUE(std::ranges::is_sorted(candidate.partners, std::greater<>(),
                                           [](const PairMatching& pair) { return pair.k_matching.value; }));
}

TEST(Corner, IsTheSmallerOfTheTwoAndNothingWithoutBoth) {
    PairMatching pair;
    pair.k_matching.value = 0.9, pair.copying_reader = 0.3;
    EXPECT_EQ(pair.corner(), 0.3);
    pair.copying_reader = std::nan("");
    EXPECT_TRUE(std::isnan(pair.corner()));
    EXPECT_TRUE(induction_corner({pair}, -1).empty());
}

// The example whose circuit was made by hand: a head that copies the token before, and one that looks for it.
TEST(Corner, ShowsTheInductionCircuitThatWasMadeByHand) {
    const std::vector<PairMatching> pairs = pair_matching(load_model("example:induction"));
    const std::vector<CornerCandidate> candidates = induction_corner(pairs);
    ASSERT_FALSE(candidates.empty());
    EXPECT_GT(candidates[0].partners[0].corner(), 0.99);
}

TEST(Corner, ZeroHeadsAreUndefinedAndSayWhich) {
    const Config config = parse_random_shape("layers=2,heads=2,d_model=8,d_head=4,vocab=9,positions=none");
    std::map<LeafName, std::vector<double>> arrays;
    const Model random = random_model(config);
    for (const Leaf& leaf : stored_leaves(config)) {
        const auto values = random.leaf<double>(leaf.name.symbol, leaf.name.layer);
        arrays[leaf.name] = {values.values().begin(), values.values().end()};
    }
    std::vector<double>& w_v = arrays.at({"W_V", 0});  // [head, d_model, d_head]: L0H1 is zero
    std::fill(w_v.begin() + 32, w_v.end(), 0.0);
    const std::vector<PairMatching> pairs =
        pair_matching(model_from_arrays(config, arrays, no_folding, "zero head"));
    EXPECT_EQ(at(pairs, {0, 1}, {1, 0}).k_matching.undefined, "the circuit is zero");
    EXPECT_TRUE(std::isnan(at(pairs, {0, 1}, {1, 0}).corner()));
    EXPECT_TRUE(at(pairs, {0, 0}, {1, 0}).k_matching.defined());
    EXPECT_FALSE(std::isnan(at(pairs, {0, 0}, {1, 0}).corner()));
}

// A matrix of rank 1 has one eigenvalue: the score is its sign, whatever the zeros around it.
TEST(Corner, HeadsOfRankOneHaveTheScoreOfTheirOneEigenvalue) {
    const Config config = parse_random_shape("layers=1,heads=2,d_model=8,d_head=4,vocab=9,positions=none");
    std::map<LeafName, std::vector<double>> arrays;
    const Model random = random_model(config);
    for (const Leaf& leaf : stored_leaves(config)) {
        const auto values = random.leaf<double>(leaf.name.symbol, leaf.name.layer);
        arrays[leaf.name] = {values.values().begin(), values.values().end()};
    }
    std::vector<double>& w_v = arrays.at({"W_V", 0});
    for (std::size_t i = 0; i < w_v.size(); ++i)
        if (i % 4 != 0) w_v[i] = 0;  // all but the first column of each head
    for (const HeadSpectra& row : head_spectra(model_from_arrays(config, arrays, no_folding, "rank one"))) {
        EXPECT_TRUE(row.copying_full_ov.defined());
        EXPECT_NEAR(std::abs(row.copying_full_ov.value), 1, 1e-5);
        EXPECT_LE(row.copying_full_ov.error, 1e-3);
    }
}

}  // namespace
}  // namespace headway
