// The tensors of a PyTorch checkpoint under their names, out of whatever a notebook saved around them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/torch_tensor.hpp"

#include <string>
#include <vector>

namespace headway {

struct NamedTorchTensor {
    std::string name;  ///< keys on the way to it, joined by "."
    TorchTensor view;
};

struct TorchState {
    std::vector<NamedTorchTensor> tensors;
    std::vector<std::string> warnings;
};

/// Walks the pickle of a checkpoint. A dictionary that only wraps the state (`state_dict`, `model`) gives
/// no part of the names, and an optimizer's tensors are left out; what is left out is counted in a warning.
/// `shown` is the file. Throws Error: Malformed, Limit (nests or entries beyond measure), Unsupported (no
/// tensors).
TorchState read_torch_state(const Pickle& pickle, const std::string& shown);

}  // namespace headway
