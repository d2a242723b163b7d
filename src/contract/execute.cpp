// SPDX-License-Identifier: Apache-2.0
#include "contract/execute.hpp"

#include "contract/dense.hpp"
#include "contract/kernels.hpp"
#include "contract/pairwise.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace headway {

namespace {

std::vector<int> numbered(int n) {
    std::vector<int> labels(static_cast<std::size_t>(n));
    std::iota(labels.begin(), labels.end(), 0);
    return labels;
}

// One array, or the members of a family: then the first axis is their number. A weight is read when it is
// needed.
template <class T>
struct Value {
    std::vector<Array<T>> pieces;
    bool family = false;
    std::vector<const Step*> unread = {};  ///< of each piece: the leaf that is still to be read; empty: none
};

Activation activation_of(Function function) {
    switch (function) {
        case Function::Gelu:
            return Activation::Gelu;
        case Function::GeluNew:
            return Activation::GeluNew;
        case Function::Silu:
            return Activation::Silu;
        default:
            return Activation::Relu;
    }
}

std::uint64_t work_of(const Step& step) { return 1 + static_cast<std::uint64_t>(step.multiply_adds); }

template <class T>
class Executor {
public:
    Executor(const Program& program, const Inputs<T>& inputs, Workspace& workspace)
        : program_(program), inputs_(inputs), workspace_(workspace), values_(program.values.size()) {}

    void run(const Output<T>& output) {
        find_last_uses();
        for (std::size_t i = 0; i < program_.items.size(); ++i) {
            const Item& item = program_.items[i];
            if (const auto* step = std::get_if<Step>(&item)) {
                run(*step);
                advance_by(*step);
            } else if (const auto* blocks = std::get_if<Blocks>(&item)) {
                run(*blocks, output);
            } else {
                run(std::get<Loop>(item));
            }
            for (std::size_t o : outputs_after_[i])
                if (!handed_.contains(program_.outputs[o])) output(o, whole(program_.outputs[o]), {});
            for (ValueId value : dead_after_[i]) values_[static_cast<std::size_t>(value)] = {};
        }
    }

private:
    void find_last_uses() {
        std::vector<std::size_t> last(program_.values.size());
        for (std::size_t i = 0; i < program_.items.size(); ++i)
            for_each_step(program_.items[i], [&](const Step& step) {
                for (const Operand& operand : step.operands)
                    last[static_cast<std::size_t>(operand.value)] = i;
            });
        dead_after_.resize(program_.items.size());
        outputs_after_.resize(program_.items.size());
        std::vector<std::size_t> made(program_.values.size());
        for (std::size_t i = 0; i < program_.items.size(); ++i)
            for_each_result(program_.items[i],
                            [&](ValueId result) { made[static_cast<std::size_t>(result)] = i; });
        for (std::size_t value = 0; value < last.size(); ++value)
            last[value] = std::max(last[value], made[value]);
        for (std::size_t o = 0; o < program_.outputs.size(); ++o)
            outputs_after_[made[static_cast<std::size_t>(program_.outputs[o])]].push_back(o);
        for (std::size_t value = 0; value < last.size(); ++value)
            dead_after_[last[value]].push_back(static_cast<ValueId>(value));
    }

    Value<T>& value(ValueId id) { return values_[static_cast<std::size_t>(id)]; }

    // A piece; a weight is read for the caller alone.
    Array<T> piece(const Value<T>& from, std::size_t i) const {
        const Step* leaf = from.unread.empty() ? nullptr : from.unread[i];
        return leaf == nullptr ? from.pieces[i]
                               : inputs_.leaf(*leaf->node->template as<Tensor>(), shape_of(*leaf));
    }
    // A piece; a weight is kept for what comes after.
    const Array<T>& kept(Value<T>& from, std::size_t i) const {
        if (!from.unread.empty() && from.unread[i] != nullptr) {
            from.pieces[i] = piece(from, i);
            from.unread[i] = nullptr;
        }
        return from.pieces[i];
    }
    const Dims& shape_of_piece(const Value<T>& from, std::size_t i) const {
        const Step* leaf = from.unread.empty() ? nullptr : from.unread[i];
        return leaf == nullptr ? from.pieces[i].shape() : shape_of(*leaf);
    }

