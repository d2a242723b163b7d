// Feed-forward layers as key-value memories: what a neuron writes to the logits, and which tokens it reads.
//   value   W_out W_U      [neuron, output token]
//   key     W_inᵀ W_Eᵀ     [neuron, input token]
//   gate    W_gateᵀ W_Eᵀ   [neuron, input token], gated layers
// Biases, norm scales and the activation are left out; gains as in head_circuit.hpp.
// Reference: Geva et al. 2021, "Transformer Feed-Forward Layers Are Key-Value Memories".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/network/expression.hpp"

#include <string_view>

namespace headway {

enum class NeuronSide { Value, Key, Gate };

/// `value`, `key`, `gate`. Throws Error(Usage).
NeuronSide parse_neuron_side(std::string_view text);
std::string_view name(NeuronSide side);

/// Ports [neuron, vocab]. Throws Error(Usage): no such layer, a model without feed-forward layers or gates;
/// Error(Unsupported): norms on the residual stream, an unembedding that is not linear.
Expr neuron_matrix(const Config& config, int layer, NeuronSide side);

}  // namespace headway
