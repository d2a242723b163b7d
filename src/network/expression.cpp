// SPDX-License-Identifier: Apache-2.0
#include "headway/network/expression.hpp"

#include "headway/base/error.hpp"
#include "network/canonical.hpp"
#include "network/intern.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_set>

namespace headway {

namespace {

void check_use(const Use& use, const std::vector<Space>& spaces) {
    require(use.node != nullptr, ErrorKind::Usage, "a factor is missing: got an empty expression");
    const std::vector<Space>& ports = use.node->ports();
    require(use.labels.size() == ports.size(), ErrorKind::Usage, "a factor with {} ports is given {} indices",
            ports.size(), use.labels.size());
    for (std::size_t i = 0; i < ports.size(); ++i) {
        const Space space = spaces[static_cast<std::size_t>(use.labels[i])];
        require(space == ports[i], ErrorKind::Usage, "port {} is a {} port, but is wired to a {} index", i,
                name(ports[i]), name(space));
    }
}

// Numbers the indices of a product or sum: the ports first, then the others by first appearance.
class Labels {
public:
    explicit Labels(const std::vector<Index>& ports) {
        for (const Index& port : ports) {
            require(number_.emplace(port, static_cast<int>(spaces_.size())).second, ErrorKind::Usage,
                    "the same index is given for two ports of an expression");
            spaces_.push_back(port.space);
        }
    }
    Use use(const Wired& wired) {
        Use result{wired.node, {}};
        for (const Index& index : wired.indices) {
            const auto [place, fresh] = number_.emplace(index, static_cast<int>(spaces_.size()));
            if (fresh) spaces_.push_back(index.space);
            result.labels.push_back(place->second);
        }
        return result;
    }
    const std::vector<Space>& spaces() const { return spaces_; }

private:
    std::map<Index, int> number_;
    std::vector<Space> spaces_;
};

bool straight(const std::vector<int>& labels, std::size_t n_ports) {
    if (labels.size() != n_ports) return false;
    for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] != static_cast<int>(i)) return false;
    return true;
}

std::vector<int> counted(std::size_t n) {
    std::vector<int> labels(n);
    std::iota(labels.begin(), labels.end(), 0);
    return labels;
}

// A product stands in a sum with the sum's ports in order, and as its factor when it only reorders that; the
// ports of a copy have no order. So the use of one value with its ports in another order has one form.
Use in_order(const Use& use, const std::vector<Space>& ports) {
    const Product* inner = use.node->as<Product>();
    if (use.node->as<Copy>() != nullptr) return {use.node, counted(ports.size())};
    if (inner == nullptr) return use;
    std::vector<Use> factors = inner->factors;
    for (Use& factor : factors)
        for (int& label : factor.labels)
            if (label < static_cast<int>(ports.size())) label = use.labels[static_cast<std::size_t>(label)];
    if (factors.size() == 1 && inner->bound.empty() && factors.front().labels.size() == ports.size())
        return in_order(factors.front(), ports);
    if (straight(use.labels, ports.size())) return use;
    return {product(std::move(factors), ports, inner->bound), counted(ports.size())};
}

// Equal rotations are equal structs: what the kind of scaling does not use is as by default.
Rotary checked(Rotary rotary) {
    const Rotary unused;
    require(rotary.dims >= 2 && rotary.dims % 2 == 0, ErrorKind::Usage,
            "rope: pairs of dimensions turn, so an even number of them, not {}", rotary.dims);
    require(std::isfinite(rotary.theta) && rotary.theta > 0, ErrorKind::Usage,
            "rope: theta is positive, not {}", rotary.theta);
    if (rotary.scaling == RotaryScaling::None) rotary.factor = unused.factor;
    require(std::isfinite(rotary.factor) && rotary.factor > 0, ErrorKind::Usage,
            "rope: the factor of a scaling is positive, not {}", rotary.factor);
    if (rotary.scaling != RotaryScaling::Llama3) {
        rotary.low_factor = unused.low_factor;
        rotary.high_factor = unused.high_factor;
        rotary.original_ctx = unused.original_ctx;
        return rotary;
    }
    require(rotary.low_factor > 0 && rotary.high_factor > rotary.low_factor &&
                std::isfinite(rotary.high_factor) && rotary.original_ctx > 0,
            ErrorKind::Usage,
            "rope: a llama3 scaling has factors 0 < low < high and a context, not {}, {}, {}",
            rotary.low_factor, rotary.high_factor, rotary.original_ctx);
    return rotary;
}

bool has_value(Relation relation) {
    return relation == Relation::Causal || relation == Relation::Shift || relation == Relation::OneHot;
}

}  // namespace

Expr tensor(Tensor leaf, std::vector<Space> ports) {
    require(!leaf.symbol.empty(), ErrorKind::Usage, "a tensor needs a name");
    return intern(std::move(leaf), std::move(ports));
}

