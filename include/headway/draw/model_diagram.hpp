// Tensor diagrams of a model: its own network's parts, its paths, its expansion.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/draw/diagram.hpp"

#include <string>

namespace headway {

/// The picture of a part of a model's network. `what` is
/// - a definition of the network: `attn[L0]`, `A[L1]`, `mlp[L2]`, `logits`; the definitions that it uses are
/// single boxes;
/// - a path: `embed > L0H3.V > L1H4.V > unembed`;
/// - `expansion`: a sheet with the paths from the embedding through at most two heads, all heads of a layer
/// in one term;
/// - any network text in the model's names.
/// Throws Error: Usage (no such path, text that cannot be read), Limit (more than 16 terms).
Diagram model_diagram(const Config& config, const std::string& what);

}  // namespace headway
