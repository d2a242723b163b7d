// Matrices over the vocabulary, streamed: their strongest entries, how often a row's largest entry is its
// diagonal, how their entries are distributed. `[d_vocab, d_vocab]` is never stored (contract/tiles.hpp).
//
// A matrix is an expression with two ports, row and column (expand/head_circuit.hpp, neuron_circuit.hpp).
// Position ports are all tokens of the vocabulary, or all positions of the model where the expression has no
// tokens; other ports are their whole space.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/network/expression.hpp"

#include <xtensor/xtensor.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace headway {

/// How many rows or columns a port has.
std::int64_t matrix_extent(const Config& config, const Expr& matrix, std::size_t port);

/// Chosen rows and columns by number (a token's id), in any order; empty: all.
struct MatrixWindow {
    std::vector<int> rows = {};
    std::vector<int> columns = {};
};

struct MatrixEntry {
    int row = 0;
    int column = 0;
    double value = 0;
    bool operator==(const MatrixEntry&) const = default;
};

enum class Strongest {
    OfEachRow,  ///< rows in the window's order, each from its largest entry down
    OfAll       ///< the largest entries of the window
};

/// The `count` largest entries of each row or of the window; equal ones by row, then column. Throws
/// Error(Usage) for a row or column out of range, and as `factor_matrices`.
std::vector<MatrixEntry> strongest_entries(const Model& model, const Expr& matrix, std::size_t count,
                                           Strongest of, const MatrixWindow& window = {},
                                           const EvaluateOptions& options = {});

/// All values of a window `[rows, columns]`. Throws as above; Error(Limit) for more than 2^27 values.
xt::xtensor<double, 2> window_values(const Model& model, const Expr& matrix, const MatrixWindow& window = {},
                                     const EvaluateOptions& options = {});

/// How often the diagonal is the largest of its row, or one of its five largest. An entry beats the diagonal
/// when it is larger, or equal and in a column before it: that is the arg-max with ties to the first column.
struct DiagonalAccuracy {
    double top1 = 0;  ///< fraction of rows
    double top5 = 0;
    std::int64_t rows = 0;
    double columns_mean = 0;         ///< columns that a row was compared with, on average
    std::int64_t columns_most = 0;   ///< after so many no row was left
    std::int64_t decided_twice = 0;  ///< pairs within rounding of each other, decided in double
};

/// Square matrices of equal size. With `early_exit` a row leaves as soon as five entries beat its diagonal,
/// or none that is left can (|l_i| |r_j| < d_i, Cauchy-Schwarz): both are exact, the numbers are the same
/// without; then every entry is made, but those of a decided row are not compared any more. Columns are
/// visited in descending norm, so most rows leave in the first tiles. Entries and diagonals are products of
/// the same two sides, which are in the precision of `options`; comparisons that the rounding of a product
/// could turn are made again in double. Many matrices are taken in groups that fit into `group_bytes`; `done`
/// is told of each as soon as it is known.
struct AccuracyOptions {
    bool early_exit = true;
    std::size_t group_bytes = std::size_t{256} << 20;
    std::function<void(std::size_t, const DiagonalAccuracy&)> done = nullptr;
};
std::vector<DiagonalAccuracy> diagonal_accuracy(const Model& model, std::span<const Expr> matrices,
                                                const EvaluateOptions& options = {},
                                                const AccuracyOptions& accuracy = {});

/// Equal bins over `least` .. `most`; entries outside are in the first and the last one.
struct EntryHistogram {
    double least = 0, most = 0;
    std::vector<std::uint64_t> counts;
    double smallest = 0, largest = 0;  ///< entries
    double mean = 0;
};

/// Of all entries. Throws as `factor_matrices`.
EntryHistogram entry_histogram(const Model& model, const Expr& matrix, double least, double most,
                               std::size_t bins, const EvaluateOptions& options = {});

}  // namespace headway
