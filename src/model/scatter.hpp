// The tensors of an architecture made from a model's leaves: the inverse of matching.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/safetensors.hpp"
#include "headway/model/model.hpp"
#include "model/architecture.hpp"

#include <vector>

namespace headway {

/// Every tensor that the rules name for the leaves that `stored` stores, with the numbers of `model`, which
/// must outlive them; of several rules of a leaf the first. Throws Error(Unsupported) when a tensor has
/// elements that no leaf says, or heads share one vector but differ.
std::vector<TensorToMake> tensors_of_leaves(const Model& model, const Config& stored,
                                            std::span<const TensorRule> rules, DType dtype);

}  // namespace headway