    // The value as one array; members of a family are copied into one.
    Array<T> whole(ValueId id) {
        Value<T>& found = value(id);
        if (!found.family) return kept(found, 0);
        Dims shape = shape_of_piece(found, 0);
        shape.insert(shape.begin(), static_cast<std::int64_t>(found.pieces.size()));
        Array<T> result = Array<T>::zeros(shape, workspace_);
        for (std::size_t i = 0; i < found.pieces.size(); ++i) {
            const Array<T> member = piece(found, i);
            const std::vector<int> labels = numbered(member.rank());
            add_to(result.fixed(0, static_cast<std::int64_t>(i)), labels, T(1), member, labels, workspace_);
        }
        found = {{result}, false};
        return result;
    }

    Array<T> operand(const Step& step) { return whole(step.operands.front().value); }

    void set(ValueId id, Array<T> array) { value(id) = {{std::move(array)}, false}; }

    // Tiles of the sliced indices, nested; steps run where their indices are known.
    void run(const Loop& loop) {
        for (const Step& sum : loop.sums)
            set(sum.result,
                Array<T>::zeros(program_.values[static_cast<std::size_t>(sum.result)].shape, workspace_));
        begin_.assign(loop.extents.size(), 0);
        end_.assign(loop.extents.size(), 0);
        run_depth(loop, 0);
    }

    void run_depth(const Loop& loop, std::size_t depth) {
        if (depth == loop.extents.size()) {
            const T weight = loop.symmetric && begin_[0] != begin_[1] ? T(2) : T(1);
            for (const Step& sum : loop.sums) accumulate(sum, weight);
            return;
        }
        const std::int64_t last = loop.symmetric && depth == 1 ? begin_[0] + 1 : loop.extents[depth];
        for (std::int64_t begin = 0; begin < last; begin += loop.tiles[depth]) {
            begin_[depth] = begin;
            end_[depth] = std::min(begin + loop.tiles[depth], loop.extents[depth]);
            for (const Step& step : loop.depths[depth]) run(step);
            run_depth(loop, depth + 1);
        }
        for (const Step& step : loop.depths[depth]) value(step.result) = {};
    }

    // Blocks of one index, one after the other: what a step makes is dropped after its last use in the block.
    void run(const Blocks& blocks, const Output<T>& output) {
        const std::vector<std::vector<ValueId>> dead = dead_in_block(blocks);
        for (const Blocks::Kept& kept : blocks.kept) {
            if (kept.handed) {
                handed_.insert(kept.whole);
            } else {
                set(kept.whole, Array<T>::uninitialised(
                                    program_.values[static_cast<std::size_t>(kept.whole)].shape, workspace_));
            }
        }
        begin_ = end_ = {0};
        for (begin_[0] = 0; begin_[0] < blocks.extent; begin_[0] = end_[0]) {
            end_[0] = std::min(begin_[0] + blocks.size, blocks.extent);
            extent_of_blocks_ = blocks.extent;
            for (std::size_t i = 0; i < blocks.steps.size(); ++i) {
                run(blocks.steps[i]);
                for (const Blocks::Kept& kept : blocks.kept)
                    if (kept.block == blocks.steps[i].result) keep(kept, output);
                for (ValueId id : dead[i]) value(id) = {};
            }
        }
        extent_of_blocks_ = 0;
        for (const Step& step : blocks.steps) advance_by(step);
    }

    static std::vector<std::vector<ValueId>> dead_in_block(const Blocks& blocks) {
        std::map<ValueId, std::size_t> last;
        for (std::size_t i = 0; i < blocks.steps.size(); ++i) {
            last[blocks.steps[i].result] = i;
            for (const Operand& operand : blocks.steps[i].operands)
                if (const auto made = last.find(operand.value); made != last.end()) made->second = i;
        }
        std::vector<std::vector<ValueId>> dead(blocks.steps.size());
        for (const auto& [id, i] : last) dead[i].push_back(id);
        return dead;
    }

