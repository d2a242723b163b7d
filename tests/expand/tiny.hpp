// Small models of every kind, for exhaustive tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

#include <string>
#include <vector>

namespace headway {

/// Attention only, no norms, no biases, no positions.
inline Config tiny(int n_layers = 2, int n_heads = 2) {
    Config config;
    config.architecture = "tiny";
    config.n_layers = n_layers;
    config.n_heads = n_heads;
    config.n_kv_heads = n_heads;
    config.d_model = 5;
    config.d_head = 3;
    config.n_ctx = 7;
    config.d_vocab = 11;
    return config;
}

/// Those of GPT-2, and one of the unembedding.
inline Biases all_biases() {
    return {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true, .unembed = true};
}

/// With LayerNorm, every bias and an MLP: GPT-2 in small. `folded`: gains and centring are in the weights.
inline Config tiny_gpt2(int n_layers = 2, int n_heads = 2, bool folded = true) {
    Config config = tiny(n_layers, n_heads);
    config.positions = Positions::Learned;
    config.norm = Norm::LayerNorm;
    config.biases = all_biases();
    config.d_mlp = 6;
    config.folding.gains = folded;
    config.folding.centring = folded;
    return config;
}

struct NamedConfig {
    std::string name;
    Config config;
};

/// All combinations of up to two layers and two heads with norms, biases, MLPs, positions, shared keys and
/// values, block forms.
inline std::vector<NamedConfig> tiny_models() {
    std::vector<NamedConfig> models;
    for (int layers : {0, 1, 2})
        for (int heads : {1, 2})
            for (bool shared_values : {false, true})
                for (Norm norm : {Norm::None, Norm::LayerNorm, Norm::RmsNorm})
                    for (int folding : {0, 1, 2})
                        for (bool biased : {false, true})
                            for (int block : {0, 1, 2, 3})
                                for (Positions positions : {Positions::None, Positions::Learned,
                                                            Positions::Shortformer, Positions::Rotary}) {
                                    if (shared_values && heads == 1) continue;
                                    Config config = tiny(layers, heads);
                                    if (shared_values) config.n_kv_heads = 1;
                                    config.norm = norm;
                                    config.folding = {folding > 0, folding > 0, folding > 1};
                                    if (biased) config.biases = all_biases();
                                    config.d_mlp = block > 0 ? 6 : 0;
                                    config.gated_mlp = block == 2;
                                    config.parallel_block = block >= 2;
                                    config.shared_norm = block == 3;
                                    config.positions = positions;
                                    if (positions == Positions::Rotary) config.rotary = {2, 10000.0, false};
                                    const std::string name =
                                        "layers " + std::to_string(layers) + " heads " +
                                        std::to_string(heads) + (shared_values ? " shared values" : "") +
                                        " norm " + std::to_string(static_cast<int>(norm)) + " folding " +
                                        std::to_string(folding) + (biased ? " biases" : "") + " block " +
                                        std::to_string(block) + " positions " +
                                        std::to_string(static_cast<int>(positions));
                                    models.push_back({name, config});
                                }
    return models;
}

}  // namespace headway
