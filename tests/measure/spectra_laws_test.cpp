// Laws that copying and matching scores obey whatever the weights are.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/corner.hpp"
#include "headway/model/load.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace headway {
namespace {

constexpr int d_model = 12, d_head = 4, n_heads = 3, n_layers = 3;
using Arrays = std::map<LeafName, std::vector<double>>;

Config shape() {
    return parse_random_shape("layers=3,heads=3,d_model=12,d_head=4,vocab=15,ctx=7,positions=learned");
}

Arrays some_weights() {
    Arrays arrays;
    const Model model = random_model(shape(), {.fold = no_folding, .seed = 11});
    for (const Leaf& leaf : stored_leaves(shape())) {
        const auto array = model.leaf<double>(leaf.name.symbol, leaf.name.layer);
        arrays[leaf.name] = {array.values().begin(), array.values().end()};
    }
    return arrays;
}

// Every score of every head and pair.
std::vector<double> scores(const Arrays& arrays, Precision precision = Precision::Double) {
    const Model model = model_from_arrays(shape(), arrays, no_folding, "law");
    const SpectraOptions options{.evaluate = {.precision = precision}};
    std::vector<double> all;
    for (const HeadSpectra& row : head_spectra(model, options))
        for (const double value :
             {row.copying_ov.value, row.copying_full_ov.value, row.matching_full_qk.value})
            all.push_back(value);
    for (const PairMatching& pair : pair_matching(model, {.spectra = options}))
        for (const double value : {pair.k_matching.value, pair.q_matching.value, pair.copying_reader})
            all.push_back(value);
    EXPECT_EQ(all.size(), 3U * (9 + 27));
    return all;
}

void expect_equal(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << "score " << i;
}

// Matrices side by side, row-major `[.., rows, columns]`.
struct Stack {
    std::vector<double>& values;
    int rows, columns;

    int count() const { return static_cast<int>(values.size()) / (rows * columns); }
    double& at(int matrix, int row, int column) const {
        return values[static_cast<std::size_t>((matrix * rows + row) * columns + column)];
    }
    // x G on columns i and j: a plane rotation.
    void turn_columns(int i, int j, double angle) const {
        for (int m = 0; m < count(); ++m)
            for (int row = 0; row < rows; ++row) {
                double &a = at(m, row, i), &b = at(m, row, j);
                const double was = a;
                a = was * std::cos(angle) - b * std::sin(angle);
                b = was * std::sin(angle) + b * std::cos(angle);
            }
    }
    // Gᵀ x on rows i and j.
    void turn_rows(int i, int j, double angle) const {
        for (int m = 0; m < count(); ++m)
            for (int column = 0; column < columns; ++column) {
                double &a = at(m, i, column), &b = at(m, j, column);
                const double was = a;
                a = was * std::cos(angle) - b * std::sin(angle);
                b = was * std::sin(angle) + b * std::cos(angle);
            }
    }
};

TEST(SpectraLaws, AChangeOfBasisInsideAHeadChangesNoScore) {
    Arrays arrays = some_weights();
    const std::vector<double> before = scores(arrays);
    for (int layer = 0; layer < n_layers; ++layer)
        for (const auto& [reads, writes] : {std::pair{"W_V", "W_O"}, {"W_Q", "W_K"}})
            for (int i = 0; i < d_head; ++i) {
                const int j = (i + 1) % d_head;
                const bool output = writes == std::string("W_O");  // [d_head, d_model], W_K: its transpose
                const Stack in{arrays.at({reads, layer}), d_model, d_head};
                const Stack out{arrays.at({writes, layer}), output ? d_head : d_model,
                                output ? d_model : d_head};
                in.turn_columns(i, j, 0.7 + i);
                output ? out.turn_rows(i, j, 0.7 + i) : out.turn_columns(i, j, 0.7 + i);
                for (int head = 0; head < n_heads; ++head)  // and no rotation: a stretch of one direction
                    for (int row = 0; row < d_model; ++row) {
                        in.at(head, row, i) *= 3;
                        (output ? out.at(head, i, row) : out.at(head, row, i)) /= 3;
                    }
            }
    expect_equal(scores(arrays), before, 1e-9);
}

TEST(SpectraLaws, ARotationOfTheStreamChangesNoScore) {
    Arrays arrays = some_weights();
    const std::vector<double> before = scores(arrays);
    for (int i = 0; i < d_model; ++i) {
        const int j = (i + 5) % d_model;
        for (const char* embedding : {"W_E", "W_pos"})
            Stack{arrays.at({embedding, -1}), static_cast<int>(arrays.at({embedding, -1}).size()) / d_model,
                  d_model}
                .turn_columns(i, j, 1.1 + i);
        Stack{arrays.at({"W_U", -1}), d_model, 15}.turn_rows(i, j, 1.1 + i);
        for (int layer = 0; layer < n_layers; ++layer) {
            for (const char* reader : {"W_Q", "W_K", "W_V"})
                Stack{arrays.at({reader, layer}), d_model, d_head}.turn_rows(i, j, 1.1 + i);
            Stack{arrays.at({"W_O", layer}), d_head, d_model}.turn_columns(i, j, 1.1 + i);
        }
    }
    expect_equal(scores(arrays), before, 1e-9);
}

// In float too, where a product of six weights of this size has no number.
TEST(SpectraLaws, TheSizeOfAHeadChangesNoScore) {
    for (const double size : {0x1p40, 0x1p-40}) {
        Arrays arrays = some_weights();
        const std::vector<double> before = scores(arrays, Precision::Float);
        for (int layer = 0; layer < n_layers; ++layer)
            for (const char* symbol : {"W_Q", "W_V", "W_O"})
                for (int i = 0; i < d_model * d_head; ++i)
                    arrays.at({symbol, layer})[static_cast<std::size_t>(i)] *= size;  // head 0
        expect_equal(scores(arrays, Precision::Float), before, 1e-6);
    }
}

TEST(SpectraLaws, TheSignOfAHeadsOutputIsThatOfItsCopying) {
    Arrays arrays = some_weights();
    const std::vector<double> before = scores(arrays);
    for (double& value : arrays.at({"W_O", 2})) value = -value;
    const std::vector<double> after = scores(arrays);
    for (std::size_t head = 6; head < 9; ++head) {
        EXPECT_NEAR(after[3 * head], -before[3 * head], 1e-12);
        EXPECT_NEAR(after[3 * head + 1], -before[3 * head + 1], 1e-12);
        EXPECT_NEAR(after[3 * head + 2], before[3 * head + 2], 1e-12);
    }
}

}  // namespace
}  // namespace headway
