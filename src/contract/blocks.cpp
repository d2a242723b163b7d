// SPDX-License-Identifier: Apache-2.0
#include "contract/blocks.hpp"

#include "contract/free_axis.hpp"
#include "contract/memory.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace headway {

namespace {

constexpr std::size_t most_steps = 400;  // of a run of blocks
constexpr std::size_t most_seeds = 4;    // values from which runs of blocks are grown

double size_of(const Program& program, ValueId value) {
    double size = 1;
    for (std::int64_t extent : program.values[static_cast<std::size_t>(value)].shape)
        size *= static_cast<double>(extent);
    return size;
}

// Who makes and who reads each value of a program.
struct Readers {
    explicit Readers(const Program& program)
        : made(program.values.size(), -1), read(program.values.size()), output(program.values.size()) {
        for (std::size_t i = 0; i < program.items.size(); ++i) {
            for_each_step(program.items[i], [&](const Step& step) {
                for (const Operand& operand : step.operands) {
                    auto& items = read[static_cast<std::size_t>(operand.value)];
                    if (items.empty() || items.back() != static_cast<int>(i))
                        items.push_back(static_cast<int>(i));
                }
            });
            for_each_result(program.items[i], [&](ValueId value) {
                made[static_cast<std::size_t>(value)] = static_cast<int>(i);
            });
        }
        for (ValueId value : program.outputs) output[static_cast<std::size_t>(value)] = 1;
    }
    std::vector<int> made;               // the item, or -1
    std::vector<std::vector<int>> read;  // the items
    std::vector<char> output;
};

// A run of blocks while it grows: steps, and the axis that is a block of each value that they make.
class Group {
public:
    Group(const Program& program, const Readers& readers) : program_(&program), readers_(&readers) {}

    // Takes the step that makes the value, in blocks of `axis`, and whatever around it can go along.
    bool grow(ValueId value, int axis) {
        if (!add(readers_->made[static_cast<std::size_t>(value)], axis)) return false;
        for (bool more = true; more && axes_.size() < most_steps;) {
            more = false;
            for (const ValueId next : by_size())
                if (axes_.size() < most_steps && take_neighbours(next)) more = true;
        }
        return true;
    }

    std::int64_t extent() const {
        const auto& [value, axis] = *axes_.begin();
        return program_->values[static_cast<std::size_t>(value)].shape[static_cast<std::size_t>(axis)];
    }
    std::pair<std::size_t, std::size_t> range() const {
        return {static_cast<std::size_t>(*items_.begin()), static_cast<std::size_t>(*items_.rbegin())};
    }
    std::size_t steps() const { return items_.size(); }

    /// The program with this group in blocks of `size`.
    Program in_blocks(std::int64_t size, bool hand_blocks) const;

private:
    const Step* step_at(int item) const {
        return item < 0 ? nullptr : std::get_if<Step>(&program_->items[static_cast<std::size_t>(item)]);
    }

    std::vector<ValueId> by_size() const {
        std::vector<ValueId> values;
        for (const auto& [value, axis] : axes_) values.push_back(value);
        for (const auto& [value, axis] : sliced_) values.push_back(value);
        std::ranges::stable_sort(
            values, [&](ValueId a, ValueId b) { return size_of(*program_, a) > size_of(*program_, b); });
        return values;
    }

    // Readers of a value that comes in blocks, or its maker where it is sliced as yet.
    bool take_neighbours(ValueId value) {
        bool more = false;
        if (const auto sliced = sliced_.find(value); sliced != sliced_.end())
            more = add(readers_->made[static_cast<std::size_t>(value)], sliced->second);
        if (!axes_.contains(value)) return more;
        for (int item : readers_->read[static_cast<std::size_t>(value)]) {
            const Step* step = step_at(item);
            if (step == nullptr || items_.contains(item)) continue;
            if (const std::optional<int> axis = axis_through(*step); axis && add(item, *axis)) more = true;
        }
        return more;
    }

    // The axis of the result along which all operands that come in blocks are blocks.
    std::optional<int> axis_through(const Step& step) const {
        for (std::size_t i = 0; i < step.operands.size(); ++i)
            if (const auto made = axes_.find(step.operands[i].value); made != axes_.end())
                return result_axis(*program_, step, i, made->second);
        return std::nullopt;
    }

