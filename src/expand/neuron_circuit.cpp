// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/neuron_circuit.hpp"

#include "expand/head_factors.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/network/indices.hpp"
#include "headway/network/leaves.hpp"

#include <utility>

namespace headway {

namespace {

constexpr std::pair<NeuronSide, std::string_view> sides[] = {
    {NeuronSide::Value, "value"}, {NeuronSide::Key, "key"}, {NeuronSide::Gate, "gate"}};

using namespace indices;

void check(const Config& config, int layer, NeuronSide side) {
    require(config.has_mlp(), ErrorKind::Usage, "the model has no feed-forward layers");
    require(layer >= 0 && layer < config.n_layers, ErrorKind::Usage, "there is no layer {}: they are 0 to {}",
            layer, config.n_layers - 1);
    require(side != NeuronSide::Gate || config.gated_mlp, ErrorKind::Usage,
            "the feed-forward layers of this model have no gates");
    require(!config.norms_stream(), ErrorKind::Unsupported,
            "norms stand on the residual stream of this model, between its layers and the logits");
    require(side != NeuronSide::Value || config.linear_head(), ErrorKind::Unsupported,
            "the unembedding of this model is not linear");
}

}  // namespace

NeuronSide parse_neuron_side(std::string_view text) {
    for (const auto& [side, name] : sides)
        if (text == name) return side;
    throw Error(ErrorKind::Usage, fmt::format("{} is no side of a neuron", quote(text)),
                "the sides are value, key and gate");
}

std::string_view name(NeuronSide side) {
    for (const auto& [each, text] : sides)
        if (each == side) return text;
    return {};
}

Expr neuron_matrix(const Config& config, int layer, NeuronSide side) {
    check(config, layer, side);
    if (side == NeuronSide::Value) {
        const WeightOf weight = [&](const char* symbol, const std::vector<Index>& inner) {
            return Wired{leaf(symbol, layer), inner};
        };
        std::vector<Wired> factors = branch_factors(config, weight, "W_out", "ln2_post.w", m, d, d1);
        factors.push_back({leaf("W_U"), {d, v}});
        return normalise(product(factors, {m, v}));
    }
    std::vector<Wired> factors{{leaf(side == NeuronSide::Key ? "W_in" : "W_gate", layer), {d, m}},
                               {behind_embedding_norm(config, leaf("W_E"), 1), {v, d}}};
    if (config.embed_scale != 1.0) factors.push_back({leaf("embed_scale"), {}});
    return normalise(product(factors, {m, v}));
}

}  // namespace headway
