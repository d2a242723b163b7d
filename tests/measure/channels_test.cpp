// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/channels.hpp"

#include "headway/model/given_leaves.hpp"
#include "headway/model/load.hpp"
#include "headway/network/text.hpp"
#include "measure/channel_pairs.hpp"
#include "support/errors.hpp"
#include "support/every_feature.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace headway {

using test::all_pairs;

namespace {

constexpr EvaluateOptions in_double{.precision = Precision::Double};
const std::vector<Composition> all_kinds{Composition::Q, Composition::K, Composition::V};

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// Shapes with everything that enters the matrices.
const std::vector<const char*> shapes{
    "layers=3,heads=4,d_model=16,d_head=4,vocab=11,ctx=8,positions=none",
    "layers=3,heads=4,kv_heads=2,d_model=16,d_head=4,vocab=11,ctx=8,positions=rotary,norm=rmsnorm",
    "layers=2,heads=4,kv_heads=2,d_model=16,d_head=4,vocab=11,ctx=8,norm=rmsnorm,norms=sandwich,qk_norm=head",
    "layers=2,heads=2,d_model=12,d_head=4,vocab=11,ctx=8,norm=layernorm,biases=1",
    "layers=2,heads=2,d_model=12,d_head=4,vocab=11,ctx=8,norm=layernorm,norms=stream",
    "layers=2,heads=2,d_model=12,d_head=1,vocab=11,ctx=8"};

std::vector<double> row(const Model& model, const std::string& symbol, Head head) {
    const auto leaf = model.leaf<double>(symbol, head.layer);
    const auto size = leaf.values().size() / at(static_cast<int>(leaf.shape[0]));
    const auto mine = leaf.values().subspan(at(head.index) * size, size);
    return {mine.begin(), mine.end()};
}

TEST(Channels, AddUpToTheCompositionScoreExactly) {
    for (const char* shape : shapes) {
        const Model model = random_model(parse_random_shape(shape), {.seed = 2});
        const CompositionTable table = composition(model, all_kinds, in_double, {.stream_norms = false});
        std::map<ChannelPair, double> scores;
        for (const CompositionRow& score : table.rows)
            scores[{score.writer, score.reader, score.kind}] = score.score * score.score;
        const std::vector<ChannelPair> pairs = all_pairs(model.config());
        ASSERT_EQ(pairs.size(), scores.size());
        for (const Channels& found : channels(model, pairs, in_double)) {
            double from_reader = 0, weights = 0;
            for (const Channel& channel : found.writer) weights += channel.weight;
            for (const Channel& channel : found.reader) from_reader += channel.contribution;
            EXPECT_NEAR(found.square, scores.at(found.pair), 1e-12) << shape;
            EXPECT_NEAR(from_reader, scores.at(found.pair), 1e-12) << shape;
            EXPECT_NEAR(weights, 1, 1e-12);
            EXPECT_EQ(found.effective_dimension, table.effective_dimension);
        }
    }
}

TEST(Channels, AddUpToTheCompositionScoreWithEveryPairOfFeatures) {
    const Config sizes = parse_random_shape(
        "layers=2,heads=4,kv_heads=2,d_model=12,d_head=6,d_mlp=8,vocab=7,ctx=5,positions=none");
    for (const auto& choice : testing::every_pair_of_features(sizes)) {
        Config config = testing::config_of(choice, sizes);
        if (config.norms_after()) config.parallel_block = config.shared_norm = false;  // not represented
        SCOPED_TRACE(testing::words_of(choice));
        const Model model = random_model(config, {.fold = config.folding, .seed = 12});
        std::vector<ChannelPair> pairs;
        std::vector<double> squares;
        for (const CompositionRow& score :
             composition(model, all_kinds, in_double, {.stream_norms = false}).rows) {
            pairs.push_back({score.writer, score.reader, score.kind});
            squares.push_back(score.score * score.score);
        }
        const std::vector<Channels> found = channels(model, pairs, in_double);
        ASSERT_EQ(found.size(), 48U);
        for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i].square, squares[i], 1e-12);
    }
}

