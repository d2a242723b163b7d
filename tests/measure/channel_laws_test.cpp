// Laws that channels obey whatever the weights are.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/channels.hpp"

#include "headway/model/load.hpp"
#include "measure/channel_pairs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace headway {

using test::all_pairs;

namespace {

using Arrays = std::map<LeafName, std::vector<double>>;
constexpr EvaluateOptions in_double{.precision = Precision::Double};
constexpr int d_model = 12, d_head = 4;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

Config shape(const char* more = "kv_heads=2") {
    return parse_random_shape(
        std::string("layers=3,heads=4,d_model=12,d_head=4,vocab=9,ctx=7,positions=none,") + more);
}

Arrays weights_of(const Model& model) {
    Arrays arrays;
    for (const Leaf& leaf : stored_leaves(model.config())) {
        const auto array = model.leaf<double>(leaf.name.symbol, leaf.name.layer);
        arrays[leaf.name] = {array.values().begin(), array.values().end()};
    }
    return arrays;
}

std::vector<Channels> channels_of(const Config& config, const Arrays& arrays) {
    return channels(model_from_arrays(config, arrays, no_folding, "law"), all_pairs(config), in_double);
}

// Matrices one behind the other, row-major `[.., rows, columns]`.
struct Stack {
    std::vector<double>& values;
    int rows, columns;

    // x G on columns i and j, a plane rotation.
    void turn_columns(int i, int j, double angle) const {
        for (std::size_t row = 0; row < values.size(); row += at(columns))
            turn(values[row + at(i)], values[row + at(j)], angle);
    }
    // Gᵀ x on rows i and j.
    void turn_rows(int i, int j, double angle) const {
        for (std::size_t first = 0; first < values.size(); first += at(rows * columns))
            for (int column = 0; column < columns; ++column)
                turn(values[first + at(i * columns + column)], values[first + at(j * columns + column)],
                     angle);
    }

private:
    static void turn(double& a, double& b, double angle) {
        const double was = a;
        a = was * std::cos(angle) - b * std::sin(angle);
        b = was * std::sin(angle) + b * std::cos(angle);
    }
};

void rotate_stream(Arrays& arrays) {
    for (int i = 0; i < d_model; ++i) {
        const int j = (i + 5) % d_model;
        for (auto& [name, values] : arrays) {
            if (name.symbol == "W_E") Stack{values, 1, d_model}.turn_columns(i, j, 1.1 + i);
            if (name.symbol == "W_O") Stack{values, d_head, d_model}.turn_columns(i, j, 1.1 + i);
            if (name.symbol == "W_U") Stack{values, d_model, 9}.turn_rows(i, j, 1.1 + i);
            if (name.symbol == "W_Q" || name.symbol == "W_K" || name.symbol == "W_V")
                Stack{values, d_model, d_head}.turn_rows(i, j, 1.1 + i);
        }
    }
}

void expect_same(const std::vector<Channel>& a, const std::vector<Channel>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].first, b[i].first);
        EXPECT_EQ(a[i].last, b[i].last);
        EXPECT_NEAR(a[i].singular_value, b[i].singular_value, 1e-12);
        EXPECT_NEAR(a[i].weight, b[i].weight, 1e-12);
        EXPECT_NEAR(a[i].score, b[i].score, 1e-10);
        EXPECT_NEAR(a[i].z, b[i].z, 1e-8);
    }
}

void expect_same(const std::vector<Channels>& a, const std::vector<Channels>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        expect_same(a[i].writer, b[i].writer);
        expect_same(a[i].reader, b[i].reader);
        EXPECT_NEAR(a[i].square, b[i].square, 1e-12);
    }
}

TEST(ChannelLaws, ARotationOfTheStreamChangesNoChannel) {
    Arrays arrays = weights_of(random_model(shape(), {.fold = no_folding, .seed = 31}));
    const std::vector<Channels> before = channels_of(shape(), arrays);
    rotate_stream(arrays);
    const std::vector<Channels> after = channels_of(shape(), arrays);
    expect_same(after, before);
    for (std::size_t p = 0; p < before.size(); ++p)  // cosines up to the signs of their vectors
        for (std::size_t i = 0; i < before[p].overlap.size(); ++i)
            EXPECT_NEAR(std::abs(after[p].overlap.data()[i]), std::abs(before[p].overlap.data()[i]), 1e-9);
}

