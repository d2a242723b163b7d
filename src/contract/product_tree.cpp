// SPDX-License-Identifier: Apache-2.0
#include "contract/product_tree.hpp"

#include "network/canonical.hpp"

#include <algorithm>
#include <numeric>

namespace headway {

namespace {

std::vector<int> sorted_unique(std::vector<int> labels) {
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    return labels;
}

bool carries(const std::vector<int>& labels, int label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// Which labels of a structure an operand must have for the structure to act on it without becoming dense.
std::vector<std::vector<int>> needs(const Structure& structure, const std::vector<int>& labels) {
    switch (structure.relation) {
        case Relation::Token:
            return {{labels[1]}};
        case Relation::Causal:
        case Relation::Before:
            return {{labels[0], labels[1]}};
        case Relation::Shift:
        case Relation::Centre:
            return {{labels[0]}, {labels[1]}};
        case Relation::OneHot:
            return {{labels[0]}};
        case Relation::Rope:
            return {{labels[0], labels[1]}, {labels[0], labels[2]}};
        case Relation::Distance:
            break;
    }
    return {};
}

// A structure whose entries are all there is to it is a dense factor from the start.
bool acts_on_a_part(const Expr& node) {
    const auto* structure = node->as<Structure>();
    return structure != nullptr && structure->relation != Relation::Distance;
}

// The factor with one of its labels contracted with a one_hot, which goes away.
Use fixed(const Use& factor, int label, const Expr& hot) {
    const std::vector<Space>& spaces = factor.node->ports();
    std::vector<int> inner;
    std::vector<Space> ports;
    Use result;
    for (std::size_t i = 0; i < factor.labels.size(); ++i) {
        if (factor.labels[i] == label) {
            inner.push_back(-1);
            continue;
        }
        inner.push_back(static_cast<int>(ports.size()));
        ports.push_back(spaces[i]);
        result.labels.push_back(factor.labels[i]);
    }
    const int last = static_cast<int>(ports.size());
    for (int& number : inner)
        if (number < 0) number = last;
    result.node = product({{factor.node, inner}, {hot, {last}}}, ports, {hot->ports().front()});
    return result;
}

// Exchanging the last two ports gives the same node.
bool last_ports_are_symmetric(const Expr& node) {
    if (const auto* members = node->as<Family>())
        return std::ranges::all_of(members->members, last_ports_are_symmetric);
    const auto* product_node = node->as<Product>();
    const std::size_t n = node->ports().size();
    if (product_node == nullptr || n < 2 || node->ports()[n - 2] != node->ports()[n - 1]) return false;
    const int first = static_cast<int>(n) - 2, second = first + 1;
    std::vector<Use> factors = product_node->factors;
    for (Use& factor : factors)
        for (int& label : factor.labels) label = label == first ? second : label == second ? first : label;
    return product(std::move(factors), node->ports(), product_node->bound) == node;
}

// A family's members are a list of arrays, never one array.
bool is_list(const Expr& node) {
    if (const auto* frozen = node->as<Frozen>()) return frozen->head < 0 && is_list(frozen->link);
    return node->as<Family>() != nullptr;
}

}  // namespace

ProductTree::ProductTree(Compiler& compiler, const Expr& node) : compiler_(compiler) {
    const Product& product = *node->as<Product>();
    spaces_ = node->ports();
    spaces_.insert(spaces_.end(), product.bound.begin(), product.bound.end());
    for (Space space : spaces_) sizes_.push_back(compiler.extent(space));
    ports_.resize(node->ports().size());
    std::iota(ports_.begin(), ports_.end(), 0);
    merge_copies(product, ports_.size());
    fix_one_hots(ports_.size());
    drop_ones(ports_.size());
    for (const Use& factor : factors_) {
        const bool distinct = sorted_unique(factor.labels).size() == factor.labels.size();
        symbolic_.push_back(acts_on_a_part(factor.node) && distinct);
    }
    find_tree();
    nodes_.resize(parts_.size());
}

int ProductTree::representative(int label) const {
    while (merged_[static_cast<std::size_t>(label)] != label)
        label = merged_[static_cast<std::size_t>(label)];
    return label;
}

// An identity or copy tensor makes its labels one, unless that would make two ports one: then it stays a (dense) factor.
void ProductTree::merge_copies(const Product& product, std::size_t n_ports) {
    merged_.resize(spaces_.size());
    std::iota(merged_.begin(), merged_.end(), 0);
    for (const Use& factor : product.factors) {
        bool dense = factor.node->as<Copy>() == nullptr;
        if (!dense) {
            std::vector<int> labels;
            for (int label : factor.labels) labels.push_back(representative(label));
            labels = sorted_unique(labels);
            const auto is_port = [&](int label) { return label < static_cast<int>(n_ports); };
            dense = std::count_if(labels.begin(), labels.end(), is_port) > 1;
            if (!dense)
                for (int label : labels) merged_[static_cast<std::size_t>(label)] = labels.front();
        }
        if (dense) factors_.push_back(factor);
    }
    for (Use& factor : factors_)
        for (int& label : factor.labels) label = representative(label);
}

// A one_hot on a bound index fixes that index in every other factor: each becomes a smaller factor, before any order is chosen.
void ProductTree::fix_one_hots(std::size_t n_ports) {
    for (std::size_t hot = 0; hot < factors_.size();) {
        const auto* structure = factors_[hot].node->as<Structure>();
        const int label = structure != nullptr && structure->relation == Relation::OneHot
                              ? factors_[hot].labels.front()
                              : -1;
        std::vector<Use*> carriers;
        bool fixable = label >= static_cast<int>(n_ports);
        for (std::size_t f = 0; f < factors_.size(); ++f) {
            const auto uses = std::count(factors_[f].labels.begin(), factors_[f].labels.end(), label);
            if (f == hot || uses == 0) continue;
            carriers.push_back(&factors_[f]);
            fixable = fixable && uses == 1 && factors_[f].node->as<Structure>() == nullptr;
        }
        if (!fixable || carriers.size() < 2) {
            ++hot;
            continue;
        }
        for (Use* carrier : carriers) *carrier = fixed(*carrier, label, factors_[hot].node);
        factors_.erase(factors_.begin() + static_cast<std::ptrdiff_t>(hot));
        sizes_[static_cast<std::size_t>(label)] = 1;  // the index is gone
    }
}

// What only all-ones vectors carry: a bound label counts its extent, a port is repeated at the end.
void ProductTree::drop_ones(std::size_t n_ports) {
    std::vector<char> carried(spaces_.size());
    for (const Use& factor : factors_)
        for (int label : factor.labels) carried[static_cast<std::size_t>(label)] = 1;
    for (std::size_t label = 0; label < spaces_.size(); ++label) {
        if (carried[label] != 0 || merged_[label] != static_cast<int>(label)) continue;
        if (factors_.empty()) {
            factors_.push_back({copy(spaces_[label], 1), {static_cast<int>(label)}});
        } else if (label >= n_ports) {
            factor_of_ones_ *= static_cast<double>(sizes_[label]);
        }
    }
}

OrderProblem ProductTree::problem() const {
    OrderProblem result;
    result.sizes = sizes_;
    std::vector<int> carried;
    for (std::size_t f = 0; f < factors_.size(); ++f) {
        OrderFactor factor{sorted_unique(factors_[f].labels), symbolic_[f] != 0, {}};
        if (factor.symbolic) factor.needs = needs(*factors_[f].node->as<Structure>(), factors_[f].labels);
        carried.insert(carried.end(), factor.indices.begin(), factor.indices.end());
        result.factors.push_back(std::move(factor));
    }
    for (int port : ports_)
        if (carries(carried, port)) result.output.push_back(port);
    return result;
}

void ProductTree::find_tree() {
    const Order* order = compiler_.order_for(problem());
    // Where no order is legal, structures are made dense, the smallest first.
    while (order == nullptr) {
        std::size_t smallest = factors_.size();
        for (std::size_t f = 0; f < factors_.size(); ++f)
            if (symbolic_[f] != 0 &&
                (smallest == factors_.size() || size(factors_[f].labels) < size(factors_[smallest].labels)))
                smallest = f;
        invariant(smallest < factors_.size(), "no contraction order for a product of dense factors");
        symbolic_[smallest] = 0;
        order = compiler_.order_for(problem());
    }
    for (std::size_t f = 0; f < factors_.size(); ++f)
        parts_.push_back({-1, -1, {static_cast<int>(f)}, sorted_unique(factors_[f].labels)});
    const std::vector<int> output = problem().output;
    std::vector<int> carriers(spaces_.size());
    for (const Part& part : parts_)
        for (int label : part.open) ++carriers[static_cast<std::size_t>(label)];
    for (const OrderStep& step : order->steps) {
        Part part{step.left, step.right, parts_[static_cast<std::size_t>(step.left)].factors, {}};
        const Part &left = parts_[static_cast<std::size_t>(step.left)],
                   &right = parts_[static_cast<std::size_t>(step.right)];
        part.factors.insert(part.factors.end(), right.factors.begin(), right.factors.end());
        std::vector<int> all = left.open;
        all.insert(all.end(), right.open.begin(), right.open.end());
        for (int label : all) --carriers[static_cast<std::size_t>(label)];
        for (int label : sorted_unique(all))
            if (carriers[static_cast<std::size_t>(label)] > 0 || carries(output, label))
                part.open.push_back(label);
        for (int label : part.open) ++carriers[static_cast<std::size_t>(label)];
        parts_.push_back(std::move(part));
    }
}

double ProductTree::size(const std::vector<int>& labels) const {
    double product = 1;
    for (int label : labels) product *= static_cast<double>(extent(label));
    return product;
}

bool ProductTree::structured(int label) const {
    for (std::size_t f = 0; f < factors_.size(); ++f) {
        const Use& factor = factors_[f];
        if (symbolic_[f] != 0 && carries(factor.labels, label)) return true;
        if (is_list(factor.node) && factor.labels.front() == label) return true;
    }
    return false;
}

const PartNode& ProductTree::node_of(int part) {
    std::optional<PartNode>& node = nodes_[static_cast<std::size_t>(part)];
    if (!node) node = make_node(part);
    return *node;
}

PartNode ProductTree::make_node(int index) {
    const Part& part = this->part(index);
    std::vector<int> number(spaces_.size(), -1);
    std::vector<int> labels = part.open;
    std::vector<Space> ports, bound;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        number[static_cast<std::size_t>(labels[i])] = static_cast<int>(i);
        ports.push_back(spaces_[static_cast<std::size_t>(labels[i])]);
    }
    std::vector<Use> factors;
    for (int f : part.factors) {
        factors.push_back(factors_[static_cast<std::size_t>(f)]);
        for (int& label : factors.back().labels) {
            int& fresh = number[static_cast<std::size_t>(label)];
            if (fresh < 0) {
                fresh = static_cast<int>(ports.size() + bound.size());
                bound.push_back(spaces_[static_cast<std::size_t>(label)]);
            }
            label = fresh;
        }
    }
    const std::vector<int> order = canonical_port_order(factors, ports, bound);
    std::vector<int> place(order.size());
    std::vector<Space> ordered_ports;
    PartNode result;
    for (std::size_t i = 0; i < order.size(); ++i) {
        place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
        ordered_ports.push_back(ports[static_cast<std::size_t>(order[i])]);
        result.labels.push_back(labels[static_cast<std::size_t>(order[i])]);
    }
    for (Use& factor : factors)
        for (int& label : factor.labels)
            if (label < static_cast<int>(place.size())) label = place[static_cast<std::size_t>(label)];
    result.node = product(std::move(factors), ordered_ports, bound);
    return result;
}

bool ProductTree::symmetric(int index, int first, int second) {
    if (spaces_[static_cast<std::size_t>(first)] != spaces_[static_cast<std::size_t>(second)]) return false;
    const PartNode& own = node_of(index);
    const auto* whole = own.node->as<Product>();
    if (whole == nullptr) return false;
    const auto place = [&](int label) {
        return static_cast<int>(std::find(own.labels.begin(), own.labels.end(), label) - own.labels.begin());
    };
    const int i = place(first), j = place(second);
    std::vector<Use> factors = whole->factors;
    for (Use& factor : factors)
        for (int& label : factor.labels) label = label == i ? j : label == j ? i : label;
    if (product(factors, own.node->ports(), whole->bound) == own.node) return true;
    // or once the two labels of a factor that is symmetric itself are exchanged as well
    return std::ranges::any_of(factors, [&](Use& factor) {
        if (!last_ports_are_symmetric(factor.node)) return false;
        const auto exchange = [&] {
            std::swap(factor.labels.back(), factor.labels[factor.labels.size() - 2]);
        };
        exchange();
        const bool same = product(factors, own.node->ports(), whole->bound) == own.node;
        exchange();
        return same;
    });
}

}  // namespace headway
