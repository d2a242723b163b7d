// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/modular.hpp"

#include "expand/field.hpp"
#include "expand/modular_contract.hpp"
#include "expand/modular_leaves.hpp"
#include "headway/base/error.hpp"

#include <bit>

namespace headway {

namespace {

FieldHash atom(const ModularModel& model, const Apply& apply) {
    FieldHash hash(model.seed);
    hash.add(std::string_view("function")).add(static_cast<int>(apply.function)).add(apply.consumed);
    return hash.add(std::bit_cast<std::uint64_t>(apply.parameter));
}

// Entries before, on and behind an axis: entry (o, i, n) lies at (o * length + i) * behind + n.
struct AxisView {
    std::size_t before = 1;
    std::size_t length = 1;
    std::size_t behind = 1;
};

AxisView around(const std::vector<std::int64_t>& shape, std::size_t axis) {
    AxisView view;
    for (std::size_t i = 0; i < shape.size(); ++i)
        (i < axis    ? view.before
         : i == axis ? view.length
                     : view.behind) *= static_cast<std::size_t>(shape[i]);
    return view;
}

}  // namespace

const ModularArray& ModularRun::value(const Expr& expression) {
    if (const auto known = kept_.find(expression.get()); known != kept_.end()) return known->second.value;
    ModularArray result = compute(expression);
    return kept_.emplace(expression.get(), Kept{expression, std::move(result)}).first->second.value;
}

ModularArray ModularRun::value_once(const Expr& expression) {
    const auto known = kept_.find(expression.get());
    return known != kept_.end() ? known->second.value : compute(expression);
}

ModularArray ModularRun::compute(const Expr& expression) {
    const std::vector<Space>& ports = expression->ports();
    if (const auto* leaf = expression->as<Tensor>()) return tensor_value(*leaf, ports, model_);
    if (expression->as<Copy>() != nullptr) return copy_value(ports, model_);
    if (const auto* relation = expression->as<Structure>()) return structure_value(*relation, ports, model_);
    if (const auto* product = expression->as<Product>()) return compute(*product, ports);
    if (const auto* sum = expression->as<Sum>()) return compute(*sum, ports);
    if (const auto* family = expression->as<Family>()) return compute(*family, ports);
    if (const auto* apply = expression->as<Apply>()) return compute(*apply, ports);
    const auto* frozen = expression->as<Frozen>();
    invariant(frozen != nullptr, "a node kind that the exact evaluator does not know");
    return compute(*frozen, ports);
}

ModularArray ModularRun::compute(const Product& product, const std::vector<Space>& ports) {
    std::vector<Space> spaces = ports;
    spaces.insert(spaces.end(), product.bound.begin(), product.bound.end());
    std::vector<LabelledArray> factors;
    for (const Use& factor : product.factors) factors.push_back({&value(factor.node), factor.labels});
    return contract_modular(factors, ports.size(), extents_of(spaces, model_));
}

ModularArray ModularRun::compute(const Sum& sum, const std::vector<Space>& ports) {
    ModularArray total{extents_of(ports, model_), {}};
    total.values.resize(checked_size(total.shape));
    for (const Term& term : sum.terms) {
        const ModularArray part =
            contract_modular({{&value(term.use.node), term.use.labels}}, ports.size(), total.shape);
        const std::uint64_t coefficient = residue(term.coefficient);
        for (std::size_t i = 0; i < total.values.size(); ++i)
            total.values[i] = add_mod(total.values[i], multiply_mod(coefficient, part.values[i]));
    }
    return total;
}

ModularArray ModularRun::compute(const Family& family, const std::vector<Space>& ports) {
    ModularArray stack{extents_of(ports, model_), {}};
    require(stack.shape.front() == static_cast<std::int64_t>(family.members.size()), ErrorKind::Usage,
            "a family of {} members stands for the space {}, which has {}", family.members.size(),
            name(ports.front()), stack.shape.front());
    stack.values.reserve(checked_size(stack.shape));
    for (const Expr& member : family.members) {
        const std::vector<std::uint64_t>& values = value(member).values;
        stack.values.insert(stack.values.end(), values.begin(), values.end());
    }
    return stack;
}

ModularArray ModularRun::compute(const Apply& apply, const std::vector<Space>&) {
    if (apply.function == Function::Softmax) return compute_softmax(apply);
    const FieldHash name = atom(model_, apply);
    ModularArray result = value(apply.argument);
    if (apply.function != Function::Rstd) {
        for (std::uint64_t& entry : result.values) entry = FieldHash(name).add(entry).element();
        atoms_ += result.values.size();
        return result;
    }
    std::size_t length = 1;
    for (int i = 0; i < apply.consumed; ++i, result.shape.pop_back())
        length *= static_cast<std::size_t>(result.shape.back());
    std::vector<std::uint64_t> scales(result.values.size() / length);
    for (std::size_t row = 0; row < scales.size(); ++row) {
        FieldHash key(name);
        for (std::size_t i = 0; i < length; ++i) key.add(result.values[row * length + i]);
        scales[row] = key.element();
    }
    atoms_ += scales.size();
    result.values = std::move(scales);
    return result;
}

ModularArray ModularRun::compute_softmax(const Apply& apply) {
    ModularArray result = value(apply.argument);
    ModularArray open{result.shape, std::vector<std::uint64_t>(result.values.size(), 1)};
    if (apply.mask) {
        // The mask on all ports of the argument: it is multiplied by ones of that shape.
        const ModularArray ones = open;
        std::vector<int> ports(result.shape.size());
        for (std::size_t i = 0; i < ports.size(); ++i) ports[i] = static_cast<int>(i);
        open = contract_modular({{&ones, ports}, {&value(apply.mask->node), apply.mask->labels}},
                                ports.size(), result.shape);
    }
    const AxisView axis = around(result.shape, static_cast<std::size_t>(apply.axis));
    for (std::size_t row = 0; row < axis.before * axis.behind; ++row) {
        const std::size_t start = row / axis.behind * axis.length * axis.behind + row % axis.behind;
        std::vector<std::size_t> unmasked;
        FieldHash key = atom(model_, apply);
        for (std::size_t i = 0; i < axis.length; ++i) {
            const std::size_t place = start + i * axis.behind;
            if (open.values[place] == 0) {
                result.values[place] = 0;
            } else {
                unmasked.push_back(place);
                key.add(result.values[place]);
            }
        }
        std::uint64_t rest = 1;  // the last one takes what is left, so that the row sums to 1
        for (std::size_t i = 0; i < unmasked.size(); ++i) {
            const bool last = i + 1 == unmasked.size();
            result.values[unmasked[i]] = last ? rest : FieldHash(key).add(std::uint64_t{i}).element();
            rest = subtract_mod(rest, result.values[unmasked[i]]);
        }
    }
    atoms_ += axis.before * axis.behind;
    return result;
}

ModularArray ModularRun::compute(const Frozen& frozen, const std::vector<Space>& ports) {
    const ModularArray& whole = value(frozen.link);
    if (frozen.head < 0) return whole;
    // The leading head and member ports, row by row, count the heads.
    const std::vector<std::int64_t>& shape = whole.shape;
    const std::int64_t heads = shape[0] * (shape.size() == ports.size() + 2 ? shape[1] : 1);
    require(frozen.head < heads, ErrorKind::Usage,
            "head {} of a frozen value is asked for, but there are {} heads", frozen.head, heads);
    ModularArray one{extents_of(ports, model_), {}};
    const auto size = static_cast<std::ptrdiff_t>(checked_size(one.shape));
    const auto first = whole.values.begin() + frozen.head * size;
    one.values.assign(first, first + size);
    return one;
}

}  // namespace headway
