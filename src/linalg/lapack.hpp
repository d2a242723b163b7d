// What stands between our matrices and LAPACK.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/error.hpp"

#include <xtensor/xtensor.hpp>

#include <string_view>

namespace headway {

/// A matrix as LAPACK stores it.
using ColumnMajor = xt::xtensor<double, 2, xt::layout_type::column_major>;

/// A copy that LAPACK may overwrite. Throws Error(Numeric) that names the first entry that is not finite:
/// LAPACK aborts the process, or answers, on NaN.
ColumnMajor finite_copy(const xt::xtensor<double, 2>& matrix, std::string_view what);

/// LAPACK's BLAS with one thread: it is called from inside of parallel loops, and its results do not depend
/// on them.
void use_one_lapack_thread();

/// Throws Error(Numeric) unless LAPACK's `info` says that it is done.
inline void require_converged(int info, std::string_view what) {
    invariant(info >= 0, "LAPACK was given an argument that it refuses");
    require(info == 0, ErrorKind::Numeric, "the {} do not converge ({} of them)", what, info);
}

}  // namespace headway
