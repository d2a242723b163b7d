// A circuit as a Boost graph: vertex i is component i; an edge carries its index in Circuit::edges, and
// behind those in Circuit::stream.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/circuit/graph.hpp"

#include <boost/graph/adjacency_list.hpp>

namespace headway {

using Adjacency = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, boost::no_property,
                                        boost::property<boost::edge_index_t, std::size_t>>;

/// The weighed edges only.
inline Adjacency adjacency_of(const Circuit& circuit) {
    Adjacency graph(circuit.components.size());
    for (std::size_t e = 0; e < circuit.edges.size(); ++e)
        boost::add_edge(circuit.edges[e].from, circuit.edges[e].to, e, graph);
    return graph;
}

/// These, and behind them the residual stream's.
inline Adjacency adjacency_with_stream(const Circuit& circuit) {
    Adjacency graph = adjacency_of(circuit);
    for (std::size_t s = 0; s < circuit.stream.size(); ++s)
        boost::add_edge(circuit.stream[s].first, circuit.stream[s].second, circuit.edges.size() + s, graph);
    return graph;
}

}  // namespace headway
