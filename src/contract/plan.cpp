// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/plan.hpp"

#include "contract/blocks.hpp"
#include "contract/evaluate_arrays.hpp"
#include "contract/free_axis.hpp"
#include "contract/memory.hpp"
#include "contract/pair_plan.hpp"
#include "contract/settings.hpp"
#include "headway/base/text.hpp"

#include <algorithm>
#include <set>

namespace headway {

namespace {

std::string_view verb(Operation operation) {
    switch (operation) {
        case Operation::Leaf:
            return "weight";
        case Operation::Stack:
            return "family";
        case Operation::Fix:
            return "select";
        case Operation::Slice:
            return "tile";
        case Operation::Contract:
            return "gemm";
        case Operation::Reduce:
            return "sum or transpose";
        case Operation::Add:
            return "add";
        case Operation::Scale:
            return "scale";
        case Operation::Gather:
            return "gather";
        case Operation::Centre:
            return "centre";
        case Operation::Rotate:
            return "rotate";
        case Operation::Mask:
            return "mask";
        case Operation::Broadcast:
            return "repeat";
        case Operation::Dense:
            return "table";
        case Operation::Softmax:
            return "softmax";
        case Operation::Rstd:
            return "rstd";
        case Operation::Pointwise:
            return "pointwise";
    }
    return "";
}

bool is_view(Operation operation) {
    return operation == Operation::Leaf || operation == Operation::Stack || operation == Operation::Fix ||
           operation == Operation::Slice || operation == Operation::Broadcast;
}

class Planner {
public:
    Planner(const Program& program, double element)
        : program_(program),
          element_(element),
          layouts_(program.values.size()),
          shown_(program.values.size()),
          spaces_(program.values.size()) {}

    Plan run() {
        for (const Item& item : program_.items) {
            if (const auto* step = std::get_if<Step>(&item)) {
                add(*step, 1, 0, false);
            } else if (const auto* blocks = std::get_if<Blocks>(&item)) {
                add(*blocks);
            } else {
                add(std::get<Loop>(item));
            }
        }
        plan_.peak_bytes = memory_use(program_, {.element = element_, .taken = 0}).peak;
        return std::move(plan_);
    }

private:
    double bytes(const Step& step) const {
        if (is_view(step.operation)) return 0;
        double size = element_;
        for (std::int64_t extent : program_.values[static_cast<std::size_t>(step.result)].shape)
            size *= static_cast<double>(extent);
        return size;
    }

    // The operands by the numbers of their steps or the names of their weights, then what they make where that has a short text.
    std::string what(const Step& step, const std::string& name) const {
        std::string text;
        for (const Operand& operand : step.operands)
            text += (text.empty() ? "" : ", ") + shown_[static_cast<std::size_t>(operand.value)];
        if (is_view(step.operation)) return name.empty() ? text : name;
        if (text.empty() || name.empty()) return text + name;
        return fmt::format("{}: {}", text, name);
    }

    const Layout& layout(ValueId value) const { return layouts_[static_cast<std::size_t>(value)]; }

    // Views have the strides of what they look at.
    void lay_out(const Step& step) {
        Layout result = row_major(program_.values[static_cast<std::size_t>(step.result)].shape);
        if (step.operation == Operation::Slice) {
            result.strides = layout(step.operands.front().value).strides;
        } else if (step.operation == Operation::Fix) {
            result.strides = layout(step.operands.front().value).strides;
            result.strides.erase(result.strides.begin() + step.axis);
        } else if (step.operation == Operation::Broadcast) {
            result.strides = layout(step.operands.front().value).strides;
            result.strides.insert(result.strides.begin() + step.axis, 0);
        }
        layouts_[static_cast<std::size_t>(step.result)] = std::move(result);
    }