// |v_i M| / |M| with M as a dense matrix made of the weights by plain loops.
TEST(Channels, ScoresAreThoseOfDenseReaders) {
    const Model model = random_model(parse_random_shape(shapes[1]), {.fold = no_folding, .seed = 3});
    const Config& c = model.config();
    for (const ChannelPair& pair : all_pairs(c)) {
        const int group = pair.reader.index / c.group_size();
        const auto q = row(model, "W_Q", pair.reader), o = row(model, "W_O", pair.reader),
                   k = row(model, "W_K", {pair.reader.layer, group}),
                   v = row(model, "W_V", {pair.reader.layer, group}),
                   written = row(model, "V_OV", pair.writer);
        const Channels found = channels(model, std::vector{pair}, in_double).front();
        ASSERT_EQ(found.writer.size(), at(c.d_head));
        for (int i = 0; i < c.d_head; ++i) {
            double whole = 0, read = 0;
            for (int b = 0; b < c.d_model; ++b) {
                double sum = 0;
                for (int a = 0; a < c.d_model; ++a) {
                    double m = 0;
                    for (int e = 0; e < c.d_head; ++e) {
                        const double qk = q[at(a * c.d_head + e)] * k[at(b * c.d_head + e)],
                                     kq = q[at(b * c.d_head + e)] * k[at(a * c.d_head + e)],
                                     ov = v[at(a * c.d_head + e)] * o[at(e * c.d_model + b)];
                        m += pair.kind == Composition::Q ? qk : pair.kind == Composition::K ? kq : ov;
                    }
                    whole += m * m;
                    sum += written[at(i * c.d_model + a)] * m;
                }
                read += sum * sum;
            }
            EXPECT_NEAR(found.writer[at(i)].score, std::sqrt(read / whole), 1e-13);
            EXPECT_NEAR(found.writer[at(i)].excess, std::sqrt(read / whole) - 0.25, 1e-13);
        }
    }
}

TEST(Channels, OverlapsAreCosinesOfTheNamedVectors) {
    const Model model = random_model(parse_random_shape(shapes[0]), {.seed = 4});
    const std::vector<ChannelPair> pairs{
        {{0, 1}, {2, 3}, Composition::Q}, {{0, 1}, {2, 3}, Composition::K}, {{0, 1}, {2, 3}, Composition::V}};
    const std::vector<Channels> found = channels(model, pairs, in_double);
    const auto written = row(model, "V_OV", {0, 1}), keys = row(model, "V_QK", {2, 3}),
               queries = row(model, "U_QK", {2, 3}), values = row(model, "U_OV", {2, 3});
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) {
            double q = 0, k = 0, v = 0;
            for (int d = 0; d < 16; ++d) {
                q += written[at(i * 16 + d)] * queries[at(d * 4 + j)];
                k += written[at(i * 16 + d)] * keys[at(j * 16 + d)];
                v += written[at(i * 16 + d)] * values[at(d * 4 + j)];
            }
            EXPECT_NEAR(found[0].overlap(at(i), at(j)), q, 1e-14);
            EXPECT_NEAR(found[1].overlap(at(i), at(j)), k, 1e-14);
            EXPECT_NEAR(found[2].overlap(at(i), at(j)), v, 1e-14);
        }
}

TEST(Channels, AReaderOfOneDirectionThatTheWriterWritesScoresOneThere) {
    const Model random = random_model(parse_random_shape(shapes[0]), {.seed = 5});
    std::vector<double> w_k(at(4 * 16 * 4));
    const std::vector<double> written = row(random, "V_OV", {0, 2});
    for (int d = 0; d < 16; ++d) w_k[at((1 * 16 + d) * 4 + 3)] = written[at(1 * 16 + d)];
    const Model model = with_leaves(random, {{random.at("W_K", 1), w_k}});
    const Channels found =
        channels(model, std::vector<ChannelPair>{{{0, 2}, {1, 1}, Composition::K}}, in_double).front();
    EXPECT_NEAR(found.writer[1].score, 1, 1e-14);
    EXPECT_NEAR(found.writer[0].score, 0, 1e-14);
    EXPECT_NEAR(found.square, found.writer[1].weight, 1e-14);
    // The reader has one component; what is zero is one more row without a direction.
    ASSERT_EQ(found.reader.size(), 2U);
    EXPECT_NEAR(found.reader[0].weight, 1, 1e-14);
    EXPECT_EQ(found.reader[1].first, 1);
    EXPECT_EQ(found.reader[1].last, 3);
    EXPECT_EQ(found.reader[1].undefined, "singular value 0: its direction is arbitrary");
}

