// Running a program: the only place where steps meet numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/array.hpp"
#include "contract/program.hpp"

#include <functional>
#include <span>

namespace headway {

/// What a program is run on.
template <class T>
struct Inputs {
    std::function<Array<T>(const Tensor&, const Dims& shape)>
        leaf;                 ///< the array of a weight, of the given shape
    std::vector<int> tokens;  ///< token of each position
};

/// Which part of an output: all of it, or some elements of `axis`, from `begin` on.
struct OutputPart {
    int axis = -1;
    std::int64_t begin = 0;
    std::int64_t whole = 0;  ///< extent of the axis in all of it
};

/// What takes the outputs: `output(number, value, piece)`. Pieces of an output come in order.
template <class T>
using Output = std::function<void(std::size_t, const Array<T>&, const OutputPart&)>;

/// What `execute` adds to Progress::work: multiply-adds, and one for every step.
std::uint64_t work_of(const Program& program);

/// Runs the items in order and hands each output over as soon as it is made, in pieces where the program has
/// blocks of it. A value is dropped after its last use. Results are the same bits for any number of threads of
/// the workspace.
template <class T>
void execute(const Program& program, const Inputs<T>& inputs, Workspace& workspace, const Output<T>& output);

}  // namespace headway
