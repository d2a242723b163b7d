// The embedding that a claim over the vocabulary is about: the rows of W_E, or what the first layer makes of
// each token alone. The choice changes claims: a head may copy what the first MLP writes and not W_E.
//   raw      W_E
//   mlp0     x0 + mlp0(x0), attention of layer 0 left out
//   layer0   x1 of a token that attends to itself only
// Without positions. Both are networks: `transformer(config)` with W_pos taken out and A[L0] replaced by the
// identity on positions, or mid[L0] by x0. Biases inside are included, and each token has its own norm scale.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/model/model.hpp"
#include "headway/network/expression.hpp"

#include <string>
#include <string_view>

namespace headway {

enum class Embedding { Raw, Mlp0, Layer0 };

/// `raw`, `mlp0`, `layer0`. Throws Error(Usage).
Embedding parse_embedding(std::string_view text);
std::string_view name(Embedding embedding);

/// One sentence for captions: which embedding, and what it includes.
std::string embedding_sentence(const Config& config, Embedding embedding);

/// The embedding of each token of a run as if it stood alone: ports [position, residual]. Throws
/// Error(Usage): no layers, or no feed-forward layer for Mlp0.
Expr token_embedding(const Config& config, Embedding embedding);

/// The model with these rows as its W_E, for readers behind them: matrices over the vocabulary, not runs. W_U
/// stays, of a tied model too; a factor or gain behind the embedding is in the rows and becomes 1. Raw: the
/// model itself. Memory: `d_vocab * d_model` doubles. Throws as token_embedding and evaluate.
Model embed_through(const Model& model, Embedding embedding, const EvaluateOptions& options = {});

}  // namespace headway