TEST(Channels, OfNearEqualSingularValuesAreOneSubspaceWhateverTheBasis) {
    const Model random = random_model(parse_random_shape(shapes[0]), {.seed = 6});
    const auto u = row(random, "U_OV", {0, 0}), v = row(random, "V_OV", {0, 0});
    // W_V = U R, W_O = diag(3, 2, 2, 1)-scaled rows, turned inside of the equal pair.
    const auto turned = [&](double angle) {
        std::vector<double> w_v(at(4 * 16 * 4)), w_o(at(4 * 4 * 16));
        const double cosine = std::cos(angle), sine = std::sin(angle);
        for (int d = 0; d < 16; ++d) {
            for (int e = 0; e < 4; ++e) {
                w_v[at(d * 4 + e)] = u[at(d * 4 + e)];
                w_o[at(e * 16 + d)] = (e == 0 ? 3.0 : e == 3 ? 1.0 : 2.0) * v[at(e * 16 + d)];
            }
            const double a = w_v[at(d * 4 + 1)], b = w_v[at(d * 4 + 2)];
            w_v[at(d * 4 + 1)] = cosine * a - sine * b, w_v[at(d * 4 + 2)] = sine * a + cosine * b;
        }
        const Model model = with_leaves(random, {{random.at("W_V", 0), w_v}, {random.at("W_O", 0), w_o}});
        return channels(model, std::vector<ChannelPair>{{{0, 0}, {1, 1}, Composition::K}}, in_double).front();
    };
    const Channels one = turned(0), other = turned(0.8);
    ASSERT_EQ(one.writer.size(), 3U);
    ASSERT_EQ(other.writer.size(), 3U);
    EXPECT_EQ(one.writer[1].first, 1);
    EXPECT_EQ(one.writer[1].last, 2);
    EXPECT_NEAR(one.writer[1].singular_value, 2, 1e-14);
    EXPECT_NEAR(one.writer[1].weight, 8.0 / 18, 1e-14);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(one.writer[i].score, other.writer[i].score, 1e-13);
    EXPECT_GT(one.writer[1].score, 0);
}

TEST(Channels, OfAHeadOfZerosAreUndefinedWithTheReason) {
    const Model random = random_model(parse_random_shape(shapes[0]), {.seed = 7});
    const Model model = with_leaves(random, {{random.at("W_O", 0), std::vector<double>(at(4 * 4 * 16))}});
    const Channels found =
        channels(model, std::vector<ChannelPair>{{{0, 3}, {1, 1}, Composition::V}}, in_double).front();
    ASSERT_EQ(found.writer.size(), 1U);
    EXPECT_EQ(found.writer[0].undefined, "zero norm: L0H3");
    EXPECT_TRUE(std::isnan(found.writer[0].score));
    EXPECT_EQ(found.reader[0].undefined, "zero norm: L0H3");
    const ChannelRanking ranking = strongest_channels(model, {.from = {{0, 3}}});
    EXPECT_TRUE(ranking.rows.empty());
}

TEST(Channels, RankedOverAllPairsAreThoseOfThePairs) {
    for (const char* shape : {shapes[0], shapes[1]}) {
        const Model model = random_model(parse_random_shape(shape), {.seed = 8});
        std::vector<std::pair<double, ChannelPair>> expected;
        for (const Channels& found : channels(model, all_pairs(model.config()), in_double))
            for (const Channel& channel : found.writer) expected.emplace_back(channel.excess, found.pair);
        std::ranges::sort(expected, std::greater<>());
        const ChannelRanking ranking = strongest_channels(model, {.top = 30}, in_double);
        EXPECT_EQ(ranking.channels, expected.size());
        EXPECT_EQ(ranking.pairs, 144U);
        ASSERT_EQ(ranking.rows.size(), 30U);
        for (std::size_t i = 0; i < 30; ++i) {
            EXPECT_NEAR(ranking.rows[i].channel.excess, expected[i].first, 1e-12);
            EXPECT_EQ(ranking.rows[i].pair, expected[i].second);
        }
    }
}