    bool add(int item, int axis) {
        const Step* step = step_at(item);
        if (step == nullptr || items_.contains(item)) return false;
        const std::optional<FreeAxis> free = free_axis(*step, axis);
        if (!free) return false;
        std::map<ValueId, int> sliced;
        for (std::size_t i = 0; i < step->operands.size(); ++i) {
            const ValueId value = step->operands[i].value;
            const int own = free->operand_axis[i];
            if (const auto made = axes_.find(value); made != axes_.end()) {
                if (made->second != own) return false;
            } else if (own >= 0) {
                if (own == 0 && is_list(value)) return false;
                sliced.emplace(value, own);
            }
        }
        for (int reader : readers_->read[static_cast<std::size_t>(step->result)])
            if (items_.contains(reader) && !reads_in_blocks(*step_at(reader), step->result, axis))
                return false;
        if (!axes_.empty() && !stays_together(item)) return false;
        items_.insert(item);
        axes_.emplace(step->result, axis);
        sliced_.erase(step->result);
        for (const auto& [value, own] : sliced) sliced_.emplace(value, own);
        return true;
    }

    bool is_list(ValueId value) const {
        const Step* maker = step_at(readers_->made[static_cast<std::size_t>(value)]);
        return maker != nullptr && maker->operation == Operation::Stack;
    }

    bool reads_in_blocks(const Step& reader, ValueId value, int axis) const {
        const std::optional<FreeAxis> free = free_axis(reader, axes_.at(reader.result));
        for (std::size_t i = 0; i < reader.operands.size(); ++i)
            if (reader.operands[i].value == value && free->operand_axis[i] != axis) return false;
        return true;
    }

    // No way leads from the group through another item back into it.
    bool stays_together(int item) {
        items_.insert(item);
        const bool together = follows(nullptr);
        items_.erase(item);
        return together;
    }

    // Goes through the items between first and last; `after`: those that depend on the group.
    bool follows(std::set<std::size_t>* after) const {
        const auto [first, last] = range();
        std::set<ValueId> tainted;  // made outside from what the group makes
        for (std::size_t i = first; i <= last; ++i) {
            const bool own = items_.contains(static_cast<int>(i));
            bool through = false, from_group = false;
            for_each_step(program_->items[i], [&](const Step& step) {
                for (const Operand& operand : step.operands) {
                    through = through || tainted.contains(operand.value);
                    const int maker = readers_->made[static_cast<std::size_t>(operand.value)];
                    from_group = from_group || (maker >= 0 && items_.contains(maker));
                }
            });
            if (own && through) return false;
            if (own || (!through && !from_group)) continue;
            for_each_result(program_->items[i], [&](ValueId value) { tainted.insert(value); });
            if (after != nullptr) after->insert(i);
        }
        return true;
    }

    void fill(Program& program, Blocks& blocks, bool hand_blocks) const;

