// SPDX-License-Identifier: Apache-2.0
#include "headway/circuit/marks.hpp"

#include "headway/measure/channels.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace headway {

namespace {

bool is_writer(const Component& component, const Source& source) {
    if (source.kind == SourceKind::Mlp)
        return component.kind == ComponentKind::Mlp && component.layer == source.layer;
    return component.kind == ComponentKind::Head && source.kind == SourceKind::HeadOutput &&
           component.layer == source.layer && component.head == source.head;
}

bool is_reader(const Component& component, const ScaledEdge& edge) {
    if (edge.input == Reader::Unembed) return component.kind == ComponentKind::Unembed;
    if (edge.input == Reader::Mlp)
        return component.kind == ComponentKind::Mlp && component.layer == edge.reader.layer;
    return component.kind == ComponentKind::Head && component.layer == edge.reader.layer &&
           component.head == edge.reader.index;
}

Head head_of(const Component& component) { return {component.layer, component.head}; }

std::vector<EdgePart> largest_parts(const Channels& channels, std::size_t most) {
    std::vector<EdgePart> parts;
    for (const Channel& channel : channels.writer) {
        const double share = channel.contribution / channels.square;
        if (std::isfinite(share)) parts.push_back({channel.first, channel.last, channel.score, share});
    }
    std::stable_sort(parts.begin(), parts.end(),
                     [](const EdgePart& a, const EdgePart& b) { return a.share > b.share; });
    parts.resize(std::min(parts.size(), most));
    return parts;
}

}  // namespace

std::size_t mark_edits(Circuit& circuit, const Edits& edits) {
    for (const ScaledHead& each : edits.heads)
        for (Component& component : circuit.components)
            if (component.kind == ComponentKind::Head && head_of(component) == each.head)
                component.factor = each.factor;
    std::size_t marked = 0;
    for (const ScaledEdge& scaled : edits.edges)
        for (CircuitEdge& edge : circuit.edges)
            if (edge.port == scaled.input && is_writer(circuit.components[edge.from], scaled.writer) &&
                is_reader(circuit.components[edge.to], scaled)) {
                edge.factor = scaled.factor;
                ++marked;
            }
    return marked;
}

void split_edges(Circuit& circuit, const Model& model, std::size_t most, const EvaluateOptions& options) {
    std::vector<ChannelPair> pairs;
    std::vector<std::size_t> edges;
    for (std::size_t e = 0; e < circuit.edges.size(); ++e) {
        const CircuitEdge& edge = circuit.edges[e];
        const std::optional<Composition> kind = composition_of(edge.port);
        if (!kind || !between_heads(circuit, edge) || !std::isfinite(edge.weight.score)) continue;
        pairs.push_back(
            {head_of(circuit.components[edge.from]), head_of(circuit.components[edge.to]), *kind});
        edges.push_back(e);
    }
    const std::vector<Channels> found = channels(model, pairs, options);
    for (std::size_t i = 0; i < edges.size(); ++i)
        circuit.edges[edges[i]].parts = largest_parts(found[i], most);
}

}  // namespace headway
