// Composition scores as networks: ‖A B‖² of a writer A and a reader B of the residual stream, for all pairs at once.
//
// A writer is a product of weights that ends in the stream, a reader one that begins in it:
//   writers  W_E, W_pos, W_OV = W_V W_O of every head, W_out of every MLP
//   readers  W_QK (Q), its transpose (K), W_OV (V) of every head, W_in of every MLP, W_U
// ‖A B‖² is the closed network A[i,k] B[k,j] A[i,k'] B[k',j] with the layer and head indices open; which order is cheap is the planner's
// business. Reference: Elhage et al. 2021, "Analyzing a two-layer model".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/network/expression.hpp"

namespace headway {

enum class Writer { Embed, Position, Heads, Mlps };
enum class Reader { Q, K, V, Mlps, Unembed };

/// ‖A B‖² for all pairs. Ports: layer, head(, member) of the writer as far as it has them, then those of the reader. Where both are
/// heads, pairs whose writer is not strictly earlier are 0 (a factor `before`).
Expr pair_norm(const Config& config, Writer writer, Reader reader);

/// ‖A‖² of all writers, ‖B‖² of all readers: ports layer, head(, member).
Expr writer_norm(const Config& config, Writer writer);
Expr reader_norm(const Config& config, Reader reader);

/// ‖AᵀA‖² and ‖B Bᵀ‖²: what the participation ratio (‖A‖²)² / ‖AᵀA‖² divides by.
Expr writer_gram_norm(const Config& config, Writer writer);
Expr reader_gram_norm(const Config& config, Reader reader);

}  // namespace headway
