// A matrix over tokens, positions or neurons as its two sides, on chosen rows and columns.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/tiles.hpp"
#include "headway/measure/vocabulary.hpp"

#include <vector>

namespace headway {

/// All rows and columns of several matrices with the same ports.
template <class T>
std::vector<FactoredMatrix<T>> whole_matrices(const Model& model, std::span<const Expr> matrices,
                                              const EvaluateOptions& options);

/// The window of a matrix. Throws Error(Usage) for a number out of range.
template <class T>
FactoredMatrix<T> window_of(const Model& model, const Expr& matrix, const MatrixWindow& window,
                            const EvaluateOptions& options);

/// `body` with a float or a double, as the options say.
template <class Body>
auto in_precision(const EvaluateOptions& options, const Body& body) {
    return options.precision == Precision::Double ? body(double{}) : body(float{});
}

/// 0, 1, ..., n - 1 where `chosen` is empty.
std::vector<int> numbers_of(const std::vector<int>& chosen, std::int64_t n);

/// Tiles on the threads of an evaluation.
TileOptions tile_options(const EvaluateOptions& options);

}  // namespace headway
