// SPDX-License-Identifier: Apache-2.0
#include "contract/kernels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "contract/arrays.hpp"

namespace headway {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using testing::Operand;
using testing::pick;
using ::testing::Pointwise;
using testing::Random;
using testing::values;

Array<double> array(std::vector<double> elements, Dims shape, Workspace& workspace) {
    return Array<double>::from(elements, std::move(shape), workspace);
}

TEST(Kernels, ReduceSumsPermutesAndTakesDiagonals) {
    Workspace workspace;
    Random random(1);
    const Operand<double> one{Array<double>::scalar(1.0, workspace), {}};
    for (int i = 0; i < 500; ++i) {
        Operand<double> a;
        Dims shape;
        Dims extents;
        for (int label = 0; label < 5; ++label)
            extents.push_back(pick(random, 0, 30) == 0 ? 0 : pick(random, 1, 6));
        for (int axis = pick(random, 0, 5); axis > 0; --axis) a.labels.push_back(pick(random, 0, 4));
        for (const int label : a.labels) shape.push_back(extents[static_cast<std::size_t>(label)]);
        a.array = testing::random_view<double>(shape, random, workspace);
        std::vector<int> out;
        for (int label = 4; label >= 0; --label) {
            if (std::ranges::find(a.labels, label) != a.labels.end() && pick(random, 0, 1) == 0)
                out.push_back(label);
        }
        const testing::Slow slow = testing::slow_einsum(a, one, out);
        const std::vector<double> expected(slow.value.begin(), slow.value.end());
        ASSERT_THAT(values(reduce<double>(a.array, a.labels, out, workspace)),
                    Pointwise(DoubleNear(1e-13), expected));
    }
}

TEST(Kernels, CopyAndConvertKeepTheElementsOfAView) {
    Workspace workspace({.threads = 2});
    Random random(2);
    for (const Dims& shape :
         {Dims{}, Dims{7}, Dims{40, 70}, Dims{5, 33, 34}, Dims{3, 0, 2}, Dims{130, 2, 65}}) {
        const Array<float> view = testing::random_view<float>(shape, random, workspace);
        EXPECT_EQ(values(copy(view, workspace)), values(view));
        EXPECT_EQ(values(convert<float>(convert<double>(view, workspace), workspace)), values(view));
        std::vector<int> reversed(shape.size());
        for (std::size_t i = 0; i < reversed.size(); ++i)
            reversed[i] = static_cast<int>(reversed.size() - 1 - i);
        EXPECT_EQ(values(copy(view.permuted(reversed), workspace)), values(view.permuted(reversed)));
    }
}

TEST(Kernels, AddMatchesAxesByLabelAndRepeatsAlongTheOthers) {
    Workspace workspace;
    const Array<double> out = array({1, 2, 3, 4, 5, 6}, {2, 3}, workspace);
    add_to<double>(out, std::vector{7, 8}, 2.0, array({1, 2, 3, 4, 5, 6}, {3, 2}, workspace),
                   std::vector{8, 7}, workspace);
    EXPECT_THAT(values(out), ElementsAre(3, 8, 13, 8, 13, 18));
    add_to<double>(out, std::vector{7, 8}, -1.0, array({3, 8, 13}, {3}, workspace), std::vector{8},
                   workspace);
    EXPECT_THAT(values(out), ElementsAre(0, 0, 0, 5, 5, 5));
}

TEST(Kernels, GatherTakesElementsOfAnAxisAndZerosForMinusOne) {
    Workspace workspace;
    const Array<double> a = array({1, 2, 3, 4, 5, 6}, {2, 3}, workspace);
    EXPECT_THAT(values(gather<double>(a, 1, std::vector{2, -1, 0, 2}, workspace)),
                ElementsAre(3, 0, 1, 3, 6, 0, 4, 6));
    EXPECT_THAT(values(gather<double>(a, 0, std::vector{1}, workspace)), ElementsAre(4, 5, 6));
    EXPECT_THROW(gather<double>(a, 1, std::vector{3}, workspace), InvariantFailure);
}

TEST(Kernels, GatherEachPicksOneElementForEveryIndexOfAnotherAxis) {
    Workspace workspace;
    const Array<double> a = array({1, 2, 3, 4, 5, 6}, {2, 3}, workspace);
    EXPECT_THAT(values(gather_each<double>(a, 0, 1, std::vector{2, 0}, workspace)), ElementsAre(3, 4));
    EXPECT_THAT(values(gather_each<double>(a, 1, 0, std::vector{1, -1, 0}, workspace)), ElementsAre(4, 0, 3));
}

TEST(Kernels, ScatterAddIsTheTransposeOfGather) {
    Workspace workspace;
    Random random(3);
    const std::vector<int> index{2, 0, -1, 2};
    const Array<double> x = testing::random_array<double>({3, 4}, random, workspace);
    const Array<double> y = testing::random_array<double>({3, 3}, random, workspace);
    const std::vector<double> scattered = values(scatter_add<double>(x, 1, index, 3, workspace));
    const std::vector<double> gathered = values(gather<double>(y, 1, index, workspace));
    const std::vector<double> xs = values(x);
    const std::vector<double> ys = values(y);
    double left = 0;
    double right = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) left += scattered[i] * ys[i];
    for (std::size_t i = 0; i < xs.size(); ++i) right += xs[i] * gathered[i];
    EXPECT_NEAR(left, right, 1e-14);
}

