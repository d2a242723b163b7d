// SPDX-License-Identifier: Apache-2.0
#include "expand/head_factors.hpp"

#include "headway/network/leaves.hpp"

namespace headway {

namespace {

// All ports of a node as indices.
std::vector<Index> ports_of(const Expr& node) {
    std::vector<Index> indices;
    for (const Space space : node->ports()) indices.push_back({space, static_cast<int>(indices.size())});
    return indices;
}

}  // namespace

Expr centred(const Config& config, const Expr& node, std::size_t port) {
    if (config.norm != Norm::LayerNorm) return node;
    const std::vector<Index> ports = ports_of(node);
    std::vector<Index> inner = ports;
    inner[port] = {Space::Residual, static_cast<int>(ports.size())};
    return product({{node, inner}, {structure({Relation::Centre, 0, {}}), {inner[port], ports[port]}}},
                   ports);
}

Expr scaled(const Expr& node, std::size_t port, const Expr& gain) {
    const std::vector<Index> ports = ports_of(node);
    return product({{node, ports}, {gain, {ports[port]}}}, ports);
}

std::vector<Wired> branch_factors(const Config& config, const WeightOf& weight, const char* symbol,
                                  const char* gain, Index from, Index to, Index between) {
    if (!config.folding.gains || !config.norms_after()) return {weight(symbol, {from, to})};
    if (config.norm != Norm::LayerNorm) return {weight(symbol, {from, to}), weight(gain, {to})};
    return {weight(symbol, {from, between}),
            {structure({Relation::Centre, 0, {}}), {between, to}},
            weight(gain, {to})};
}

std::vector<Wired> query_key_gains(const Config& config, const WeightOf& weight, const char* gain,
                                   const std::vector<Index>& inner) {
    std::vector<Wired> factors;
    if (!config.folding.gains || config.query_key_norm == QueryKeyNorm::None) return factors;
    for (const Index e : inner) factors.push_back(weight(gain, {e}));
    return factors;
}

Expr behind_embedding_norm(const Config& config, const Expr& node, std::size_t port) {
    if (!config.folding.gains || !config.embed_norm || config.norm == Norm::None) return node;
    const Expr result = scaled(centred(config, node, port), port, leaf("ln_embed.w"));
    return config.folding.centring ? centred(config, result, port) : result;
}

Expr rotation_by(const Rotary& rotary, int offset) {
    const Index p{Space::Position, 0}, query{Space::HeadInner, 0}, key{Space::HeadInner, 1};
    return product(
        {{one_hot(Space::Position, offset), {p}}, {structure({Relation::Rope, 0, rotary}), {p, query, key}}},
        {query, key});
}

}  // namespace headway
