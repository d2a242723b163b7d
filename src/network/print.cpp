// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/network/text.hpp"
#include "network/functions.hpp"
#include "network/structure_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace headway {

namespace {

std::string tag(int layer, int head, int group) {
    if (layer < 0) return {};
    if (head >= 0) return fmt::format("[L{}H{}]", layer, head);
    if (group >= 0) return fmt::format("[L{}G{}]", layer, group);
    return fmt::format("[L{}]", layer);
}

// The members of a family as one name, when they are one weight over consecutive layers.
std::string family_name(const Family& family) {
    const Tensor* first = family.members.front()->as<Tensor>();
    if (first == nullptr || first->layer < 0 || first->head >= 0 || first->group >= 0) return {};
    for (std::size_t i = 0; i < family.members.size(); ++i) {
        const Tensor* member = family.members[i]->as<Tensor>();
        if (member == nullptr || *member != Tensor{first->symbol, first->layer + static_cast<int>(i), -1, -1})
            return {};
    }
    return fmt::format("{}[L{}-{}]", first->symbol, first->layer,
                       first->layer + static_cast<int>(family.members.size()) - 1);
}

std::string numbered(Space space, int n) {
    if (space == Space::Position && n == 1) return "k";
    if (space == Space::Position && n > 1) return fmt::format("k{}", n - 1);
    return n == 0 ? std::string(1, letter(space)) : fmt::format("{}{}", letter(space), n);
}

std::string wired(const std::string& name, const std::vector<int>& labels,
                  const std::vector<std::string>& names) {
    if (labels.empty()) return name;
    std::string text = name + "[";
    for (std::size_t i = 0; i < labels.size(); ++i)
        text += (i == 0 ? "" : ",") + names[static_cast<std::size_t>(labels[i])];
    return text + "]";
}

std::vector<int> straight_labels(std::size_t n) {
    std::vector<int> labels(n);
    for (std::size_t i = 0; i < n; ++i) labels[i] = static_cast<int>(i);
    return labels;
}

class Printer {
public:
    explicit Printer(const Network& network) : network_(network) {
        for (const Definition& definition : network.definitions) {
            given_.emplace(definition.node.get(), definition.name);
            taken_.insert(definition.name);
        }
    }

    std::string run() {
        count_uses(network_.output);
        const std::string name =
            given_.contains(network_.output.get()) ? given_[network_.output.get()] : "out";
        if (leaf_name(*network_.output).empty())
            define(network_.output, name);
        else
            text_ += line(name, " = ", *network_.output,
                          term(Use{network_.output, straight_labels(network_.output->ports().size())},
                               label_names(network_.output->ports(), {})));
        return std::move(text_);
    }

    // The factors of one product, or nothing when an inner node needs a line of its own.
    static std::string product_of_leaves(const Expr& expression) {
        const auto* product = expression->as<Product>();
        const std::vector<std::string> names =
            label_names(expression->ports(), product != nullptr ? product->bound : std::vector<Space>{});
        std::vector<Use> factors{Use{expression, straight_labels(expression->ports().size())}};
        if (product != nullptr) factors = product->factors;
        std::string text;
        for (const Use& factor : factors) {
            const std::string name = leaf_name(*factor.node);
            if (name.empty()) return {};
            text += (text.empty() ? "" : " ") + wired(name, factor.labels, names);
        }
        return text + wired(" -> ", straight_labels(expression->ports().size()), names);
    }

private:
    // A product inside a sum is written in place unless it has a name.
    bool in_place(const Expr& node) const {
        return node->as<Product>() != nullptr && !given_.contains(node.get());
    }

    void count_uses(const Expr& root) {
        std::unordered_set<const Node*> seen;
        const auto visit = [&](const auto& self, const Expr& node) -> void {
            if (!seen.insert(node.get()).second) return;
            if (const auto* frozen = node->as<Frozen>())
                frozen_names_.insert(frozen->symbol + tag(frozen->layer, -1, -1));
            for (const Expr& child : children(*node)) {
                if (node->as<Frozen>() == nullptr) used_in_place_.insert(child.get());
                self(self, child);
            }
        };
        visit(visit, root);
    }

    std::string line(const std::string& name, const char* sign, const Node& node,
                     const std::string& body) const {
        return wired(name, straight_labels(node.ports().size()), label_names(node.ports(), {})) + sign +
               body + "\n";
    }

    // Writes the line of a node, after the lines of what it needs.
    void define(const Expr& node, const std::string& name) {
        if (const auto* frozen = node->as<Frozen>()) {
            define_frozen(*frozen);
            return;
        }
        if (!defined_.emplace(node.get(), name).second) return;
        const std::string text = body(node);
        text_ += line(name, " = ", *node, text);
    }

    void define_frozen(const Frozen& frozen) {
        const std::string name = frozen.symbol + tag(frozen.layer, -1, -1);
        if (!frozen_.insert(name).second) return;
        const bool apart = used_in_place_.contains(frozen.link.get()) || !leaf_name(*frozen.link).empty();
        const std::string text = apart ? term(Use{frozen.link, straight_labels(frozen.link->ports().size())},
                                              label_names(frozen.link->ports(), {}))
                                       : body(frozen.link);
        text_ += line(name, " ~ ", *frozen.link, text);
    }

    // The name by which a node is used; its line is written first when it is not a leaf.
    std::string use_name(const Expr& node) {
        std::string name = leaf_name(*node);
        if (const auto* frozen = node->as<Frozen>()) define_frozen(*frozen);
        if (!name.empty()) return name;
        if (const auto known = defined_.find(node.get()); known != defined_.end()) return known->second;
        if (const auto given = given_.find(node.get());
            given != given_.end() && !frozen_names_.contains(given->second)) {
            name = given->second;
        } else {
            do name = fmt::format("t{}", ++unnamed_);
            while (taken_.contains(name) || frozen_names_.contains(name));
        }
        define(node, name);
        return defined_.at(node.get());
    }

