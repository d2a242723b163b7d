// Which file of a folder has the weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace headway {

/// The index or file of weights in a folder, the preferred kind first: safetensors, PyTorch, GGUF, NumPy.
/// Throws Error: Io (none, with what was looked for), Usage (several of one kind, all listed), Unsupported
/// (a LoRA adapter without its base model).
std::filesystem::path find_weights(const std::filesystem::path& folder);

}  // namespace headway