    // The block goes to its place in the whole value, or to whom it is an output for.
    void keep(const Blocks::Kept& kept, const Output<T>& output) {
        const Array<T> block = whole(kept.block);
        if (!kept.handed) {
            const Array<T> place = value(kept.whole).pieces.front().slice(kept.axis, begin_[0], end_[0]);
            copy_to(place, block, workspace_);
            return;
        }
        for (std::size_t o = 0; o < program_.outputs.size(); ++o)
            if (program_.outputs[o] == kept.whole)
                output(o, block, {kept.axis, begin_[0], extent_of_blocks_});
    }

    // Steps inside loops that are hoisted are not counted: see work_of.
    void advance_by(const Step& step) { advance(workspace_.progress(), &Progress::work, work_of(step)); }

    void accumulate(const Step& sum, T weight) {
        advance_by(sum);
        const Array<T> out = value(sum.result).pieces.front();
        const Operand &a = sum.operands[0], &b = sum.operands[1];
        if (sum.row >= 0) {
            contract_add_before(out, sum.out, weight, whole(a.value), a.labels, whole(b.value), b.labels,
                                {sum.row, sum.column}, workspace_);
        } else {
            contract_add(out, sum.out, weight, whole(a.value), a.labels, whole(b.value), b.labels,
                         workspace_);
        }
    }

    void run(const Step& step) {
        switch (step.operation) {
            case Operation::Leaf:
                value(step.result) = {{Array<T>()}, false, {&step}};
                break;
            case Operation::Stack:
                stack(step);
                break;
            case Operation::Slice:
                slice(step);
                break;
            case Operation::Contract:
                contract(step);
                break;
            case Operation::Reduce:
                set(step.result, reduce(operand(step), step.operands.front().labels, step.out, workspace_));
                break;
            case Operation::Add:
                add(step);
                break;
            case Operation::Dense:
                set(step.result, dense<T>(*step.node, shape_of(step), inputs_.tokens, workspace_));
                break;
            case Operation::Gather:
                gather(step);
                break;
            default:
                set(step.result, one_operand(step));
                break;
        }
    }

    Array<T> one_operand(const Step& step) {
        const Array<T> a = operand(step);
        switch (step.operation) {
            case Operation::Fix:
                return a.fixed(step.axis, step.shift);
            case Operation::Scale:
                return scaled(a, static_cast<T>(step.number));
            case Operation::Centre:
                return centre(a, step.axis, workspace_);
            case Operation::Rotate:
                return rotate(a, step.axis, step.other,
                              {step.node->template as<Structure>()->rotary, step.sign, first_of(step)},
                              workspace_);
            case Operation::Mask:
                return keep_lower(a, step.axis, step.other, {step.shift + first_of(step), step.window},
                                  workspace_);
            case Operation::Broadcast:
                return a.broadcast(step.axis, step.shift);
            case Operation::Softmax:
                return softmax(a, step.axis, step.other, {first_of(step), step.window}, workspace_);
            case Operation::Rstd:
                return rstd(a, step.axis, step.count, step.number, workspace_);
            default:
                if (step.function == Function::SoftCap) return soft_cap(a, step.number, workspace_);
                return activate(a, activation_of(step.function), workspace_);
        }
    }

    const Dims& shape_of(const Step& step) const {
        return program_.values[static_cast<std::size_t>(step.result)].shape;
    }

    // Where the positions of a step in a block are counted from.
    std::int64_t first_of(const Step& step) const { return step.counted == 0 ? 0 : step.counted * begin_[0]; }

    // The whole index of which a contraction in a block does a part: with it the sums are split alike.
    SplitLike split_of(const Step& step) const {
        if (step.blocked < 0) return {};
        return {step.out[static_cast<std::size_t>(step.blocked)], extent_of_blocks_};
    }

