// The contraction plan of expressions, for reading: steps, GEMM shapes, multiply-adds, peak memory. Nothing is evaluated.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"

#include <string>
#include <vector>

namespace headway {

struct PlanStep {
    std::string what;          ///< the text of what is made
    std::string how;           ///< `gemm 144 x [128, 64] [64, 128]`, `softmax`, ...
    double multiply_adds = 0;  ///< of all executions together
    double times = 1;          ///< executions
    double bytes = 0;          ///< of one result
    int depth = 0;             ///< loops around it
};

struct Plan {
    std::vector<PlanStep> steps;
    double multiply_adds = 0;  ///< with symmetric tiles counted once and pairs that `before` makes 0 left out
    double multiply_adds_plain = 0;  ///< the same steps without either saving
    double peak_bytes = 0;           ///< beyond the weights, results included
};

/// Plans what `evaluate` does for a model of this shape on a run of `n_tokens` tokens (0: none).
Plan plan(const Config& config, std::span<const Expr> expressions, std::int64_t n_tokens,
          const EvaluateOptions& options = {});

/// One line a step, then the totals.
std::string to_text(const Plan& plan);

}  // namespace headway
