// SPDX-License-Identifier: Apache-2.0
#include "expand/edit_mutants.hpp"

#include "expand/random.hpp"
#include "headway/network/transformer.hpp"

#include <fmt/format.h>

namespace headway {

namespace {

Edits both(Edits first, const Edits& second) {
    first.scaled.insert(first.scaled.end(), second.scaled.begin(), second.scaled.end());
    first.components.insert(first.components.end(), second.components.begin(), second.components.end());
    first.closed.insert(first.closed.end(), second.closed.begin(), second.closed.end());
    return first;
}

// Two edits of heads 0 and 1 of a layer: factors, components, or edges to one reader.
std::pair<Edits, Edits> two_edits(const Config& config, Random& random) {
    const int layer = random.between(0, config.n_layers - 2);
    const Head one{layer, 0}, other{layer, 1};
    if (!config.norms_stream() && random.one_in(2)) {
        const auto input = static_cast<EdgeInput>(random.between(0, 2));
        const Head reader{layer + 1, random.between(0, config.n_heads - 1)};
        return {{.closed = {{{SourceKind::HeadOutput, layer, 0}, input, reader}}},
                {.closed = {{{SourceKind::HeadOutput, layer, 1}, input, reader}}}};
    }
    if (config.norms_after() || random.one_in(2)) return {{.scaled = {{one, 2}}}, {.scaled = {{other, 2}}}};
    return {{.components = {{one, {0}}}}, {.components = {{other, {1}}}}};
}

}  // namespace

std::vector<ClosedEdge> edges_from(const Config& config, Head writer) {
    const Source source{SourceKind::HeadOutput, writer.layer, writer.index};
    std::vector<ClosedEdge> edges;
    for (int layer = writer.layer; layer < config.n_layers; ++layer) {
        if (config.has_mlp() && (layer > writer.layer || !config.parallel_block))
            edges.push_back({source, EdgeInput::Mlp, {layer, -1}});
        for (int head = 0; head < config.n_heads && layer > writer.layer; ++head)
            for (const EdgeInput input : {EdgeInput::Q, EdgeInput::K, EdgeInput::V})
                edges.push_back({source, input, {layer, head}});
    }
    edges.push_back({source, EdgeInput::Unembed});
    return edges;
}

bool closing_is_removing(const Config& config) { return !config.norms_after() && !config.norms_stream(); }

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
        return equality(edit(network, config, {.removed = {head}}),
                        edit(network, config, {.closed = edges_from(config, head)}),
                        "all edges of " + label(head));
    }
    const auto [first, second] = two_edits(config, random);
    return equality(edit(edit(network, config, first), config, second),
                    edit(network, config, both(first, second)), "two edits");
}

}  // namespace headway
