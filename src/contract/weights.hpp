// Leaves of the network as arrays of a model.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/array.hpp"
#include "headway/model/model.hpp"
#include "headway/network/expression.hpp"

namespace headway {

/// The array of a weight in the shape that the expression uses it in: one head's slice, query heads split into (head, member), the first
/// positions of W_pos. A view of the model's array. `balance`: see EvaluateOptions::balance_heads. Throws Error(Usage).
template <class T>
Array<T> weight_array(const Model& model, const Tensor& leaf, const Dims& shape, bool balance,
                      Workspace& workspace);

}  // namespace headway
