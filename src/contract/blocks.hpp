// Fitting a program into a budget of memory: steps that hand large values to each other are done block by
// block along an index that is free in all of them (a position, a head, a token), so that the values between
// them are never whole. What does not have the index stays outside and is computed once.
//
// No sum is cut: an element of a block is the element of the whole, and costs what it did. So an index that is
// summed over between two steps ends a run of blocks, and what is on both sides of it is whole for a while:
// keys and values of a layer, patterns that are read along both of their positions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/memory.hpp"
#include "contract/program.hpp"

namespace headway {

struct FitOptions {
    double budget = 0;  ///< bytes beyond the weights
    NumberSizes bytes = {};
    bool hand_blocks = false;  ///< outputs may be handed over in blocks
};

/// The program with as few runs of blocks as make it fit, each of blocks as large as fit; where none do, the
/// one that needs least (compare `memory_use`). A program that fits is left as it is.
Program fit(Program program, const FitOptions& options);

}  // namespace headway
