// Colours of a circuit's edges, and of their parts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "draw/style.hpp"
#include "headway/draw/circuit_diagram.hpp"

#include <string>

namespace headway {

inline constexpr const char* colour_closed = "#9a9a9a";
inline constexpr const char* colour_rest = "#d5d5d5";

const char* colour_of(DrawnPort port);

/// `colour` mixed with white: the first part has it whole, the next ones less and less.
std::string paler(const std::string& colour, int rank);

}  // namespace headway