Expr copy(Space space, int legs) {
    require(legs >= 1, ErrorKind::Usage, "a copy tensor needs at least one leg, got {}", legs);
    return intern(Copy{}, std::vector<Space>(static_cast<std::size_t>(legs), space));
}

Expr structure(Structure relation) {
    if (!has_value(relation.relation)) relation.value = 0;
    require(relation.relation != Relation::Causal || relation.value >= 0, ErrorKind::Usage,
            "causal({}): a window has a positive number of positions", relation.value);
    relation.rotary = relation.relation == Relation::Rope ? checked(relation.rotary) : Rotary{};
    std::vector<Space> ports;
    switch (relation.relation) {
        case Relation::Token:
            ports = {Space::Position, Space::Vocab};
            break;
        case Relation::Causal:
        case Relation::Shift:
        case Relation::Distance:
            ports = {Space::Position, Space::Position};
            break;
        case Relation::Before:
            ports = {Space::Layer, Space::Layer};
            break;
        case Relation::OneHot:
            ports = {Space::Head};
            break;
        case Relation::Centre:
            ports = {Space::Residual, Space::Residual};
            break;
        case Relation::Rope:
            ports = {Space::Position, Space::HeadInner, Space::HeadInner};
            break;
    }
    return intern(std::move(relation), std::move(ports));
}

Expr one_hot(Space space, std::int64_t i) {
    require(i >= 0, ErrorKind::Usage, "one_hot({}): an index counts from 0", i);
    return intern(Structure{Relation::OneHot, i, {}}, {space});
}

Expr product(const std::vector<Wired>& factors, const std::vector<Index>& ports) {
    Labels labels(ports);
    std::vector<Use> uses;
    uses.reserve(factors.size());
    for (const Wired& factor : factors) uses.push_back(labels.use(factor));
    std::vector<Space> spaces = labels.spaces();
    const auto split = spaces.begin() + static_cast<std::ptrdiff_t>(ports.size());
    return product(std::move(uses), std::vector<Space>(spaces.begin(), split),
                   std::vector<Space>(split, spaces.end()));
}

Expr product(std::vector<Use> factors, const std::vector<Space>& ports, const std::vector<Space>& bound) {
    require(!factors.empty(), ErrorKind::Usage, "a product needs at least one factor");
    std::vector<Space> spaces = ports;
    spaces.insert(spaces.end(), bound.begin(), bound.end());
    std::vector<char> carried(spaces.size());
    for (const Use& factor : factors) {
        check_use(factor, spaces);
        for (int label : factor.labels) carried[static_cast<std::size_t>(label)] = 1;
    }
    for (std::size_t i = 0; i < carried.size(); ++i)
        require(carried[i] != 0, ErrorKind::Usage, "index {} ({}) of a product is carried by no factor", i,
                name(spaces[i]));
    if (factors.size() == 1) {
        Use& only = factors.front();  // the legs of a copy have no order
        if (only.node->as<Copy>() != nullptr) std::sort(only.labels.begin(), only.labels.end());
        if (straight(only.labels, ports.size())) return only.node;
    }
    return intern(canonical_product(factors, ports, bound), ports);
}

Expr sum(const std::vector<WiredTerm>& terms, const std::vector<Index>& ports) {
    Labels labels(ports);
    std::vector<Term> uses;
    for (const WiredTerm& term : terms) uses.push_back({term.coefficient, labels.use(term.wired)});
    require(labels.spaces().size() == ports.size(), ErrorKind::Usage,
            "a term of a sum has an index that the sum has not");
    return sum(std::move(uses), labels.spaces());
}

Expr sum(std::vector<Term> terms, const std::vector<Space>& ports) {
    for (Term& term : terms) {
        check_use(term.use, ports);
        std::vector<int> sorted = term.use.labels;
        std::sort(sorted.begin(), sorted.end());
        require(straight(sorted, ports.size()), ErrorKind::Usage,
                "the indices of a term are not a permutation of the ports of its sum");
        term.use = in_order(term.use, ports);
    }
    const auto key = [](const Term& term) {
        return std::tuple(term.use.node->hash(), term.use.node.get(), term.use.labels);
    };
    std::sort(terms.begin(), terms.end(), [&](const Term& a, const Term& b) { return key(a) < key(b); });
    std::vector<Term> collected;
    for (Term& term : terms) {
        if (!collected.empty() && collected.back().use == term.use) {
            std::int64_t& total = collected.back().coefficient;
            require(!__builtin_add_overflow(total, term.coefficient, &total), ErrorKind::Limit,
                    "a coefficient overflows 64 bits");
        } else {
            collected.push_back(std::move(term));
        }
    }
    std::erase_if(collected, [](const Term& term) { return term.coefficient == 0; });
    if (collected.size() == 1 && collected.front().coefficient == 1) {
        const Use& only = collected.front().use;
        return straight(only.labels, ports.size()) ? only.node : product({only}, ports, {});
    }
    return intern(Sum{std::move(collected)}, ports);
}