TEST(Kernels, CentreTakesTheMeanAwayAlongTheAxis) {
    Workspace workspace;
    const Array<double> a = array({1, 2, 6, 4, 5, 9}, {2, 3}, workspace);
    EXPECT_THAT(values(centre(a, 1, workspace)), ElementsAre(-2, -1, 3, -2, -1, 3));
    EXPECT_THAT(values(centre(a, 0, workspace)), ElementsAre(-1.5, -1.5, -1.5, 1.5, 1.5, 1.5));
}

TEST(Kernels, KeepLowerIsTheCausalMaskAndTheStrictOrderOfLayers) {
    Workspace workspace;
    const Array<double> a = array({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3}, workspace);
    EXPECT_THAT(values(keep_lower(a, 0, 1, {}, workspace)), ElementsAre(1, 0, 0, 4, 5, 0, 7, 8, 9));
    EXPECT_THAT(values(keep_lower(a, 1, 0, {.shift = -1}, workspace)),
                ElementsAre(0, 2, 3, 0, 0, 6, 0, 0, 0));
}

TEST(Kernels, AWindowKeepsTheLastOfWhatIsSeen) {
    Workspace workspace;
    const Array<double> a = array({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3}, workspace);
    EXPECT_THAT(values(keep_lower(a, 0, 1, {.window = 2}, workspace)),
                ElementsAre(1, 0, 0, 4, 5, 0, 0, 8, 9));
    EXPECT_THAT(values(keep_lower(a, 0, 1, {.window = 1}, workspace)),
                ElementsAre(1, 0, 0, 0, 5, 0, 0, 0, 9));
    EXPECT_EQ(values(keep_lower(a, 0, 1, {.window = 3}, workspace)),
              values(keep_lower(a, 0, 1, {}, workspace)));
    const double half = 1 / (1 + std::exp(1.0));
    EXPECT_THAT(
        values(softmax(a, 1, 0, {0, 2}, workspace)),
        Pointwise(DoubleNear(1e-15), std::vector<double>{1, 0, 0, half, 1 - half, 0, 0, half, 1 - half}));
}

TEST(Kernels, MaskedNaNIsZero) {
    Workspace workspace;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Array<double> a = array({1, nan, 2, 1}, {2, 2}, workspace);
    EXPECT_THAT(values(keep_lower(a, 0, 1, {}, workspace)), ElementsAre(1, 0, 2, 1));
    EXPECT_EQ(values(softmax(a, 1, 0, {0, 0}, workspace))[1], 0);
}

