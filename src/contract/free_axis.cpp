// SPDX-License-Identifier: Apache-2.0
#include "contract/free_axis.hpp"

#include <algorithm>

namespace headway {

namespace {

// The axes of all operands that carry a label; nothing where one has it twice (a diagonal), or none has it (a sum of
// nothing).
std::optional<FreeAxis> labelled_axis(const Step& step, int label) {
    FreeAxis result;
    bool found = false;
    for (const Operand& operand : step.operands) {
        if (std::ranges::count(operand.labels, label) > 1) return std::nullopt;
        const auto place = std::ranges::find(operand.labels, label);
        found = found || place != operand.labels.end();
        result.operand_axis.push_back(
            place == operand.labels.end() ? -1 : static_cast<int>(place - operand.labels.begin()));
    }
    return found ? std::optional(result) : std::nullopt;
}

// out[q] = in[v(q)]: the index q may count the elements that are picked.
FreeAxis gathered_axis(const Step& step, int axis) {
    if (step.other < 0) return axis == step.axis ? FreeAxis{{-1}, 1} : FreeAxis{{axis}, 0};
    const int from = axis < step.axis ? axis : axis + 1;
    return {{from}, from == step.other ? 1 : 0};
}

}  // namespace

std::optional<FreeAxis> free_axis(const Step& step, int axis) {
    switch (step.operation) {
        case Operation::Contract:
        case Operation::Reduce:
        case Operation::Add:
            return labelled_axis(step, step.out[static_cast<std::size_t>(axis)]);
        case Operation::Fix:
            return FreeAxis{{axis < step.axis ? axis : axis + 1}};
        case Operation::Broadcast:
            if (axis == step.axis) return std::nullopt;
            return FreeAxis{{axis < step.axis ? axis : axis - 1}};
        case Operation::Gather:
            return gathered_axis(step, axis);
        case Operation::Scale:
        case Operation::Pointwise:
        case Operation::Rstd:  // consumes the last axes
            return FreeAxis{{axis}};
        case Operation::Mask:
            return FreeAxis{{axis}, axis == step.axis ? 1 : axis == step.other ? -1 : 0};
        case Operation::Centre:
            if (axis == step.axis) return std::nullopt;
            return FreeAxis{{axis}};
        case Operation::Softmax:
        case Operation::Rotate:
            if (axis == step.axis) return std::nullopt;
            return FreeAxis{{axis}, axis == step.other ? 1 : 0};
        case Operation::Leaf:
        case Operation::Stack:
        case Operation::Slice:
        case Operation::Dense:
            break;
    }
    return std::nullopt;
}

std::optional<int> result_axis(const Program& program, const Step& step, std::size_t operand, int axis) {
    const std::size_t rank = program.values[static_cast<std::size_t>(step.result)].shape.size();
    for (int out = 0; out < static_cast<int>(rank); ++out) {
        const std::optional<FreeAxis> free = free_axis(step, out);
        if (free && free->operand_axis[operand] == axis) return out;
    }
    return std::nullopt;
}

}  // namespace headway
