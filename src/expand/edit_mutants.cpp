// SPDX-License-Identifier: Apache-2.0
#include "expand/edit_mutants.hpp"

#include "expand/random.hpp"
#include "expand/replace.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <fmt/format.h>

namespace headway {

namespace {

Edits both(Edits first, const Edits& second) {
    first.heads.insert(first.heads.end(), second.heads.begin(), second.heads.end());
    first.components.insert(first.components.end(), second.components.begin(), second.components.end());
    first.edges.insert(first.edges.end(), second.edges.begin(), second.edges.end());
    return first;
}

// Two edits of heads 0 and 1 of a layer: factors, components, or edges to one reader; each removed or scaled.
std::pair<Edits, Edits> two_edits(const Config& config, Random& random) {
    const int layer = random.between(0, config.n_layers - 2);
    const Head one{layer, 0}, other{layer, 1};
    const double first = random.one_in(2) ? 0 : 2, second = random.one_in(2) ? 0 : 3;
    if (!config.norms_stream() && random.one_in(2)) {
        const auto input = static_cast<Reader>(random.between(0, 2));
        const Head reader{layer + 1, random.between(0, config.n_heads - 1)};
        return {{.edges = {{{SourceKind::HeadOutput, layer, 0}, input, reader, first}}},
                {.edges = {{{SourceKind::HeadOutput, layer, 1}, input, reader, second}}}};
    }
    const bool components = !config.norms_after() || !config.folding.gains;
    if (!components || random.one_in(2)) return {{.heads = {{one, 2}}}, {.heads = {{other, second}}}};
    return {{.components = {{one, {0}, first}}}, {.components = {{other, {1}, second}}}};
}

// The network with the factor of the head in place of those of its edges.
Network with_factor_of_head(const Network& network, const Config& config, Head head,
                            const std::vector<ScaledEdge>& edges) {
    Replacer factors;
    for (const ScaledEdge& edge : edges)
        factors.replace(edge_scale(config, edge), head_leaf("head_scale", head, config.group_size()));
    Network result;
    for (const Definition& definition : network.definitions)
        result.definitions.push_back({definition.name, factors.run(definition.node)});
    result.output = factors.run(network.output);
    return result;
}

}  // namespace

std::vector<ScaledEdge> edges_from(const Config& config, Head writer, double factor) {
    const Source source{SourceKind::HeadOutput, writer.layer, writer.index};
    std::vector<ScaledEdge> edges;
    for (int layer = writer.layer; layer < config.n_layers; ++layer) {
        if (config.has_mlp() && (layer > writer.layer || !config.parallel_block))
            edges.push_back({source, Reader::Mlp, {layer, -1}, factor});
        for (int head = 0; head < config.n_heads && layer > writer.layer; ++head)
            for (const Reader input : {Reader::Q, Reader::K, Reader::V})
                edges.push_back({source, input, {layer, head}, factor});
    }
    edges.push_back({source, Reader::Unembed, {-1, -1}, factor});
    return edges;
}

bool closing_is_removing(const Config& config) { return !config.norms_after() && !config.norms_stream(); }

Network with_edges_scaled(const Network& network, const Config& config, Head head) {
    const std::vector<ScaledEdge> edges = edges_from(config, head, 2);
    return with_factor_of_head(edit(network, config, {.edges = edges}), config, head, edges);
}

std::optional<Equality> of_edit(const Config& config, std::uint64_t seed) {
    if (config.n_layers < 2 || config.n_heads < 2) return std::nullopt;
    Random random(seed);
    const Network network = transformer(config);
    const auto equality = [&](const Network& left, const Network& right, std::string origin) {
        return Equality{left.output,
                        right.output,
                        {modular_model(config, seed), modular_model(config, seed + 1)},
                        {config.n_layers, config.n_heads, config.n_kv_heads},
                        std::move(origin)};
    };
    if (closing_is_removing(config) && random.one_in(2)) {
        const Head head{random.between(0, config.n_layers - 2), random.between(0, config.n_heads - 1)};
        const bool closed = random.one_in(2);
        return equality(edit(network, config, {.heads = {{head, closed ? 0.0 : 2.0}}}),
                        closed ? edit(network, config, {.edges = edges_from(config, head)})
                               : with_edges_scaled(network, config, head),
                        "all edges of " + label(head));
    }
    const auto [first, second] = two_edits(config, random);
    return equality(edit(edit(network, config, first), config, second),
                    edit(network, config, both(first, second)), "two edits");
}

}  // namespace headway
