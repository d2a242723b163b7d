// Reads the einsum off the edges of DOT text, and off an expression, in one notation, so that the two can be
// compared: operands in order with their names, indices as numbers by first appearance, `{...}` around what a
// function or an inner sum contains.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/error.hpp"
#include "headway/draw/tensor_diagram.hpp"

#include <cgraph.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace headway::test {

/// One operand of an einsum: what it is, and which index each of its legs carries.
struct Operand {
    std::string what;
    std::vector<int> legs;
};

/// `W_E:0,1 W_U:1,2 -> 0,2`, with indices numbered anew by first appearance.
inline std::string einsum_line(const std::vector<Operand>& operands, const std::vector<int>& open) {
    std::map<int, std::size_t> number;
    const auto digits = [&](const std::vector<int>& legs) {
        std::string text;
        for (const int leg : legs) {
            text += (text.empty() ? "" : ",") +
                    std::to_string(number.try_emplace(leg, number.size()).first->second);
        }
        return text;
    };
    std::string text;
    for (const Operand& operand : operands) text += operand.what + ":" + digits(operand.legs) + " ";
    return text + "-> " + digits(open);
}

/// Reads a picture: nodes say which operand or which free leg they are; all else is edges.
class DotReader {
public:
    explicit DotReader(const std::string& dot) : graph_(agmemread(dot.c_str()), agclose) {
        invariant(graph_ != nullptr, "the emitted DOT is DOT");
        for (Agnode_t* n = agfstnode(graph_.get()); n != nullptr; n = agnxtnode(graph_.get(), n))
            home_[n] = graph_.get();
        descend(graph_.get());
    }

    std::string einsum() { return inside(graph_.get()); }

private:
    static std::string get(void* object, const char* name) {
        std::string key = name;
        const char* value = agget(object, key.data());
        return value == nullptr ? "" : value;
    }
    static std::optional<int> number(void* object, const char* name) {
        const std::string text = get(object, name);
        return text.empty() ? std::nullopt : std::optional(std::stoi(text));
    }

    void descend(Agraph_t* graph) {
        for (Agraph_t* sub = agfstsubg(graph); sub != nullptr; sub = agnxtsubg(sub)) {
            inner_[graph].push_back(sub);
            for (Agnode_t* n = agfstnode(sub); n != nullptr; n = agnxtnode(sub, n)) {
                home_[agnode(graph_.get(), agnameof(n), 0)] = sub;
                for (Agedge_t* e = agfstout(sub, n); e != nullptr; e = agnxtout(sub, e))
                    home_of_edge_[AGSEQ(e)] = sub;
            }
            descend(sub);
        }
    }

    Agnode_t* at_root(Agnode_t* n) { return agnode(graph_.get(), agnameof(n), 0); }

    /// Points that wires join: a leg of an operand, or a node where wires only meet.
    int point(Agnode_t* node, int leg) {
        const bool operand = number(node, "operand").has_value();
        const auto key = std::pair(std::string(agnameof(node)), operand ? leg : -1);
        invariant(!operand || leg >= 0, "a wire at an operand says which leg it is");
        const auto [at, fresh] = points_.try_emplace(key, static_cast<int>(parent_.size()));
        if (fresh) parent_.push_back(at->second);
        return at->second;
    }
    int root(int p) {
        return parent_[static_cast<std::size_t>(p)] == p ? p : root(parent_[static_cast<std::size_t>(p)]);
    }

    std::string inside(Agraph_t* region) {
        std::vector<Agraph_t*> terms;
        for (Agraph_t* sub : inner_[region]) {
            if (get(sub, "class") == "sum" && !number(sub, "operand")) return inside(sub);
            if (get(sub, "class") == "term") terms.push_back(sub);
        }
        if (region != graph_.get() && get(region, "class") == "sum") return sum(terms);
        return product(region);
    }

    std::string sum(std::vector<Agraph_t*> terms) {
        std::sort(terms.begin(), terms.end(),
                  [](Agraph_t* a, Agraph_t* b) { return number(a, "operand") < number(b, "operand"); });
        std::string text;
        for (Agraph_t* term : terms) {
            const std::string coefficient = get(term, "coefficient");
            text += "+" + (coefficient.empty() ? "1" : coefficient) + "(" + product(term) + ")";
        }
        return text;
    }

    std::string product(Agraph_t* region) {
        points_.clear();
        parent_.clear();
        std::map<std::string, int> ends;
        for (Agnode_t* n = agfstnode(graph_.get()); n != nullptr; n = agnxtnode(graph_.get(), n)) {
            for (Agedge_t* e = agfstout(graph_.get(), n); e != nullptr; e = agnxtout(graph_.get(), e)) {
                if (home_edge(e) == region) join(e, ends);
            }
        }
        std::map<int, Operand> operands;
        std::map<int, int> open;
        for (Agnode_t* n = agfstnode(graph_.get()); n != nullptr; n = agnxtnode(graph_.get(), n)) {
            if (home_.at(n) != region) continue;
            if (const auto operand = number(n, "operand"))
                operands[*operand] = {get(n, "tooltip"), legs_of(n)};
            else if (const auto leg = number(n, "leg"))
                open[*leg] = root(point(n, -1));
        }
        std::vector<Agraph_t*> nested;
        for (Agraph_t* sub : inner_[region]) {
            const auto operand = number(sub, "operand");
            if (!operand) continue;
            std::map<int, int> gates;
            for (Agnode_t* n = agfstnode(sub); n != nullptr; n = agnxtnode(sub, n)) {
                Agnode_t* gate = at_root(n);
                const auto leg = number(gate, "leg");
                const bool crosses = points_.contains({agnameof(gate), -1});
                if (home_.at(gate) == sub && leg && !number(gate, "operand") && crosses)
                    gates[*leg] = root(point(gate, -1));
            }
            std::vector<int> legs;
            for (const auto& [leg, p] : gates) legs.push_back(p);
            operands[*operand] = {"", legs};
            nested.push_back(sub);
        }
        std::vector<Operand> list;
        std::vector<int> out;
        for (const auto& [leg, p] : open) out.push_back(p);
        std::vector<int> order;
        for (const auto& [index, operand] : operands) {
            invariant(index == static_cast<int>(list.size()), "operands are numbered 0, 1, 2, ...");
            list.push_back(operand);
        }
        for (Agraph_t* sub : nested) {
            const auto saved = std::pair(points_, parent_);
            list[static_cast<std::size_t>(*number(sub, "operand"))].what =
                get(sub, "class") + "{" + inside(sub) + "}";
            std::tie(points_, parent_) = saved;
        }
        return einsum_line(list, out);
    }

