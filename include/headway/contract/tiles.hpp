// Matrices too large to store: an expression with ports [row, column] is cut into a left and a right side at
// the narrowest bond between its two ports; both sides are evaluated, each on its own tokens, and their
// product is made tile by tile and handed to a visitor, which may say that it has seen enough of a row.
//
// [d_vocab, d_vocab] of a head is rank d_head, so each side is `[d_vocab, d_head]`, and what is kept is the
// sides, not the matrix. Nothing here knows of heads: the cut is found in any product.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace headway {

/// matrix[row, column] = Σ_bond left[row, bond] right[column, bond]; the bond may be several indices.
struct MatrixSides {
    Expr left;   ///< ports [row, bond ...]
    Expr right;  ///< ports [column, bond ...]
    std::int64_t bond = 1;
};

/// The cut of an expression with two ports whose bond has the fewest entries. Throws Error(Usage) for another
/// number of ports, Error(Unsupported) where one factor has both ports, or more than 20 factors could lie on
/// either side.
MatrixSides split_matrix(const Expr& matrix, const Sizes& sizes);

/// A matrix as its two sides. T is float or double.
template <class T>
struct FactoredMatrix {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::int64_t bond = 0;
    std::shared_ptr<const T[]> left;   ///< `[rows, bond]`
    std::shared_ptr<const T[]> right;  ///< `[columns, bond]`
    std::span<const T> row(std::int64_t i) const {
        return {left.get() + i * bond, static_cast<std::size_t>(bond)};
    }
    std::span<const T> column(std::int64_t j) const {
        return {right.get() + j * bond, static_cast<std::size_t>(bond)};
    }
};

/// The sides of several matrices with the same ports; what they share is computed once. Where a port is a
/// Position its rows or columns are those of the tokens `rows` or `columns`, else the whole space and no
/// tokens. Tokens are taken in chunks, unless a side reads their positions. `options.precision` is not
/// looked at. Memory: (rows + columns) * bond of every matrix. Throws as `split_matrix` and `evaluate`.
template <class T>
std::vector<FactoredMatrix<T>> factor_matrices(const Model& model, std::span<const Expr> matrices,
                                               std::span<const int> rows, std::span<const int> columns,
                                               const EvaluateOptions& options = {});

/// Some rows and consecutive columns of a matrix.
template <class T>
struct Tile {
    std::span<const std::int64_t> rows;  ///< which
    std::int64_t first_column = 0;
    std::int64_t columns = 0;
    const T* values = nullptr;  ///< `[rows, columns]`, row-major
    std::span<const T> row(std::size_t i) const {
        return {values + static_cast<std::int64_t>(i) * columns, static_cast<std::size_t>(columns)};
    }
};

/// Looks at a tile and sets `finished[i]` where it has seen enough of row i of the tile; such a row does not
/// come again. Called from several threads, for different rows; a row's columns come in order.
template <class T>
using VisitTile = std::function<void(const Tile<T>&, std::span<char> finished)>;

struct TileOptions {
    std::int64_t rows = 128;     ///< of a tile, at most
    std::int64_t columns = 512;  ///< of a tile, at most
    int threads = 1;
    Progress* progress = nullptr;  ///< told of the multiply-adds; of those that finished rows save, too
};

/// How much of a matrix was looked at.
struct TileCount {
    std::uint64_t entries = 0;
    std::int64_t widest = 0;  ///< columns after which no row was left
};

/// Makes the matrix tile by tile. Rows that stay are packed together every few tiles, so that the products do
/// not get thin. What a visitor sees does not depend on the number of threads. Memory: a tile a thread.
template <class T>
TileCount visit_tiles(const FactoredMatrix<T>& matrix, const TileOptions& options, const VisitTile<T>& visit);

/// What `factor_matrices` and a whole pass of `visit_tiles` over each matrix cost.
struct TileCost {
    std::int64_t bond = 0;  ///< of all matrices together
    double sides = 0;       ///< multiply-adds for both sides
    double tiles = 0;       ///< multiply-adds for the tiles
    double bytes = 0;       ///< of the sides, beyond the weights
};
TileCost tile_cost(const Config& config, std::span<const Expr> matrices, std::int64_t rows,
                   std::int64_t columns, const EvaluateOptions& options = {});

}  // namespace headway
