// Reachability on Boost.Graph: forwards from the embeddings, backwards from the unembedding.
// SPDX-License-Identifier: Apache-2.0
#include "circuit/adjacency.hpp"
#include "headway/circuit/select.hpp"

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/reverse_graph.hpp>

namespace headway {

namespace {

/// Marks what a breadth-first search finds; searches that share the marks do not repeat each other.
template <class Graph>
void mark_reachable(const Graph& graph, std::size_t start, std::vector<boost::default_color_type>& colours) {
    if (colours[start] != boost::white_color) return;
    boost::queue<std::size_t> queue;
    const auto map =
        boost::make_iterator_property_map(colours.begin(), boost::get(boost::vertex_index, graph));
    boost::breadth_first_visit(graph, start, queue, boost::default_bfs_visitor(), map);
}

}  // namespace

std::vector<std::size_t> edges_on_path(const Circuit& circuit) {
    const Adjacency graph = adjacency_of(circuit);
    std::vector<boost::default_color_type> forwards(circuit.components.size(), boost::white_color);
    std::vector<boost::default_color_type> backwards = forwards;
    const auto reversed = boost::make_reverse_graph(graph);
    for (std::size_t c = 0; c < circuit.components.size(); ++c) {
        const ComponentKind kind = circuit.components[c].kind;
        if (kind == ComponentKind::Embed || kind == ComponentKind::Position)
            mark_reachable(graph, c, forwards);
        if (kind == ComponentKind::Unembed) mark_reachable(reversed, c, backwards);
    }
    std::vector<std::size_t> edges;
    for (std::size_t e = 0; e < circuit.edges.size(); ++e)
        if (forwards[circuit.edges[e].from] != boost::white_color &&
            backwards[circuit.edges[e].to] != boost::white_color)
            edges.push_back(e);
    return edges;
}

}  // namespace headway
