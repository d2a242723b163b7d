// SPDX-License-Identifier: Apache-2.0
#include "headway/circuit/graph.hpp"

#include "headway/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace headway {

namespace {

/// Index of components: embed, pos, then blocks of heads and an MLP, unembed.
class Places {
public:
    explicit Places(const Config& config)
        : heads_(static_cast<std::size_t>(config.n_heads)),
          block_(heads_ + (config.has_mlp() ? 1 : 0)),
          first_(config.positions == Positions::Learned || config.positions == Positions::Shortformer ? 2
                                                                                                      : 1),
          last_(first_ + block_ * static_cast<std::size_t>(config.n_layers)) {}

    std::size_t of(Writer writer, Head at) const {
        if (writer == Writer::Embed) return 0;
        return writer == Writer::Position ? 1 : in_block(writer == Writer::Mlps, at);
    }
    std::size_t of(Reader reader, Head at) const {
        return reader == Reader::Unembed ? last_ : in_block(reader == Reader::Mlp, at);
    }

private:
    std::size_t in_block(bool mlp, Head at) const {
        return first_ + block_ * static_cast<std::size_t>(at.layer) +
               (mlp ? heads_ : static_cast<std::size_t>(at.index));
    }
    std::size_t heads_, block_, first_, last_;
};

std::vector<Component> components_of(const Config& config, const std::map<Head, std::string>& roles) {
    std::vector<Component> components{{.kind = ComponentKind::Embed, .label = "embed", .role = {}}};
    if (config.positions == Positions::Learned || config.positions == Positions::Shortformer)
        components.push_back({.kind = ComponentKind::Position, .label = "pos", .role = {}});
    for (int layer = 0; layer < config.n_layers; ++layer) {
        for (int head = 0; head < config.n_heads; ++head) {
            const auto role = roles.find({layer, head});
            components.push_back({ComponentKind::Head, layer, head, label(Head{layer, head}),
                                  role == roles.end() ? "" : role->second});
        }
        if (config.has_mlp())
            components.push_back({ComponentKind::Mlp, layer, -1, fmt::format("mlp{}", layer), ""});
    }
    components.push_back({.kind = ComponentKind::Unembed, .label = "unembed", .role = {}});
    return components;
}

bool between_heads(const EdgeKind& kind) { return kind.writer == Writer::Heads && is_head(kind.reader); }

}  // namespace

std::string_view port_name(Reader port) {
    switch (port) {
        case Reader::Q:
            return "q";
        case Reader::K:
            return "k";
        case Reader::V:
            return "v";
        case Reader::Mlp:
            return "mlp";
        case Reader::Unembed:
            return "unembed";
    }
    return {};
}

bool between_heads(const Circuit& circuit, const CircuitEdge& edge) {
    return circuit.components[edge.from].kind == ComponentKind::Head &&
           circuit.components[edge.to].kind == ComponentKind::Head;
}

EdgeCounts count_edges(const Circuit& circuit) {
    EdgeCounts counts{0, circuit.edges.size()};
    for (const CircuitEdge& edge : circuit.edges) counts.heads += between_heads(circuit, edge);
    return counts;
}

Circuit circuit_of(const Model& model, const CircuitOptions& options) {
    const Config& config = model.config();
    for (const auto& [head, role] : options.roles)
        require(
            head.layer >= 0 && head.layer < config.n_layers && head.index >= 0 && head.index < config.n_heads,
            ErrorKind::Usage, "the role \"{}\" is of {}, and the model has {} layers of {} heads", role,
            label(head), config.n_layers, config.n_heads);
    Circuit circuit;
    circuit.model = model.name();
    circuit.config = config;
    circuit.heads_only = options.heads_only;
    circuit.components = components_of(config, options.roles);
    circuit.score = options.score;
    circuit.effective_dimension = effective_dimension(config, options.score);
    circuit.baseline = 1 / std::sqrt(static_cast<double>(circuit.effective_dimension));
    std::vector<EdgeKind> kinds = edge_kinds(config);
    if (options.heads_only) std::erase_if(kinds, [](const EdgeKind& kind) { return !between_heads(kind); });
    const Places places(config);
    for (EdgeRow& row : edge_weights(model, kinds, options.evaluate, options.score)) {
        const bool heads = between_heads({row.writer, row.reader});
        if (!row.weight.undefined.empty()) {
            ++circuit.undefined.all;
            circuit.undefined.heads += heads;
        }
        circuit.edges.push_back({places.of(row.writer, row.from), places.of(row.reader, row.to), row.reader,
                                 std::move(row.weight)});
    }
    std::sort(circuit.edges.begin(), circuit.edges.end(), [](const CircuitEdge& a, const CircuitEdge& b) {
        return std::tie(a.from, a.to, a.port) < std::tie(b.from, b.to, b.port);
    });
    circuit.possible = count_edges(circuit);
    return circuit;
}

}  // namespace headway
