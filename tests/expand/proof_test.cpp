// The exact proofs: of all tiny models, of all passes on random expressions, and that they reject what is wrong.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/verify.hpp"
#include "headway/network/transformer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace headway {
namespace {

using testing::HasSubstr;

Config two_layers() {
    Config config;
    config.n_layers = config.n_heads = config.n_kv_heads = 2;
    config.d_model = 8;
    config.d_head = 4;
    config.n_ctx = 8;
    config.d_vocab = 11;
    config.positions = Positions::Learned;
    return config;
}

std::string describe(const Config& c) {
    return fmt::format(
        "layers {} heads {}/{} positions {} norm {} final {} mlp {} gated {} parallel {} shared {} biases "
        "{}{}{}{}{} folding {}{}{} causal {}",
        c.n_layers, c.n_heads, c.n_kv_heads, static_cast<int>(c.positions), static_cast<int>(c.norm),
        c.final_norm, c.d_mlp, c.gated_mlp, c.parallel_block, c.shared_norm, c.biases.query_key_value,
        c.biases.attention_out, c.biases.mlp, c.biases.norm, c.biases.unembed, c.folding.gains,
        c.folding.centring, c.folding.value_bias, c.causal);
}

// Replaces every configuration by one for each way that `vary` changes it.
template <class... Changes>
void vary(std::vector<Config>& configs, Changes... changes) {
    std::vector<Config> result;
    for (const Config& config : configs)
        (
            [&] {
                Config changed = config;
                changes(changed);
                result.push_back(changed);
            }(),
            ...);
    configs = std::move(result);
}

void vary_heads(std::vector<Config>& configs) {
    const auto heads = [](int n, int shared) {
        return [=](Config& c) { c.n_heads = n, c.n_kv_heads = shared; };
    };
    vary(configs, heads(1, 1), heads(2, 2), heads(2, 1));
}

void vary_positions(std::vector<Config>& configs) {
    const auto positions = [](Positions kind) { return [=](Config& c) { c.positions = kind; }; };
    const auto rotary = [](int dims, bool adjacent) {
        return [=](Config& c) {
            c.positions = Positions::Rotary;
            c.rotary = {dims, 10000.0, adjacent};
        };
    };
    vary(configs, positions(Positions::None), positions(Positions::Learned),
         positions(Positions::Shortformer), rotary(4, false), rotary(2, true));
}

void vary_norms(std::vector<Config>& configs) {
    const auto none = [](Config&) {};
    const auto norm = [](Norm kind, bool bias, Folding folding, bool final_norm) {
        return [=](Config& c) {
            c.norm = kind;
            c.biases.norm = bias;
            c.folding = folding;
            c.final_norm = final_norm;
        };
    };
    vary(configs, none, norm(Norm::LayerNorm, true, {}, true),
         norm(Norm::LayerNorm, true, {true, true, false}, true),
         norm(Norm::LayerNorm, false, {true, false, false}, true), norm(Norm::RmsNorm, false, {}, true),
         norm(Norm::RmsNorm, false, {true, false, false}, true), norm(Norm::RmsNorm, false, {}, false));
}

void vary_mlps(std::vector<Config>& configs) {
    const auto mlp = [](bool gated, bool parallel, bool shared) {
        return [=](Config& c) {
            c.d_mlp = 16;
            c.gated_mlp = gated;
            c.parallel_block = parallel;
            c.shared_norm = shared;
        };
    };
    vary(
        configs, [](Config&) {}, mlp(false, false, false), mlp(true, false, false), mlp(false, true, false),
        mlp(true, true, true));
}

void vary_biases(std::vector<Config>& configs) {
    vary(
        configs, [](Config&) {},
        [](Config& c) {
            c.biases.query_key_value = c.biases.attention_out = c.biases.mlp = c.biases.unembed = true;
        },
        [](Config& c) {
            c.biases.query_key_value = c.biases.attention_out = true;
            c.folding.value_bias = true;
        });
}

std::vector<Config> all_tiny_configs() {
    std::vector<Config> configs{two_layers()};
    vary(
        configs, [](Config& c) { c.n_layers = 0; }, [](Config& c) { c.n_layers = 1; }, [](Config&) {});
    vary_heads(configs);
    vary_positions(configs);
    vary_norms(configs);
    vary_mlps(configs);
    vary_biases(configs);
    vary(
        configs, [](Config&) {}, [](Config& c) { c.causal = false; });
    return configs;
}

TEST(Proof, PathsOfEveryOrderCloseInAllTinyModels) {
    std::size_t proofs = 0;
    for (const Config& config : all_tiny_configs())
        for (int order = 0; order <= config.n_layers; ++order, ++proofs) {
            const Verification result = verify_paths(config, order, {.trials = 1});
            ASSERT_TRUE(result.holds) << describe(config) << "\norder " << order << ": " << result.failure;
        }
    RecordProperty("proofs", static_cast<int>(proofs));
    EXPECT_GT(proofs, 5000U);
}

TEST(Proof, ScoresOfEveryHeadCloseInAllTinyModels) {
    for (const Config& config : all_tiny_configs())
        for (int layer = 0; layer < config.n_layers; ++layer)
            for (int head = 0; head < config.n_heads; ++head) {
                const Verification result = verify_score(config, {layer, head}, {.trials = 1});
                ASSERT_TRUE(result.holds)
                    << describe(config) << "\nL" << layer << "H" << head << ": " << result.failure;
            }
}

TEST(Proof, FoldedWeightsGiveTheSameLogitsInAllTinyModels) {
    for (const Config& config : all_tiny_configs()) {
        const Verification result = verify_folding(config, {.trials = 1});
        ASSERT_TRUE(result.holds) << describe(config) << "\n" << result.failure;
    }
}

}  // namespace
}  // namespace headway
