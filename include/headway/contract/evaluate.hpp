// Numbers of symbols: expressions are planned together and contracted with a model's weights on the tokens of
// a run. Everything that Headway computes goes through here: forward passes, path terms, scores, and whatever
// a user writes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/progress.hpp"
#include "headway/model/model.hpp"
#include "headway/network/expression.hpp"

#include <xtensor/xarray.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace headway {

enum class Precision { Float, Double };

struct EvaluateOptions {
    Precision precision = Precision::Float;
    int threads = 1;
    /// Bytes beyond the weights, results included; 0: no limit. What needs more goes block by block, and is refused
    /// before anything is computed where that needs more as well.
    std::size_t max_memory = 0;
    /// Heads whose weights are far from 1 are scaled by a power of two. Only for expressions in which the
    /// scale of a head cancels, such as composition scores.
    bool balance_heads = false;
    /// Weights that are made from a file's are kept by the model, for the next evaluation; or else dropped as
    /// soon as no step needs them, and read again where a later step does: for models larger than the memory.
    bool keep_weights = true;
    int n_layers =
        0;  ///< extent of layer indices, where families are of a part of the layers; 0: the model's
    Progress* progress = nullptr;  ///< told of the weights that are read and the multiply-adds that are done
};

/// The sizes of a model's spaces for a run of `n_tokens` tokens (0: no run).
Sizes sizes_of(const Config& config, std::int64_t n_tokens);

/// The values of `expressions`, axes in the order of their ports, with the model's weights and, where an
/// expression has positions, on `tokens`. Planned and computed together: what is shared is computed once.
/// Frozen values are those of this run. Results are the same bits for any number of threads.
/// Throws Error: Usage (a weight that the model has not, a token or head out of range), Limit (max_memory),
/// Numeric.
std::vector<xt::xarray<double>> evaluate(const Model& model, std::span<const Expr> expressions,
                                         std::span<const int> tokens, const EvaluateOptions& options = {});

/// One expression.
xt::xarray<double> evaluate(const Model& model, const Expr& expression, std::span<const int> tokens,
                            const EvaluateOptions& options = {});

/// What `evaluate_each` hands over: the number of the expression and its value.
using Take = std::function<void(std::size_t, xt::xarray<double>)>;

/// The same, each value as soon as it is made, so that many need not be held: max_memory counts one at a time.
void evaluate_each(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                   const EvaluateOptions& options, const Take& take);

}  // namespace headway