    Agraph_t* home_edge(Agedge_t* e) {
        const auto at = home_of_edge_.find(AGSEQ(e));
        return at == home_of_edge_.end() ? graph_.get() : at->second;
    }

    void join(Agedge_t* e, std::map<std::string, int>& ends) {
        const std::string legs = get(e, "legs");
        const std::size_t comma = legs.find(',');
        if (comma == std::string::npos && get(e, "class") == "legend") return;
        const int from = comma == std::string::npos ? -1 : std::stoi(legs.substr(0, comma));
        const int to = comma == std::string::npos ? -1 : std::stoi(legs.substr(comma + 1));
        for (const auto& [node, leg] :
             {std::pair(at_root(agtail(e)), from), std::pair(at_root(aghead(e)), to)}) {
            if (!number(node, "operand")) continue;
            const int times = ++ends[std::string(agnameof(node)) + "." + std::to_string(leg)];
            invariant(times == 1, "one wire ends at each leg");
        }
        parent_[static_cast<std::size_t>(root(point(at_root(agtail(e)), from)))] =
            root(point(at_root(aghead(e)), to));
    }

    std::vector<int> legs_of(Agnode_t* node) {
        std::vector<int> legs;
        for (int leg = 0; points_.contains({agnameof(node), leg}); ++leg)
            legs.push_back(root(point(node, leg)));
        return legs;
    }

    std::unique_ptr<Agraph_t, int (*)(Agraph_t*)> graph_;
    std::map<Agnode_t*, Agraph_t*> home_;
    std::map<unsigned long, Agraph_t*> home_of_edge_;
    std::map<Agraph_t*, std::vector<Agraph_t*>> inner_;
    std::map<std::pair<std::string, int>, int> points_;
    std::vector<int> parent_;
};

/// From the DOT text alone.
inline std::string einsum_of_dot(const std::string& dot) { return DotReader(dot).einsum(); }

/// The same from an expression alone; `boxes` are nodes that are drawn as one box.
class ExpressionReader {
public:
    explicit ExpressionReader(const std::vector<Definition>& boxes) : boxes_(boxes) {}

    std::string whole(const Expr& node) const {
        return node->as<Sum>() != nullptr ? sum(*node->as<Sum>()) : product(node, iota(node));
    }

private:
    static std::vector<int> iota(const Expr& node) {
        std::vector<int> labels;
        for (std::size_t i = 0; i < node->ports().size(); ++i) labels.push_back(static_cast<int>(i));
        return labels;
    }

    std::string box_name(const Expr& node) const {
        for (const Definition& box : boxes_) {
            if (box.node == node) return box.name;
        }
        return leaf_name(*node);
    }

    std::string sum(const Sum& sum) const {
        std::string text;
        for (const Term& term : sum.terms) {
            const bool box = std::any_of(boxes_.begin(), boxes_.end(),
                                         [&](const Definition& d) { return d.node == term.use.node; });
            text += "+" + std::to_string(term.coefficient) + "(" +
                    (box ? einsum_line({operand(term.use)}, sorted(term.use.labels))
                         : product(term.use.node, term.use.labels)) +
                    ")";
        }
        return text;
    }

    static std::vector<int> sorted(std::vector<int> labels) {
        std::sort(labels.begin(), labels.end());
        return labels;
    }

    /// `outer[i]`: which free leg of the picture port i is.
    std::string product(const Expr& node, const std::vector<int>& outer) const {
        std::vector<Operand> operands;
        std::vector<int> open(outer.size());
        for (std::size_t i = 0; i < outer.size(); ++i)
            open[static_cast<std::size_t>(outer[i])] = static_cast<int>(i);
        if (const auto* p = node->as<Product>()) {
            for (const Use& use : p->factors) operands.push_back(operand(use));
        } else {
            operands.push_back(operand({node, iota(node)}));
        }
        return einsum_line(operands, open);
    }

    Operand operand(const Use& use) const {
        const std::string name = box_name(use.node);
        if (!name.empty()) return {name, use.labels};
        if (const auto* apply = use.node->as<Apply>())
            return {"function{" + product(apply->argument, iota(apply->argument)) + "}", use.labels};
        if (const auto* s = use.node->as<Sum>()) return {"sum{" + sum(*s) + "}", use.labels};
        if (use.node->as<Product>() != nullptr)
            return {"term{" + product(use.node, iota(use.node)) + "}", use.labels};
        return {use.node->as<Family>() != nullptr ? "family" : "t", use.labels};
    }

    const std::vector<Definition>& boxes_;
};

inline std::string einsum_of_expression(const Expr& expression, const std::vector<Definition>& boxes = {}) {
    return ExpressionReader(boxes).whole(expression);
}

}  // namespace headway::test
