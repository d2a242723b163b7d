// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/select.hpp"

#include "expand/flat.hpp"
#include "expand/rewrite.hpp"
#include "expand/selector.hpp"
#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>

namespace headway {

namespace {

const FixedPort* find(const FixedPorts& fixed, std::size_t port) {
    const auto found = std::find_if(fixed.begin(), fixed.end(), [&](const FixedPort& candidate) {
        return candidate.port == static_cast<int>(port);
    });
    return found == fixed.end() ? nullptr : &*found;
}

std::vector<Space> without(const std::vector<Space>& ports, const FixedPorts& fixed) {
    std::vector<Space> rest;
    for (std::size_t i = 0; i < ports.size(); ++i)
        if (find(fixed, i) == nullptr) rest.push_back(ports[i]);
    return rest;
}

// The number 1, as there is no scalar leaf: the sum over h of one_hot(0)[h].
Expr one() { return product({{one_hot(Space::Head, 0), {0}}}, {}, {Space::Head}); }

// Which ports of a node a choice of enclosing labels fixes, and the new numbers of the labels that stay.
struct Inner {
    FixedPorts fixed;
    std::vector<int> labels;
};

class Renumbering {
public:
    Renumbering(std::size_t n_labels, const FixedPorts& fixed) : number_(n_labels), place_(n_labels, -1) {
        for (const FixedPort& port : fixed) place_[static_cast<std::size_t>(port.port)] = port.place;
        int next = 0;
        for (std::size_t i = 0; i < n_labels; ++i) number_[i] = place_[i] < 0 ? next++ : -1;
    }
    Inner inside(const std::vector<int>& labels) const {
        Inner inner;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            const auto label = static_cast<std::size_t>(labels[i]);
            if (place_[label] >= 0)
                inner.fixed.push_back({static_cast<int>(i), place_[label]});
            else
                inner.labels.push_back(number_[label]);
        }
        return inner;
    }

private:
    std::vector<int> number_;
    std::vector<int> place_;
};

}  // namespace

Expr Selector::run(const Expr& node, const FixedPorts& fixed) {
    if (fixed.empty()) return node;
    const auto key = std::pair(node, fixed);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    return known_.emplace(key, make(node, fixed)).first->second;
}

Expr Selector::make(const Expr& node, const FixedPorts& fixed) {
    if (node->as<Tensor>() != nullptr || node->as<Frozen>() != nullptr) return of_leaf(node, fixed);
    if (node->as<Copy>() != nullptr) return of_copy(node, fixed);
    if (const auto* relation = node->as<Structure>()) return of_structure(node, *relation, fixed);
    if (const auto* list = node->as<Family>()) return of_family(node, *list, fixed);
    if (const auto* apply = node->as<Apply>()) return of_apply(node, *apply, fixed);
    if (const auto* terms = node->as<Sum>()) {
        const Renumbering renumbering(node->ports().size(), fixed);
        std::vector<Term> result;
        for (const Term& term : terms->terms) {
            const Inner inner = renumbering.inside(term.use.labels);
            result.push_back({term.coefficient, {run(term.use.node, inner.fixed), inner.labels}});
        }
        return sum(std::move(result), without(node->ports(), fixed));
    }
    const auto& factors = *node->as<Product>();
    return of_product(factors, node->ports(), fixed);
}

Expr Selector::of_product(const Product& node, const std::vector<Space>& ports, const FixedPorts& fixed) {
    std::vector<Space> spaces = ports;
    spaces.insert(spaces.end(), node.bound.begin(), node.bound.end());
    const Renumbering renumbering(spaces.size(), fixed);
    const std::vector<Space> rest = without(ports, fixed);
    const std::vector<Space> all = without(spaces, fixed);
    std::vector<Use> factors;
    for (const Use& factor : node.factors) {
        Inner inner = renumbering.inside(factor.labels);
        factors.push_back({run(factor.node, inner.fixed), std::move(inner.labels)});
    }
    return product(std::move(factors), rest,
                   std::vector<Space>(all.begin() + static_cast<std::ptrdiff_t>(rest.size()), all.end()));
}

// `W_Q[L0][h,r,d,e]` -> `W_Q[L0H3][d,e]`: the leading head port, with the member port behind it.
Expr Selector::of_leaf(const Expr& node, const FixedPorts& fixed) {
    const std::vector<Space>& ports = node->ports();
    const bool grouped = ports.size() > 1 && ports[1] == Space::Member;
    const FixedPort* group = find(fixed, 0);
    const FixedPort* member = grouped ? find(fixed, 1) : nullptr;
    if (ports.front() != Space::Head || group == nullptr || (grouped && member == nullptr))
        return hold(node, fixed);
    int head = group->place;
    if (grouped) {
        require(member->place < group_size_, ErrorKind::Usage, "member {} of a group of {} heads",
                member->place, group_size_);
        head = head * group_size_ + member->place;
    }
    const std::size_t n_chosen = grouped ? 2 : 1;
    Expr chosen;
    if (const auto* value = node->as<Frozen>()) {
        if (value->head >= 0) return hold(node, fixed);
        chosen = frozen_head(value->symbol, {value->layer, head}, value->link);
    } else {
        Tensor leaf = *node->as<Tensor>();
        if (leaf.head >= 0 || leaf.group >= 0) return hold(node, fixed);
        const auto shape = leaf_shape(leaf.symbol);
        const bool shared = group_size_ > 1 && shape && shape->heads == PerHead::KeyValue;
        (shared ? leaf.group : leaf.head) = head;
        chosen = tensor(leaf, {ports.begin() + static_cast<std::ptrdiff_t>(n_chosen), ports.end()});
    }
    FixedPorts others;
    for (const FixedPort& port : fixed)
        if (port.port >= static_cast<int>(n_chosen))
            others.push_back({port.port - static_cast<int>(n_chosen), port.place});
    return others.empty() ? chosen : hold(chosen, others);
}

