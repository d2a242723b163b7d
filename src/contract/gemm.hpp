// The one door to BLAS: matrix-matrix and matrix-vector products of row-major matrices. BLAS itself runs on
// one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace headway {

/// A matrix as BLAS reads it: element (i, j) at data[i * leading + j], or at data[j * leading + i] when
/// transposed.
template <class T>
struct Matrix {
    const T* data;
    std::int64_t leading;
    bool transposed;
};

/// c[i, j] = alpha * sum_p a[i, p] b[p, j] + beta * c[i, j], c at c[i * leading_c + j]; c is not read when
/// beta is 0. Requires: m, n, k >= 1, each below 2^31. Uses gemv when m or n is 1.
template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const Matrix<T>& a, const Matrix<T>& b,
          T beta, T* c, std::int64_t leading_c);

/// Keeps BLAS to the calling thread, for the whole process (OpenBLAS knows no smaller scope). Called by every
/// Workspace.
void use_one_blas_thread();

/// What the library says of itself: version and kernel family.
std::string blas_description();

}  // namespace headway