TEST(Channels, RankedByContributionAndWithinHeads) {
    const Model model = random_model(parse_random_shape(shapes[0]), {.seed = 9});
    const ChannelSearch search{.kinds = {Composition::K},
                               .from = {{0, 1}, {1, 2}},
                               .to = {{2, 0}},
                               .order = ChannelOrder::Contribution,
                               .least_weight = 0.2,
                               .top = 1000};
    const ChannelRanking ranking = strongest_channels(model, search, in_double);
    EXPECT_EQ(ranking.pairs, 2U);
    EXPECT_EQ(ranking.channels, 8U);
    ASSERT_GE(ranking.rows.size(), 2U);
    for (std::size_t i = 0; i < ranking.rows.size(); ++i) {
        const RankedChannel& row = ranking.rows[i];
        EXPECT_EQ(row.pair.reader, (Head{2, 0}));
        EXPECT_GE(row.channel.weight, 0.2);
        EXPECT_TRUE(i == 0 || row.channel.contribution <= ranking.rows[i - 1].channel.contribution);
        const Channels pair = channels(model, std::vector{row.pair}, in_double).front();
        EXPECT_NEAR(row.share, row.channel.contribution / pair.square, 1e-12);
    }
}

TEST(Channels, DoNotDependOnThreadsPrecisionOrTheScaleOfAHead) {
    const Model model = random_model(parse_random_shape(shapes[1]), {.seed = 10});
    const auto scaled = [&](const char* symbol, int exponent) {
        const auto values = model.leaf<double>(symbol, 1).values();
        std::vector<double> result(values.begin(), values.end());
        for (double& value : result) value = std::ldexp(value, exponent);
        return GivenLeaf{model.at(symbol, 1), std::move(result)};
    };
    const Model far = with_leaves(model, {scaled("W_Q", 40), scaled("W_K", 40), scaled("W_O", -60)});
    const std::vector<ChannelPair> pairs = all_pairs(model.config());
    const auto exact = channels(model, pairs, in_double), single = channels(model, pairs),
               two = channels(model, pairs, {.threads = 2}), other = channels(far, pairs);
    for (std::size_t p = 0; p < pairs.size(); ++p)
        for (std::size_t i = 0; i < exact[p].writer.size(); ++i) {
            EXPECT_NEAR(single[p].writer[i].score, exact[p].writer[i].score, 1e-6);
            EXPECT_EQ(single[p].writer[i].score, two[p].writer[i].score);
            EXPECT_NEAR(other[p].writer[i].score, exact[p].writer[i].score, 1e-6);
        }
}

TEST(Channels, OfAWriterThatIsNotEarlierAreRefused) {
    const Model model = random_model(parse_random_shape(shapes[0]));
    test::expect_error(ErrorKind::Usage, "L1H1 does not read what L1H0 writes", [&] {
        return channels(model, std::vector<ChannelPair>{{{1, 0}, {1, 1}, Composition::K}});
    });
    test::expect_error(ErrorKind::Usage, "there is no head L1H9", [&] {
        return channels(model, std::vector<ChannelPair>{{{0, 0}, {1, 9}, Composition::K}});
    });
}

// Rotary models: |v_i M|² and |M|² at an offset, against the composition scores there, which are made of the
// weights and not of components.
const std::vector<const char*> rotary_shapes{
    "layers=3,heads=4,kv_heads=2,d_model=16,d_head=4,vocab=11,ctx=8,positions=rotary,norm=rmsnorm",
    "layers=2,heads=4,kv_heads=2,d_model=16,d_head=4,vocab=11,ctx=8,positions=rotary,norm=rmsnorm,"
    "qk_norm=head",
    "layers=2,heads=2,d_model=12,d_head=6,vocab=11,ctx=8,positions=rotary,norm=layernorm,biases=1"};

