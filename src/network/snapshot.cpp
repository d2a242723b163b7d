// SPDX-License-Identifier: Apache-2.0
#include "headway/network/snapshot.hpp"

#include "network/functions.hpp"

#include <fmt/format.h>

#include <set>
#include <unordered_map>

namespace headway {

namespace {

class Recorder {
public:
    std::string id_of(const Expr& node) {
        if (const auto known = ids_.find(node.get()); known != ids_.end()) return known->second;
        SnapshotNode record;
        record.ports = node->ports();
        for (const Expr& part : children(*node)) record.parts.push_back(id_of(part));
        std::visit([&](const auto& kind) { describe(kind, *node, record); }, node->kind());
        std::string id = fmt::format("n{:016x}", node->hash());
        while (!used_.insert(id).second) id += "x";  // two nodes of one hash: in the order of the network
        record.id = id;
        ids_.emplace(node.get(), id);
        result_.nodes.push_back(std::move(record));
        return id;
    }

    Snapshot run(const Network& network) {
        for (const Definition& definition : network.definitions)
            result_.names.emplace_back(definition.name, id_of(definition.node));
        result_.output = id_of(network.output);
        return std::move(result_);
    }

private:
    static void leaf(const char* kind, const Node& node, SnapshotNode& record) {
        record.kind = kind;
        record.name = leaf_name(node);
    }
    static void describe(const Tensor&, const Node& node, SnapshotNode& record) {
        leaf("tensor", node, record);
    }
    static void describe(const Copy&, const Node& node, SnapshotNode& record) { leaf("copy", node, record); }
    static void describe(const Structure&, const Node& node, SnapshotNode& record) {
        leaf("structure", node, record);
    }
    static void describe(const Frozen& frozen, const Node& node, SnapshotNode& record) {
        leaf("frozen", node, record);
        if (frozen.head >= 0) record.attributes.emplace_back("head", fmt::format("{}", frozen.head));
    }
    static void describe(const Family&, const Node& node, SnapshotNode& record) {
        leaf("family", node, record);
    }

    static void describe(const Product& product, const Node& node, SnapshotNode& record) {
        record.kind = "product";
        std::vector<Space> spaces = node.ports();
        spaces.insert(spaces.end(), product.bound.begin(), product.bound.end());
        add_wires(spaces, node.ports().size(), product.factors, record);
    }
    static void describe(const Sum& sum, const Node& node, SnapshotNode& record) {
        record.kind = "sum";
        std::vector<Use> uses;
        for (const Term& term : sum.terms) {
            record.coefficients.push_back(term.coefficient);
            uses.push_back(term.use);
        }
        add_wires(node.ports(), node.ports().size(), uses, record);
    }
    static void describe(const Apply& apply, const Node&, SnapshotNode& record) {
        record.kind = "apply";
        record.name = function_name(apply.function);
        std::vector<int> labels;
        for (std::size_t i = 0; i < apply.argument->ports().size(); ++i)
            labels.push_back(static_cast<int>(i));
        std::vector<Use> uses{{apply.argument, labels}};
        if (apply.mask) uses.push_back(*apply.mask);
        add_wires(apply.argument->ports(), labels.size() - static_cast<std::size_t>(apply.consumed), uses,
                  record);
        if (apply.axis >= 0) record.attributes.emplace_back("axis", fmt::format("{}", apply.axis));
        if (apply.function == Function::Rstd)
            record.attributes.emplace_back("eps", fmt::format("{}", apply.parameter));
        if (apply.function == Function::SoftCap)
            record.attributes.emplace_back("cap", fmt::format("{}", apply.parameter));
        if (apply.consumed > 1) record.attributes.emplace_back("consumed", fmt::format("{}", apply.consumed));
    }

    // A wire for each label: labels below `n_ports` are the node's own ports.
    static void add_wires(const std::vector<Space>& spaces, std::size_t n_ports, const std::vector<Use>& uses,
                          SnapshotNode& record) {
        for (std::size_t i = 0; i < spaces.size(); ++i)
            record.wires.push_back(
                {.space = spaces[i], .port = i < n_ports ? static_cast<int>(i) : -1, .ends = {}});
        for (std::size_t part = 0; part < uses.size(); ++part)
            for (std::size_t port = 0; port < uses[part].labels.size(); ++port)
                record.wires[static_cast<std::size_t>(uses[part].labels[port])].ends.push_back(
                    {static_cast<int>(part), static_cast<int>(port)});
    }

    Snapshot result_;
    std::unordered_map<const Node*, std::string> ids_;
    std::set<std::string> used_;
};

}  // namespace

Snapshot snapshot(const Network& network) { return Recorder().run(network); }

}  // namespace headway