Expr family(std::vector<Expr> members, Space space) {
    require(!members.empty(), ErrorKind::Usage, "a family needs at least one member");
    for (const Expr& member : members)
        require(member->ports() == members.front()->ports(), ErrorKind::Usage,
                "the members of a family have different ports");
    std::vector<Space> ports{space};
    ports.insert(ports.end(), members.front()->ports().begin(), members.front()->ports().end());
    return intern(Family{std::move(members)}, std::move(ports));
}

Expr softmax(const Expr& argument, int axis, const Expr& mask, std::vector<int> mask_ports) {
    const std::vector<Space>& ports = argument->ports();
    require(axis >= 0 && axis < static_cast<int>(ports.size()), ErrorKind::Usage,
            "softmax over port {} of an expression with {} ports", axis, ports.size());
    Apply apply{.function = Function::Softmax, .argument = argument, .axis = axis};
    if (mask != nullptr) {
        for (int port : mask_ports)
            require(port >= 0 && port < static_cast<int>(ports.size()), ErrorKind::Usage,
                    "the mask of a softmax names port {} of {}", port, ports.size());
        apply.mask = Use{mask, std::move(mask_ports)};
        check_use(*apply.mask, ports);
    }
    return intern(std::move(apply), ports);
}

Expr softmax(const Expr& argument, int axis) { return softmax(argument, axis, nullptr, {}); }

Expr rstd(const Expr& argument, double eps, int consumed) {
    std::vector<Space> ports = argument->ports();
    require(!ports.empty(), ErrorKind::Usage, "rstd needs an argument with a port to average over");
    require(consumed >= 1 && consumed <= static_cast<int>(ports.size()), ErrorKind::Usage,
            "rstd over the last {} of {} ports", consumed, ports.size());
    ports.resize(ports.size() - static_cast<std::size_t>(consumed));
    return intern(
        Apply{.function = Function::Rstd, .argument = argument, .parameter = eps, .consumed = consumed},
        std::move(ports));
}

Expr pointwise(Function function, const Expr& argument) {
    require(function != Function::Softmax && function != Function::Rstd && function != Function::SoftCap,
            ErrorKind::Usage, "softmax, rstd and softcap are not pointwise functions without parameter");
    return intern(Apply{.function = function, .argument = argument}, argument->ports());
}

Expr soft_cap(const Expr& argument, double cap) {
    require(std::isfinite(cap) && cap > 0, ErrorKind::Usage, "softcap: the cap is positive, not {}", cap);
    return intern(Apply{.function = Function::SoftCap, .argument = argument, .parameter = cap},
                  argument->ports());
}

Expr apply_to(const Apply& apply, const Expr& argument) {
    if (apply.function == Function::Rstd) return rstd(argument, apply.parameter, apply.consumed);
    if (apply.function == Function::SoftCap) return soft_cap(argument, apply.parameter);
    return pointwise(apply.function, argument);
}

Expr frozen(std::string symbol, int layer, const Expr& link) {
    return intern(Frozen{std::move(symbol), layer, -1, link}, link->ports());
}

Expr frozen_head(std::string symbol, Head head, const Expr& link) {
    std::vector<Space> ports = link->ports();
    require(!ports.empty() && ports.front() == Space::Head, ErrorKind::Usage,
            "\"{}\" has no head index to select", symbol);
    ports.erase(ports.begin());
    if (!ports.empty() && ports.front() == Space::Member) ports.erase(ports.begin());
    return intern(Frozen{std::move(symbol), head.layer, head.index, link}, std::move(ports));
}

std::vector<Expr> children(const Node& node) {
    std::vector<Expr> result;
    if (const auto* product = node.as<Product>()) {
        for (const Use& factor : product->factors) result.push_back(factor.node);
    } else if (const auto* sum = node.as<Sum>()) {
        for (const Term& term : sum->terms) result.push_back(term.use.node);
    } else if (const auto* family = node.as<Family>()) {
        result = family->members;
    } else if (const auto* apply = node.as<Apply>()) {
        result.push_back(apply->argument);
        if (apply->mask) result.push_back(apply->mask->node);
    } else if (const auto* frozen = node.as<Frozen>()) {
        result.push_back(frozen->link);
    }
    return result;
}

std::size_t count_nodes(const Expr& root) {
    std::unordered_set<const Node*> seen;
    std::vector<Expr> stack{root};
    while (!stack.empty()) {
        const Expr node = stack.back();
        stack.pop_back();
        if (!seen.insert(node.get()).second) continue;
        for (const Expr& child : children(*node)) stack.push_back(child);
    }
    return seen.size();
}

}  // namespace headway
