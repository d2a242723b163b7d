// The factors of a product as chains: lines of factors that wires lead through, so that each can be drawn as
// a rail.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <vector>

namespace headway {

struct LegEnd {
    int factor;
    int leg;
};

/// Factors joined by labels; the first `n_ports` labels are open.
struct Wiring {
    std::vector<Use> factors;
    std::size_t n_ports = 0;
    std::vector<Space> spaces;              ///< of each label
    std::vector<std::vector<LegEnd>> ends;  ///< of each label
    bool open(int label) const { return static_cast<std::size_t>(label) < n_ports; }
    /// Ends of the label, the open one included.
    std::size_t arity(int label) const {
        return ends[static_cast<std::size_t>(label)].size() + (open(label) ? 1 : 0);
    }
    Space space(int label) const { return spaces[static_cast<std::size_t>(label)]; }
};

Wiring wiring_of(const Product& product, const std::vector<Space>& ports);

/// A line of factors; `links[i]` is the label between factor i and i + 1. `start` and `end` are labels that
/// lead out, or -1.
struct Chain {
    int start = -1;
    std::vector<int> factors;
    std::vector<int> links;
    int end = -1;
};

/// Two rails: from the first open Position along positions, and from the first open feature along features.
/// Factors in both are drawn across both rails, in the same order on each; there is at least one, or no rails
/// (empty `top`).
struct Rails {
    int top_port = -1;
    int bottom_port = -1;
    std::vector<int> top;
    std::vector<int> top_links;
    std::vector<int> bottom;
    std::vector<int> bottom_links;
};
Rails rails_of(const Wiring& wiring);

/// Every factor with legs is in exactly one chain, but for those in `taken`. The first chain starts at the
/// first open Position (else at the first open label), and follows positions as long as it can, then
/// features.
std::vector<Chain> chains_of(const Wiring& wiring, const std::vector<int>& taken = {});

/// Positions are drawn above, the spaces of features below, heads across.
bool is_feature(Space space);

}  // namespace headway
