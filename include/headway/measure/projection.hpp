// The weight edit that comes nearest to closing composition edges: the reader's W_Q, W_K or W_V is projected
// off the directions that the writer's W_OV writes. It is another edit than closing: what *other* writers
// write along the same directions is lost to the reader as well, and to all heads that share its keys and
// values. Which writers these are is part of the result.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/expand/edit.hpp"
#include "headway/measure/composition.hpp"

#include <vector>

namespace headway {

/// What the projection did to one pair.
struct ProjectedScore {
    Composition kind = Composition::K;
    Head writer, reader;
    double before = 0, after = 0;  ///< composition scores; NaN where undefined
    bool asked_for = false;        ///< the edge is one of those to be closed
};

struct Projection {
    Model model;                         ///< the first model with other readers
    std::vector<ProjectedScore> scores;  ///< pairs whose score is another, largest loss first
};

/// `model` with the readers' weights W' = γ⁻¹ (1 - P) γ W, P the projection on the span of the rows of the
/// writers' W_OV in `folded`, γ the gain of the norm in front (1 without one, or where it is folded).
/// `folded` is the same model with its norms folded, or `model` itself; scores are of it. A norm's bias is
/// projected with the rest. Throws as check_edits; Error(Usage): edges with a factor; Error(Unsupported): edges of MLPs or into MLPs and the
/// unembedding, a gain with zeros.
Projection project_readers(const Model& model, const Model& folded, const std::vector<ScaledEdge>& edges,
                           const EvaluateOptions& options = {});

}  // namespace headway