    const Program* program_;
    const Readers* readers_;
    std::set<int> items_;
    std::map<ValueId, int> axes_;    // values that the group makes
    std::map<ValueId, int> sliced_;  // values from outside, of which a step takes blocks
};

Program Group::in_blocks(std::int64_t size, bool hand_blocks) const {
    Program result;
    result.values = program_->values;
    result.outputs = program_->outputs;
    Blocks blocks;
    blocks.extent = extent();
    blocks.size = size;
    fill(result, blocks, hand_blocks);
    const auto [first, last] = range();
    std::set<std::size_t> after;
    follows(&after);
    const auto take = [&](std::size_t i) { result.items.push_back(program_->items[i]); };
    for (std::size_t i = 0; i < first; ++i) take(i);
    for (std::size_t i = first; i <= last; ++i)
        if (!after.contains(i) && !items_.contains(static_cast<int>(i))) take(i);
    result.items.emplace_back(std::move(blocks));
    for (std::size_t i : after) take(i);
    for (std::size_t i = last + 1; i < program_->items.size(); ++i) take(i);
    return result;
}

// Steps of the group with values of their own: blocks, and slices of what comes from outside.
void Group::fill(Program& program, Blocks& blocks, bool hand_blocks) const {
    const auto block_of = [&](ValueId value, int axis) {
        ValueInfo info = program.values[static_cast<std::size_t>(value)];
        info.shape[static_cast<std::size_t>(axis)] = blocks.size;
        program.values.push_back(std::move(info));
        return static_cast<ValueId>(program.values.size()) - 1;
    };
    std::map<ValueId, ValueId> made;
    std::map<std::pair<ValueId, int>, ValueId> slices;
    for (int item : items_) {
        Step step = *step_at(item);
        const int axis = axes_.at(step.result);
        const FreeAxis free = *free_axis(step, axis);
        step.blocked = axis;
        step.counted = free.counted;
        for (std::size_t i = 0; i < step.operands.size(); ++i) {
            ValueId& value = step.operands[i].value;
            const int own = free.operand_axis[i];
            if (const auto known = made.find(value); known != made.end()) {
                value = known->second;
            } else if (own >= 0) {
                auto [slice, fresh] = slices.try_emplace({value, own}, -1);
                if (fresh) {
                    slice->second = block_of(value, own);
                    blocks.steps.push_back({.operation = Operation::Slice,
                                            .result = slice->second,
                                            .operands = {{value, {}}},
                                            .axis = own,
                                            .blocked = own});
                }
                value = slice->second;
            }
        }
        const ValueId whole = step.result;
        step.result = block_of(whole, axis);
        made.emplace(whole, step.result);
        const auto& readers = readers_->read[static_cast<std::size_t>(whole)];
        const bool outside =
            std::ranges::any_of(readers, [&](int reader) { return !items_.contains(reader); });
        const bool output = readers_->output[static_cast<std::size_t>(whole)] != 0;
        if (outside || output) blocks.kept.push_back({step.result, whole, axis, !outside && hand_blocks});
        blocks.steps.push_back(std::move(step));
    }
}

// The largest results that live while the program needs most, made by a step.
std::vector<ValueId> seeds(const Program& program, const MemoryUse& use, std::size_t at) {
    std::vector<ValueId> values;
    for (std::size_t value = 0; value < use.bytes.size(); ++value) {
        const std::size_t made = use.made[value];
        if (made > at || use.last[value] < at || use.bytes[value] == 0) continue;
        if (std::holds_alternative<Step>(program.items[made])) values.push_back(static_cast<ValueId>(value));
    }
    std::ranges::stable_sort(values, [&](ValueId a, ValueId b) {
        return use.bytes[static_cast<std::size_t>(a)] > use.bytes[static_cast<std::size_t>(b)];
    });
    if (values.size() > most_seeds) values.resize(most_seeds);
    return values;
}

// What the items need that a group and those between its steps have become.
double worst(const MemoryUse& use, std::size_t first, std::size_t count) {
    double most = 0;
    for (std::size_t i = first; i < first + count; ++i) most = std::max(most, use.peaks[i]);
    return most;
}

class Fitter {
public:
    Fitter(Program program, const FitOptions& options) : program_(std::move(program)), options_(options) {}

    Program run() {
        for (;;) {
            use_ = memory_use(program_, options_.bytes);
            if (use_.peak <= options_.budget || !improve()) return std::move(program_);
        }
    }

private:
    // A group with small blocks, and what the items around it then need.
    struct Candidate {
        Group group;
        double need;
    };

    bool improve() {
        const auto at = static_cast<std::size_t>(std::ranges::max_element(use_.peaks) - use_.peaks.begin());
        const Readers readers(program_);
        std::optional<Candidate> best;
        for (const ValueId seed : seeds(program_, use_, at)) {
            const auto rank = static_cast<int>(program_.values[static_cast<std::size_t>(seed)].shape.size());
            for (int axis = 0; axis < rank; ++axis) {
                Group group(program_, readers);
                if (!group.grow(seed, axis) || group.extent() < 2) continue;
                const double need = need_of(group, 1);
                const auto [first, last] = group.range();
                if (need >= 0.999 * worst(use_, first, last - first + 1)) continue;
                if (!best || need < 0.98 * best->need) best = Candidate{group, need};
            }
        }
        if (!best) return false;
        program_ = best->group.in_blocks(largest_size(best->group), options_.hand_blocks);
        return true;
    }

    double need_of(const Group& group, std::int64_t size) const {
        const Program blocked = group.in_blocks(size, options_.hand_blocks);
        const auto [first, last] = group.range();
        return worst(memory_use(blocked, options_.bytes), first, last - first + 2 - group.steps());
    }

    // Blocks of equal size, so that none is a thin rest: as few as fit.
    std::int64_t largest_size(const Group& group) const {
        const std::int64_t extent = group.extent();
        std::int64_t size = extent;
        for (std::int64_t count = 2; count < 2 * extent; count *= 2) {
            size = (extent + count - 1) / count;
            if (size <= 1 || need_of(group, size) <= options_.budget) break;
        }
        return std::max<std::int64_t>(size, 1);
    }

    Program program_;
    FitOptions options_;
    MemoryUse use_;
};

}  // namespace

Program fit(Program program, const FitOptions& options) { return Fitter(std::move(program), options).run(); }

}  // namespace headway