    // The spaces of the result's axes, by way of the operands' axes that they are.
    void name_axes(const Step& step) {
        const auto of = [&](const Operand& operand, int axis) {
            const auto& known = spaces_[static_cast<std::size_t>(operand.value)];
            return axis < static_cast<int>(known.size()) ? known[static_cast<std::size_t>(axis)] : "";
        };
        std::vector<std::string>& spaces = spaces_[static_cast<std::size_t>(step.result)];
        spaces.resize(program_.values[static_cast<std::size_t>(step.result)].shape.size());
        for (int axis = 0; axis < static_cast<int>(spaces.size()); ++axis) {
            std::string& space = spaces[static_cast<std::size_t>(axis)];
            if (step.operation == Operation::Leaf || step.operation == Operation::Dense) {
                space = name(step.node->ports()[static_cast<std::size_t>(axis)]);
            } else if (const std::optional<FreeAxis> free = free_axis(step, axis)) {
                for (std::size_t i = 0; i < step.operands.size() && space.empty(); ++i)
                    if (free->operand_axis[i] >= 0) space = of(step.operands[i], free->operand_axis[i]);
                if (step.operation == Operation::Gather && space.empty()) space = name(Space::Position);
            } else if (step.operation != Operation::Broadcast) {
                const int shift = step.operation == Operation::Stack ? 1 : 0;
                if (axis >= shift) space = of(step.operands.front(), axis - shift);
            }
        }
    }

    void add(const Step& step, double times, int depth, bool sum) {
        lay_out(step);
        name_axes(step);
        const ValueInfo& info = program_.values[static_cast<std::size_t>(step.result)];
        PlanStep line{what(step, info.name), std::string(verb(step.operation)), 0, times, bytes(step), depth};
        if (step.operation == Operation::Contract) {
            const Operand &a = step.operands[0], &b = step.operands[1];
            line.how = to_string(describe({layout(a.value), a.labels}, {layout(b.value), b.labels},
                                          {layout(step.result), step.out}));
            const double saved = step.row >= 0 ? share_before(step) : 1;
            line.multiply_adds = step.multiply_adds * times * saved;
            plan_.multiply_adds += line.multiply_adds;
            plan_.multiply_adds_plain += step.multiply_adds * times;
            if (step.row >= 0) line.how += ", earlier layers only";
            if (sum) line.how += ", added up";
        }
        const bool shown = !is_view(step.operation);
        shown_[static_cast<std::size_t>(step.result)] =
            shown ? fmt::format("#{}", plan_.steps.size() + 1) : line.what;
        if (shown) plan_.steps.push_back(std::move(line));
    }

    // Of n x n pairs of layers n (n - 1) / 2 are in order.
    double share_before(const Step& step) const {
        const auto place = std::find(step.out.begin(), step.out.end(), step.row) - step.out.begin();
        const auto n = static_cast<double>(layout(step.result).shape[static_cast<std::size_t>(place)]);
        return (n - 1) / (2 * n);
    }

    void add(const Loop& loop) {
        double times = 1, plain = 1;
        for (std::size_t depth = 0; depth < loop.extents.size(); ++depth) {
            const double tiles =
                static_cast<double>((loop.extents[depth] + loop.tiles[depth] - 1) / loop.tiles[depth]);
            plain *= tiles;
            times = loop.symmetric && depth == 1 ? tiles * (tiles + 1) / 2 : times * tiles;
            const double before = plan_.multiply_adds;
            for (const Step& step : loop.depths[depth]) add(step, times, static_cast<int>(depth) + 1, false);
            plan_.multiply_adds_plain += (plan_.multiply_adds - before) * (plain / times - 1);
        }
        const double before = plan_.multiply_adds_plain;
        for (const Step& sum : loop.sums) add(sum, times, static_cast<int>(loop.extents.size()), true);
        plan_.multiply_adds_plain = before + (plan_.multiply_adds_plain - before) * plain / times;
    }

