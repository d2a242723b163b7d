// Eigenvalues and singular values of small dense matrices, and of low-rank products of tall ones, in double.
// What is not finite is refused before LAPACK sees it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <xtensor/xtensor.hpp>

#include <complex>
#include <vector>

namespace headway {

/// The eigenvalues of a real matrix, largest magnitude first (ties: larger real part, then larger imaginary
/// part), with the condition number of each: 1 / |yᴴ x| for left and right unit eigenvectors y, x, at least
/// 1, infinite where defective. An error of size ε in the matrix moves a simple eigenvalue by up to condition
/// * ε.
struct Eigenvalues {
    std::vector<std::complex<double>> values;
    std::vector<double> condition;
};

/// Throws Error(Numeric): not finite, or LAPACK does not converge. Requires: square.
Eigenvalues eigenvalues(const xt::xtensor<double, 2>& matrix);

/// A = U diag(s) V with orthonormal columns of U and rows of V, s descending. Signs: the largest-magnitude
/// entry of each column of U is positive, ties to the lowest index.
struct Svd {
    xt::xtensor<double, 2> u;  ///< `[n, k]`
    xt::xtensor<double, 1> s;  ///< `[k]`
    xt::xtensor<double, 2> v;  ///< `[k, m]`
};

/// Of a matrix `[n, m]`: k = min(n, m). Throws Error(Numeric).
Svd svd(const xt::xtensor<double, 2>& matrix);

/// Of left · right, `[n, k] [k, m]`, through the `[k, k]` form: QR of both factors, then the SVD of what is
/// left between them. Requires: k <= n, m. Cost: (n + m) k². Throws Error(Numeric).
Svd svd_of_product(const xt::xtensor<double, 2>& left, const xt::xtensor<double, 2>& right);

}  // namespace headway
