// Layers as people list them, and what differs between layers in one line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace headway {

/// `0-3,5` of ascending numbers.
std::string layer_list(std::span<const int> layers);

/// The text alone when every layer says the same; otherwise the layers of each text in the order in which they first come:
/// `layers 0,2,4: window 5; 1,3: all`.
std::string by_layer(std::span<const std::string> texts);

}  // namespace headway
