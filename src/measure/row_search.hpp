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

/// Minus the mean row, or minus the mean column, times `factor`.
template <class T>
FactoredMatrix<T> without_mean_row(const FactoredMatrix<T>& matrix, double factor);
template <class T>
FactoredMatrix<T> without_mean_column(const FactoredMatrix<T>& matrix);

/// A matrix with some of its columns, those of larger norm first: what a row may still find gets smaller and
/// smaller, and it can be left.
template <class T>
struct SortedMatrix {
    FactoredMatrix<T> matrix;
    std::vector<int> tokens;    ///< of the columns
    std::vector<double> norms;  ///< of the columns, descending
};

/// The columns `kept`, all where none is given.
template <class T>
SortedMatrix<T> sort_columns(const FactoredMatrix<T>& matrix, std::vector<int> kept);

/// For each row a number that none of its entries exceeds, rounding included.
template <class T>
std::vector<double> row_bounds(const FactoredMatrix<T>& matrix);

/// Rows of which entries are asked for.
struct RowSearch {
    std::vector<int> rows{};
    std::vector<double> needs{};  ///< of each, entries below may be missing; empty: none is
    TileOptions tiles{};
    std::uint64_t entries = 0;  ///< counts those that are looked at
};

/// For each row its `most` largest entries above 0, the largest first, equal ones by token.
template <class T>
std::vector<std::vector<TokenValue>> row_tops(const SortedMatrix<T>& matrix, std::size_t most,
                                              RowSearch& search);

/// For each row its entries above 0 that, times the row's factor, exceed the floor of the column's token.
template <class T>
std::vector<std::vector<TokenValue>> row_entries(const SortedMatrix<T>& matrix,
                                                 std::span<const double> factors,
                                                 std::span<const double> floors, RowSearch& search);

}  // namespace headway
