// Leaves of the network as arrays of a model.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/array.hpp"
#include "headway/contract/evaluate.hpp"
#include "headway/network/expression.hpp"

namespace headway {

/// The array of a weight in the shape that the expression uses it in: one head's slice, query heads split
/// into (head, member), the first positions of W_pos. A view of the model's array, or of one that lives as
/// long as the view: see EvaluateOptions::keep_weights.
/// Throws Error(Usage).
template <class T>
Array<T> weight_array(const Model& model, const Tensor& leaf, const Dims& shape,
                      const EvaluateOptions& options, Workspace& workspace);

}  // namespace headway
