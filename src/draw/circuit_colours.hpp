// Colours of a circuit's edges, and of their parts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "draw/style.hpp"
#include "headway/draw/circuit_diagram.hpp"

#include <string>

namespace headway {

inline constexpr const char* colour_closed = "#9a9a9a";

const char* colour_of(DrawnPort port);

/// `colour` mixed with white: the first part has it whole, the next ones less and less, what is in no part
/// (`palest`) least.
inline constexpr int palest = 4;
std::string paler(const std::string& colour, int rank);

}  // namespace headway