// Any node, its ports held from outside: node[h, ...] one_hot(i)[h].
Expr Selector::hold(const Expr& node, const FixedPorts& fixed) {
    const std::vector<Space>& ports = node->ports();
    Flat flat(without(ports, fixed));
    std::vector<int> labels;
    int next = 0;
    for (std::size_t i = 0; i < ports.size(); ++i)
        labels.push_back(find(fixed, i) == nullptr ? next++ : flat.fresh(ports[i]));
    flat.add(node, labels);
    for (const FixedPort& port : fixed) {
        const auto i = static_cast<std::size_t>(port.port);
        flat.add(one_hot(ports[i], port.place), {labels[i]});
    }
    return flat.close();
}

Expr Selector::of_copy(const Expr& node, const FixedPorts& fixed) {
    const std::vector<Space> rest = without(node->ports(), fixed);
    const int place = fixed.front().place;
    for (const FixedPort& port : fixed)
        if (port.place != place) return zero(rest);
    if (rest.empty()) return one();
    Flat flat(rest);
    for (int leg = 0; leg < static_cast<int>(rest.size()); ++leg)
        flat.add(one_hot(rest.front(), place), {leg});
    return flat.close();
}

Expr Selector::of_structure(const Expr& node, const Structure& relation, const FixedPorts& fixed) {
    if (relation.relation == Relation::OneHot)
        return relation.value == fixed.front().place ? one() : zero({});
    if (relation.relation == Relation::Before && fixed.size() == 2)
        return fixed[0].place < fixed[1].place ? one() : zero({});
    return hold(node, fixed);
}

Expr Selector::of_family(const Expr& node, const Family& list, const FixedPorts& fixed) {
    const FixedPort* chosen = find(fixed, 0);
    FixedPorts inner;
    for (const FixedPort& port : fixed)
        if (port.port > 0) inner.push_back({port.port - 1, port.place});
    if (chosen != nullptr) {
        require(chosen->place < static_cast<int>(list.members.size()), ErrorKind::Usage,
                "member {} of a family of {}", chosen->place, list.members.size());
        return run(list.members[static_cast<std::size_t>(chosen->place)], inner);
    }
    std::vector<Expr> members;
    for (const Expr& member : list.members) members.push_back(run(member, inner));
    return family(std::move(members), node->ports().front());
}

Expr Selector::of_apply(const Expr& node, const Apply& apply, const FixedPorts& fixed) {
    const FixedPort* last = find(fixed, static_cast<std::size_t>(std::max(apply.axis, 0)));
    if (apply.axis >= 0 && last != nullptr) return hold(node, fixed);
    const Expr argument = run(apply.argument, fixed);
    if (apply.function != Function::Softmax) return apply_to(apply, argument);
    const Renumbering renumbering(node->ports().size(), fixed);
    const int axis = renumbering.inside({apply.axis}).labels.front();
    if (!apply.mask) return softmax(argument, axis);
    Inner inner = renumbering.inside(apply.mask->labels);
    return softmax(argument, axis, run(apply.mask->node, inner.fixed), std::move(inner.labels));
}

Expr select(const Expr& expression, std::vector<FixedPort> fixed, int group_size) {
    const std::vector<Space>& ports = expression->ports();
    std::sort(fixed.begin(), fixed.end());
    for (std::size_t i = 0; i < fixed.size(); ++i) {
        const auto [port, place] = fixed[i];
        require(port >= 0 && port < static_cast<int>(ports.size()), ErrorKind::Usage,
                "port {} of an expression with {} ports cannot be fixed", port, ports.size());
        const Space space = ports[static_cast<std::size_t>(port)];
        require(space == Space::Head || space == Space::Member || space == Space::Layer, ErrorKind::Usage,
                "port {} is a {} port: only heads, members and layers can be fixed", port, name(space));
        require(place >= 0, ErrorKind::Usage, "port {} is to be fixed at {}", port, place);
        require(i == 0 || fixed[i - 1].port != port, ErrorKind::Usage, "port {} is fixed twice", port);
    }
    return Selector(group_size).run(expression, fixed);
}

Expr select_head(const Expr& expression, int head, int group_size) {
    const std::vector<Space>& ports = expression->ports();
    require(!ports.empty() && ports.front() == Space::Head, ErrorKind::Usage,
            "the expression has no leading head index to select from");
    if (ports.size() > 1 && ports[1] == Space::Member)
        return select(expression, {{0, head / group_size}, {1, head % group_size}}, group_size);
    const bool shared = group_size > 1;
    return select(expression, {{0, shared ? head / group_size : head}}, group_size);
}

}  // namespace headway