    // What is left whole by blocks is known from then on by the step that makes its blocks.
    void add(const Blocks& blocks) {
        const double times = static_cast<double>(blocks.count());
        const std::size_t header = plan_.steps.size();
        plan_.steps.push_back({"", "", 0, times, 0, 0});
        std::string space = "an index";
        for (const Step& step : blocks.steps) {
            add(step, times, 1, false);
            if (step.operation == Operation::Contract) scale_back(step, blocks);
            const std::string& found =
                spaces_[static_cast<std::size_t>(step.result)][static_cast<std::size_t>(step.blocked)];
            if (!found.empty()) space = found;
        }
        PlanStep& line = plan_.steps[header];
        line.how =
            fmt::format("{} blocks of {}: {} of {}", blocks.count(), space, blocks.size, blocks.extent);
        for (const Blocks::Kept& kept : blocks.kept) {
            layouts_[static_cast<std::size_t>(kept.whole)] =
                row_major(program_.values[static_cast<std::size_t>(kept.whole)].shape);
            spaces_[static_cast<std::size_t>(kept.whole)] = spaces_[static_cast<std::size_t>(kept.block)];
            shown_[static_cast<std::size_t>(kept.whole)] = shown_[static_cast<std::size_t>(kept.block)];
            line.what += (line.what.empty() ? "" : ", ") + shown_[static_cast<std::size_t>(kept.block)] +
                         (kept.handed ? " handed over" : " kept whole");
        }
    }

    // A step in blocks counts the multiply-adds of the whole.
    void scale_back(const Step& step, const Blocks& blocks) {
        const double times = static_cast<double>(blocks.count());
        PlanStep& line = plan_.steps.back();
        const double too_many = step.multiply_adds * (times - 1);
        line.multiply_adds -= too_many;
        plan_.multiply_adds -= too_many;
        plan_.multiply_adds_plain -= too_many;
    }

    const Program& program_;
    double element_;
    std::vector<Layout> layouts_;
    std::vector<std::string> shown_;
    std::vector<std::vector<std::string>> spaces_;  // of each value's axes
    Plan plan_;
};

std::string count_text(double count) {
    for (const auto& [unit, name] : {std::pair{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e3, " k"}})
        if (count >= unit) return fmt::format("{:.4g}{}", count / unit, name);
    return fmt::format("{:.0f}", count);
}

}  // namespace

Plan plan(const Config& config, std::span<const Expr> expressions, std::int64_t n_tokens,
          const EvaluateOptions& options) {
    const std::size_t element = options.precision == Precision::Double ? sizeof(double) : sizeof(float);
    const Sizes sizes = sizes_of(config, n_tokens, options);
    const double results = total_size(expressions, sizes);
    CompileOptions named = settings(config, options, element);
    named.budget = std::max(0.0, named.budget - results * sizeof(double));  // nothing left: nothing helps
    named.names = true;
    named.hand_blocks = true;
    named.bytes.taken = 0;
    Plan plan = Planner(compile(expressions, sizes, named), static_cast<double>(element)).run();
    plan.peak_bytes += results * sizeof(double);
    return plan;
}

std::string to_text(const Plan& plan) {
    std::string text;
    int number = 0;
    for (const PlanStep& step : plan.steps) {
        text += fmt::format("{:>4}  {}{}", ++number,
                            std::string(static_cast<std::size_t>(2 * step.depth), ' '), step.how);
        if (step.times > 1) text += fmt::format("  {} times", step.times);
        if (step.multiply_adds > 0) text += fmt::format("  {} multiply-adds", count_text(step.multiply_adds));
        text += fmt::format("  {}  {}\n", bytes_text(static_cast<std::uint64_t>(step.bytes)), step.what);
    }
    text += fmt::format(
        "multiply-adds: {} ({} without symmetry and layer order)\npeak memory beyond the weights: {}\n",
        count_text(plan.multiply_adds), count_text(plan.multiply_adds_plain),
        bytes_text(static_cast<std::uint64_t>(plan.peak_bytes)));
    return text;
}

}  // namespace headway
