// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/fold.hpp"

#include "expand/rewrite.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace headway {

namespace {

// folded[d,d1] = left[d,e] right[e,d1]; the folded weight belongs to the head of the query-head weight of the
// two.
struct Rule {
    const char* folded;
    const char* left;
    const char* right;
    bool left_has_query_heads;
};
constexpr std::array<Rule, 2> rules{{{"W_OV", "W_V", "W_O", false}, {"W_QK", "W_Q", "W_K", true}}};

int label_of(const Use& use, Space space) {
    const std::vector<Space>& ports = use.node->ports();
    const auto found = std::find(ports.begin(), ports.end(), space);
    return use.labels[static_cast<std::size_t>(found - ports.begin())];
}

std::size_t head_ports(const Node& node) {
    return static_cast<std::size_t>(std::count_if(node.ports().begin(), node.ports().end(), [](Space space) {
        return space == Space::Head || space == Space::Member;
    }));
}

bool same_head(const Use& query, const Use& key_value, int group_size) {
    const Tensor& own = *query.node->as<Tensor>();
    const Tensor& shared = *key_value.node->as<Tensor>();
    if (own.layer != shared.layer || own.group >= 0) return false;
    if (own.head >= 0)
        return shared.group >= 0 ? own.head / group_size == shared.group : own.head == shared.head;
    const bool families = shared.head < 0 && shared.group < 0;
    return families && head_ports(*query.node) > 0 && head_ports(*key_value.node) == 1 &&
           query.labels.front() == key_value.labels.front();
}

std::optional<Use> folded(const Rule& rule, const Use& left, const Use& right, int group_size) {
    const auto* first = left.node->as<Tensor>();
    const auto* second = right.node->as<Tensor>();
    if (first == nullptr || second == nullptr || first->symbol != rule.left || second->symbol != rule.right)
        return std::nullopt;
    if (label_of(left, Space::HeadInner) != label_of(right, Space::HeadInner)) return std::nullopt;
    const Use& query = rule.left_has_query_heads ? left : right;
    if (!same_head(query, rule.left_has_query_heads ? right : left, group_size)) return std::nullopt;
    const auto heads = static_cast<std::ptrdiff_t>(head_ports(*query.node));
    std::vector<Space> ports(query.node->ports().begin(), query.node->ports().begin() + heads);
    std::vector<int> labels(query.labels.begin(), query.labels.begin() + heads);
    for (const Use* side : {&left, &right}) {
        ports.push_back(Space::Residual);
        labels.push_back(label_of(*side, Space::Residual));
    }
    const Tensor& own = *query.node->as<Tensor>();
    return Use{tensor({rule.folded, own.layer, own.head, -1}, std::move(ports)), std::move(labels)};
}

class Folder {
public:
    explicit Folder(int group_size) : group_size_(group_size) {}

    Expr run(const Expr& node) {
        return memo_.at(node, [&] {
            const Expr inner = rebuild(node, [&](const Expr& child) { return run(child); });
            const auto* factors = inner->as<Product>();
            return factors == nullptr ? inner : of_product(*factors, inner->ports());
        });
    }

private:
    Expr of_product(const Product& node, const std::vector<Space>& ports) const {
        std::vector<Use> factors = node.factors;
        while (fold_one(factors, ports.size())) {
        }
        std::vector<Wired> wired;  // numbers the labels that are left afresh
        std::vector<Space> spaces = ports;
        spaces.insert(spaces.end(), node.bound.begin(), node.bound.end());
        for (const Use& factor : factors) {
            std::vector<Index> indices;
            for (int label : factor.labels)
                indices.push_back({spaces[static_cast<std::size_t>(label)], label});
            wired.push_back({factor.node, std::move(indices)});
        }
        std::vector<Index> open;
        for (std::size_t i = 0; i < ports.size(); ++i) open.push_back({ports[i], static_cast<int>(i)});
        return product(wired, open);
    }

    bool fold_one(std::vector<Use>& factors, std::size_t n_ports) const {
        for (const Rule& rule : rules)
            for (std::size_t i = 0; i < factors.size(); ++i)
                for (std::size_t j = 0; j < factors.size(); ++j) {
                    if (i == j) continue;
                    std::optional<Use> use = folded(rule, factors[i], factors[j], group_size_);
                    if (!use || !joins_two(factors, label_of(factors[i], Space::HeadInner), n_ports))
                        continue;
                    factors[i] = std::move(*use);
                    factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(j));
                    return true;
                }
        return false;
    }

    static bool joins_two(const std::vector<Use>& factors, int label, std::size_t n_ports) {
        std::ptrdiff_t ends = 0;
        for (const Use& factor : factors)
            ends += std::count(factor.labels.begin(), factor.labels.end(), label);
        return label >= static_cast<int>(n_ports) && ends == 2;
    }

    int group_size_;
    Memo memo_;
};

class Unfolder {
public:
    explicit Unfolder(int group_size) : group_size_(group_size) {}

    Expr run(const Expr& node) {
        return memo_.at(node, [&] {
            if (const auto* leaf = node->as<Tensor>())
                for (const Rule& rule : rules)
                    if (leaf->symbol == rule.folded) return unfolded(rule, *leaf, node->ports());
            return rebuild(node, [&](const Expr& child) { return run(child); });
        });
    }

private:
    Expr unfolded(const Rule& rule, const Tensor& leaf_name, const std::vector<Space>& ports) const {
        std::vector<Index> heads;
        for (Space space : ports)
            if (space != Space::Residual) heads.push_back({space, 0});
        const Index d{Space::Residual, 0};
        const Index d1{Space::Residual, 1};
        const Index e{Space::HeadInner, 0};
        const auto side = [&](const char* symbol, bool query, const Index& residual) {
            const Expr weight = leaf_name.head >= 0
                                    ? head_leaf(symbol, {leaf_name.layer, leaf_name.head}, group_size_)
                                    : leaf(symbol, leaf_name.layer, heads.size() > 1 ? 2 : 1);
            const std::size_t n = query ? heads.size() : std::min<std::size_t>(heads.size(), 1);
            std::vector<Index> indices(heads.begin(), heads.begin() + static_cast<std::ptrdiff_t>(n));
            const bool writes = weight->ports().back() == Space::Residual;  // W_O[e,d]
            indices.insert(indices.end(), {writes ? e : residual, writes ? residual : e});
            return Wired{weight, std::move(indices)};
        };
        std::vector<Index> open = heads;
        open.insert(open.end(), {d, d1});
        return product(
            {side(rule.left, rule.left_has_query_heads, d), side(rule.right, !rule.left_has_query_heads, d1)},
            open);
    }

    int group_size_;
    Memo memo_;
};

}  // namespace

Expr fold(const Expr& expression, int group_size) {
    return normalise(Folder(group_size).run(normalise(expression)));
}

Expr unfold(const Expr& expression, int group_size) {
    return normalise(Unfolder(group_size).run(expression));
}

}  // namespace headway
