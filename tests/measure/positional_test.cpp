// Where heads look when positions are all they have: against plain loops in double, and of heads that are
// known.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/positional.hpp"

#include "headway/model/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headway {
namespace {

using Vector = std::vector<double>;
constexpr EvaluateOptions in_double{.precision = Precision::Double};

double dot(const Vector& a, const Vector& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Row `row` of a matrix leaf.
Vector row_of(const Model& model, const std::string& symbol, std::size_t row) {
    const WeightArray<double> leaf = model.leaf<double>(symbol);
    const auto columns = static_cast<std::size_t>(leaf.shape[1]);
    const auto values = leaf.values().subspan(row * columns, columns);
    return {values.begin(), values.end()};
}

Vector normalised(const Config& config, Vector x) {
    if (!config.norms_before()) return x;
    const double n = static_cast<double>(x.size());
    if (config.norm == Norm::LayerNorm) {
        const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
        for (double& each : x) each -= mean;
    }
    const double scale = 1 / std::sqrt(dot(x, x) / n + config.norm_eps);
    for (double& each : x) each *= scale;
    return x;
}

// x W of head `index` of a leaf [heads, d_model, d_head].
Vector projected(const Model& model, const std::string& symbol, int layer, int index, const Vector& x) {
    const WeightArray<double> leaf = model.leaf<double>(symbol, layer);
    const auto d = static_cast<std::size_t>(leaf.shape[1]), e = static_cast<std::size_t>(leaf.shape[2]);
    Vector y(e, 0.0);
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < e; ++j)
            y[j] += x[i] * leaf.values()[(static_cast<std::size_t>(index) * d + i) * e + j];
    return y;
}

Vector rotated(const Rotary& rotary, const Vector& x, double position) {
    Vector y = x;
    for (int pair = 0; pair < rotary.dims / 2; ++pair) {
        const auto i = static_cast<std::size_t>(rotary.adjacent_pairs ? 2 * pair : pair);
        const auto j = rotary.adjacent_pairs ? i + 1 : i + static_cast<std::size_t>(rotary.dims / 2);
        const double angle = position * rotary.frequency(pair);
        y[i] = x[i] * std::cos(angle) - x[j] * std::sin(angle);
        y[j] = x[j] * std::cos(angle) + x[i] * std::sin(angle);
    }
    return y;
}

// Mean of the softmaxed, masked scores on each diagonal.
template <class Score>
Vector by_loops(std::size_t n, std::size_t window, const Score& score) {
    Vector means(n, 0.0);
    for (std::size_t q = 0; q < n; ++q) {
        Vector row(n, 0.0);
        double sum = 0;
        for (std::size_t k = 0; k <= q; ++k)
            if (window == 0 || q - k < window) sum += row[k] = std::exp(score(q, k));
        for (std::size_t k = 0; k <= q; ++k) means[q - k] += row[k] / sum / static_cast<double>(n - (q - k));
    }
    return means;
}

void expect_near(const Vector& a, const Vector& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-11) << i;
}

TEST(PositionalPreference, LearnedRowsMeetBehindTheNormOfTheLayer) {
    for (const char* shape :
         {"random:layers=2,heads=2,d_model=8,vocab=9,ctx=6",
          "random:layers=2,heads=2,d_model=8,vocab=9,ctx=6,norm=layernorm",
          "random:layers=1,heads=2,d_model=8,vocab=9,ctx=6,positions=shortformer,window=3"}) {
        const Model model = load_model(shape);
        const Config& config = model.config();
        for (const PositionalPreference& each : positional_preference(model, in_double)) {
            const auto [layer, index] = each.head;
            const auto side = [&, layer = layer, index = index](const char* weight, std::size_t p) {
                const Vector row = row_of(model, "W_pos", p);
                const bool behind_norm = config.positions == Positions::Learned;
                return projected(model, weight, layer, index, behind_norm ? normalised(config, row) : row);
            };
            expect_near(each.attention, by_loops(6, static_cast<std::size_t>(config.window_of(layer)),
                                                 [&, layer = layer](std::size_t q, std::size_t k) {
                                                     return dot(side("W_Q", q), side("W_K", k)) *
                                                            config.score_scale(layer);
                                                 }));
            EXPECT_TRUE(each.kernel.empty());
        }
    }
}

