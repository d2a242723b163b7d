// SPDX-License-Identifier: Apache-2.0
#include "headway/linalg/spectra.hpp"

#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <thread>

namespace headway {
namespace {

using Matrix = xt::xtensor<double, 2>;

Matrix random(std::size_t rows, std::size_t columns, unsigned seed) {
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal;
    Matrix matrix = xt::zeros<double>({rows, columns});
    for (double& value : matrix) value = normal(generator);
    return matrix;
}

Matrix times(const Matrix& a, const Matrix& b) {
    Matrix product = xt::zeros<double>({a.shape(0), b.shape(1)});
    for (std::size_t i = 0; i < a.shape(0); ++i)
        for (std::size_t k = 0; k < a.shape(1); ++k)
            for (std::size_t j = 0; j < b.shape(1); ++j) product(i, j) += a(i, k) * b(k, j);
    return product;
}

Matrix transposed(const Matrix& a) { return xt::transpose(a); }

double largest_difference(const Matrix& a, const Matrix& b) {
    EXPECT_EQ(a.shape(), b.shape());
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        largest = std::max(largest, std::abs(a.data()[i] - b.data()[i]));
    return largest;
}

Matrix identity(std::size_t n) { return xt::eye<double>(n); }

Matrix reconstructed(const Svd& svd) {
    Matrix scaled = svd.u;
    for (std::size_t i = 0; i < scaled.shape(0); ++i)
        for (std::size_t c = 0; c < scaled.shape(1); ++c) scaled(i, c) *= svd.s(c);
    return times(scaled, svd.v);
}

// Of `matrix`, with the order and the signs that are promised.
void expect_svd_of(const Matrix& matrix, const Svd& svd, double tolerance) {
    EXPECT_LT(largest_difference(reconstructed(svd), matrix), tolerance);
    EXPECT_LT(largest_difference(times(transposed(svd.u), svd.u), identity(svd.s.size())), 1e-13);
    EXPECT_LT(largest_difference(times(svd.v, transposed(svd.v)), identity(svd.s.size())), 1e-13);
    for (std::size_t c = 0; c < svd.s.size(); ++c) {
        EXPECT_GE(svd.s(c), 0);
        EXPECT_TRUE(c == 0 || svd.s(c) <= svd.s(c - 1));
        double largest = 0;
        for (std::size_t i = 0; i < svd.u.shape(0); ++i)
            if (std::abs(svd.u(i, c)) > std::abs(largest)) largest = svd.u(i, c);
        EXPECT_GT(largest, 0);
    }
}

TEST(Eigenvalues, OfACompanionMatrixAreTheRootsOfItsPolynomial) {
    // (x - 5) (x + 3) (x - 2) (x - 1) = x⁴ - 5x³ - 7x² + 41x - 30
    const Matrix companion{{5, 7, -41, 30}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};
    const Eigenvalues found = eigenvalues(companion);
    const std::vector<double> roots{5, -3, 2, 1};
    ASSERT_EQ(found.values.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(found.values[i].real(), roots[i], 1e-12);
        EXPECT_EQ(found.values[i].imag(), 0);
        EXPECT_GT(found.condition[i], 1);
    }
}

TEST(Eigenvalues, OfARotationAreTwoUnitConjugatesWithConditionOne) {
    const double c = std::cos(0.7), s = std::sin(0.7);
    const Eigenvalues found = eigenvalues(Matrix{{c, -s}, {s, c}});
    EXPECT_NEAR(std::abs(found.values[0] - std::polar(1.0, 0.7)), 0, 1e-15);
    EXPECT_NEAR(std::abs(found.values[1] - std::polar(1.0, -0.7)), 0, 1e-15);
    EXPECT_NEAR(found.condition[0], 1, 1e-14);
    EXPECT_NEAR(found.condition[1], 1, 1e-14);
}

TEST(Eigenvalues, OfASymmetricMatrixHaveConditionOneWhateverTheirSign) {
    const Matrix half = random(6, 6, 1);
    const Eigenvalues found = eigenvalues(Matrix(half + transposed(half)));
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_NEAR(found.condition[i], 1, 1e-12);
        EXPECT_TRUE(i == 0 || std::abs(found.values[i]) <= std::abs(found.values[i - 1]));
    }
}

TEST(Eigenvalues, ConditionIsThatOfTheDefinitionForATriangle) {
    // Right vectors (1, 0), (3, 2); left ones (2, -3), (0, 1).
    const Eigenvalues found = eigenvalues(Matrix{{1, 1.5}, {0, 2}});
    EXPECT_EQ(found.values[0], 2.0);
    EXPECT_NEAR(found.condition[0], std::sqrt(13.0) / 2, 1e-14);
    EXPECT_NEAR(found.condition[1], std::sqrt(13.0) / 2, 1e-14);
}

TEST(Eigenvalues, OfAJordanBlockAreIllConditioned) {
    const Eigenvalues found = eigenvalues(Matrix{{2, 1, 0}, {0, 2, 1}, {0, 0, 2}});
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(std::abs(found.values[i] - 2.0), 0, 1e-4);
        EXPECT_GT(found.condition[i], 1e9);
    }
    EXPECT_GT(eigenvalues(Matrix{{0, 1}, {0, 0}}).condition[0], 1e15);
}