    void stack(const Step& step) {
        Value<T> result{{}, true};
        for (const Operand& member : step.operands) {
            const Value<T>& source = value(member.value);
            const bool unread = !source.family && !source.unread.empty() && source.unread.front() != nullptr;
            result.unread.push_back(unread ? source.unread.front() : nullptr);
            result.pieces.push_back(unread ? Array<T>() : whole(member.value));
        }
        value(step.result) = std::move(result);
    }

    void slice(const Step& step) {
        Value<T>& source = value(step.operands.front().value);
        const auto loop = static_cast<std::size_t>(std::max(step.loop, 0));  // blocks have one index
        invariant(!source.family || step.axis > 0, "a family is sliced along its members");
        Value<T> result{{}, source.family};
        for (std::size_t i = 0; i < source.pieces.size(); ++i)
            result.pieces.push_back(
                kept(source, i).slice(step.axis - (source.family ? 1 : 0), begin_[loop], end_[loop]));
        value(step.result) = std::move(result);
    }

    Array<T> scaled(const Array<T>& a, T factor) {
        Array<T> result = Array<T>::zeros(a.shape(), workspace_);
        const std::vector<int> labels = numbered(a.rank());
        add_to(result, labels, factor, a, labels, workspace_);
        return result;
    }

    void add(const Step& step) {
        // a sum of nothing has its shape from nowhere else, and is in no block
        Array<T> result =
            Array<T>::zeros(step.operands.empty() ? shape_of(step) : shape_of_now(step), workspace_);
        for (std::size_t i = 0; i < step.operands.size(); ++i)
            add_to(result, step.out, static_cast<T>(step.coefficients[i]), whole(step.operands[i].value),
                   step.operands[i].labels, workspace_);
        set(step.result, std::move(result));
    }

    void gather(const Step& step) {
        const Array<T> a = operand(step);
        const auto* structure = step.node->template as<Structure>();
        std::vector<int> index = inputs_.tokens;
        if (structure->relation == Relation::Shift) {
            index.resize(static_cast<std::size_t>(a.extent(step.axis)));  // as long as the result is whole
            for (std::size_t i = 0; i < index.size(); ++i) {
                const std::int64_t from = static_cast<std::int64_t>(i) - step.sign * structure->value;
                index[i] =
                    from >= 0 && from < static_cast<std::int64_t>(index.size()) ? static_cast<int>(from) : -1;
            }
        }
        if (step.counted != 0) index = {index.begin() + begin_[0], index.begin() + end_[0]};
        set(step.result, step.other < 0 ? headway::gather(a, step.axis, index, workspace_)
                                        : gather_each(a, step.other, step.axis, index, workspace_));
    }

    // Operand of a family step: its piece for member `m` (`same`, where that is known), or its slice where it
    // carries the member label.
    Operand member_of(const Operand& operand, int label, std::int64_t m, Array<T>& array,
                      const Array<T>* same = nullptr) {
        const Value<T>& source = value(operand.value);
        Operand result = operand;
        if (source.family && operand.labels.front() == label) {
            array = same != nullptr ? *same : piece(source, static_cast<std::size_t>(m));
            result.labels.erase(result.labels.begin());
            return result;
        }
        array = whole(operand.value);
        const auto place = std::find(result.labels.begin(), result.labels.end(), label);
        if (place == result.labels.end()) return result;
        array = array.fixed(static_cast<int>(place - result.labels.begin()), m);
        result.labels.erase(place);
        return result;
    }

