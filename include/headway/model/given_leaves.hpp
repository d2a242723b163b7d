// A model with some of its numbers replaced, or with leaves that it did not have: how an edit of weights, an
// embedding read through the first layers and the data of an edited network reach the evaluator.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/model.hpp"

#include <vector>

namespace headway {

/// A leaf of the network and its numbers, row-major, of the shape in `leaf`.
struct GivenLeaf {
    Leaf leaf;
    std::vector<double> values;
};

/// The model with these leaves in place of its own, and the rest as it was; leaves that it has not are added.
/// What is made from other leaves stays made from the originals, except the singular components of a head
/// whose weights are given: W_U of a tied model does not follow a given W_E.
/// Throws Error(Usage) when `values` has another size than `leaf.shape`, or a leaf of the model another shape.
Model with_leaves(const Model& model, std::vector<GivenLeaf> given);

}  // namespace headway
