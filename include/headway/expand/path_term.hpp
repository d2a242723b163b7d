// A path as a network: one flat product of frozen values and weights, whose value is the path's contribution
// to the logits.
//
// The term of `embed > L0H3.V > L1H4.V > unembed` reads, from the logits back to the token,
//   rstd_final[q] A[L1H4][q,k] rstd1[L1][k] A[L0H3][k,k1] ... token[k1,v1] W_E W_V[L0H3] W_O[L0H3] W_V[L1H4] W_O[L1H4] W_U,
// in normal form, so it is the very object that multiplying out the frozen network ends in. All heads of the
// same layers have terms of one shape; `layer_term` is that shape with the heads as open indices, evaluated
// once instead of head by head.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path.hpp"
#include "headway/network/text.hpp"

#include <memory>
#include <span>

namespace headway {

/// A model with patterns, norm scales and MLP outputs frozen, and every leaf and frozen head of it at hand.
/// Cheap to copy.
class FrozenModel {
public:
    explicit FrozenModel(const Config& config);

    const Config& config() const;
    /// The network as `transformer` writes it: what the frozen values link to.
    const Network& untouched() const;
    const Network& frozen() const;

    /// What all paths add up to: the logits in the frozen network, in front of their soft cap where there is
    /// one (`logits_linear`). Throws Error(Unsupported) for a nonlinear head, as everything about paths does.
    const Expr& linear_logits() const;
    /// The same in the untouched network.
    const Expr& untouched_linear_logits() const;

    struct Leaves;
    const Leaves& leaves() const { return *leaves_; }

private:
    std::shared_ptr<const Leaves> leaves_;
};

/// The contribution of one path to the logits: a product in normal form with ports [position, vocab].
/// Throws Error(Usage) when the model has no such path.
Expr path_term(const FrozenModel& model, const Path& path);

/// The contributions of all paths from `source` through one head in each of `layers`, as one product with
/// families for leaves: ports [head(, member) of the first layer, head(, member) of the second, ...,
/// position, vocab]. A value bias is given without a head (`b_V[L3]`): the heads of its own layer come first,
/// and `layers` are the ones behind it; a norm bias has its own layer first. `select_head`, once a layer,
/// gives `path_term`. Throws Error(Usage) when the model has no such paths.
Expr layer_term(const FrozenModel& model, const Source& source, std::span<const int> layers);

}  // namespace headway
