// SPDX-License-Identifier: Apache-2.0
#include "headway/report/channel_table.hpp"

#include "headway/model/given_leaves.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace headway {
namespace {

constexpr EvaluateOptions in_double{.precision = Precision::Double};
const ChannelPair pair{{0, 1}, {1, 0}, Composition::K};

Model some_model() {
    return random_model(parse_random_shape("layers=2,heads=2,d_model=12,d_head=4,vocab=30,ctx=8"),
                        {.seed = 6});
}

Channels channels_of(const Model& model) { return channels(model, std::vector{pair}, in_double).front(); }

std::vector<std::string> names(const Table& table) {
    std::vector<std::string> result;
    for (const Column& column : table.columns) result.push_back(column.name);
    return result;
}

double sum(const Table& table, const char* column) {
    double total = 0;
    for (const auto& row : table.rows) total += std::get<double>(row[table.column(column)]);
    return total;
}

TEST(ChannelTable, BeginsWithTheColumnsThatScriptsRead) {
    const Model model = some_model();
    const Table table = channel_rows(model, channels_of(model), {});
    EXPECT_THAT(to_csv(table), testing::StartsWith("component,singular_value,weight,score,baseline,"));
    ASSERT_EQ(table.rows.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_EQ(std::get<std::int64_t>(table.rows[i][0]), static_cast<std::int64_t>(i));
    EXPECT_NEAR(sum(table, "weight"), 1, 1e-12);
    EXPECT_NEAR(sum(table, "share"), 1, 1e-12);
    EXPECT_NEAR(sum(table, "contribution"), channels_of(model).square, 1e-12);
}

TEST(ChannelTable, OfTheReaderAndOfBothAddUpToTheSameScore) {
    const Model model = some_model();
    const Channels found = channels_of(model);
    const Table reader = channel_rows(model, found, {}, {.side = ChannelSide::Reader}),
                both = channel_rows(model, found, {}, {.side = ChannelSide::Both});
    EXPECT_NEAR(sum(reader, "contribution"), found.square, 1e-12);
    EXPECT_NEAR(sum(both, "contribution"), found.square, 1e-12);
    EXPECT_EQ(both.rows.size(), 16U);
    EXPECT_GE(std::get<double>(both.rows[0][4]), std::get<double>(both.rows[1][4]));
    EXPECT_THAT(reader.caption[0], testing::HasSubstr("the k input of L1H0 reads r_j (V_QK)"));
}

TEST(ChannelTable, PartnersAreTheComponentsThatCarryMost) {
    const Model model = some_model();
    const Channels found = channels_of(model);
    const Table table = channel_rows(model, found, {});
    for (std::size_t i = 0; i < 4; ++i) {
        std::size_t best = 0;
        double most = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const double through = found.reader[j].weight * std::pow(found.overlap(i, j), 2);
            if (through > most) most = through, best = j;
        }
        EXPECT_EQ(std::get<std::int64_t>(table.rows[i][table.column("reader_component")]),
                  static_cast<std::int64_t>(best));
        EXPECT_EQ(std::get<double>(table.rows[i][table.column("cosine")]), found.overlap(i, best));
    }
}

// The made induction head: what its previous-token head writes, an identity on 32 dimensions, is what it reads.
TEST(ChannelTable, CosinesOfSubspacesAreThoseBetweenThemAndAddUpToTheScore) {
    const Model model = load_model("example:induction");
    const Channels found =
        channels(model, std::vector<ChannelPair>{{{0, 0}, {1, 0}, Composition::K}}, in_double).front();
    const Table table = channel_rows(model, found, {}),
                both = channel_rows(model, found, {}, {.side = ChannelSide::Both});
    EXPECT_EQ(std::get<std::string>(table.rows[0][0]), "0-31");
    EXPECT_NEAR(std::get<double>(table.rows[0][table.column("cosine")]), 1, 1e-12);
    EXPECT_NEAR(sum(both, "share"), 1, 1e-12);
    for (const auto& row : both.rows) EXPECT_LE(std::get<double>(row[2]), 1 + 1e-12);
}

TEST(ChannelTable, AHeadOfZerosIsOneRowWithoutNumbersAndWithAReason) {
    const Model random = some_model();
    const Model model = with_leaves(random, {{random.at("W_O", 0), std::vector<double>(2 * 4 * 12)}});
    const Table table = channel_rows(model, channels_of(model), {}, {.tokens = 2});
    ASSERT_EQ(table.rows.size(), 1U);
    const std::string csv = to_csv(table);
    EXPECT_THAT(csv, testing::HasSubstr("\n0-3,0,,,"));
    EXPECT_THAT(csv, testing::HasSubstr("zero norm: L0H1"));
    EXPECT_THAT(csv, testing::Not(testing::HasSubstr("nan")));
    EXPECT_THAT(table.caption, testing::Contains("Undefined: zero norm: L0H1."));
}

TEST(ChannelTable, TokensOfAllFourDirectionsHaveTheSignOfTheChannel) {
    const Model model = some_model();
    const Table table = channel_rows(model, channels_of(model), {}, {.tokens = 1, .evaluate = in_double});
    EXPECT_THAT(names(table), testing::IsSupersetOf({"writer_reads", "writer_writes", "reader_reads",
                                                     "reader_matches", "writer_reads_opposite"}));
    // The shown end of component 0 by plain loops.
    const auto u = model.leaf<double>("U_OV", 0).data, v = model.leaf<double>("V_OV", 0).data,
               r = model.leaf<double>("V_QK", 1).data, w_e = model.leaf<double>("W_E").data,
               w_u = model.leaf<double>("W_U").data;
    const auto j =
        static_cast<std::size_t>(std::get<std::int64_t>(table.rows[0][table.column("reader_component")]));
    const double cosine = std::get<double>(table.rows[0][table.column("cosine")]);
    std::vector<double> reads(30), writes(30), keys(30);
    for (std::size_t t = 0; t < 30; ++t)
        for (std::size_t d = 0; d < 12; ++d) {
            reads[t] += w_e[t * 12 + d] * u[(12 + d) * 4];
            writes[t] += v[(4 * 1 + 0) * 12 + d] * w_u[d * 30 + t];
            keys[t] += w_e[t * 12 + d] * r[j * 12 + d];
        }
    const auto extremes = std::ranges::minmax(reads);
    const double sign = -extremes.min > extremes.max ? -1 : 1;
    const auto top = [](const std::vector<double>& values, double way) {
        std::size_t best = 0;
        for (std::size_t t = 0; t < values.size(); ++t)
            if (way * values[t] > way * values[best]) best = t;
        return "<" + std::to_string(best) + ">";
    };
    const auto shown = [&](const char* column) {
        return std::get<std::string>(table.rows[0][table.column(column)]);
    };
    EXPECT_EQ(shown("writer_reads"), top(reads, sign));
    EXPECT_EQ(shown("writer_writes"), top(writes, sign));
    EXPECT_EQ(shown("reader_reads"), top(keys, cosine < 0 ? -sign : sign));
    EXPECT_EQ(shown("writer_reads_opposite"), top(reads, -sign));
}

TEST(ChannelTable, RankingsNameTheirOrderAndTheirPairs) {
    const Model model = some_model();
    const ChannelSearch search{
        .kinds = {Composition::K, Composition::V}, .order = ChannelOrder::Contribution, .top = 3};
    const Table table = channel_ranking_rows(model, strongest_channels(model, search, in_double), search,
                                             {.evaluate = in_double});
    EXPECT_EQ(table.rows.size(), 3U);
    EXPECT_THAT(to_csv(table),
                testing::StartsWith("kind,writer,reader,component,singular_value,weight,score,baseline,"));
    EXPECT_THAT(table.caption,
                testing::Contains("3 of 32 channels of 8 pairs (k, v): the largest by contribution."));
}

TEST(ChannelTable, ArraysAndThePictureHaveEveryComponent) {
    const Channels found = channels_of(some_model());
    const std::vector<NpyArray> arrays = channel_arrays(found);
    EXPECT_EQ(find_array(arrays, "cosine").shape, (std::vector<std::int64_t>{4, 4}));
    EXPECT_EQ(find_array(arrays, "reader_score").shape, (std::vector<std::int64_t>{4}));
    const SpectrumPlot plot = channel_plot(found, ChannelSide::Reader);
    EXPECT_EQ(plot.values.size(), 4U);
    EXPECT_EQ(plot.seconds[2], found.reader[2].score);
    EXPECT_EQ(plot.title, "L0H1 > L1H0.K");
    EXPECT_THAT(svg(plot), testing::HasSubstr("singular value of W_QK[L1H0]^T"));
}

TEST(ChannelTable, NamesThatAreNotKnownAreRefused) {
    test::expect_error(ErrorKind::Usage, "\"reeder\" is no end", [] { return parse_channel_side("reeder"); });
    test::expect_error(ErrorKind::Usage, "not ranked by \"size\"",
                       [] { return parse_channel_order("size"); });
    EXPECT_EQ(parse_channel_order("z"), ChannelOrder::Z);
    EXPECT_EQ(parse_channel_side("both"), ChannelSide::Both);
}

}  // namespace
}  // namespace headway
