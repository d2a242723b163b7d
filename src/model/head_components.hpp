// Singular components of heads as leaves: W_OV = U_OV diag(s_OV) V_OV, W_QK = U_QK diag(s_QK) V_QK.
// They are of the matrices that composition scores are of: where norm gains are folded, those that stay
// leaves belong to the product. W_OV is W_V W_O with the norm behind the branch (C γ of a LayerNorm, γ of an
// RMSNorm) on its columns, W_QK is W_Q W_Kᵀ with the gains of queries and keys between them, without a
// rotation.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/model/model.hpp"

#include <array>
#include <functional>
#include <string_view>
#include <vector>

namespace headway {

/// The leaves: `U_OV` `[n_heads, d_model, d_head]`, `s_OV` `[n_heads, d_head]`, `V_OV` `[n_heads, d_head,
/// d_model]`, and those of QK, of every layer.
std::vector<Leaf> component_leaves(const Config& config);

/// A matrix of heads, and the weights that it is made of.
struct ComponentMatrix {
    std::string_view u, s, v;                 ///< its leaves
    std::array<std::string_view, 2> weights;  ///< those always there
    std::array<std::string_view, 2> gains;    ///< those of some models; empty: none
};
/// The one that `symbol` is a leaf of; nullptr for other leaves.
const ComponentMatrix* component_matrix_of(std::string_view symbol);
/// The weights of `matrix` that a model of `config` has.
std::vector<std::string_view> weights_of(const ComponentMatrix& matrix, const Config& config);

/// U, s and V of all heads of a layer, row-major. `weight` gives a weight of the layer. With d_head > d_model
/// the components from d_model on are zeros.
/// Throws Error(Numeric), which names the head, when a weight is not finite.
struct Components {
    std::vector<double> u, s, v;
};
Components components_of(const ComponentMatrix& matrix, const Config& config, int layer,
                         const std::function<WeightArray<double>(std::string_view)>& weight);

}  // namespace headway
