// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/open_head.hpp"

#include "expand/rewrite.hpp"
#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>

namespace headway {

namespace {

// Which ports were put in front of a node's own.
struct Opened {
    bool head = false, member = false;
    bool operator==(const Opened&) const = default;

    Opened operator|(const Opened& other) const { return {head || other.head, member || other.member}; }
    int count() const { return (head ? 1 : 0) + (member ? 1 : 0); }
    std::vector<Space> spaces() const {
        std::vector<Space> result;
        if (head) result.push_back(Space::Head);
        if (member) result.push_back(Space::Member);
        return result;
    }
    // Labels of these ports inside a node that has `outer` in front.
    std::vector<int> labels(const Opened& outer) const {
        std::vector<int> result;
        if (head) result.push_back(0);
        if (member) result.push_back(outer.head ? 1 : 0);
        return result;
    }
};

struct Part {
    Expr node;
    Opened opened;
};

std::vector<Space> joined(std::vector<Space> front, const std::vector<Space>& back) {
    front.insert(front.end(), back.begin(), back.end());
    return front;
}

class Opener {
public:
    Opener(Head head, int group_size) : head_(head), group_size_(group_size) {}

    Part open(const Expr& node) const {
        if (const auto* tensor_node = node->as<Tensor>()) return open_weight(node, *tensor_node);
        if (const auto* data = node->as<Frozen>()) return open_frozen(node, *data);
        if (const auto* product_node = node->as<Product>()) return open_product(node, *product_node);
        if (const auto* sum_node = node->as<Sum>()) return open_sum(node, *sum_node);
        if (const auto* list = node->as<Family>()) return open_family(node, *list);
        if (const auto* apply = node->as<Apply>())
            require(!open(apply->argument).opened.head, ErrorKind::Usage,
                    "{} is inside of a function: only products and sums can be opened to all heads",
                    label(head_));
        return {node, {}};
    }

private:
    Part open_weight(const Expr& node, const Tensor& leaf_node) const {
        const bool own = leaf_node.layer == head_.layer &&
                         (leaf_node.head == head_.index || leaf_node.group == head_.index / group_size_);
        if (!own) return {node, {}};
        const bool grouped = group_size_ > 1 && leaf_shape(leaf_node.symbol)->heads == PerHead::Query;
        return {leaf(leaf_node.symbol, leaf_node.layer, group_size_), {true, grouped}};
    }

    Part open_frozen(const Expr& node, const Frozen& data) const {
        if (data.layer != head_.layer || data.head != head_.index) return {node, {}};
        const Expr all = frozen(data.symbol, data.layer, data.link);
        return {all, {true, all->ports().size() == node->ports().size() + 2}};
    }

    // A use of a part inside a node with `outer` ports in front; the use's own labels are behind them.
    Use use_of(const Part& part, const std::vector<int>& labels, const Opened& outer) const {
        Use use{part.node, part.opened.labels(outer)};
        for (const int own : labels) use.labels.push_back(own + outer.count());
        return use;
    }

    Part open_product(const Expr& node, const Product& product_node) const {
        std::vector<Part> parts;
        Opened all;
        for (const Use& factor : product_node.factors) {
            parts.push_back(open(factor.node));
            all = all | parts.back().opened;
        }
        if (!all.head) return {node, {}};
        std::vector<Use> factors;
        for (std::size_t i = 0; i < parts.size(); ++i)
            factors.push_back(use_of(parts[i], product_node.factors[i].labels, all));
        return {product(std::move(factors), joined(all.spaces(), node->ports()), product_node.bound), all};
    }

    // The part with all of `outer` in front: constant along the ports that it has not.
    Expr widened(const Part& part, const Opened& outer, const std::vector<Space>& own) const {
        if (part.opened == outer) return part.node;
        std::vector<Use> factors{use_of(part, straight(own.size()), outer)};
        if (outer.head && !part.opened.head) factors.push_back({copy(Space::Head, 1), {0}});
        if (outer.member && !part.opened.member) factors.push_back({copy(Space::Member, 1), {1}});
        return product(std::move(factors), joined(outer.spaces(), own), {});
    }

    Part open_sum(const Expr& node, const Sum& sum_node) const {
        std::vector<Part> parts;
        Opened all;
        for (const Term& term : sum_node.terms) {
            parts.push_back(open(term.use.node));
            all = all | parts.back().opened;
        }
        if (!all.head) return {node, {}};
        std::vector<Term> terms;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const Term& term = sum_node.terms[i];
            const Part whole{widened(parts[i], all, term.use.node->ports()), all};
            terms.push_back({term.coefficient, use_of(whole, term.use.labels, all)});
        }
        return {sum(std::move(terms), joined(all.spaces(), node->ports())), all};
    }

    Part open_family(const Expr& node, const Family& list) const {
        std::vector<Part> parts;
        Opened all;
        for (const Expr& member : list.members) {
            parts.push_back(open(member));
            all = all | parts.back().opened;
        }
        if (!all.head) return {node, {}};
        std::vector<Expr> members;
        for (std::size_t i = 0; i < parts.size(); ++i)
            members.push_back(widened(parts[i], all, list.members[i]->ports()));
        // its number is in front of the opened ports
        std::vector<int> labels{all.count()};
        for (const int front : straight(static_cast<std::size_t>(all.count()))) labels.push_back(front);
        for (std::size_t i = 1; i < node->ports().size(); ++i)
            labels.push_back(static_cast<int>(i) + all.count());
        return {product({{family(std::move(members), node->ports().front()), labels}},
                        joined(all.spaces(), node->ports()), {}),
                all};
    }

    Head head_;
    int group_size_;
};

}  // namespace

Expr open_head(const Expr& expression, Head head, int group_size) {
    const Part part = Opener(head, group_size).open(expression);
    require(part.opened.head, ErrorKind::Usage, "nothing in the network belongs to {}", label(head));
    return part.node;
}

}  // namespace headway