TEST(Channels, AtAnOffsetAddUpToTheCompositionScoreThere) {
    for (const char* shape : rotary_shapes)
        for (const ScoreOptions& at_offset :
             {ScoreOptions{.offset = 3, .stream_norms = false},
              ScoreOptions{.offset = 5, .mean_over_offsets = true, .stream_norms = false}}) {
            const Model model = random_model(parse_random_shape(shape), {.seed = 21});
            std::vector<ChannelPair> pairs;
            std::vector<double> squares;
            for (const CompositionRow& row : composition(model, all_kinds, in_double, at_offset).rows) {
                pairs.push_back({row.writer, row.reader, row.kind});
                squares.push_back(row.score * row.score);
            }
            const auto found = channels(model, pairs, in_double, {.score = at_offset});
            ASSERT_EQ(found.size(), squares.size());
            for (std::size_t i = 0; i < found.size(); ++i) {
                double from_writer = 0, from_reader = 0;
                for (const Channel& c : found[i].writer) from_writer += c.weight * c.score * c.score;
                for (const Channel& c : found[i].reader) from_reader += c.weight * c.score * c.score;
                EXPECT_NEAR(from_writer, squares[i], 1e-12) << shape;
                EXPECT_NEAR(from_reader, at_offset.mean_over_offsets ? 0 : squares[i], 1e-12) << shape;
                EXPECT_EQ(found[i].reader.empty(), at_offset.mean_over_offsets);
            }
        }
}

TEST(Channels, AtAnOffsetAreOthersThanAtNone) {
    const Model model = random_model(parse_random_shape(rotary_shapes[0]), {.seed = 22});
    const std::vector<ChannelPair> pair{{{0, 1}, {2, 2}, Composition::K}};
    const Channels here = channels(model, pair, in_double).front();
    const Channels there =
        channels(model, pair, in_double, {.score = {.offset = 2, .stream_norms = false}}).front();
    EXPECT_GT(std::abs(here.writer[0].score - there.writer[0].score), 1e-3);
    EXPECT_GT(std::abs(here.reader[0].singular_value - there.reader[0].singular_value), 1e-3);
}

// The two evaluations of M at an offset: W_Q R as a weight with components of its own, and R in the network.
TEST(Channels, OfRotatedQueriesAreThoseAtTheOffset) {
    for (const char* shape : rotary_shapes) {
        const Model model = random_model(parse_random_shape(shape), {.seed = 23});
        const std::vector<ChannelPair> pairs = all_pairs(model.config());
        const auto rotated = channels(with_rotated_queries(model, 4), pairs, in_double);
        const auto there = channels(model, pairs, in_double, {.score = {.offset = 4, .stream_norms = false}});
        for (std::size_t p = 0; p < pairs.size(); ++p)
            for (std::size_t i = 0; i < rotated[p].writer.size(); ++i) {
                EXPECT_NEAR(rotated[p].writer[i].score, there[p].writer[i].score, 1e-12) << shape;
                EXPECT_NEAR(rotated[p].writer[i].z, there[p].writer[i].z, 1e-8) << shape;
            }
    }
}

TEST(Channels, RankedAtAnOffsetAreThoseOfThePairs) {
    const Model model = random_model(parse_random_shape(rotary_shapes[1]), {.seed = 24});
    for (const bool mean : {false, true}) {
        const ChannelOptions options{
            .score = {.offset = 3, .mean_over_offsets = mean, .stream_norms = false}};
        const ChannelRanking ranking = strongest_channels(model, {.top = 12, .channel = options}, in_double);
        ASSERT_EQ(ranking.rows.size(), 12U);
        for (const RankedChannel& row : ranking.rows) {
            const Channels pair = channels(model, std::vector{row.pair}, in_double, options).front();
            EXPECT_NEAR(row.channel.score, pair.writer[at(row.channel.first)].score, 1e-12);
            EXPECT_NEAR(row.share, row.channel.contribution / pair.square, 1e-10);
        }
    }
}

TEST(Channels, AreNetworksThatPrintAndReadBack) {
    const Config config = parse_random_shape(shapes[1]);
    const ChannelPair pair{{0, 3}, {1, 2}, Composition::K};
    EXPECT_EQ(to_line(channel_overlaps(config, pair)), "V_OV[L0H3][c,d] V_QK[L1H2][c1,d] -> [c,c1]");
    for (const ScoreEnd end : {ScoreEnd::Writer, ScoreEnd::Reader}) {
        const Expr network = channel_squares(config, pair, end);
        EXPECT_EQ(parse_network(to_text(network)).output, network);
    }
}

}  // namespace
}  // namespace headway
