// A network as plain data: nodes, ports and wires, with ids that are the same on every machine. For export.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/text.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace headway {

/// A port of a part: the number of the part, and of its port.
struct WireEnd {
    int part = 0;
    int port = 0;
    bool operator==(const WireEnd&) const = default;
};

/// A label inside a node: which of the node's ports it is (-1: summed over), and the ports of the parts that
/// carry it.
struct SnapshotWire {
    Space space = Space::Residual;
    int port = -1;
    std::vector<WireEnd> ends;
};

struct SnapshotNode {
    std::string id;    ///< from the node's structure: equal nodes have equal ids
    std::string kind;  ///< `tensor`, `copy`, `structure`, `product`, `sum`, `family`, `apply`, `frozen`
    std::string name;  ///< of a leaf, as the text form writes it; the function of an `apply`
    std::vector<Space> ports;
    std::vector<std::string> parts;  ///< ids of factors, terms, members, the argument and mask, the link
    std::vector<std::int64_t> coefficients;                       ///< of the terms of a sum
    std::vector<SnapshotWire> wires;                              ///< of products, sums and functions
    std::vector<std::pair<std::string, std::string>> attributes;  ///< `eps`, `cap`, `axis`, `consumed`
};

struct Snapshot {
    std::vector<SnapshotNode> nodes;                         ///< each behind its parts
    std::vector<std::pair<std::string, std::string>> names;  ///< definitions and the ids of their nodes
    std::string output;                                      ///< id
};

Snapshot snapshot(const Network& network);

}  // namespace headway