TEST(Eigenvalues, AnErrorMovesThemByNoMoreThanTheirConditionSays) {
    const Matrix matrix = random(8, 8, 3);
    const double size = 1e-7;
    const Matrix near = matrix + size * random(8, 8, 4) / 8.0;
    const Eigenvalues before = eigenvalues(matrix), after = eigenvalues(near);
    for (std::size_t i = 0; i < 8; ++i) {
        double nearest = 1e9;
        for (const auto& value : after.values)
            nearest = std::min(nearest, std::abs(value - before.values[i]));
        EXPECT_LT(nearest, 2 * size * before.condition[i]);
        EXPECT_GT(nearest, 0);
    }
}

TEST(Eigenvalues, SumToTheTrace) {
    const Matrix matrix = random(9, 9, 5);
    std::complex<double> sum = 0;
    for (const auto& value : eigenvalues(matrix).values) sum += value;
    double trace = 0;
    for (std::size_t i = 0; i < 9; ++i) trace += matrix(i, i);
    EXPECT_NEAR(sum.real(), trace, 1e-12);
    EXPECT_NEAR(sum.imag(), 0, 1e-12);
}

TEST(Eigenvalues, OfZerosAreZerosAndOfANumberItself) {
    const Eigenvalues zeros = eigenvalues(xt::zeros<double>({3, 3}));
    EXPECT_EQ(zeros.values, std::vector<std::complex<double>>(3));
    EXPECT_EQ(zeros.condition, std::vector<double>(3, 1.0));
    EXPECT_EQ(eigenvalues(Matrix{{-4}}).values.front(), -4.0);
}

TEST(Eigenvalues, TiesGoToTheLargerRealPartThenTheLargerImaginaryPart) {
    const Matrix matrix{{-1, 0, 0, 0}, {0, 0, -1, 0}, {0, 1, 0, 0}, {0, 0, 0, 1}};
    const auto values = eigenvalues(matrix).values;
    EXPECT_EQ(values, (std::vector<std::complex<double>>{1, {0, 1}, {0, -1}, -1}));
}

TEST(Svd, OfAnyShapeIsTheMatrix) {
    for (const auto& [rows, columns] : {std::pair{5, 5}, {9, 4}, {4, 9}, {1, 6}, {6, 1}, {1, 1}}) {
        const Matrix matrix = random(static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), 7);
        expect_svd_of(matrix, svd(matrix), 1e-13);
    }
}

TEST(Svd, OfAProductIsThatOfTheDenseMatrix) {
    for (const std::size_t k : {std::size_t{1}, std::size_t{4}, std::size_t{7}}) {
        const Matrix left = random(12, k, 8), right = random(k, 7, 9), dense = times(left, right);
        const Svd product = svd_of_product(left, right), whole = svd(dense);
        ASSERT_EQ(product.s.size(), k);
        expect_svd_of(dense, product, 1e-12);
        for (std::size_t c = 0; c < k; ++c) EXPECT_NEAR(product.s(c), whole.s(c), 1e-13 * whole.s(0));
    }
}

TEST(Svd, OfAProductKeepsSmallSingularValues) {
    Matrix left = xt::zeros<double>({3, 2}), right = xt::zeros<double>({2, 3});
    left(0, 0) = 1e8, left(1, 1) = 1e-8, right(0, 2) = 1e8, right(1, 1) = 1e-8;
    const Svd found = svd_of_product(left, right);
    EXPECT_NEAR(found.s(0), 1e16, 1);
    EXPECT_NEAR(found.s(1), 1e-16, 1e-28);
}

TEST(Svd, OfZerosHasZerosBetweenOrthonormalVectors) {
    const Svd found = svd_of_product(xt::zeros<double>({5, 2}), random(2, 4, 1));
    EXPECT_EQ(found.s, (xt::xtensor<double, 1>{0, 0}));
    expect_svd_of(xt::zeros<double>({5, 4}), found, 1e-300);
}

TEST(Svd, SignsMakeTheLargestEntryOfEachLeftVectorPositive) {
    EXPECT_EQ(svd(Matrix{{-3, 0}, {0, 2}}).u, identity(2));
    EXPECT_EQ(svd(Matrix{{-3, 0}, {0, 2}}).v, (Matrix{{-1, 0}, {0, 1}}));
}

TEST(Spectra, WhatIsNotFiniteIsRefusedWithItsPlace) {
    Matrix bad = random(4, 4, 2);
    bad(2, 1) = std::numeric_limits<double>::quiet_NaN();
    test::expect_error(ErrorKind::Numeric, "eigenvalues of a matrix [4, 4] whose entry [2, 1] is nan",
                       [&] { return eigenvalues(bad); });
    test::expect_error(ErrorKind::Numeric, "singular values of a matrix [4, 4] whose entry [2, 1] is nan",
                       [&] { return svd(bad); });
    bad(2, 1) = std::numeric_limits<double>::infinity();
    test::expect_error(ErrorKind::Numeric, "whose entry [2, 1] is inf",
                       [&] { return svd_of_product(random(4, 4, 3), bad); });
}

TEST(Spectra, AreTheSameBitsInsideOfManyThreads) {
    const Matrix left = random(96, 32, 11), right = random(32, 96, 12), square = random(48, 48, 13);
    const Svd alone = svd_of_product(left, right);
    const Eigenvalues values = eigenvalues(square);
    std::vector<int> equal(4);
    {
        std::vector<std::jthread> threads;
        for (int& same : equal)
            threads.emplace_back([&] {
                for (int i = 0; i < 20; ++i) {
                    const Svd again = svd_of_product(left, right);
                    same += again.u == alone.u && again.s == alone.s && again.v == alone.v &&
                            eigenvalues(square).values == values.values;
                }
            });
    }
    EXPECT_EQ(equal, (std::vector<int>{20, 20, 20, 20}));
}

}  // namespace
}  // namespace headway
