// What a notation writes line by line: every node that is no leaf, with a name, behind the nodes that it
// uses.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/text.hpp"

#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace headway {

class Listing {
public:
    explicit Listing(const Network& network);

    /// Definitions in order; the output is last. Frozen values are leaves here.
    const std::vector<Definition>& lines() const { return lines_; }
    /// The name of a leaf, or of the line of a node.
    std::string name(const Expr& node) const;
    /// Whether a node that is a term of a sum is written there: a product without a name of its own.
    bool in_place(const Expr& node) const;

private:
    void add(const Expr& node);
    void add_parts(const Expr& node);

    std::vector<Definition> lines_;
    std::unordered_map<const Node*, std::string> given_;
    std::unordered_map<const Node*, std::string> names_;
    std::unordered_set<const Node*> done_;
    std::set<std::string> taken_;
    int unnamed_ = 0;
};

/// The ports of a node straight through: 0, 1, ..., n - 1.
std::vector<int> straight_ports(std::size_t n);

}  // namespace headway
