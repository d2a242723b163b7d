// Evaluation in the run's own precision, for those who go on computing with the arrays.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/array.hpp"
#include "headway/contract/evaluate.hpp"

#include <functional>
#include <span>

namespace headway {

/// As `evaluate_each`, in T whatever `options.precision` says, with the memory and threads of `workspace`.
/// Requires: tokens of the vocabulary.
template <class T>
void evaluate_arrays(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                     const EvaluateOptions& options, Workspace& workspace,
                     const std::function<void(std::size_t, const Array<T>&)>& take);

/// Throws Error(Usage) that names a token out of range.
void check_tokens(const Config& config, std::span<const int> tokens);

/// Where results go, as row-major doubles: `place` is asked when the first numbers of a result are there, `done` is
/// called when all are.
struct ResultPlaces {
    std::function<double*(std::size_t number, const Dims& shape)> place;
    std::function<void(std::size_t number)> done = {};
};

/// As `evaluate`, into arrays of the caller's.
void evaluate_into(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                   const EvaluateOptions& options, const ResultPlaces& places);

/// Numbers in the values of the expressions.
double total_size(std::span<const Expr> expressions, const Sizes& sizes);

/// The memory and threads that the options say.
WorkspaceOptions workspace_options(const EvaluateOptions& options);

}  // namespace headway
