// SPDX-License-Identifier: Apache-2.0
#include "contract/product.hpp"

#include "contract/pairwise.hpp"
#include "contract/product_tree.hpp"
#include "headway/network/text.hpp"

#include <algorithm>
#include <memory>
#include <tuple>

namespace headway {

namespace {

bool contains(const std::vector<int>& labels, int label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
}

int place_of(const std::vector<int>& labels, int label) {
    return static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

std::vector<int> replaced(std::vector<int> labels, int from, int to) {
    std::replace(labels.begin(), labels.end(), from, to);
    return labels;
}

std::vector<int> without(std::vector<int> labels, int label) {
    std::erase(labels, label);
    return labels;
}

// A loop while it is being filled, shared by all products that are sliced alike.
struct LoopScope {
    Loop loop;
    std::map<std::pair<Expr, std::vector<std::pair<int, int>>>, Compiler::Known>
        parts;  // by node and (port, loop index)
};

// What is sliced in a product: label -> index of the loop.
using Slices = std::map<int, int>;

// How the last step of a product is sliced.
struct Slicing {
    int step = -1;  // the part that is accumulated: the root, or what its order mask acts on
    int mask_row = -1, mask_column = -1;
    std::vector<int> labels;
    bool symmetric = false;
};

class ProductCompiler {
public:
    ProductCompiler(Compiler& compiler, const Expr& node)
        : compiler_(compiler), node_(node), tree_(compiler, node) {}

    ProductTree& tree() { return tree_; }
    const Expr& node() const { return node_; }

    ValueId whole() {
        Operand root = make(tree_.root(), {}, nullptr, tree_.ports());
        return finish(std::move(root));
    }

    std::optional<Slicing> slicing() {
        Slicing result;
        result.step = tree_.root();
        while (!tree_.part(result.step).is_factor()) {
            const Part& part = tree_.part(result.step);
            const int mask = tree_.symbolic(part.left)    ? part.left
                             : tree_.symbolic(part.right) ? part.right
                                                          : -1;
            if (mask < 0) break;
            if (tree_.structure_of(mask).relation != Relation::Before || result.mask_row >= 0)
                return std::nullopt;
            result.mask_row = tree_.factor(mask).labels[0];
            result.mask_column = tree_.factor(mask).labels[1];
            result.step = mask == part.left ? part.right : part.left;
        }
        const Part& last = tree_.part(result.step);
        for (int label : last.open)  // a layer that the mask has and the result lacks
            if (!contains(tree_.ports(), label)) return std::nullopt;
        if (last.is_factor() || !choose_labels(last, result)) return std::nullopt;
        return result;
    }

    // Adds the steps that make the operands of the last step, for the current tile, and the accumulation.
    void accumulate(const Slicing& slicing, const Slices& slices, LoopScope& scope) {
        const Part last = tree_.part(slicing.step);
        const Operand left = make_operand(last.left, slicing, slices, scope, {});
        std::vector<int> contracted;
        for (int label : left.labels)
            if (!contains(last.open, label)) contracted.push_back(label);
        const Operand right = make_operand(last.right, slicing, slices, scope, contracted);
        Step step{.operation = Operation::Contract,
                  .operands = {left, right},
                  .row = slicing.mask_row,
                  .column = slicing.mask_column};
        for (int port : tree_.ports())
            if (contains(last.open, port)) step.out.push_back(port);
        step.multiply_adds = union_size(left, right);
        Operand result{compiler_.new_value(shape_of(step.out, {}, nullptr), name_of(slicing.step)), step.out};
        step.result = result.value;
        scope.loop.sums.push_back(std::move(step));
        accumulated_ = std::move(result);
    }

    // After the loop: the value of the product.
    ValueId finish_accumulated() { return finish(std::move(accumulated_)); }

private:
    bool choose_labels(const Part& last, Slicing& slicing) {
        const Part &left = tree_.part(last.left), &right = tree_.part(last.right);
        const double largest = std::max(left.is_factor() ? 0 : tree_.size(left.open),
                                        right.is_factor() ? 0 : tree_.size(right.open));
        if (largest <= compiler_.options().slice_above) return false;
        std::vector<int> candidates;
        for (int label : left.open)
            if (contains(right.open, label) && !contains(last.open, label) && !tree_.structured(label) &&
                tree_.extent(label) > compiler_.options().tile)
                candidates.push_back(label);
        for (int first : candidates)
            for (int second : candidates)
                if (first < second && tree_.extent(first) == tree_.extent(second) &&
                    tree_.symmetric(last.left, first, second) && tree_.symmetric(last.right, first, second)) {
                    slicing.labels = {first, second};
                    slicing.symmetric = compiler_.options().use_symmetry;
                    return true;
                }
        if (candidates.empty()) return false;
        slicing.labels = {*std::max_element(candidates.begin(), candidates.end(),
                                            [&](int a, int b) { return tree_.extent(a) < tree_.extent(b); })};
        return true;
    }

    // An operand of a symmetric last step may be made with its two sliced labels exchanged: the way in which
    // another product made it, or whichever hoists more.
    Operand make_operand(int index, const Slicing& slicing, const Slices& slices, LoopScope& scope,
                         std::vector<int> wanted) {
        if (!slicing.symmetric) return make(index, slices, &scope, wanted);
        const int first = slicing.labels[0], second = slicing.labels[1];
        const Slices swapped{{first, slices.at(second)}, {second, slices.at(first)}};
        if (is_made(index, slices, scope) ||
            (!is_made(index, swapped, scope) && !better_exchanged(tree_.part(index), slices)))
            return make(index, slices, &scope, wanted);
        const auto exchange = [&](std::vector<int>& labels) {
            for (int& label : labels) label = label == first ? second : label == second ? first : label;
        };
        exchange(wanted);
        Operand operand = make(index, swapped, &scope, wanted);
        exchange(operand.labels);
        return operand;
    }

    bool is_made(int index, const Slices& slices, const LoopScope& scope) {
        const PartNode& node = tree_.node_of(index);
        return scope.parts.contains({node.node, sliced_ports(node, slices)});
    }

    // Which ports of a part are sliced, and by which index of the loop.
    static std::vector<std::pair<int, int>> sliced_ports(const PartNode& node, const Slices& slices) {
        std::vector<std::pair<int, int>> sliced;
        for (std::size_t port = 0; port < node.labels.size(); ++port)
            if (const auto slice = slices.find(node.labels[port]); slice != slices.end())
                sliced.emplace_back(static_cast<int>(port), slice->second);
        return sliced;
    }

    // True when an inner step of the part depends on the inner index of the loop alone.
    bool better_exchanged(const Part& part, const Slices& slices) const {
        if (part.is_factor()) return false;
        for (int child : {part.left, part.right}) {
            if (tree_.part(child).is_factor()) continue;
            std::vector<int> indices;
            for (const auto& [label, index] : slices)
                if (contains(tree_.part(child).open, label)) indices.push_back(index);
            if (indices == std::vector<int>{1}) return true;
        }
        return false;
    }

    Dims shape_of(const std::vector<int>& labels, const Slices& slices, const LoopScope* scope) const {
        Dims shape;
        for (int label : labels) {
            const auto slice = slices.find(label);
            shape.push_back(slice == slices.end()
                                ? tree_.extent(label)
                                : scope->loop.tiles[static_cast<std::size_t>(slice->second)]);
        }
        return shape;
    }

    // The text of a part that is a product of leaves, for plans.
    std::string name_of(int part) {
        if (!compiler_.options().names) return {};
        const Expr& node = tree_.node_of(part).node;
        const auto* whole = node->as<Product>();
        if (whole == nullptr) return leaf_name(*node);
        for (const Use& factor : whole->factors)
            if (leaf_name(*factor.node).empty()) return {};
        return to_line(node);
    }

    double union_size(const Operand& left, const Operand& right) const {
        double size = 1;
        const auto count = [&](const Operand& operand, const Operand* other) {
            for (std::size_t i = 0; i < operand.labels.size(); ++i)
                if (other == nullptr || !contains(other->labels, operand.labels[i]))
                    size *= static_cast<double>(compiler_.shape(operand.value)[i]);
        };
        count(left, nullptr);
        count(right, &left);
        return size;
    }

    ValueId emit(Step step, const std::vector<int>& labels, const Slices& slices, LoopScope* scope,
                 std::string name) {
        int depth = -1;
        for (int label : labels)
            if (const auto slice = slices.find(label); slice != slices.end())
                depth = std::max(depth, slice->second);
        step.out = labels;
        std::vector<Step>* target =
            depth < 0 ? nullptr : &scope->loop.depths[static_cast<std::size_t>(depth)];
        return compiler_.emit(std::move(step), shape_of(labels, slices, scope), std::move(name), target);
    }

    // The value of a part, with axes in any order (its labels say which). `wanted`: an order of some of its
    // labels that the next step would like.
    Operand make(int index, const Slices& slices, LoopScope* scope, const std::vector<int>& wanted) {
        const PartNode& node = tree_.node_of(index);
        const std::vector<std::pair<int, int>> sliced = sliced_ports(node, slices);
        if (sliced.empty()) {
            if (const auto known = compiler_.parts.find(node.node); known != compiler_.parts.end())
                return labelled(known->second, node);
        } else if (const auto known = scope->parts.find({node.node, sliced}); known != scope->parts.end()) {
            return labelled(known->second, node);
        }
        const Operand made = tree_.part(index).is_factor() ? make_factor(index, slices, scope)
                                                           : make_step(index, slices, scope, wanted);
        Compiler::Known known{made.value, {}};
        for (int label : made.labels) known.ports.push_back(place_of(node.labels, label));
        if (sliced.empty()) {
            compiler_.parts.emplace(node.node, std::move(known));
        } else {
            scope->parts.emplace(std::pair(node.node, sliced), std::move(known));
        }
        return made;
    }

    static Operand labelled(const Compiler::Known& known, const PartNode& node) {
        Operand operand{known.value, {}};
        for (int port : known.ports) operand.labels.push_back(node.labels[static_cast<std::size_t>(port)]);
        return operand;
    }

    Operand make_factor(int index, const Slices& slices, LoopScope* scope) {
        const Use& factor = tree_.factor(index);
        Operand operand{compiler_.value_of(factor.node), factor.labels};
        const std::vector<int>& open = tree_.part(index).open;
        if (operand.labels.size() != open.size()) {
            Step step{.operation = Operation::Reduce, .operands = {operand}};
            operand = {emit(std::move(step), open, {}, nullptr, name_of(index)), open};
        }
        std::map<int, int> by_index;  // outer indices first: what they alone decide is sliced once
        for (const auto& [label, loop_index] : slices)
            if (contains(open, label)) by_index.emplace(loop_index, label);
        Slices done;
        for (const auto& [loop_index, label] : by_index) {
            Step step{.operation = Operation::Slice,
                      .operands = {operand},
                      .axis = place_of(operand.labels, label),
                      .loop = loop_index};
            done.emplace(label, loop_index);
            operand.value = emit(std::move(step), operand.labels, done, scope, name_of(index));
        }
        return operand;
    }

    Operand make_step(int index, const Slices& slices, LoopScope* scope, const std::vector<int>& wanted) {
        const Part part = tree_.part(index);
        if (tree_.symbolic(part.left))
            return apply_structure(part.left, make(part.right, slices, scope, {}), part.open, slices, scope);
        if (tree_.symbolic(part.right))
            return apply_structure(part.right, make(part.left, slices, scope, {}), part.open, slices, scope);
        const bool turned = scope != nullptr && tree_.part(part.right).is_factor();
        const int first = turned ? part.right : part.left, second = turned ? part.left : part.right;
        const Operand left = make(first, slices, scope, {});
        const bool chosen = scope != nullptr && !tree_.part(second).is_factor();
        Operand right = chosen ? Operand{-1, tree_.part(second).open} : make(second, slices, scope, {});
        const std::vector<int> ordered =
            ordered_last(natural_order(left.labels, right.labels, part.open), wanted);
        if (chosen) right = make(second, slices, scope, lying(left.labels, right.labels, ordered));
        Step step{.operation = Operation::Contract,
                  .operands = {left, right},
                  .multiply_adds = union_size(left, right)};
        return {emit(std::move(step), ordered, slices, scope, name_of(index)), ordered};
    }

    static std::vector<int> ordered_last(std::vector<int> labels, const std::vector<int>& wanted) {
        const auto tail = std::stable_partition(labels.begin(), labels.end(),
                                                [&](int label) { return !contains(wanted, label); });
        const std::vector<int> found(tail, labels.end());
        std::copy_if(wanted.begin(), wanted.end(), tail, [&](int label) { return contains(found, label); });
        return labels;
    }

    // How the second operand should lie: BLAS multiplies small matrices fastest, and without packing them,
    // when both are row-major. What is contracted comes before the columns of `out`, and after its rows.
    static std::vector<int> lying(const std::vector<int>& first, const std::vector<int>& second,
                                  const std::vector<int>& out) {
        std::vector<int> contracted, own;
        for (int label : second)
            if (!contains(out, label)) contracted.push_back(label);
        for (int label : out)
            if (contains(second, label) && !contains(first, label)) own.push_back(label);
        const bool columns = !own.empty() && own.back() == out.back();
        std::vector<int>& front = columns ? contracted : own;
        const std::vector<int>& back = columns ? own : contracted;
        front.insert(front.end(), back.begin(), back.end());
        return front;
    }

    // A structure acts on a part without becoming dense where it can; what it does not consume is summed or
    // kept as `open` says.
    Operand apply_structure(int factor, Operand part, const std::vector<int>& open, const Slices& slices,
                            LoopScope* scope) {
        const Structure& structure = tree_.structure_of(factor);
        const std::vector<int>& labels = tree_.factor(factor).labels;
        Step step{.operands = {part}, .node = tree_.factor(factor).node};
        std::vector<int> result;
        const auto consumes = [&](int label) {
            return contains(part.labels, label) && !contains(open, label);
        };
        const auto has = [&](int label) { return contains(part.labels, label); };
        const auto pick = [&](int from, int to, int sign) {  // out[to] = in[from(to)]
            step.operation = Operation::Gather;
            step.axis = place_of(part.labels, from);
            step.other = has(to) ? place_of(part.labels, to) : -1;
            step.sign = sign;
            result = has(to) ? without(part.labels, from) : replaced(part.labels, from, to);
        };
        const auto turn = [&](int from, int to, int sign) {
            step.operation = structure.relation == Relation::Rope ? Operation::Rotate : Operation::Centre;
            step.axis = place_of(part.labels, from);
            step.other = structure.relation == Relation::Rope ? place_of(part.labels, labels[0]) : -1;
            step.sign = sign;
            result = replaced(part.labels, from, to);
        };
        switch (structure.relation) {
            case Relation::Token:
                if (consumes(labels[1])) pick(labels[1], labels[0], 1);
                break;
            case Relation::Shift:
                if (consumes(labels[1]))
                    pick(labels[1], labels[0], 1);
                else if (consumes(labels[0]))
                    pick(labels[0], labels[1], -1);
                break;
            case Relation::OneHot:
                if (consumes(labels[0])) {
                    step.operation = Operation::Fix;
                    step.axis = place_of(part.labels, labels[0]);
                    step.shift = structure.value;
                    require(structure.value < tree_.extent(labels[0]), ErrorKind::Usage,
                            "one_hot({}): the index goes up to {}", structure.value,
                            tree_.extent(labels[0]) - 1);
                    result = without(part.labels, labels[0]);
                }
                break;
            case Relation::Centre:
            case Relation::Rope: {
                const int in = labels[labels.size() - 2], out = labels.back();
                if (consumes(in) && !has(out))
                    turn(in, out, 1);
                else if (consumes(out) && !has(in))
                    turn(out, in, -1);
                break;
            }
            case Relation::Causal:
            case Relation::Before:
                if (has(labels[0]) && has(labels[1])) {
                    step.operation = Operation::Mask;
                    const bool before = structure.relation == Relation::Before;
                    step.axis = place_of(part.labels, labels[before ? 1 : 0]);
                    step.other = place_of(part.labels, labels[before ? 0 : 1]);
                    step.shift = before ? -1 : 0;
                    step.window = structure.value;
                    result = part.labels;
                }
                break;
            case Relation::Distance:
                break;
        }
        if (step.operation == Operation::Leaf) return contract_dense(factor, part, open, slices, scope);
        Operand made{emit(std::move(step), result, slices, scope, leaf_name(*tree_.factor(factor).node)),
                     result};
        return reduced(std::move(made), open, slices, scope);
    }

    Operand contract_dense(int factor, const Operand& part, const std::vector<int>& open,
                           const Slices& slices, LoopScope* scope) {
        const Use& use = tree_.factor(factor);
        Step step{.operation = Operation::Contract,
                  .operands = {part, {compiler_.value_of(use.node), use.labels}}};
        return {emit(std::move(step), open, slices, scope, leaf_name(*use.node)), open};
    }

    Operand reduced(Operand operand, const std::vector<int>& open, const Slices& slices, LoopScope* scope) {
        if (operand.labels.size() == open.size()) return operand;
        std::vector<int> kept;
        for (int label : operand.labels)
            if (contains(open, label)) kept.push_back(label);
        Step step{.operation = Operation::Reduce, .operands = {operand}};
        return {emit(std::move(step), kept, slices, scope, "sum"), kept};
    }

    // Axes into the order of the ports, ports of `ones` repeated, extents of summed `ones` multiplied.
    ValueId finish(Operand operand) {
        std::vector<int> ports;
        for (int port : tree_.ports())
            if (contains(tree_.part(tree_.root()).open, port)) ports.push_back(port);
        if (operand.labels != ports)
            operand = {emit({.operation = Operation::Reduce, .operands = {operand}}, ports, {}, nullptr,
                            "transpose"),
                       ports};
        if (tree_.factor_of_ones() != 1)
            operand.value =
                emit({.operation = Operation::Scale, .operands = {operand}, .number = tree_.factor_of_ones()},
                     ports, {}, nullptr, "ones");
        for (std::size_t i = 0; i < tree_.ports().size(); ++i) {
            const int port = tree_.ports()[i];
            if (contains(operand.labels, port)) continue;
            Step step{.operation = Operation::Broadcast,
                      .operands = {operand},
                      .axis = static_cast<int>(i),
                      .shift = tree_.extent(port)};
            operand.labels.insert(operand.labels.begin() + static_cast<std::ptrdiff_t>(i), port);
            operand.value = emit(std::move(step), operand.labels, {}, nullptr, "ones");
        }
        return operand.value;
    }

    Compiler& compiler_;
    Expr node_;
    ProductTree tree_;
    Operand accumulated_;
};

// An operand of a sliced last step: the node, the ports that the loop's indices slice, and whether they may
// be exchanged.
using SliceKey = std::tuple<Expr, std::vector<int>, bool>;

struct Member {
    std::unique_ptr<ProductCompiler> product;
    Slicing slicing;

    SliceKey key(bool right) const {
        const Part& last = product->tree().part(slicing.step);
        const PartNode& node = product->tree().node_of(right ? last.right : last.left);
        std::vector<int> ports;
        for (int label : slicing.labels) ports.push_back(place_of(node.labels, label));
        std::sort(ports.begin(), ports.end());
        return {node.node, std::move(ports), slicing.symmetric};
    }
    // The loop's index for each sliced label: the one of the operand's port in the key.
    Slices slices(const SliceKey& key, bool right) const {
        const Part& last = product->tree().part(slicing.step);
        const PartNode& node = product->tree().node_of(right ? last.right : last.left);
        Slices result;
        for (int label : slicing.labels)
            result.emplace(label, place_of(std::get<1>(key), place_of(node.labels, label)));
        return result;
    }
};

// Members that have the operand `key` in common, and on which side.
struct Group {
    std::vector<std::pair<Member*, bool>> members;
};

void compile_group(Compiler& compiler, const SliceKey& key, const Group& group) {
    LoopScope scope;
    scope.loop.symmetric = std::get<2>(key);
    const auto& [first, first_right] = group.members.front();
    std::map<int, int> label_of;
    for (const auto& [label, index] : first->slices(key, first_right)) label_of.emplace(index, label);
    for (const auto& [index, label] : label_of) {
        scope.loop.extents.push_back(first->product->tree().extent(label));
        scope.loop.tiles.push_back(std::min(compiler.options().tile, scope.loop.extents.back()));
        scope.loop.depths.emplace_back();
    }
    for (const auto& [member, right] : group.members)
        member->product->accumulate(member->slicing, member->slices(key, right), scope);
    compiler.emit_loop(std::move(scope.loop));
    for (const auto& [member, right] : group.members)
        compiler.remember(member->product->node(), member->product->finish_accumulated());
}

// The member as a product whose last step is sliced, or nothing.
std::optional<Member> sliced(Compiler& compiler, const Expr& node) {
    auto product = std::make_unique<ProductCompiler>(compiler, node);
    std::optional<Slicing> slicing = product->slicing();
    if (!slicing) return std::nullopt;
    return Member{std::move(product), std::move(*slicing)};
}

}  // namespace

ValueId compile_product(Compiler& compiler, const Expr& node) {
    Member member{std::make_unique<ProductCompiler>(compiler, node), {}};
    std::optional<Slicing> slicing = member.product->slicing();
    if (!slicing) return member.product->whole();
    member.slicing = std::move(*slicing);
    compile_group(compiler, member.key(false), {{{&member, false}}});
    return compiler.value_of(node);
}

void compile_together(Compiler& compiler, std::span<const Expr> outputs) {
    std::vector<Member> members;
    std::map<SliceKey, int> count;
    std::set<Expr> seen;
    for (const Expr& output : outputs) {
        if (output->as<Product>() == nullptr || !seen.insert(output).second) continue;
        if (std::optional<Member> member = sliced(compiler, output)) members.push_back(std::move(*member));
    }
    for (const Member& member : members)
        for (const bool right : {false, true}) ++count[member.key(right)];
    // Each goes with the operand that most of them have.
    std::vector<std::pair<SliceKey, Group>> groups;
    for (Member& member : members) {
        const bool right = count[member.key(true)] > count[member.key(false)];
        const SliceKey key = member.key(right);
        auto group =
            std::find_if(groups.begin(), groups.end(), [&](const auto& other) { return other.first == key; });
        if (group == groups.end()) group = groups.insert(groups.end(), {key, {}});
        group->second.members.emplace_back(&member, right);
    }
    for (const auto& [key, group] : groups) compile_group(compiler, key, group);
}

}  // namespace headway
