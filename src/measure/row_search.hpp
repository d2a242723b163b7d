// The largest entries of the rows of a factored matrix, and bounds on them from the norms of its sides.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/tiles.hpp"
#include "headway/measure/skip_trigrams.hpp"

#include <span>
#include <vector>

namespace headway {

/// The matrix with rows and columns exchanged.
template <class T>
FactoredMatrix<T> transposed(const FactoredMatrix<T>& matrix);

/// The rows `which`, in this order.
template <class T>
FactoredMatrix<T> rows_of(const FactoredMatrix<T>& matrix, std::span<const int> which);

/// Minus the mean row, or minus the mean column, times `factor`.
template <class T>
FactoredMatrix<T> without_mean_row(const FactoredMatrix<T>& matrix, double factor);
template <class T>
FactoredMatrix<T> without_mean_column(const FactoredMatrix<T>& matrix);

/// All columns but `kept` are zero; the same when none is given.
template <class T>
FactoredMatrix<T> keep_columns(const FactoredMatrix<T>& matrix, std::span<const int> kept);

/// For each row a number that none of its entries exceeds, rounding included.
template <class T>
std::vector<double> row_bounds(const FactoredMatrix<T>& matrix);

/// For each row its `most` largest entries above 0, the largest first, equal ones by column.
template <class T>
std::vector<std::vector<TokenValue>> row_tops(const FactoredMatrix<T>& matrix, std::size_t most,
                                              const TileOptions& options);

/// For each row its entries above 0 that, times the row's factor, exceed the column's floor; by column.
template <class T>
std::vector<std::vector<TokenValue>> row_entries(const FactoredMatrix<T>& matrix,
                                                 std::span<const double> factors,
                                                 std::span<const double> floors, const TileOptions& options);

}  // namespace headway
