// SPDX-License-Identifier: Apache-2.0
#include "contract/compile.hpp"

#include "contract/blocks.hpp"
#include "contract/compiler.hpp"
#include "contract/product.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/text.hpp"

#include <cmath>
#include <numeric>

namespace headway {

namespace {

std::vector<int> numbered(std::size_t n) {
    std::vector<int> labels(n);
    std::iota(labels.begin(), labels.end(), 0);
    return labels;
}

// W_OV and W_QK are names for products of weights that a model has.
Expr product_of_weights(const Tensor& leaf, int group_size) {
    const Index d{Space::Residual, 0}, d1{Space::Residual, 1}, e{Space::HeadInner, 0};
    const bool ov = leaf.symbol == "W_OV";
    const Head head{leaf.layer, leaf.head};
    return product({{head_leaf(ov ? "W_V" : "W_Q", head, group_size), {d, e}},
                    {head_leaf(ov ? "W_O" : "W_K", head, group_size),
                     ov ? std::vector<Index>{e, d1} : std::vector<Index>{d1, e}}},
                   {d, d1});
}

// A search that takes longer than what it can save is not worth it: large products are searched to the end
// only where a quick order still costs a noticeable time.
std::optional<Order> search_order(const OrderProblem& problem) {
    constexpr std::size_t always_exact = 11;
    constexpr double cheap = 2e8;  // multiply-adds: some milliseconds
    if (problem.factors.size() > always_exact) {
        std::optional<Order> quick =
            find_order(problem, {.write_weight = 1, .exact_limit = 0, .budget = 20'000, .random_tries = 4});
        if (quick && quick->multiply_adds < cheap) return quick;
    }
    return find_order(problem, {.write_weight = 1});
}

}  // namespace

double Loop::iterations() const {
    double count = 1;
    for (std::size_t i = 0; i < extents.size(); ++i)
        count *= static_cast<double>((extents[i] + tiles[i] - 1) / tiles[i]);
    return symmetric ? (count + std::sqrt(count)) / 2 : count;
}

std::int64_t Compiler::extent(Space space) const {
    const std::int64_t size = sizes_[space];
    require(size > 0, ErrorKind::Usage, "the expression has a {} index, whose size is not known here{}",
            name(space), space == Space::Position ? ": give tokens" : "");
    return size;
}

Dims Compiler::shape_of(const std::vector<Space>& spaces) const {
    Dims shape;
    for (Space space : spaces) shape.push_back(extent(space));
    return shape;
}

ValueId Compiler::new_value(Dims shape, std::string name) {
    program_.values.push_back({std::move(shape), std::move(name)});
    return static_cast<ValueId>(program_.values.size()) - 1;
}

ValueId Compiler::emit(Step step, Dims shape, std::string name, std::vector<Step>* target) {
    step.result = new_value(std::move(shape), std::move(name));
    const ValueId result = step.result;
    if (target != nullptr) {
        target->push_back(std::move(step));
    } else {
        program_.items.emplace_back(std::move(step));
    }
    return result;
}

const Order* Compiler::order_for(const OrderProblem& problem) {
    std::vector<std::int64_t> key;
    for (const OrderFactor& factor : problem.factors) {
        key.push_back(factor.symbolic ? -2 : -1);
        key.insert(key.end(), factor.indices.begin(), factor.indices.end());
        for (const auto& need : factor.needs) {
            key.push_back(-3);
            key.insert(key.end(), need.begin(), need.end());
        }
    }
    key.push_back(-4);
    key.insert(key.end(), problem.output.begin(), problem.output.end());
    key.push_back(-5);
    key.insert(key.end(), problem.sizes.begin(), problem.sizes.end());
    auto [place, fresh] = orders_.try_emplace(std::move(key));
    if (fresh) place->second = search_order(problem);
    return place->second ? &*place->second : nullptr;
}

ValueId Compiler::value_of(const Expr& node) {
    if (const auto known = values_.find(node); known != values_.end()) return known->second;
    const ValueId value = make(node);
    values_.emplace(node, value);
    return value;
}

ValueId Compiler::make(const Expr& node) {
    if (const auto* leaf = node->as<Tensor>()) {
        if ((leaf->symbol == "W_OV" || leaf->symbol == "W_QK") && leaf->head >= 0)
            return value_of(product_of_weights(*leaf, options_.group_size));
        return emit({.operation = Operation::Leaf, .node = node}, shape_of(node->ports()), leaf_name(*node));
    }
    if (node->as<Copy>() != nullptr || node->as<Structure>() != nullptr)
        return emit({.operation = Operation::Dense, .node = node}, shape_of(node->ports()), leaf_name(*node));
    if (node->as<Product>() != nullptr) return compile_product(*this, node);
    if (node->as<Sum>() != nullptr) return make_sum(*node);
    if (node->as<Apply>() != nullptr) return make_apply(*node);
    if (node->as<Frozen>() != nullptr) return make_frozen(*node);
    return make_family(*node);
}

ValueId Compiler::make_sum(const Node& node) {
    const Sum& sum = *node.as<Sum>();
    Step step{.operation = Operation::Add, .out = numbered(node.ports().size())};
    for (const Term& term : sum.terms) {
        step.operands.push_back({value_of(term.use.node), term.use.labels});
        step.coefficients.push_back(term.coefficient);
    }
    return emit(std::move(step), shape_of(node.ports()), "sum");
}

ValueId Compiler::make_apply(const Node& node) {
    const Apply& apply = *node.as<Apply>();
    const ValueId argument = value_of(apply.argument);
    Step step{.operands = {{argument, numbered(apply.argument->ports().size())}}, .node = nullptr};
    if (apply.function == Function::Rstd) {
        step.operation = Operation::Rstd;
        step.axis = static_cast<int>(node.ports().size());
        step.count = apply.consumed;
        step.number = apply.parameter;
        return emit(std::move(step), shape_of(node.ports()), "rstd");
    }
    if (apply.function == Function::Softmax) {
        step.operation = Operation::Softmax;
        step.axis = apply.axis;
        if (apply.mask) {
            const auto* mask = apply.mask->node->as<Structure>();
            require(
                mask != nullptr && mask->relation == Relation::Causal && apply.mask->labels[1] == apply.axis,
                ErrorKind::Usage, "softmax is evaluated with a causal mask over its own axis, or with none");
            step.other = apply.mask->labels[0];
            step.window = mask->value;
        }
        return emit(std::move(step), shape_of(node.ports()), "softmax");
    }
    step.operation = Operation::Pointwise;
    step.function = apply.function;
    step.number = apply.parameter;
    return emit(std::move(step), shape_of(node.ports()), "pointwise");
}

ValueId Compiler::make_frozen(const Node& node) {
    const Frozen& frozen = *node.as<Frozen>();
    ValueId value = value_of(frozen.link);
    if (frozen.head < 0) return value;
    Dims dims = shape(value);
    std::vector<std::int64_t> at{frozen.head};
    if (frozen.link->ports().size() - node.ports().size() == 2)
        at = {frozen.head / dims[1], frozen.head % dims[1]};
    require(at.front() < dims.front(), ErrorKind::Usage, "{}: the layer has no such head", leaf_name(node));
    for (const std::int64_t index : at) {
        Step step{.operation = Operation::Fix, .operands = {{value, {}}}, .axis = 0, .shift = index};
        dims.erase(dims.begin());
        value = emit(std::move(step), dims, leaf_name(node));
    }
    return value;
}

ValueId Compiler::make_family(const Node& node) {
    Step step{.operation = Operation::Stack};
    for (const Expr& member : node.as<Family>()->members) step.operands.push_back({value_of(member), {}});
    Dims shape = shape_of(node.ports());
    shape.front() = static_cast<std::int64_t>(step.operands.size());
    require(sizes_[node.ports().front()] == 0 || sizes_[node.ports().front()] == shape.front(),
            ErrorKind::Usage, "{}: a family of {} members on an index of size {}", leaf_name(node),
            shape.front(), sizes_[node.ports().front()]);
    return emit(std::move(step), std::move(shape), leaf_name(node));
}

Program Compiler::run(std::span<const Expr> outputs) {
    compile_together(*this, outputs);
    for (const Expr& output : outputs) program_.outputs.push_back(value_of(output));
    return std::move(program_);
}

Program compile(std::span<const Expr> outputs, const Sizes& sizes, const CompileOptions& options) {
    Program program = Compiler(sizes, options).run(outputs);
    if (options.budget <= 0) return program;
    return fit(std::move(program), {options.budget, options.bytes, options.hand_blocks});
}

}  // namespace headway
