// SPDX-License-Identifier: Apache-2.0
#include "headway/linalg/spectra.hpp"
#include "linalg/lapack.hpp"

#include <xtensor-blas/xblas.hpp>
#include <xtensor-blas/xlapack.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headway {

namespace {

/// Eigenvectors as LAPACK packs them: column j, and of a pair of conjugates at j and j + 1 the real and the
/// imaginary part of the first. All have length 1.
struct Vectors {
    const ColumnMajor& left;
    const ColumnMajor& right;

    double dot(std::size_t i, std::size_t j) const {
        double sum = 0;
        for (std::size_t row = 0; row < left.shape(0); ++row) sum += left(row, i) * right(row, j);
        return sum;
    }
    double condition(std::size_t j) const { return 1 / std::abs(dot(j, j)); }
    /// |(a - ib)ᵀ (x + iy)| of left a + ib and right x + iy.
    double condition_of_pair(std::size_t j) const {
        return 1 / std::hypot(dot(j, j) + dot(j + 1, j + 1), dot(j, j + 1) - dot(j + 1, j));
    }
};

bool comes_before(std::complex<double> a, std::complex<double> b) {
    if (std::abs(a) != std::abs(b)) return std::abs(a) > std::abs(b);
    return a.real() != b.real() ? a.real() > b.real() : a.imag() > b.imag();
}

Eigenvalues largest_first(const Eigenvalues& found) {
    std::vector<std::size_t> order(found.values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(
        order, [&](std::size_t a, std::size_t b) { return comes_before(found.values[a], found.values[b]); });
    Eigenvalues sorted;
    for (const std::size_t i : order) {
        sorted.values.push_back(found.values[i]);
        sorted.condition.push_back(found.condition[i]);
    }
    return sorted;
}

}  // namespace

Eigenvalues eigenvalues(const xt::xtensor<double, 2>& matrix) {
    const std::size_t n = matrix.shape(0);
    invariant(n == matrix.shape(1), "eigenvalues of a matrix that is not square");
    if (n == 0) return {};
    ColumnMajor work = finite_copy(matrix, "eigenvalues");
    use_one_lapack_thread();
    xt::xtensor<double, 1> real = xt::empty<double>({n}), imaginary = xt::empty<double>({n});
    ColumnMajor left = xt::empty<double>({n, n}), right = xt::empty<double>({n, n});
    require_converged(xt::lapack::geev(work, 'V', 'V', real, imaginary, left, right), "eigenvalues");
    const Vectors vectors{left, right};
    Eigenvalues found;
    for (std::size_t j = 0; j < n; ++j) {
        found.values.emplace_back(real(j), imaginary(j));
        if (imaginary(j) == 0) {
            found.condition.push_back(vectors.condition(j));
            continue;
        }
        found.values.emplace_back(real(j + 1), imaginary(j + 1));
        found.condition.insert(found.condition.end(), 2, vectors.condition_of_pair(j));
        ++j;
    }
    return largest_first(found);
}

}  // namespace headway
