// SPDX-License-Identifier: Apache-2.0
#include "network/listing.hpp"

#include <fmt/core.h>

#include <numeric>

namespace headway {

namespace {

bool is_leaf(const Expr& node) { return !leaf_name(*node).empty(); }

}  // namespace

std::vector<int> straight_ports(std::size_t n) {
    std::vector<int> labels(n);
    std::iota(labels.begin(), labels.end(), 0);
    return labels;
}

Listing::Listing(const Network& network) {
    for (const Definition& definition : network.definitions) {
        if (!is_leaf(definition.node)) given_.emplace(definition.node.get(), definition.name);
        taken_.insert(definition.name);
    }
    if (!given_.contains(network.output.get())) given_.emplace(network.output.get(), "out");
    if (is_leaf(network.output))
        lines_.push_back({given_.at(network.output.get()), network.output});
    else
        add(network.output);
}

std::string Listing::name(const Expr& node) const {
    std::string leaf = leaf_name(*node);
    return leaf.empty() ? names_.at(node.get()) : leaf;
}

bool Listing::in_place(const Expr& node) const {
    return node->as<Product>() != nullptr && !given_.contains(node.get());
}

void Listing::add_parts(const Expr& node) {
    const bool is_sum = node->as<Sum>() != nullptr;
    for (const Expr& part : children(*node)) {
        if (is_leaf(part)) continue;
        if (is_sum && in_place(part))
            add_parts(part);
        else
            add(part);
    }
}

void Listing::add(const Expr& node) {
    if (!done_.insert(node.get()).second) return;
    add_parts(node);
    std::string name;
    if (const auto given = given_.find(node.get()); given != given_.end()) {
        name = given->second;
    } else {
        do name = fmt::format("t{}", ++unnamed_);
        while (taken_.contains(name));
    }
    names_.emplace(node.get(), name);
    lines_.push_back({std::move(name), node});
}

}  // namespace headway
