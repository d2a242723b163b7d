// The search for skip-trigrams finds what a look at every triple finds.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/skip_trigrams.hpp"

#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/skip_trigram_oracle.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <utility>

namespace headway {
namespace {

using test::error_of;
using test::expect_error;
using test::naive_triples;
using test::NaiveTriple;

const std::vector<std::string> shapes{
    "random:layers=2,heads=2,d_model=12,d_head=5,vocab=23,ctx=8",
    "random:layers=1,heads=4,d_model=16,kv_heads=2,vocab=31,positions=rotary,norm=rmsnorm,ctx=8",
    "random:layers=2,heads=2,d_model=12,d_mlp=20,vocab=23,norm=layernorm,biases=1,positions=learned,ctx=8",
    "random:layers=1,heads=2,d_model=8,vocab=19,embed_scale=3,tied=1,ctx=8"};

constexpr EvaluateOptions in_double{.precision = Precision::Double};

/// The best triples of all heads by the oracle.
std::vector<NaiveTriple> every_triple(const Model& model, int layer) {
    std::vector<NaiveTriple> all;
    for (int head = 0; head < model.config().n_heads; ++head)
        std::ranges::copy(naive_triples(model, layer, head), std::back_inserter(all));
    std::ranges::sort(all, [](const NaiveTriple& x, const NaiveTriple& y) { return x.score > y.score; });
    return all;
}

std::vector<Head> layer_heads(const Model& model, int layer) {
    std::vector<Head> heads;
    for (int head = 0; head < model.config().n_heads; ++head) heads.push_back({layer, head});
    return heads;
}

TEST(SkipTrigrams, TheBestTriplesAreThoseOfACubicScan) {
    for (const std::string& shape : shapes) {
        const Model model = load_model(shape);
        const int layer = model.config().n_layers - 1;
        const std::vector<NaiveTriple> naive = every_triple(model, layer);
        const SkipTrigramTable table = skip_trigrams(model, {.heads = layer_heads(model, layer),
                                                             .key = SkipTrigramKey::Triple,
                                                             .rows = 50,
                                                             .evaluate = in_double});
        ASSERT_EQ(table.rows.size(), 50U) << shape;
        for (std::size_t i = 0; i < 50; ++i) {
            const SkipTrigramRow& row = table.rows[i];
            EXPECT_NEAR(row.score, naive[i].score, 1e-9 * naive[0].score) << shape << " row " << i;
            EXPECT_EQ(row.head, (Head{layer, naive[i].head}));
            EXPECT_EQ(row.sources.front().token, naive[i].source);
            EXPECT_EQ(row.destinations.front().token, naive[i].destination);
            EXPECT_EQ(row.outputs.front().token, naive[i].output);
        }
    }
}

TEST(SkipTrigrams, BySourceEachRowIsTheBestTripleOfASource) {
    for (const std::string& shape : shapes) {
        const Model model = load_model(shape);
        const SkipTrigramTable table =
            skip_trigrams(model, {.heads = {{0, 1}}, .rows = 7, .each = 3, .evaluate = in_double});
        std::set<int> seen;
        std::size_t i = 0;
        for (const NaiveTriple& triple : naive_triples(model, 0, 1)) {
            if (!seen.insert(triple.source).second) continue;
            ASSERT_LT(i, table.rows.size());
            EXPECT_EQ(table.rows[i].sources.front().token, triple.source) << shape;
            EXPECT_NEAR(table.rows[i].score, triple.score, 1e-9 * triple.score);
            EXPECT_EQ(table.rows[i].destinations.front().token, triple.destination);
            EXPECT_EQ(table.rows[i].outputs.front().token, triple.output);
            if (++i == 7) break;
        }
        EXPECT_EQ(i, 7U);
    }
}

TEST(SkipTrigrams, ByDestinationARowHasTheSourcesOfItsBestTriples) {
    for (const std::string& shape : shapes) {
        const Model model = load_model(shape);
        const SkipTrigramTable table = skip_trigrams(model, {.heads = {{0, 0}},
                                                             .key = SkipTrigramKey::Destination,
                                                             .rows = 5,
                                                             .each = 3,
                                                             .evaluate = in_double});
        ASSERT_EQ(table.rows.size(), 5U);
        const std::vector<NaiveTriple> naive = naive_triples(model, 0, 0);
        std::set<int> seen;
        std::size_t i = 0;
        for (const NaiveTriple& best : naive) {
            if (!seen.insert(best.destination).second) continue;
            std::set<int> sources;
            std::vector<NaiveTriple> expected;
            for (const NaiveTriple& triple : naive)
                if (triple.destination == best.destination && sources.insert(triple.source).second &&
                    expected.size() < 3)
                    expected.push_back(triple);
            const SkipTrigramRow& row = table.rows[i];
            EXPECT_EQ(row.destinations.front().token, best.destination) << shape;
            ASSERT_EQ(row.sources.size(), expected.size()) << shape;
            for (std::size_t k = 0; k < expected.size(); ++k) {
                EXPECT_EQ(row.sources[k].token, expected[k].source) << shape;
                EXPECT_EQ(row.outputs[k].token, expected[k].output) << shape;
                EXPECT_NEAR(row.sources[k].value, expected[k].score, 1e-9 * best.score) << shape;
            }
            if (++i == 5) break;
        }
    }
}

TEST(SkipTrigrams, RotaryModelsTurnTheQueryByTheOffset) {
    const Model model = load_model(shapes[1]);
    const std::vector<NaiveTriple> naive = naive_triples(model, 0, 2, 3);
    const SkipTrigramTable table = skip_trigrams(model, {.heads = {{0, 2}},
                                                         .key = SkipTrigramKey::Triple,
                                                         .rows = 5,
                                                         .rotary_offset = 3,
                                                         .evaluate = in_double});
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_NEAR(table.rows[i].score, naive[i].score, 1e-9 * naive[0].score);
        EXPECT_EQ(table.rows[i].sources.front().token, naive[i].source);
    }
}

TEST(SkipTrigrams, FewSourcesAreVisitedWhereOneStandsOut) {
    // One token's embedding is much larger than all others: its bound is met and the rest is passed over.
    const Model base = load_model("random:layers=1,heads=1,d_model=16,vocab=2000,ctx=8");
    std::map<LeafName, std::vector<double>> arrays;
    for (const Leaf& leaf : base.leaves()) {
        const auto values = base.leaf<double>(leaf.name.symbol, leaf.name.layer).values();
        arrays[leaf.name] = {values.begin(), values.end()};
    }
    arrays.erase({"scale", 0});
    for (std::size_t i = 0; i < 16; ++i) arrays[{"W_E"}][1234 * 16 + i] *= 50;
    const Model model = model_from_arrays(base.config(), arrays, no_folding, "one large token");
    const SkipTrigramTable table = skip_trigrams(model, {.rows = 1});
    EXPECT_EQ(table.rows.front().sources.front().token, 1234);
    EXPECT_EQ(table.sources, 2000U);
    EXPECT_LE(table.ov_rows, 256U);
    EXPECT_LT(table.qk_rows, table.ov_rows + 1);
}

/// The best triples of a head through each source, by destination too, from its whole matrices.
struct Scan {
    std::vector<NaiveTriple> sources, triples, destinations;

