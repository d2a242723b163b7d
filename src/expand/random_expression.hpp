// Random expressions of every node kind, for checks of the passes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/modular.hpp"
#include "headway/network/text.hpp"

namespace headway {

/// A random network of two layers and two key-value heads: hyper-indices, traces, shared nodes, sums of
/// products, families, functions, frozen values, structures, and products of weights that fold. Its
/// softmaxes, norm scales and some other nodes are named `A[L0]`, `rstd1[L1]`, `mlp[L2]`, as `freeze` knows
/// them.
struct RandomNetwork {
    Network network;
    int group_size = 1;
    Config config() const;
};
RandomNetwork random_network(std::uint64_t seed);

/// A random model for such networks; extents 2..4 (positions 3..4) where the network does not fix them.
ModularModel random_model(int group_size, std::uint64_t seed);

}  // namespace headway
