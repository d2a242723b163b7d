// SPDX-License-Identifier: Apache-2.0
#include "headway/linalg/spectra.hpp"
#include "linalg/lapack.hpp"

#include <xtensor-blas/xblas.hpp>
#include <xtensor-blas/xlapack.hpp>

#include <cmath>
#include <utility>

namespace headway {

namespace {

// The largest-magnitude entry of each column of U becomes positive.
void fix_signs(Svd& svd) {
    for (std::size_t c = 0; c < svd.u.shape(1); ++c) {
        double largest = 0;
        for (std::size_t i = 0; i < svd.u.shape(0); ++i)
            if (std::abs(svd.u(i, c)) > std::abs(largest)) largest = svd.u(i, c);
        if (largest >= 0) continue;
        for (std::size_t i = 0; i < svd.u.shape(0); ++i) svd.u(i, c) = -svd.u(i, c);
        for (std::size_t j = 0; j < svd.v.shape(1); ++j) svd.v(c, j) = -svd.v(c, j);
    }
}

// A = U diag(s) V with whatever signs LAPACK gives.
struct Factors {
    ColumnMajor u;
    xt::xtensor<double, 1> s;
    ColumnMajor v;
};
Factors factors_of(ColumnMajor matrix) {
    auto [info, u, s, v] = xt::lapack::gesdd(matrix, 'S');
    require_converged(info, "singular values");
    return {std::move(u), s, std::move(v)};
}

// a b, or a bᵀ.
ColumnMajor times(const ColumnMajor& a, const ColumnMajor& b, CBLAS_TRANSPOSE of_b) {
    const std::size_t n = a.shape(0), k = a.shape(1), m = b.shape(of_b == CblasTrans ? 0 : 1);
    const auto blas = [](std::size_t extent) { return static_cast<int>(extent); };
    ColumnMajor product = xt::zeros<double>({n, m});
    cblas_dgemm(CblasColMajor, CblasNoTrans, of_b, blas(n), blas(m), blas(k), 1, a.data(), blas(n), b.data(),
                blas(b.shape(0)), 0, product.data(), blas(n));
    return product;
}

// Q `[n, k]` with orthonormal columns and R `[k, k]`, upper triangular: `matrix` = Q R.
struct Triangle {
    ColumnMajor q, r;
};
Triangle triangle_of(ColumnMajor matrix) {
    const std::size_t k = matrix.shape(1);
    xt::xtensor<double, 1> tau = xt::zeros<double>({k});
    require_converged(xt::lapack::geqrf(matrix, tau), "QR factors");
    ColumnMajor r = xt::zeros<double>({k, k});
    for (std::size_t j = 0; j < k; ++j)
        for (std::size_t i = 0; i <= j; ++i) r(i, j) = matrix(i, j);
    require_converged(xt::lapack::orgqr(matrix, tau), "QR factors");
    return {std::move(matrix), std::move(r)};
}

}  // namespace

Svd svd(const xt::xtensor<double, 2>& matrix) {
    invariant(matrix.size() > 0, "singular values of an empty matrix");
    ColumnMajor work = finite_copy(matrix, "singular values");
    use_one_lapack_thread();
    const Factors factors = factors_of(std::move(work));
    Svd result{factors.u, factors.s, factors.v};
    fix_signs(result);
    return result;
}

Svd svd_of_product(const xt::xtensor<double, 2>& left, const xt::xtensor<double, 2>& right) {
    const std::size_t k = left.shape(1);
    invariant(k > 0 && k == right.shape(0), "singular values of a product whose factors do not fit");
    invariant(k <= left.shape(0) && k <= right.shape(1), "singular values of a product of no low rank");
    const ColumnMajor first = finite_copy(left, "singular values");
    const ColumnMajor second = finite_copy(right, "singular values");
    use_one_lapack_thread();
    // (Q₁ R₁) (Q₂ R₂)ᵀ = Q₁ (R₁ R₂ᵀ) Q₂ᵀ, and orthonormal columns keep singular values.
    const Triangle one = triangle_of(first), two = triangle_of(ColumnMajor(xt::transpose(second)));
    const Factors between = factors_of(times(one.r, two.r, CblasTrans));
    Svd result{times(one.q, between.u, CblasNoTrans), between.s, times(between.v, two.q, CblasTrans)};
    fix_signs(result);
    return result;
}

}  // namespace headway