TEST(ChannelLaws, ARotationOfHalfOfTheStreamsWeightsChangesChannels) {
    Arrays arrays = weights_of(random_model(shape(), {.fold = no_folding, .seed = 31}));
    const double before = channels_of(shape(), arrays).front().writer.front().score;
    for (auto& [name, values] : arrays)
        if (name.symbol == "W_O") Stack{values, d_head, d_model}.turn_columns(0, 5, 1.1);
    EXPECT_GT(std::abs(channels_of(shape(), arrays).front().writer.front().score - before), 1e-4);
}

TEST(ChannelLaws, AChangeOfBasisInsideAHeadChangesNoChannel) {
    const Config config = shape("norm=none");
    Arrays arrays = weights_of(random_model(config, {.fold = no_folding, .seed = 32}));
    const std::vector<Channels> before = channels_of(config, arrays);
    for (int layer = 0; layer < 3; ++layer)
        for (int i = 0; i < d_head; ++i) {
            const int j = (i + 1) % d_head;
            Stack{arrays.at({"W_V", layer}), d_model, d_head}.turn_columns(i, j, 0.7 + i);
            Stack{arrays.at({"W_O", layer}), d_head, d_model}.turn_rows(i, j, 0.7 + i);
            Stack{arrays.at({"W_Q", layer}), d_model, d_head}.turn_columns(i, j, 0.9 + i);
            Stack{arrays.at({"W_K", layer}), d_model, d_head}.turn_columns(i, j, 0.9 + i);
            for (std::size_t entry = at(i); entry < at(4 * d_model * d_head); entry += at(d_head)) {
                arrays.at({"W_Q", layer})[entry] *= 3;  // and no rotation: a stretch of one direction
                arrays.at({"W_K", layer})[entry] /= 3;
            }
        }
    expect_same(channels_of(config, arrays), before);
}

// W_OV of L0H0 made of orthonormal rows with singular values 3, 2, 2 (1 - 1e-9), 1: between the two in the
// middle the vectors are whatever rounding makes of them, and the plane that they span is not.
TEST(ChannelLaws, ComponentsThatAreNearlyEqualKeepTheirSumUnderARotation) {
    Arrays arrays = weights_of(random_model(shape(), {.fold = no_folding, .seed = 33}));
    std::vector<double>&w_v = arrays.at({"W_V", 0}), &w_o = arrays.at({"W_O", 0});
    const double s[] = {3, 2, 2 * (1 - 1e-9), 1};
    for (int e = 0; e < d_head; ++e)
        for (int d = 0; d < d_model; ++d) {
            w_v[at(d * d_head + e)] = d == e ? 1 : 0;
            w_o[at(e * d_model + d)] = d == e + 4 ? s[e] : 0;
        }
    const std::vector<Channels> before = channels_of(shape(), arrays);
    rotate_stream(arrays);
    for (int d = 0; d < d_model; ++d) {  // and what the two write mixed
        double &a = w_o[at(d_model + d)], &b = w_o[at(2 * d_model + d)];
        const double was = a;
        a = 0.6 * was - 0.8 * b;
        b = 0.8 * was + 0.6 * b;
    }
    const std::vector<Channels> after = channels_of(shape(), arrays);
    for (std::size_t p = 0; p < before.size(); ++p) {
        if (before[p].pair.writer != Head{0, 0}) continue;
        ASSERT_EQ(before[p].writer.size(), 3U);
        ASSERT_EQ(after[p].writer.size(), 3U);
        EXPECT_EQ(after[p].writer[1].last, 2);
        EXPECT_NEAR(after[p].writer[1].score, before[p].writer[1].score, 1e-8);
        EXPECT_NEAR(after[p].writer[1].contribution, before[p].writer[1].contribution, 1e-8);
        EXPECT_NEAR(after[p].writer[0].score, before[p].writer[0].score, 1e-8);
    }
}

}  // namespace
}  // namespace headway
