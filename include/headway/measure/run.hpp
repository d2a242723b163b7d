// A run of the model on tokens: logits, attention patterns, loss. The forward pass is the evaluation of the
// model's network.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/network/text.hpp"

#include <xtensor/xarray.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace headway {

struct Run {
    std::vector<int> tokens;
    xt::xarray<double> logits;     ///< `[n, d_vocab]`
    xt::xarray<double> attention;  ///< `[n_layers, n_heads, n, n]`: layer, head, query position, key position
    std::vector<double> loss;      ///< `[n - 1]`: -log probability of token i + 1 at position i, in nats
};

/// Evaluates `transformer(config)` on the tokens. Throws as evaluate; Error(Usage) without tokens.
Run run_model(const Model& model, std::span<const int> tokens, const EvaluateOptions& options = {});

/// The same for a network that was written elsewhere: its output is the logits, `A[L0]`, `A[L1]`, ... the
/// patterns.
Run run_network(const Model& model, const Network& network, std::span<const int> tokens,
                const EvaluateOptions& options = {});

/// `n` seeded tokens of the model's vocabulary (fewer when it has fewer positions): the same on every
/// machine.
std::vector<int> random_tokens(const Config& config, int n, std::uint64_t seed = 0);

/// What `run_model` evaluates, the logits first: for plans.
std::vector<Expr> run_networks(const Network& network, const Config& config);

}  // namespace headway