TEST(PositionalPreference, OfRotaryModelsIsThatOfTheMeanQueryAndKeyTurned) {
    for (const char* shape :
         {"random:layers=2,heads=4,kv_heads=2,d_model=16,vocab=9,norm=rmsnorm,positions=rotary",
          "random:layers=1,heads=2,d_model=8,vocab=9,positions=rotary,rotary_dims=2,adjacent=1"}) {
        const Model model = load_model(shape);
        const Config& config = model.config();
        const auto vocabulary = static_cast<std::size_t>(config.d_vocab);
        Vector mean(static_cast<std::size_t>(config.d_model), 0.0);
        for (std::size_t v = 0; v < vocabulary; ++v) {
            const Vector row = normalised(config, row_of(model, "W_E", v));
            for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += row[i] / static_cast<double>(vocabulary);
        }
        for (const PositionalPreference& each : positional_preference(model, in_double, 5)) {
            const auto [layer, index] = each.head;
            const Vector query = projected(model, "W_Q", layer, index, mean);
            const Vector key = projected(model, "W_K", layer, index / config.group_size(), mean);
            const auto score = [&, layer = layer](std::size_t q, std::size_t k) {
                return dot(rotated(config.rotary_of(layer), query, static_cast<double>(q)),
                           rotated(config.rotary_of(layer), key, static_cast<double>(k))) *
                       config.score_scale(layer);
            };
            expect_near(each.attention, by_loops(5, 0, score));
            Vector kernel;
            for (std::size_t offset = 0; offset < 5; ++offset) kernel.push_back(score(offset, 0));
            expect_near(each.kernel, kernel);
        }
    }
}

TEST(PositionalPreference, BiasesOfQueriesAndKeysAreTurnedWithThem) {
    const Model model =
        load_model("random:layers=1,heads=2,d_model=8,vocab=9,norm=layernorm,positions=rotary,biases=1");
    const Config& config = model.config();
    const PositionalPreference first = positional_preference(model, in_double, 3).front();
    Vector mean(8, 0.0);
    for (std::size_t v = 0; v < 9; ++v) {
        const Vector row = normalised(config, row_of(model, "W_E", v));
        for (std::size_t i = 0; i < 8; ++i) mean[i] += row[i] / 9;
    }
    const auto side = [&](const std::string& letter) {
        Vector x = projected(model, "W_" + letter, 0, 0, mean);
        for (const std::string& bias : {"b_" + letter, "ln1.b." + letter})
            for (std::size_t i = 0; i < x.size(); ++i) x[i] += model.leaf<double>(bias, 0).values()[i];
        return x;
    };
    Vector kernel;
    for (double offset = 0; offset < 3; ++offset)
        kernel.push_back(dot(rotated(config.rotary, side("Q"), offset), side("K")) * config.score_scale(0));
    expect_near(first.kernel, kernel);
}

TEST(PositionalPreference, AlibiIsItsSlopeTimesTheDistance) {
    const Model model = load_model("random:layers=1,heads=2,d_model=8,vocab=9,positions=alibi");
    for (const PositionalPreference& each : positional_preference(model, in_double, 4)) {
        const double slope =
            model.leaf<double>("slope", 0).values()[static_cast<std::size_t>(each.head.index)];
        expect_near(each.kernel, {0, -slope, -2 * slope, -3 * slope});
        expect_near(each.attention, by_loops(4, 0, [&](std::size_t q, std::size_t k) {
                        return -slope * static_cast<double>(q - k);
                    }));
        EXPECT_EQ(each.offset, 0);
    }
}

TEST(PositionalPreference, OfThePreviousTokenHeadMadeByHandIsOneBack) {
    const std::vector<PositionalPreference> heads = positional_preference(load_model("example:induction"));
    EXPECT_EQ(heads[0].offset, 1);
    EXPECT_NEAR(heads[0].at_offset, 1, 1e-6);
    EXPECT_EQ(heads[1].offset, 0);
    EXPECT_NEAR(heads[1].at_offset, 1, 1e-6);
}

TEST(PositionalPreference, IsUndefinedWithoutPositionsAndWhereQueriesSeeWhatFollows) {
    for (const auto& [shape, why] :
         {std::pair{"random:layers=1,heads=1,d_model=4,vocab=9,positions=none",
                    "no positions enter the layer"},
          std::pair{"random:layers=1,heads=1,d_model=4,vocab=9,causal=0", "queries see what follows them"}}) {
        const PositionalPreference head = positional_preference(load_model(shape)).front();
        EXPECT_EQ(head.undefined, why);
        EXPECT_EQ(head.offset, -1);
        EXPECT_TRUE(std::isnan(head.at_offset) && head.attention.empty());
    }
    const std::vector<PositionalPreference> mixed = positional_preference(
        load_model("random:layers=2,heads=1,d_model=4,vocab=9,norm=rmsnorm,positions=rotary,plain_every=2"));
    EXPECT_NE(mixed[0].undefined.empty(), mixed[1].undefined.empty());
}

}  // namespace
}  // namespace headway