    std::string term(const Use& use, const std::vector<std::string>& names) {
        return wired(use_name(use.node), use.labels, names);
    }

    std::string product_text(const Product& product, const std::vector<Space>& ports,
                             const std::vector<std::string>& port_names) {
        std::vector<std::string> names = label_names(ports, product.bound);
        // Where the product stands in a sum, its ports have the sum's names; bound names must not meet them.
        if (!port_names.empty()) {
            std::map<Space, int> counts;
            for (Space space : ports) ++counts[space];
            for (std::size_t i = 0; i < names.size(); ++i)
                names[i] = i < ports.size() ? port_names[i]
                                            : numbered(product.bound[i - ports.size()],
                                                       counts[product.bound[i - ports.size()]]++);
        }
        std::string text;
        for (const Use& factor : product.factors) text += (text.empty() ? "" : " ") + term(factor, names);
        return text;
    }

    std::string sum_text(const Sum& sum, const std::vector<Space>& ports) {
        const std::vector<std::string> names = label_names(ports, {});
        std::vector<std::pair<std::int64_t, std::string>> terms;
        for (const Term& each : sum.terms) {
            std::string text;
            if (in_place(each.use.node)) {
                std::vector<std::string> port_names;
                for (int label : each.use.labels)
                    port_names.push_back(names[static_cast<std::size_t>(label)]);
                text = product_text(*each.use.node->as<Product>(), each.use.node->ports(), port_names);
            } else {
                text = term(each.use, names);
            }
            terms.emplace_back(each.coefficient, std::move(text));
        }
        std::sort(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
            return std::tuple(a.second.size(), a.second) < std::tuple(b.second.size(), b.second);
        });
        std::string text;
        for (const auto& [coefficient, factors] : terms) {
            text += coefficient < 0 ? (text.empty() ? "-" : " - ") : (text.empty() ? "" : " + ");
            if (coefficient != 1 && coefficient != -1)
                text += fmt::format("{} ", coefficient < 0 ? 0 - static_cast<std::uint64_t>(coefficient)
                                                           : static_cast<std::uint64_t>(coefficient));
            text += factors;
        }
        return terms.empty() ? "0" : text;
    }

    std::string apply_text(const Apply& apply) {
        const std::vector<std::string> names = label_names(apply.argument->ports(), {});
        const std::string argument = term(Use{apply.argument, straight_labels(names.size())}, names);
        std::string name(function_name(apply.function));
        if (apply.function == Function::Softmax)
            return fmt::format("{}_{}({}{})", name, names[static_cast<std::size_t>(apply.axis)],
                               apply.mask ? term(*apply.mask, names) + "; " : std::string(), argument);
        if (apply.function == Function::Rstd)
            return fmt::format("{}_{}({}; eps={})", name,
                               fmt::join(names.end() - apply.consumed, names.end(), "_"), argument,
                               apply.parameter);
        if (apply.function == Function::SoftCap)
            return fmt::format("{}({}; cap={})", name, argument, apply.parameter);
        return fmt::format("{}({})", name, argument);
    }

    std::string body(const Expr& node) {
        if (const auto* product = node->as<Product>()) return product_text(*product, node->ports(), {});
        if (const auto* sum = node->as<Sum>()) return sum_text(*sum, node->ports());
        if (const auto* apply = node->as<Apply>()) return apply_text(*apply);
        const auto* family = node->as<Family>();
        invariant(family != nullptr, "a leaf has no line of its own");
        std::vector<std::string> names = label_names(node->ports(), {});
        names.erase(names.begin());
        std::string text;
        for (const Expr& member : family->members)
            text += (text.empty() ? "" : ", ") + term(Use{member, straight_labels(names.size())}, names);
        return fmt::format("family({})", text);
    }

    const Network& network_;
    std::unordered_map<const Node*, std::string> given_;
    std::unordered_map<const Node*, std::string> defined_;
    std::unordered_set<const Node*> used_in_place_;
    std::set<std::string> frozen_names_;
    std::set<std::string> frozen_;
    std::set<std::string> taken_;
    std::string text_;
    int unnamed_ = 0;
};

}  // namespace

std::string leaf_name(const Node& node) {
    if (const auto* leaf = node.as<Tensor>()) return leaf->symbol + tag(leaf->layer, leaf->head, leaf->group);
    if (const auto* frozen = node.as<Frozen>()) return frozen->symbol + tag(frozen->layer, frozen->head, -1);
    if (const auto* structure = node.as<Structure>()) return structure_name(*structure);
    if (node.as<Copy>() != nullptr) return node.ports().size() == 1 ? "ones" : "delta";
    if (const auto* members = node.as<Family>(); members != nullptr && node.ports().front() == Space::Layer)
        return family_name(*members);
    return {};
}

std::vector<std::string> label_names(const std::vector<Space>& ports, const std::vector<Space>& bound) {
    std::array<int, n_spaces> count{};
    std::vector<std::string> names;
    names.reserve(ports.size() + bound.size());
    for (const std::vector<Space>* spaces : {&ports, &bound})
        for (Space space : *spaces)
            names.push_back(numbered(space, count[static_cast<std::size_t>(space)]++));
    return names;
}

std::string to_text(const Network& network) { return Printer(network).run(); }

std::string to_text(const Expr& expression) { return to_text(Network{{}, expression}); }

std::string to_line(const Expr& expression) {
    std::string text = Printer::product_of_leaves(expression);
    return text.empty() ? to_text(expression) : text;
}

}  // namespace headway
