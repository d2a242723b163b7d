// Pieces of a frozen model between residual streams: what a source writes, what a layer of attention makes of
// a stream, what a reader sees of it. Streams have ports [position, residual].
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/frozen_leaves.hpp"

namespace headway {

/// What a source writes to the stream: one head's for a value bias with a head, otherwise all heads' of the
/// layer. Requires: the model has the source, and it is none of the logits' own biases.
Expr written(const FrozenModel::Leaves& model, const Source& source);

/// What the logits' own biases (`b_U`, `ln_final.b`) add: ports [position, vocab].
Expr logit_bias(const FrozenModel::Leaves& model, const Source& source);

/// All heads of a layer, without biases: sum_h A[h,q,k] n(stream)[k,d] W_V[h,d,e] W_O[h,e,d1], and the
/// norm behind them.
Expr attended(const FrozenModel::Leaves& model, int layer, const Expr& stream);

/// The final norm and W_U, without biases: ports [position, vocab].
Expr unembedded_stream(const FrozenModel::Leaves& model, const Expr& stream);

/// A norm of a stream, without its bias: the stream itself where there is no such norm.
Expr normalised(const NormLeaves& norm, const Expr& stream);

/// The factors of the same in front of a reader, on the indices `q` and `d`; `d_in` is a free index.
std::vector<Wired> normalised_stream(const NormLeaves& norm, const Expr& stream, Index q, Index d,
                                     Index d_in);

}  // namespace headway
