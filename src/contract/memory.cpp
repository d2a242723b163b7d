// SPDX-License-Identifier: Apache-2.0
#include "contract/memory.hpp"

#include "contract/arena.hpp"
#include "contract/pair_plan.hpp"
#include "contract/products.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace headway {

namespace {

constexpr std::size_t never = static_cast<std::size_t>(-1);

double elements(const Dims& shape) {
    double size = 1;
    for (std::int64_t extent : shape) size *= static_cast<double>(extent);
    return size;
}

bool is_view_of_operand(Operation operation) {
    return operation == Operation::Fix || operation == Operation::Slice ||
           operation == Operation::Broadcast || operation == Operation::Stack;
}

// What lies where: the accounts of a program, item by item.
class MemoryAccount {
public:
    MemoryAccount(const Program& program, const NumberSizes& bytes)
        : program_(program), sizes_(bytes), layouts_(program.values.size()) {
        use_.bytes.resize(program.values.size());
        use_.made.assign(program.values.size(), never);
        use_.last.assign(program.values.size(), 0);
        use_.peaks.resize(program.items.size());
    }

    MemoryUse run() {
        find_lives();
        std::vector<std::vector<std::size_t>> dead(program_.items.size());
        for (std::size_t value = 0; value < use_.last.size(); ++value)
            if (use_.made[value] != never) dead[use_.last[value]].push_back(value);
        double in_use = 0;
        for (std::size_t i = 0; i < program_.items.size(); ++i) {
            const double inner = inside(program_.items[i]);
            for_each_result(program_.items[i],
                            [&](ValueId value) { in_use += use_.bytes[static_cast<std::size_t>(value)]; });
            use_.peaks[i] = in_use + inner + handed_over(i);
            use_.peak = std::max(use_.peak, use_.peaks[i]);
            for (std::size_t value : dead[i]) in_use -= use_.bytes[value];
        }
        return std::move(use_);
    }

private:
    double room(double bytes) const {
        return std::ceil(std::max(bytes, 1.0) / Arena::alignment) * Arena::alignment;
    }
    double room_of(const Dims& shape) const { return room(sizes_.element * elements(shape)); }

    // A view keeps what it looks at, and a list is made one array where it is not multiplied member by member.
    void find_lives() {
        std::vector<std::vector<ValueId>> bases(program_.values.size());
        std::set<ValueId> lists;
        for (std::size_t i = 0; i < program_.items.size(); ++i) {
            for_each_step(program_.items[i], [&](const Step& step) {
                for (const Operand& operand : step.operands) {
                    use_.last[static_cast<std::size_t>(operand.value)] = i;
                    if (is_view_of_operand(step.operation))
                        bases[static_cast<std::size_t>(step.result)].push_back(operand.value);
                    if (lists.contains(operand.value) && step.operation != Operation::Contract)
                        copied_.insert(operand.value);
                }
                if (step.operation == Operation::Stack) lists.insert(step.result);
            });
            for_each_result(program_.items[i], [&](ValueId value) {
                use_.made[static_cast<std::size_t>(value)] = i;
                use_.last[static_cast<std::size_t>(value)] = i;
            });
        }
        for (ValueId output : program_.outputs)
            if (lists.contains(output)) copied_.insert(output);
        for (std::size_t value = bases.size(); value-- > 0;)
            for (ValueId base : bases[value]) {
                std::size_t& last = use_.last[static_cast<std::size_t>(base)];
                last = std::max(last, use_.last[value]);
            }
    }

    // The caller's copies of outputs: one at a time, but all that are handed over block by block together.
    double handed_over(std::size_t i) const {
        double largest = 0, in_blocks = 0;
        for (ValueId output : program_.outputs) {
            const auto value = static_cast<std::size_t>(output);
            if (use_.made[value] != i) continue;
            const double size = elements(program_.values[value].shape);
            largest = std::max(largest, size);
            if (use_.bytes[value] == 0) in_blocks += size;
        }
        return std::max(largest, in_blocks) * sizes_.taken;
    }

    // Sets the bytes of what the item leaves behind; what it takes on the way.
    double inside(const Item& item) {
        if (const auto* step = std::get_if<Step>(&item)) return make(*step);
        double most = 0;
        if (const auto* blocks = std::get_if<Blocks>(&item)) {
            most = inside(*blocks);
        } else {
            const auto& loop = std::get<Loop>(item);
            double all = 0, scratch = 0;
            for (const auto& depth : loop.depths)
                for (const Step& step : depth) {
                    scratch = std::max(scratch, make(step));
                    all += std::exchange(bytes(step.result), 0);
                }
            for (const Step& sum : loop.sums) scratch = std::max(scratch, make(sum));
            most = all + scratch;
        }
        return most;
    }

