// Cells as text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/report/table.hpp"

#include <string>

namespace headway {

/// A cell for people: rounded as its column says, `-` where absent or undefined, text escaped.
std::string shown_cell(const Cell& cell, const Column& column);

/// A cell in full: shortest round-trip numbers, `nan` and `inf`, text as it is.
std::string full_cell(const Cell& cell);

}  // namespace headway
