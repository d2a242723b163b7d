// What a model is, as tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/model.hpp"
#include "headway/report/table.hpp"

namespace headway {

/// Columns `fact,value`: architecture, sizes, which heads share keys and values, positions, norms, what
/// differs between layers, parameters, tensors by status, foldings, approximations.
Table model_facts(const Model& model);

/// The built-in models: columns `model,layers,heads,d_model,d_vocab,parameters`.
Table example_rows();

}  // namespace headway
