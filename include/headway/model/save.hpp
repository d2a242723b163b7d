// A model as files that load_model reads back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/model.hpp"

#include <filesystem>

namespace headway {

/// Writes `model.safetensors` (float32, TransformerLens's names) and `config.json` into `folder`, which is
/// made when it is not there; each file whole or not at all. Throws Error: Io; Unsupported when something is
/// folded into the weights, since no file says so.
void save_model(const Model& model, const std::filesystem::path& folder);

}  // namespace headway