TEST(Kernels, RotationTurnsPairsByPositionInBothConventions) {
    Workspace workspace;
    const Array<double> a = array({1, 0, 0, 1, 9, 1, 0, 0, 1, 9}, {2, 5}, workspace);
    const auto turned = [&](bool adjacent, int sign) {
        return values(rotate(a, 1, 0, {{4, 100.0, adjacent}, sign, 1}, workspace));
    };
    const double c = std::cos(2.0);
    const double s = std::sin(2.0);
    const double c_slow = std::cos(0.2);
    const double s_slow = std::sin(0.2);
    const std::vector<double> halves = turned(false, 1);
    EXPECT_THAT(std::vector(halves.begin() + 5, halves.end()),
                Pointwise(DoubleNear(1e-15), std::vector{c, -s_slow, s, c_slow, 9.0}));
    const std::vector<double> adjacent = turned(true, 1);
    EXPECT_THAT(std::vector(adjacent.begin() + 5, adjacent.end()),
                Pointwise(DoubleNear(1e-15), std::vector{c, s, -s_slow, c_slow, 9.0}));
    const Array<double> there = rotate(a, 1, 0, {{4, 100.0, false}, 1, 3}, workspace);
    EXPECT_THAT(values(rotate(there, 1, 0, {{4, 100.0, false}, -1, 3}, workspace)),
                Pointwise(DoubleNear(1e-15), values(a)));
}

TEST(Kernels, ARotatedScoreDependsOnTheDistanceOnly) {
    Workspace workspace;
    Random random(4);
    const Rotary rotary{8, 10000.0, false};
    const Array<double> q = testing::random_array<double>({1, 8}, random, workspace);
    const Array<double> k = testing::random_array<double>({1, 8}, random, workspace);
    const auto score = [&](std::int64_t at_q, std::int64_t at_k) {
        const std::vector<double> x = values(rotate(q, 1, 0, {rotary, 1, at_q}, workspace));
        const std::vector<double> y = values(rotate(k, 1, 0, {rotary, 1, at_k}, workspace));
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
        return sum;
    };
    EXPECT_NEAR(score(9, 4), score(105, 100), 1e-12);
    EXPECT_GT(std::abs(score(9, 4) - score(9, 5)), 1e-3);
}

TEST(Kernels, SoftmaxRowsSumToOneAndMaskedEntriesAreExactlyZero) {
    Workspace workspace;
    const Array<double> a = array({1000, 5, 5, 0, std::log(3.0), 9, 1, 1, 1}, {3, 3}, workspace);
    EXPECT_THAT(
        values(softmax(a, 1, 0, {0, 0}, workspace)),
        Pointwise(DoubleNear(1e-15), std::vector<double>{1, 0, 0, 0.25, 0.75, 0, 1 / 3.0, 1 / 3.0, 1 / 3.0}));
    const std::vector<double> open = values(softmax(a.permuted(std::vector{1, 0}), 0, -1, {0, 0}, workspace));
    EXPECT_NEAR(open[0], 1.0, 1e-15);
    EXPECT_NEAR(open[2] + open[5] + open[8], 1.0, 1e-15);
}

TEST(Kernels, RstdIsTheInverseRootOfTheMeanSquare) {
    Workspace workspace;
    const Array<double> a = array({3, 4, 0, 0}, {2, 2}, workspace);
    EXPECT_THAT(values(rstd(a, 1, 1, 1e-4, workspace)),
                Pointwise(DoubleNear(1e-12), std::vector{1 / std::sqrt(12.5 + 1e-4), 100.0}));
}

TEST(Kernels, RstdOfSeveralAxesIsOneMean) {
    Workspace workspace;
    const Array<double> a = array({3, 4, 0, 0, 1, 1, 1, 1}, {2, 2, 2}, workspace);
    EXPECT_THAT(values(rstd(a, 1, 2, 0, workspace)),
                Pointwise(DoubleNear(1e-15), std::vector{1 / std::sqrt(6.25), 1.0}));
    EXPECT_THAT(values(rstd(a, 0, 3, 0, workspace)),
                Pointwise(DoubleNear(1e-15), std::vector{1 / std::sqrt(29 / 8.0)}));
    EXPECT_THAT(values(rstd(a.permuted(std::vector{2, 0, 1}), 1, 2, 0, workspace)),
                Pointwise(DoubleNear(1e-15), std::vector{1 / std::sqrt(11 / 4.0), 1 / std::sqrt(18 / 4.0)}));
}

TEST(Kernels, ASoftCapIsTheIdentityNearZeroAndItsLimitFarAway) {
    Workspace workspace;
    const Array<double> a = array({1e-9, 25, 1e9, -1e9}, {4}, workspace);
    EXPECT_THAT(values(soft_cap(a, 50, workspace)),
                Pointwise(DoubleNear(1e-14), std::vector{1e-9, 50 * std::tanh(0.5), 50.0, -50.0}));
}

