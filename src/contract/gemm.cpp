// SPDX-License-Identifier: Apache-2.0
#include "contract/gemm.hpp"

#include <cblas.h>

#include <limits>

#include "headway/base/error.hpp"

namespace headway {
namespace {

blasint narrow(std::int64_t n) {
    require(n <= std::numeric_limits<blasint>::max(), ErrorKind::Limit,
            "matrix product: an extent of {} does not fit the 32-bit sizes of BLAS", n);
    return static_cast<blasint>(n);
}

CBLAS_TRANSPOSE flag(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

void call_gemm(blasint m, blasint n, blasint k, float alpha, const Matrix<float>& a, const Matrix<float>& b,
               float beta, float* c, blasint ldc) {
    cblas_sgemm(CblasRowMajor, flag(a.transposed), flag(b.transposed), m, n, k, alpha, a.data,
                narrow(a.leading), b.data, narrow(b.leading), beta, c, ldc);
}

void call_gemm(blasint m, blasint n, blasint k, double alpha, const Matrix<double>& a,
               const Matrix<double>& b, double beta, double* c, blasint ldc) {
    cblas_dgemm(CblasRowMajor, flag(a.transposed), flag(b.transposed), m, n, k, alpha, a.data,
                narrow(a.leading), b.data, narrow(b.leading), beta, c, ldc);
}

// y = alpha * op(a) x + beta * y, op(a) of `rows` x `columns`.
void call_gemv(blasint rows, blasint columns, float alpha, const Matrix<float>& a, const float* x,
               blasint incx, float beta, float* y, blasint incy) {
    cblas_sgemv(CblasRowMajor, flag(a.transposed), a.transposed ? columns : rows,
                a.transposed ? rows : columns, alpha, a.data, narrow(a.leading), x, incx, beta, y, incy);
}

void call_gemv(blasint rows, blasint columns, double alpha, const Matrix<double>& a, const double* x,
               blasint incx, double beta, double* y, blasint incy) {
    cblas_dgemv(CblasRowMajor, flag(a.transposed), a.transposed ? columns : rows,
                a.transposed ? rows : columns, alpha, a.data, narrow(a.leading), x, incx, beta, y, incy);
}

}  // namespace

template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const Matrix<T>& a, const Matrix<T>& b,
          T beta, T* c, std::int64_t leading_c) {
    invariant(m >= 1 && n >= 1 && k >= 1, "gemm: no empty products");
    const blasint rows = narrow(m);
    const blasint columns = narrow(n);
    const blasint inner = narrow(k);
    const blasint ldc = narrow(leading_c);
    if (n == 1) {
        const blasint step = b.transposed ? 1 : narrow(b.leading);
        call_gemv(rows, inner, alpha, a, b.data, step, beta, c, ldc);
    } else if (m == 1) {
        const Matrix<T> b_transposed{b.data, b.leading, !b.transposed};
        const blasint step = a.transposed ? narrow(a.leading) : 1;
        call_gemv(columns, inner, alpha, b_transposed, a.data, step, beta, c, 1);
    } else {
        call_gemm(rows, columns, inner, alpha, a, b, beta, c, ldc);
    }
}

template void gemm(std::int64_t, std::int64_t, std::int64_t, float, const Matrix<float>&,
                   const Matrix<float>&, float, float*, std::int64_t);
template void gemm(std::int64_t, std::int64_t, std::int64_t, double, const Matrix<double>&,
                   const Matrix<double>&, double, double*, std::int64_t);

void use_one_blas_thread() { openblas_set_num_threads(1); }

std::string blas_description() { return openblas_get_config(); }

}  // namespace headway
