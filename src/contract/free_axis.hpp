// Which axes of a step's operands are an axis of its result: along such an index a step can be done block by
// block, and every element of the result stays what it is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/program.hpp"

#include <optional>
#include <vector>

namespace headway {

struct FreeAxis {
    std::vector<int> operand_axis;  ///< of each operand; -1: the operand has not the index
    int counted = 0;                ///< of Step::counted, when the step is done in blocks
};

/// The operands' axes that are axis `axis` of the result; nothing when the step cannot be done block by block
/// along it: softmax over its keys, centring and rotation over what they mix, leaves.
std::optional<FreeAxis> free_axis(const Step& step, int axis);

/// The axis of the result that is axis `axis` of operand number `operand`, and free.
std::optional<int> result_axis(const Program& program, const Step& step, std::size_t operand, int axis);

}  // namespace headway
