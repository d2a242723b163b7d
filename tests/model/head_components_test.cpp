// SPDX-License-Identifier: Apache-2.0
#include "headway/model/given_leaves.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/every_feature.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace headway {
namespace {

using test::expect_error;
using testing::config_of;
using testing::every_pair_of_features;
using testing::is_refused;
using testing::words_of;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// A head's block of a weight by entry.
struct Block {
    std::vector<double> values{};
    std::size_t columns = 0;
    double operator()(int i, int j) const { return values[at(i) * columns + at(j)]; }
};

template <class T = double>
Block block(const Model& model, const char* symbol, int layer, int index) {
    const WeightArray<T> weight = model.leaf<T>(symbol, layer);
    const auto size = static_cast<std::size_t>(weight.size() / weight.shape[0]);
    const auto all = weight.values();
    const auto mine = all.subspan(at(index) * size, size);
    return {{mine.begin(), mine.end()}, static_cast<std::size_t>(weight.shape.back())};
}

// One entry of W_OV or W_QK of a head as composition scores take it, in plain loops.
struct Dense {
    const Model& model;
    const Config& c = model.config();

    double gain(const char* symbol, int layer, std::size_t i) const {
        return model.leaf<double>(symbol, layer).data[i];
    }
    std::vector<double> ov(int layer, int head) const {
        const Block v = block(model, "W_V", layer, head / c.group_size()),
                    o = block(model, "W_O", layer, head);
        const auto d = c.d_model;
        std::vector<double> result(at(d) * at(d));
        for (int i = 0; i < d; ++i) {
            double* const row = &result[at(i) * at(d)];
            for (int j = 0; j < d; ++j)
                for (int e = 0; e < c.d_head; ++e) row[j] += v(i, e) * o(e, j);
            if (!c.folding.gains || !c.norms_after()) continue;
            const double mean = c.norm == Norm::LayerNorm ? std::accumulate(row, row + d, 0.0) / d : 0;
            for (int j = 0; j < d; ++j) row[j] = (row[j] - mean) * gain("ln1_post.w", layer, at(j));
        }
        return result;
    }
    std::vector<double> qk(int layer, int head) const {
        const int group = head / c.group_size();
        const Block q = block(model, "W_Q", layer, head), k = block(model, "W_K", layer, group);
        const bool gains = c.folding.gains && c.query_key_norm != QueryKeyNorm::None;
        std::vector<double> result;
        for (int i = 0; i < c.d_model; ++i)
            for (int j = 0; j < c.d_model; ++j) {
                double sum = 0;
                for (int e = 0; e < c.d_head; ++e)
                    sum += q(i, e) * k(j, e) *
                           (gains ? gain("q_norm.w", layer, at(head * c.d_head + e)) *
                                        gain("k_norm.w", layer, at(group * c.d_head + e))
                                  : 1.0);
                result.push_back(sum);
            }
        return result;
    }
};

// The largest difference of U diag(s) V to `dense`, against the largest singular value.
template <class T>
double difference(const Model& model, const std::string& which, int layer, int head,
                  const std::vector<double>& dense) {
    const Config& c = model.config();
    const Block u = block<T>(model, ("U_" + which).c_str(), layer, head),
                s = block<T>(model, ("s_" + which).c_str(), layer, head),
                v = block<T>(model, ("V_" + which).c_str(), layer, head);
    double largest = 0;
    for (int i = 0; i < c.d_model; ++i)
        for (int j = 0; j < c.d_model; ++j) {
            double sum = -dense[at(i * c.d_model + j)];
            for (int k = 0; k < c.d_head; ++k) sum += u(i, k) * s(0, k) * v(k, j);
            largest = std::max(largest, std::abs(sum));
        }
    return largest / s(0, 0);
}

// How far the columns of U or the rows of V of one head are from orthonormal.
template <class T>
double skew(const Model& model, const std::string& which, int layer, int head) {
    const Config& c = model.config();
    const Block u = block<T>(model, ("U_" + which).c_str(), layer, head),
                v = block<T>(model, ("V_" + which).c_str(), layer, head);
    double largest = 0;
    for (int a = 0; a < std::min(c.d_head, c.d_model); ++a)
        for (int b = 0; b <= a; ++b) {
            double left = a == b ? -1 : 0, right = left;
            for (int i = 0; i < c.d_model; ++i) left += u(i, a) * u(i, b), right += v(a, i) * v(b, i);
            largest = std::max({largest, std::abs(left), std::abs(right)});
        }
    return largest;
}

template <class T>
void expect_components(const Model& model, double tolerance) {
    const Dense dense{model};
    for (int layer = 0; layer < model.config().n_layers; ++layer)
        for (int head = 0; head < model.config().n_heads; ++head) {
            EXPECT_LT(difference<T>(model, "OV", layer, head, dense.ov(layer, head)), tolerance);
            EXPECT_LT(difference<T>(model, "QK", layer, head, dense.qk(layer, head)), tolerance);
            EXPECT_LT(skew<T>(model, "OV", layer, head), tolerance);
            EXPECT_LT(skew<T>(model, "QK", layer, head), tolerance);
        }
}

Config small(const char* more = "") {
    return parse_random_shape(std::string("layers=2,heads=4,d_model=12,d_head=4,vocab=7,ctx=5") + more);
}

TEST(HeadComponents, AreThoseOfTheMatricesOfScoresWithEveryPairOfFeatures) {
    for (const char* kv : {"", ",kv_heads=2"}) {
        const Config sizes = parse_random_shape(
            std::string("layers=2,heads=4,d_model=12,d_head=6,d_mlp=8,vocab=7,ctx=5,positions=none") + kv);
        for (const auto& choice : every_pair_of_features(sizes)) {
            Config config = config_of(choice, sizes);
            if (config.norms_after()) config.parallel_block = config.shared_norm = false;  // not represented
            SCOPED_TRACE(words_of(choice) + kv);
            const Model model = random_model(config, {.fold = config.folding, .seed = 3});
            expect_components<double>(model, 1e-13);
            expect_components<float>(model, 2e-6);
        }
    }
}

TEST(HeadComponents, GainsBehindABranchAndOfQueriesAndKeysBelongToThem) {
    const Config config = small(",norm=layernorm,norms=sandwich,qk_norm=head");
    const Model model = random_model(config, {.seed = 4});
    expect_components<double>(model, 1e-13);
    Config plain = model.config();
    plain.norm_placement = NormPlacement::Before;
    plain.query_key_norm = QueryKeyNorm::None;
    const Block v = block(model, "W_V", 0, 0), o = block(model, "W_O", 0, 0);
    std::vector<double> without(at(144));
    for (int i = 0; i < 12; ++i)
        for (int j = 0; j < 12; ++j)
            for (int e = 0; e < 4; ++e) without[at(i * 12 + j)] += v(i, e) * o(e, j);
    EXPECT_GT(difference<double>(model, "OV", 0, 0, without), 0.01);
}

TEST(HeadComponents, ComeLargestFirstWithPositiveLargestEntries) {
    const Model model = random_model(small(), {.seed = 5});
    for (const char* which : {"OV", "QK"}) {
        const Block s = block(model, (std::string("s_") + which).c_str(), 1, 2),
                    u = block(model, (std::string("U_") + which).c_str(), 1, 2);
        for (int c = 0; c < 4; ++c) {
            EXPECT_TRUE(c == 0 || s(0, c) < s(0, c - 1));
            double largest = 0;
            for (int i = 0; i < 12; ++i)
                if (std::abs(u(i, c)) > std::abs(largest)) largest = u(i, c);
            EXPECT_GT(largest, 0);
        }
    }
}

TEST(HeadComponents, OfAHeadOfZerosAreZerosBetweenOrthonormalVectors) {
    const Model model = random_model(small(), {.seed = 6});
    std::vector<double> w_o(at(4 * 4 * 12));
    const auto values = model.leaf<double>("W_O", 0).values();
    std::copy(values.begin() + 4 * 12, values.end(), w_o.begin() + 4 * 12);
    const Model edited = with_leaves(model, {{model.at("W_O", 0), w_o}});
    const Block s = block(edited, "s_OV", 0, 0);
    for (int c = 0; c < 4; ++c) EXPECT_EQ(s(0, c), 0);
    EXPECT_LT(skew<double>(edited, "OV", 0, 0), 1e-13);
    EXPECT_GT(block(edited, "s_OV", 0, 1)(0, 3), 0);
}

TEST(HeadComponents, OfAHeadWiderThanTheStreamEndWithZeros) {
    const Model model =
        random_model(parse_random_shape("layers=1,heads=2,d_model=4,d_head=6,vocab=7,ctx=5"), {.seed = 7});
    expect_components<double>(model, 1e-13);
    EXPECT_GT(block(model, "s_OV", 0, 1)(0, 3), 0);
    EXPECT_EQ(block(model, "s_OV", 0, 1)(0, 4), 0);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(block(model, "V_QK", 0, 1)(5, i), 0);
}

TEST(HeadComponents, AreNotAmongTheLeavesOfTheNetwork) {
    const Model model = random_model(small());
    for (const Leaf& leaf : model.leaves()) EXPECT_EQ(leaf.name.symbol.find("_OV"), std::string::npos);
    EXPECT_TRUE(model.has("V_OV", 1));
    EXPECT_FALSE(model.has("V_OV", 2));
    EXPECT_EQ(model.at("V_OV", 1).shape, (std::vector<std::int64_t>{4, 4, 12}));
}

TEST(HeadComponents, AreTheSameOnceAndKept) {
    const Model model = random_model(small(), {.seed = 8});
    const auto once = model.leaf_once<double>("U_QK", 0), kept = model.leaf<double>("U_QK", 0);
    EXPECT_TRUE(std::ranges::equal(once.values(), kept.values()));
    EXPECT_NE(once.data, kept.data);
    EXPECT_EQ(model.leaf_once<double>("U_QK", 0).data, kept.data);
    EXPECT_EQ(model.leaf<double>("V_QK", 0).data, model.leaf<double>("V_QK", 0).data);
}

TEST(HeadComponents, OfAWeightThatIsNotFiniteNameTheHead) {
    const Model model = random_model(small());
    std::vector<double> w_q(at(4 * 12 * 4), 1.0);
    w_q[at(2 * 12 * 4)] = std::numeric_limits<double>::quiet_NaN();
    const Model edited = with_leaves(model, {{model.at("W_Q", 1), w_q}});
    expect_error(ErrorKind::Numeric, "s_QK[L1H2]: singular values of a matrix [12, 4] whose entry [0, 0]",
                 [&] { return edited.leaf<float>("V_QK", 1); });
}

// W_V R, R⁻¹ W_O with R = diag(2, 4, 8, ..) times a shear.
TEST(HeadComponents, SurviveAGaugeChangeInsideAHead) {
    const Model model = random_model(small(",kv_heads=2"), {.seed = 9});
    const auto values = [&](const char* symbol) {
        const auto all = model.leaf<double>(symbol, 0).values();
        return std::vector<double>(all.begin(), all.end());
    };
    std::vector<double> w_v = values("W_V"), w_o = values("W_O");
    for (std::size_t row = 0; row < w_v.size(); row += 4) {
        const double first = w_v[row];
        for (std::size_t e = 0; e < 4; ++e)
            w_v[row + e] = std::ldexp(w_v[row + e] + (e == 3 ? 3 * first : 0), static_cast<int>(e));
    }
    for (std::size_t head = 0; head < 4; ++head)
        for (std::size_t e = 4; e-- > 0;)
            for (std::size_t j = 0; j < 12; ++j) {
                double& value = w_o[(head * 4 + e) * 12 + j];
                value = std::ldexp(value, -static_cast<int>(e));
                if (e == 0) value -= 24 * w_o[(head * 4 + 3) * 12 + j];
            }
    const Model edited = with_leaves(model, {{model.at("W_V", 0), w_v}, {model.at("W_O", 0), w_o}});
    for (const char* symbol : {"U_OV", "s_OV", "V_OV"}) {
        const auto before = model.leaf<double>(symbol, 0), after = edited.leaf<double>(symbol, 0);
        for (std::size_t i = 0; i < before.values().size(); ++i)
            EXPECT_NEAR(before.data[i], after.data[i], 1e-12) << symbol << " " << i;
    }
    EXPECT_NE(edited.leaf<double>("U_OV", 0).data, model.leaf<double>("U_OV", 0).data);
}

TEST(GivenLeaves, StandForTheModelsOwnAndTheRestIsShared) {
    const Model model = random_model(small(), {.seed = 10});
    const Model edited = with_leaves(model, {{model.at("W_O", 1), std::vector<double>(192, 2.5)}});
    EXPECT_EQ(edited.leaf<float>("W_O", 1).data[100], 2.5F);
    EXPECT_EQ(edited.leaf_once<double>("W_O", 1).data[100], 2.5);
    EXPECT_NE(model.leaf<double>("W_O", 1).data[100], 2.5);
    EXPECT_EQ(edited.leaf<double>("W_O", 0).data, model.leaf<double>("W_O", 0).data);
    EXPECT_EQ(edited.leaf<double>("V_OV", 0).data, model.leaf<double>("V_OV", 0).data);
    EXPECT_EQ(edited.leaf<double>("V_QK", 1).data, model.leaf<double>("V_QK", 1).data);
    EXPECT_EQ(edited.config(), model.config());
    expect_components<double>(edited, 1e-13);
}

TEST(GivenLeaves, MayBeNewAndMayBeGivenAgain) {
    const Model model = random_model(small(), {.seed = 11});
    const Leaf scale{{"head_scale", 0}, "h", {4}};
    const Model once = with_leaves(model, {{scale, {1, 2, 3, 4}}});
    const Model twice =
        with_leaves(once, {{scale, {5, 6, 7, 8}}, {model.at("s_OV", 0), std::vector(16, 1.)}});
    EXPECT_FALSE(model.has("head_scale", 0));
    EXPECT_EQ(once.leaf<double>("head_scale", 0).data[2], 3);
    EXPECT_EQ(twice.leaf<float>("head_scale", 0).data[2], 7);
    EXPECT_EQ(twice.leaf<double>("s_OV", 0).data[3], 1);
    EXPECT_EQ(twice.leaf<double>("U_OV", 0).data, model.leaf<double>("U_OV", 0).data);
    EXPECT_NE(model.leaf<double>("s_OV", 0).data[3], 1);
}

TEST(GivenLeaves, OfAnotherShapeOrSizeAreRefused) {
    const Model model = random_model(small());
    expect_error(ErrorKind::Usage, "W_E is given with shape [7, 11], but random has [7, 12]", [&] {
        return with_leaves(model, {{{{"W_E", -1}, "vd", {7, 11}}, std::vector<double>(77)}});
    });
    expect_error(ErrorKind::Usage, "head_scale[L0] [4] is given with 3 numbers", [&] {
        return with_leaves(model, {{{{"head_scale", 0}, "h", {4}}, {1, 2, 3}}});
    });
}

}  // namespace
}  // namespace headway