    Scan(const Model& model, std::size_t most) {
        const test::NaiveHead naive = test::naive_head(model, 0, 0, 0);
        const std::size_t n = naive.attention.size();
        std::vector<NaiveTriple> through(n);
        for (std::size_t s = 0; s < n; ++s) {
            const std::vector<NaiveTriple> a = best(naive.attention[s], most),
                                           b = best(naive.logits[s], most);
            const auto triple = [&](const NaiveTriple& x, const NaiveTriple& y) {
                return NaiveTriple{0, static_cast<int>(s), x.output, y.output, x.score * y.score};
            };
            sources.push_back(triple(a.front(), b.front()));
            for (const NaiveTriple& x : a)
                for (const NaiveTriple& y : b) triples.push_back(triple(x, y));
            for (std::size_t t = 0; t < n; ++t) {
                const double score = naive.attention[s][t] * b.front().score;
                if (score > through[t].score)
                    through[t] = {0, static_cast<int>(s), static_cast<int>(t), b.front().output, score};
            }
        }
        destinations = through;
        for (auto* list : {&sources, &triples, &destinations})
            std::ranges::sort(*list, std::greater(), &NaiveTriple::score);
    }

    static std::vector<NaiveTriple> best(const std::vector<double>& row, std::size_t most) {
        std::vector<NaiveTriple> values;
        for (std::size_t i = 0; i < row.size(); ++i) values.push_back({0, 0, 0, static_cast<int>(i), row[i]});
        std::ranges::sort(values, std::greater(), &NaiveTriple::score);
        values.resize(most);
        return values;
    }
};

TEST(SkipTrigrams, RowsThatAreLeftEarlyLoseNothing) {
    const Model model = load_model("random:layers=1,heads=1,d_model=24,d_head=3,vocab=1500,ctx=8");
    constexpr std::size_t rows = 25;
    const Scan scan(model, rows);
    using Key = SkipTrigramKey;
    for (const auto& [key, naive] :
         {std::pair{Key::Source, &scan.sources}, std::pair{Key::Triple, &scan.triples},
          std::pair{Key::Destination, &scan.destinations}}) {
        const SkipTrigramTable table =
            skip_trigrams(model, {.key = key, .rows = rows, .evaluate = in_double});
        ASSERT_EQ(table.rows.size(), rows);
        EXPECT_LT(table.entries, table.all_entries);
        for (std::size_t i = 0; i < rows; ++i) {
            const SkipTrigramRow& row = table.rows[i];
            EXPECT_NEAR(row.score, (*naive)[i].score, 1e-9 * naive->front().score) << i;
            EXPECT_EQ(row.sources.front().token, (*naive)[i].source) << i;
            EXPECT_EQ(row.destinations.front().token, (*naive)[i].destination) << i;
            EXPECT_EQ(row.outputs.front().token, (*naive)[i].output) << i;
        }
    }
}

TEST(SkipTrigrams, TokensMayBeRestrictedAndMeansStayThoseOfTheVocabulary) {
    const Model model = load_model(shapes[0]);
    const std::set<int> sources{1, 5, 9}, destinations{0, 2, 4, 6}, outputs{3, 7};
    const SkipTrigramTable table =
        skip_trigrams(model, {.heads = {{1, 0}},
                              .key = SkipTrigramKey::Triple,
                              .rows = 100,
                              .sources = {9, 1, 5, 5},
                              .destinations = {destinations.begin(), destinations.end()},
                              .outputs = {outputs.begin(), outputs.end()},
                              .evaluate = in_double});
    std::size_t i = 0;
    for (const NaiveTriple& triple : naive_triples(model, 1, 0)) {
        if (!sources.contains(triple.source) || !destinations.contains(triple.destination) ||
            !outputs.contains(triple.output))
            continue;
        ASSERT_LT(i, table.rows.size());
        EXPECT_NEAR(table.rows[i++].score, triple.score, 1e-9 * triple.score);
    }
    EXPECT_EQ(i, table.rows.size());
}

TEST(SkipTrigrams, TheBigramIsTheDirectPathAboveItsMeanOutput) {
    const Model model = load_model(shapes[3]);
    const SkipTrigramTable table =
        skip_trigrams(model, {.key = SkipTrigramKey::Triple, .rows = 30, .evaluate = in_double});
    test::Matrix embed = test::matrix_of(model, "W_E", -1);
    for (std::vector<double>& row : embed)
        for (double& value : row) value *= model.config().embed_scale;
    const test::Matrix direct = test::times(embed, test::matrix_of(model, "W_U", -1));
    for (const SkipTrigramRow& row : table.rows) {
        const std::vector<double>& logits = direct[static_cast<std::size_t>(row.destinations.front().token)];
        double mean = 0;
        for (const double logit : logits) mean += logit / static_cast<double>(logits.size());
        EXPECT_NEAR(row.bigram, logits[static_cast<std::size_t>(row.outputs.front().token)] - mean, 1e-9);
    }
}

TEST(SkipTrigrams, ABugIsAnOutputThatFollowsAnotherStrongDestination) {
    const Model model = load_model(shapes[0]);
    const SkipTrigramTable table = skip_trigrams(model, {.rows = 20, .each = 4, .evaluate = in_double});
    const test::Matrix direct =
        test::times(test::matrix_of(model, "W_E", -1), test::matrix_of(model, "W_U", -1));
    const auto bigram = [&](int t, int o) {
        const std::vector<double>& logits = direct[static_cast<std::size_t>(t)];
        double mean = 0;
        for (const double logit : logits) mean += logit / static_cast<double>(logits.size());
        return logits[static_cast<std::size_t>(o)] - mean;
    };
    std::size_t bugs = 0;
    for (const SkipTrigramRow& row : table.rows) {
        std::size_t expected = 0;
        for (const TokenValue& t : row.destinations)
            for (const TokenValue& o : row.outputs) {
                const auto follows = [&](const TokenValue& x) { return bigram(x.token, o.token) >= 1; };
                if (bigram(t.token, o.token) < 0 && std::ranges::any_of(row.destinations, follows))
                    ++expected;
            }
        EXPECT_EQ(row.bugs.size(), expected);
        for (const SkipTrigramBug& bug : row.bugs) {
            EXPECT_LT(bigram(bug.destination, bug.output), 0);
            EXPECT_GE(bigram(bug.other, bug.output), 1);
        }
        bugs += expected;
    }
    EXPECT_GT(bugs, 0U);
}

TEST(SkipTrigrams, TheSameBitsForAnyNumberOfThreads) {
    const Model model = load_model("random:layers=1,heads=2,d_model=32,vocab=3000,ctx=8");
    const SkipTrigramTable one = skip_trigrams(model, {.evaluate = {.threads = 1}});
    const SkipTrigramTable three = skip_trigrams(model, {.evaluate = {.threads = 3}});
    ASSERT_EQ(one.rows.size(), three.rows.size());
    for (std::size_t i = 0; i < one.rows.size(); ++i) EXPECT_EQ(one.rows[i].score, three.rows[i].score);
}

TEST(SkipTrigrams, WhatCannotBeAskedIsRefused) {
    const Model model = load_model(shapes[0]);
    expect_error(ErrorKind::Usage, "there is no token 23: ids are 0 to 22",
                 [&] { return skip_trigrams(model, {.outputs = {23}}); });
    expect_error(ErrorKind::Limit, "200000 triples are asked for, at most 100000 are listed",
                 [&] { return skip_trigrams(model, {.key = SkipTrigramKey::Triple, .rows = 200000}); });
    expect_error(ErrorKind::Usage, "at least one row", [&] { return skip_trigrams(model, {.rows = 0}); });
    expect_error(ErrorKind::Usage, "L7H0", [&] { return skip_trigrams(model, {.heads = {{7, 0}}}); });
    expect_error(ErrorKind::Usage, "a rotary offset needs a model with rotary positions",
                 [&] { return skip_trigrams(model, {.rotary_offset = 1}); });
    const Error error = error_of([] { return parse_skip_trigram_key("sorce"); });
    EXPECT_STREQ(error.what(), "skip-trigrams are keyed by source, destination or triple, not by \"sorce\"");
    EXPECT_EQ(error.hint(), "did you mean source?");
}

}  // namespace
}  // namespace headway
