// SPDX-License-Identifier: Apache-2.0
#include "linalg/lapack.hpp"

#include <cblas.h>

#include <cmath>

namespace headway {

ColumnMajor finite_copy(const xt::xtensor<double, 2>& matrix, std::string_view what) {
    for (std::size_t i = 0; i < matrix.shape(0); ++i)
        for (std::size_t j = 0; j < matrix.shape(1); ++j)
            require(std::isfinite(matrix(i, j)), ErrorKind::Numeric,
                    "{} of a matrix [{}, {}] whose entry [{}, {}] is {}", what, matrix.shape(0),
                    matrix.shape(1), i, j, matrix(i, j));
    return {matrix};
}

void use_one_lapack_thread() { openblas_set_num_threads(1); }

}  // namespace headway
