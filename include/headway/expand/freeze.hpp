// Freezing: values of a run become data, so that what is left of the model is linear and can be expanded into
// paths.
//
// With attention patterns fixed, a layer is 1 + sum_h A^h (x) W_OV^h; with norm scales fixed as well, and MLP
// outputs taken as sources of their own, the logits are a polynomial in the heads. Nothing is forgotten:
// every Frozen node links to the node of the untouched network whose value it has, so the expansion can be
// proved against the run it speaks about.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/text.hpp"

namespace headway {

/// What becomes data.
struct FreezeOptions {
    bool patterns = true;     ///< named softmaxes: `A[L0]`
    bool norm_scales = true;  ///< named `rstd1[L0]`, `rstd2[L0]`, `rstd_final`
    bool mlp_outputs = true;  ///< `mlp[L5]`
};

/// The network with the chosen values frozen, in its output and in all its definitions. A value is known by
/// its name in `network`; where two names share a node the first counts. Links lead to nodes of `network`
/// itself. Freezing twice changes nothing. Cost: linear in the nodes.
Network freeze(const Network& network, const FreezeOptions& options = {});

}  // namespace headway