    void contract(const Step& step) {
        const Operand &a = step.operands[0], &b = step.operands[1];
        const Operand* family = value(a.value).family ? &a : value(b.value).family ? &b : nullptr;
        if (family == nullptr) {
            set(step.result, contract_pair(whole(a.value), a.labels, whole(b.value), b.labels, step.out,
                                           workspace_, split_of(step)));
            return;
        }
        const int label = family->labels.front();
        const auto members = static_cast<std::int64_t>(value(family->value).pieces.size());
        for (const Operand* operand : {&a, &b})  // what is no member is made before the threads start
            if (!value(operand->value).family || operand->labels.front() != label) whole(operand->value);
        const auto place = std::find(step.out.begin(), step.out.end(), label);
        if (place == step.out.end()) {
            contract_members(step, label, members);
            return;
        }
        const auto axis = static_cast<int>(place - step.out.begin());
        std::vector<int> out = step.out;
        std::erase(out, label);
        const Array<T> result = Array<T>::uninitialised(shape_of_now(step), workspace_);
        workspace_.threads().run(members, [&](std::int64_t m) {
            Array<T> left, right;
            const Operand at_left = member_of(a, label, m, left);
            const bool same = a.value == b.value && a.labels.front() == b.labels.front();
            const Operand at_right = member_of(b, label, m, right, same ? &left : nullptr);
            contract_into(result.fixed(axis, m), out, left, at_left.labels, right, at_right.labels,
                          workspace_, split_of(step));
        });
        set(step.result, result);
    }

    // A contraction over the members of a family: their products are added up.
    void contract_members(const Step& step, int label, std::int64_t members) {
        const Array<T> result = Array<T>::zeros(shape_of_now(step), workspace_);
        for (std::int64_t m = 0; m < members; ++m) {
            Array<T> left, right;
            const Operand at_left = member_of(step.operands[0], label, m, left),
                          at_right = member_of(step.operands[1], label, m, right);
            contract_add(result, step.out, T(1), left, at_left.labels, right, at_right.labels, workspace_,
                         split_of(step));
        }
        set(step.result, result);
    }

    // The shape of a result with the tiles of now: the last tile of a loop may be smaller.
    Dims shape_of_now(const Step& step) {
        Dims shape;
        for (int label : step.out) shape.push_back(extent_now(step, label));
        return shape;
    }

    std::int64_t extent_now(const Step& step, int label) {
        for (const Operand& operand : step.operands) {
            const auto place = std::find(operand.labels.begin(), operand.labels.end(), label);
            if (place == operand.labels.end()) continue;
            const auto axis = static_cast<int>(place - operand.labels.begin());
            const Value<T>& source = value(operand.value);
            if (source.family && axis == 0) return static_cast<std::int64_t>(source.pieces.size());
            return shape_of_piece(source, 0)[static_cast<std::size_t>(axis - (source.family ? 1 : 0))];
        }
        throw InvariantFailure("a result has a label that no operand has");
    }

    const Program& program_;
    const Inputs<T>& inputs_;
    Workspace& workspace_;
    std::vector<Value<T>> values_;
    std::vector<std::vector<ValueId>> dead_after_;
    std::vector<std::vector<std::size_t>> outputs_after_;
    std::vector<std::int64_t> begin_, end_;  // the tiles of now
    std::int64_t extent_of_blocks_ = 0;      // 0: not in blocks
    std::set<ValueId> handed_;               // outputs that were handed over in blocks
};

}  // namespace

std::uint64_t work_of(const Program& program) {
    std::uint64_t work = 0;
    for (const Item& item : program.items) {
        if (const auto* step = std::get_if<Step>(&item)) work += work_of(*step);
        if (const auto* blocks = std::get_if<Blocks>(&item))
            for (const Step& step : blocks->steps) work += work_of(step);
        if (const auto* loop = std::get_if<Loop>(&item))
            for (const Step& sum : loop->sums)
                work += static_cast<std::uint64_t>(loop->iterations()) * work_of(sum);
    }
    return work;
}

template <class T>
void execute(const Program& program, const Inputs<T>& inputs, Workspace& workspace, const Output<T>& output) {
    Executor<T>(program, inputs, workspace).run(output);
}

template void execute<float>(const Program&, const Inputs<float>&, Workspace&, const Output<float>&);
template void execute<double>(const Program&, const Inputs<double>&, Workspace&, const Output<double>&);

}  // namespace headway