    double inside(const Blocks& blocks) {
        for (const Blocks::Kept& kept : blocks.kept) {
            layouts_[static_cast<std::size_t>(kept.whole)] = row_major(shape_of(kept.whole));
            bytes(kept.whole) = kept.handed ? 0 : room_of(shape_of(kept.whole));
        }
        std::map<ValueId, std::size_t> last;
        std::map<ValueId, ValueId> base;
        for (std::size_t i = 0; i < blocks.steps.size(); ++i) {
            const Step& step = blocks.steps[i];
            last[step.result] = i;
            if (is_view_of_operand(step.operation)) base[step.result] = step.operands.front().value;
            for (const Operand& operand : step.operands)
                for (ValueId value = operand.value;;) {
                    if (const auto made = last.find(value); made != last.end()) made->second = i;
                    const auto below = base.find(value);
                    if (below == base.end()) break;
                    value = below->second;
                }
        }
        double in_use = 0, most = 0;
        blocks_ = &blocks;
        for (std::size_t i = 0; i < blocks.steps.size(); ++i) {
            const double scratch = make(blocks.steps[i]);
            in_use += bytes(blocks.steps[i].result);
            most = std::max(most, in_use + scratch);
            for (const auto& [value, end] : last)
                if (end == i) in_use -= bytes(value);
        }
        blocks_ = nullptr;
        for (const Step& step : blocks.steps) bytes(step.result) = 0;
        return most;
    }

    double& bytes(ValueId value) { return use_.bytes[static_cast<std::size_t>(value)]; }
    const Dims& shape_of(ValueId value) const {
        return program_.values[static_cast<std::size_t>(value)].shape;
    }
    const Layout& layout(ValueId value) const { return layouts_[static_cast<std::size_t>(value)]; }

    // Sets layout and bytes of a step's result; what the step takes besides.
    double make(const Step& step) {
        Layout laid = row_major(shape_of(step.result));
        bytes(step.result) = 0;
        const Dims* strides =
            is_view_of_operand(step.operation) ? &layout(step.operands.front().value).strides : nullptr;
        if (step.operation == Operation::Slice) {
            laid.strides = *strides;
        } else if (step.operation == Operation::Fix) {
            laid.strides = *strides;
            laid.strides.erase(laid.strides.begin() + step.axis);
        } else if (step.operation == Operation::Broadcast) {
            laid.strides = *strides;
            laid.strides.insert(laid.strides.begin() + step.axis, 0);
        } else if (step.operation != Operation::Leaf &&
                   (step.operation != Operation::Stack || copied_.contains(step.result))) {
            bytes(step.result) = room_of(laid.shape);
        }
        layouts_[static_cast<std::size_t>(step.result)] = std::move(laid);
        if (step.operation == Operation::Rstd) {
            const Layout& in = layout(step.operands.front().value);
            return step.count > 1 && !in.contiguous() ? room_of(in.shape) : 0;
        }
        return step.operation == Operation::Contract ? scratch(step) : 0;
    }

    double scratch(const Step& step) {
        label_ = step.blocked < 0 ? -1 : step.out[static_cast<std::size_t>(step.blocked)];
        const Operand &a = step.operands[0], &b = step.operands[1];
        return scratch({layout(a.value), a.labels}, {layout(b.value), b.labels},
                       {layout(step.result), step.out});
    }

    double scratch(const Labelled& a, const Labelled& b, const Labelled& out) const {
        const PairShape shape = describe(a, b, out);
        if (shape.presum_a || shape.presum_b) {
            const Labelled &from = shape.presum_a ? a : b, &other = shape.presum_a ? b : a;
            const std::vector<int> kept = without_summed(from, other, out);
            Dims dims;
            for (int label : kept)
                dims.push_back(from.layout.shape[static_cast<std::size_t>(
                    std::ranges::find(from.labels, label) - from.labels.begin())]);
            const Layout summed = row_major(dims);
            const Labelled less{summed, kept};
            return room_of(dims) + (shape.presum_a ? scratch(less, b, out) : scratch(a, less, out));
        }
        double bytes = 0;
        if (shape.pack_a) bytes += room_of({shape.batch, shape.m, shape.k});
        if (shape.pack_b) bytes += room_of({shape.batch, shape.k, shape.n});
        if (shape.pack_out) bytes += room_of({shape.batch, shape.m, shape.n});
        if (shape.kind != PairKind::Gemm) return bytes;
        const std::int64_t parts = parts_of_k(shape, whole_of(a, b));  // of a sum that is cut
        return bytes + (parts > 1 ? room_of({shape.batch, shape.m, shape.n, parts - 1}) : 0);
    }

    // How the contraction of a block is a part of a whole one.
    WholeExtent whole_of(const Labelled& a, const Labelled& b) const {
        if (blocks_ == nullptr || label_ < 0) return {};
        const auto in = [&](const Labelled& x) {
            return std::ranges::find(x.labels, label_) != x.labels.end();
        };
        return {in(a), in(b), blocks_->size, blocks_->extent};
    }

    const Program& program_;
    NumberSizes sizes_;
    const Blocks* blocks_ = nullptr;  // that the steps of now are in
    int label_ = -1;                  // of the contraction of now, that is a block
    std::vector<Layout> layouts_;
    std::set<ValueId> copied_;  // lists that become one array
    MemoryUse use_;
};

}  // namespace

MemoryUse memory_use(const Program& program, const NumberSizes& bytes) {
    return MemoryAccount(program, bytes).run();
}

}  // namespace headway