TEST(Kernels, ActivationsAreTheirFormulas) {
    Workspace workspace;
    const Array<double> a = array({-2, 0, 0.5, 3}, {4}, workspace);
    for (std::size_t i = 0; i < 4; ++i) {
        const double x = a.data()[i];
        const double cubic = std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
        EXPECT_EQ(values(activate(a, Activation::Relu, workspace))[i], std::max(x, 0.0));
        EXPECT_NEAR(values(activate(a, Activation::Gelu, workspace))[i],
                    x / 2 * std::erfc(-x / std::sqrt(2.0)), 1e-15);
        EXPECT_NEAR(values(activate(a, Activation::GeluNew, workspace))[i], x / 2 * (1 + std::tanh(cubic)),
                    1e-15);
        EXPECT_NEAR(values(activate(a, Activation::Silu, workspace))[i], x / (1 + std::exp(-x)), 1e-15);
    }
}

TEST(Kernels, NaNSurvivesEveryFunction) {
    Workspace workspace;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Array<double> a = array({1, nan}, {1, 2}, workspace);
    for (const Activation f : {Activation::Relu, Activation::Gelu, Activation::GeluNew, Activation::Silu}) {
        EXPECT_TRUE(std::isnan(values(activate(a, f, workspace))[1]));
    }
    EXPECT_TRUE(std::isnan(values(soft_cap(a, 50, workspace))[1]));
    EXPECT_TRUE(std::isnan(values(rstd(a, 1, 1, 0, workspace))[0]));
    EXPECT_TRUE(std::isnan(values(softmax(a, 1, -1, {0, 0}, workspace))[0]));
    EXPECT_TRUE(std::isnan(sum_of_squares(a, workspace)));
}

TEST(Kernels, DenormalsSurviveACopyAndASum) {
    Workspace workspace;
    const double tiny = std::numeric_limits<double>::denorm_min();
    const Array<double> a = array({tiny, tiny, tiny}, {3}, workspace);
    EXPECT_EQ(values(copy(a, workspace))[2], tiny);
    EXPECT_EQ(values(reduce<double>(a, std::vector{0}, {}, workspace))[0], 3 * tiny);
}

TEST(Kernels, SquaresOfFloatsAreAddedUpInDouble) {
    Workspace workspace;
    const Array<float> a = Array<float>::zeros({1 << 22}, workspace);
    for (std::int64_t i = 0; i < a.size(); ++i) a.mutable_data()[i] = 0.1F;
    const double exact = static_cast<double>(a.size()) * std::pow(static_cast<double>(0.1F), 2);
    EXPECT_NEAR(sum_of_squares(a, workspace) / exact, 1.0, 1e-12);
}

/// All kernels in turn, on arrays big enough to be cut into tasks.
std::vector<float> everything(Workspace& workspace) {
    Random random(5);
    const Array<float> a = testing::random_array<float>({200, 30, 64}, random, workspace);
    std::vector<float> all;
    const auto append = [&](const Array<float>& x) {
        const std::vector<float> elements = values(x);
        all.insert(all.end(), elements.begin(), elements.end());
    };
    append(reduce<float>(a, std::vector{0, 1, 2}, std::vector{2}, workspace));
    append(reduce<float>(a, std::vector{0, 1, 2}, {}, workspace));
    append(copy(a.permuted(std::vector{2, 1, 0}), workspace));
    append(softmax(a, 2, 0, {0, 0}, workspace));
    append(softmax(a, 2, 0, {0, 7}, workspace));
    append(rstd(a, 0, 1, 1e-5, workspace));
    append(rstd(a, 1, 2, 1e-5, workspace));
    append(soft_cap(a, 0.5, workspace));
    append(rotate(a, 2, 0, {{64, 10000.0, false}, 1, 0}, workspace));
    append(activate(a, Activation::Gelu, workspace));
    all.push_back(static_cast<float>(sum_of_squares(a, workspace)));
    return all;
}

TEST(Kernels, TheBitsDoNotDependOnTheNumberOfThreads) {
    Workspace one;
    Workspace three({.threads = 3});
    const std::vector<float> x = everything(one);
    const std::vector<float> y = everything(three);
    ASSERT_EQ(x.size(), y.size());
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size() * sizeof(float)), 0);
}

}  // namespace
}  // namespace headway
