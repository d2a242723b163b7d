// What scores of all pairs hold in memory, and how many layers fit at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/edges.hpp"

#include <functional>

namespace headway {

/// The weights that an evaluation of some kinds of edge needs as floats: of layers, and once.
class ScoreMemory {
public:
    ScoreMemory(const Config& config, const std::vector<EdgeKind>& kinds, const EvaluateOptions& options);

    /// Peak bytes beyond the weights when so many layers of each side are evaluated with these options.
    using Peak = std::function<double(int layers, const EvaluateOptions&)>;

    /// The most layers of each side that fit into `max_memory`, or without one into 3 GB; at least 1. Throws
    /// Error(Limit) with an estimate where not even single layers fit into `max_memory`.
    int most_layers(const Peak& peak) const;

    /// Options of an evaluation of so many layers: what is left of `max_memory`, and whether the model keeps
    /// the weights.
    EvaluateOptions options(int layers) const;

private:
    double held(int layers) const { return layers * layer_ + once_; }

    int n_layers_;
    EvaluateOptions options_;
    double layer_ = 0;  ///< bytes of the weights of a layer that its Gram matrices are made of
    double once_ = 0;   ///< bytes of embeddings, and of weights that are read in passing
    double all_ = 0;    ///< bytes of all weights that are read
};

}  // namespace headway
