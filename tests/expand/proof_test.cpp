// The exact proofs: of all tiny models, of all passes on random expressions, and that they reject what is
// wrong.
// SPDX-License-Identifier: Apache-2.0
#include "expand/architectures.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/mutate.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/self_check.hpp"
#include "headway/expand/verify.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
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
        "{}{}{}{}{}{} folding {}{}{} causal {} placement {} query key norm {} embed norm {} caps {} {} scale "
        "{}",
        c.n_layers, c.n_heads, c.n_kv_heads, static_cast<int>(c.positions), static_cast<int>(c.norm),
        c.final_norm, c.d_mlp, c.gated_mlp, c.parallel_block, c.shared_norm, c.biases.query_key_value,
        c.biases.attention_out, c.biases.mlp, c.biases.norm, c.biases.unembed, c.biases.embed,
        c.folding.gains, c.folding.centring, c.folding.value_bias, c.causal,
        static_cast<int>(c.norm_placement), static_cast<int>(c.query_key_norm), c.embed_norm, c.score_cap,
        c.logit_cap, c.embed_scale);
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

// Every `step`-th of them.
std::vector<Config> tiny_configs(std::size_t step) {
    const std::vector<Config> all = all_tiny_configs();
    std::vector<Config> some;
    for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
    return some;
}

void vary_placements(std::vector<Config>& configs) {
    const auto norms = [](NormPlacement placement, Norm norm, Folding folding) {
        return [=](Config& c) {
            c.norm_placement = placement;
            c.norm = norm;
            c.biases.norm = norm == Norm::LayerNorm;
            c.folding = folding;
        };
    };
    const Folding gains{.gains = true}, both{.gains = true, .centring = true};
    using enum NormPlacement;
    vary(configs, norms(Before, Norm::RmsNorm, gains), norms(Before, Norm::LayerNorm, {}),
         norms(Before, Norm::LayerNorm, both), norms(After, Norm::RmsNorm, {}),
         norms(After, Norm::RmsNorm, gains), norms(Sandwich, Norm::RmsNorm, {}),
         norms(Sandwich, Norm::RmsNorm, gains), norms(Stream, Norm::LayerNorm, {}),
         norms(Stream, Norm::RmsNorm, {}));
}

void vary_layers(std::vector<Config>& configs) {
    const auto plain = [](Config&) {};
    const auto rotary = [](Config& c) {
        c.positions = Positions::Rotary;
        c.rotary.dims = 4;
        c.layer_attention.assign(2, {0, c.rotary});
        c.layer_attention[0].window = 2;
        c.layer_attention[1].rotary = {
            .dims = 2, .scaling = RotaryScaling::Llama3, .factor = 8, .original_ctx = 16};
    };
    const auto alibi = [](Config& c) {
        c.positions = Positions::Alibi;
        c.layer_attention = {{0, {}}, {3, {}}};
    };
    vary(configs, plain, rotary, alibi);
}

void vary_query_key_norms(std::vector<Config>& configs) {
    const auto norm = [](QueryKeyNorm kind) { return [=](Config& c) { c.query_key_norm = kind; }; };
    vary(configs, norm(QueryKeyNorm::None), norm(QueryKeyNorm::Head), norm(QueryKeyNorm::Layer));
}

// What the architectures of open models have, in all combinations that are written down.
std::vector<Config> all_feature_configs() {
    std::vector<Config> configs{two_layers()};
    const auto plain = [](Config&) {};
    vary_placements(configs);
    vary_layers(configs);
    vary_query_key_norms(configs);
    vary(configs, plain, [](Config& c) { c.n_kv_heads = 1; });
    vary(configs, plain, [](Config& c) { c.embed_norm = true; });
    vary(configs, plain, [](Config& c) { c.score_cap = 50, c.logit_cap = 30, c.embed_scale = 2; });
    vary(configs, plain, [](Config& c) {
        c.d_mlp = 16;
        c.gated_mlp = true;
        const bool norm = c.biases.norm;
        c.biases = all_biases();
        c.biases.norm = norm;
        c.biases.embed = c.biases.gate = true;
    });
    return configs;
}

std::vector<Config> feature_configs(std::size_t step) {
    const std::vector<Config> all = all_feature_configs();
    std::vector<Config> some;
    for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
    for (const NamedConfig& named : tiny_architectures()) some.push_back(named.config);
    return some;
}

std::size_t prove_paths(const std::vector<Config>& configs) {
    std::size_t proofs = 0;
    for (const Config& config : configs)
        for (int order = 0; order <= config.n_layers; ++order, ++proofs) {
            const Verification result = verify_paths(config, order, {.trials = 1});
            EXPECT_TRUE(result.holds) << describe(config) << "\norder " << order << ": " << result.failure;
        }
    return proofs;
}

void prove_scores(const std::vector<Config>& configs) {
    for (const Config& config : configs)
        for (int layer = 0; layer < config.n_layers; ++layer)
            for (int head = 0; head < config.n_heads; ++head) {
                const Verification result = verify_score(config, {layer, head}, {.trials = 1});
                EXPECT_TRUE(result.holds) << describe(config) << "\n"
                                          << label(Head{layer, head}) << ": " << result.failure;
            }
}

void prove_folding(const std::vector<Config>& configs) {
    for (const Config& config : configs) {
        if (config.positions == Positions::Shortformer && config.folding.gains)
            continue;  // see below: no identity
        const Verification result = verify_folding(config, {.trials = 1});
        EXPECT_TRUE(result.holds) << describe(config) << "\n" << result.failure;
    }
}

TEST(Proof, PathsOfEveryOrderCloseInTinyModels) { EXPECT_GT(prove_paths(tiny_configs(41)), 400U); }
TEST(ProofLong, PathsOfEveryOrderCloseInAllTinyModels) { EXPECT_GT(prove_paths(tiny_configs(1)), 18000U); }
TEST(Proof, ScoresOfEveryHeadCloseInTinyModels) { prove_scores(tiny_configs(41)); }
TEST(ProofLong, ScoresOfEveryHeadCloseInAllTinyModels) { prove_scores(tiny_configs(1)); }
TEST(Proof, FoldedWeightsGiveTheSameLogitsInTinyModels) { prove_folding(tiny_configs(41)); }
TEST(ProofLong, FoldedWeightsGiveTheSameLogitsInAllTinyModels) { prove_folding(tiny_configs(1)); }

TEST(Proof, PathsOfOpenModelsCloseWithEveryFeature) { EXPECT_GT(prove_paths(feature_configs(17)), 250U); }
TEST(ProofLong, PathsOfOpenModelsCloseWithAllCombinationsOfFeatures) {
    EXPECT_GT(prove_paths(feature_configs(1)), 3000U);
}
TEST(Proof, ScoresOfOpenModelsCloseWithEveryFeature) { prove_scores(feature_configs(17)); }
TEST(ProofLong, ScoresOfOpenModelsCloseWithAllCombinationsOfFeatures) { prove_scores(feature_configs(1)); }
TEST(Proof, FoldedWeightsGiveTheSameLogitsWithEveryFeature) { prove_folding(feature_configs(17)); }
TEST(ProofLong, FoldedWeightsGiveTheSameLogitsWithAllCombinationsOfFeatures) {
    prove_folding(feature_configs(1));
}

TEST(Proof, ANonlinearHeadHasNoPathsButScoresThatClose) {
    EXPECT_THROW(verify_paths(tiny_bert(true), 1), Error);
    prove_scores({tiny_bert(true)});
    prove_folding({tiny_bert(true)});
}

TEST(Proof, SaysThatASoftCapComesBehindTheSums) {
    const Verification paths = verify_paths(tiny_gemma2(), 1);
    EXPECT_THAT(paths.proved, testing::Contains(HasSubstr("before their soft cap, are the sum")));
    const Verification score = verify_score(tiny_gemma2(), {1, 0});
    EXPECT_THAT(score.proved, testing::Contains(HasSubstr("before its soft cap, is the sum")));
    EXPECT_THAT(verify_score(tiny_bloom(), {1, 0}).proved,
                testing::Contains(HasSubstr("and one for their distance")));
}

// A post norm that a path forgets, a wrong slope, a wrong rotation: each is found.
Verification score_after(const Config& config, const std::function<void(ScoreExpansion&)>& change) {
    const FrozenModel model(config);
    ScoreExpansion expansion = expand_score(model, {1, 0});
    change(expansion);
    return verify_score_terms(model, expansion);
}

Expr with_leaf(const Expr& product_node, const Expr& before, const Expr& after) {
    std::vector<Use> factors = product_node->as<Product>()->factors;
    for (Use& factor : factors)
        if (factor.node == before) factor.node = after;
    return product(factors, product_node->ports(), product_node->as<Product>()->bound);
}

TEST(Proof, MistakesOfTheNewFeaturesAreFound) {
    EXPECT_FALSE(score_after(tiny_bloom(), [](ScoreExpansion& e) {
                     e.alibi = with_leaf(e.alibi, head_leaf("slope", {1, 0}), head_leaf("slope", {1, 1}));
                 }).holds);
    EXPECT_FALSE(score_after(tiny_bloom(), [](ScoreExpansion& e) { e.alibi = nullptr; }).holds);
    const Config gemma = tiny_gemma3();
    const auto rope = [&](int layer) { return structure({Relation::Rope, 0, gemma.rotary_of(layer)}); };
    EXPECT_FALSE(score_after(gemma, [&](ScoreExpansion& e) {
                     e.query[0].node = with_leaf(e.query[0].node, rope(1), rope(0));
                 }).holds);
    EXPECT_FALSE(score_after(gemma, [&](ScoreExpansion& e) {
                     e.query[0].node = with_leaf(e.query[0].node, head_leaf("q_norm.w", {1, 0}, 2),
                                                 head_leaf("k_norm.w", {1, 0}, 2));
                 }).holds);
    EXPECT_TRUE(score_after(gemma, [](ScoreExpansion&) {}).holds);
}

TEST(Proof, AnotherWindowIsAnotherModel) {
    Config wider = tiny_gemma2();
    wider.layer_attention[0].window = 3;
    const Expr narrow = transformer(tiny_gemma2()).output;
    EXPECT_FALSE(verify_equal(narrow, transformer(wider).output, wider, {.trials = 4}).holds);
}

// The sum of the listed terms of an order is the order's sum that is made without listing.
TEST(Proof, SumsByOrderAreTheSumsOfTheirPaths) {
    for (const Config& config : tiny_configs(173)) {
        const FrozenModel model(config);
        const LogitOrders orders = expand_orders(model, config.n_layers);
        std::vector<std::vector<Term>> terms(orders.order.size());
        Paths paths(config, {.max_heads = config.n_layers, .max_paths = 1000, .source = {}});
        while (const std::optional<Path> path = paths.next())
            terms[static_cast<std::size_t>(order(*path))].push_back({1, {path_term(model, *path), {0, 1}}});
        for (std::size_t i = 0; i < terms.size(); ++i) {
            const Expr listed = sum(terms[i], {Space::Position, Space::Vocab});
            EXPECT_TRUE(verify_equal(orders.order[i], listed, config).holds) << describe(config) << i;
        }
    }
}

Config gpt2_small() {
    Config config = two_layers();
    config.n_layers = config.n_heads = config.n_kv_heads = 12;
    config.d_mlp = 3072;
    config.norm = Norm::LayerNorm;
    config.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true};
    config.folding = {true, true, false};
    return config;
}

TEST(Proof, Gpt2SmallIsProvedThroughOneHead) {
    const Verification result = verify_paths(gpt2_small(), 1);
    EXPECT_TRUE(result.holds) << result.failure;
    EXPECT_GT(result.terms, 2000U);
    EXPECT_LT(result.collision_bound, 1e-15);
}

// Gemma 2 2B: 26 layers, windows in every second one, real rotary dimensions.
TEST(ProofLong, AModelOfRealDepthWithEveryFeatureIsProvedThroughOneHead) {
    Config config = tiny_gemma2();
    config.n_layers = 26;
    config.n_heads = 8;
    config.n_kv_heads = 4;
    config.d_head = config.rotary.dims = 256;
    config.layer_attention.clear();
    for (int layer = 0; layer < config.n_layers; ++layer)
        config.layer_attention.push_back({layer % 2 == 0 ? 4096 : 0, config.rotary});
    const Verification paths = verify_paths(config, 1);
    EXPECT_TRUE(paths.holds) << paths.failure;
    EXPECT_EQ(paths.terms, 1U + 26 + 26 * 8 + 8 * 26 * 25 / 2);
    const Verification score = verify_score(config, {25, 7}, {.trials = 1});
    EXPECT_TRUE(score.holds) << score.failure;
    EXPECT_TRUE(verify_folding(config, {.trials = 1}).holds);
}

TEST(Proof, SaysWhatItProvesAndWhatNot) {
    const Verification result = verify_paths(two_layers(), 1, {.trials = 3});
    ASSERT_TRUE(result.holds);
    EXPECT_THAT(result.proved, testing::Contains(HasSubstr("sum of 10 path terms and the remainder")));
    EXPECT_THAT(result.proved, testing::Contains(HasSubstr("2 layers, 2 query heads, 2 key-value heads")));
    EXPECT_THAT(result.not_proved, testing::Contains(HasSubstr("stay what they are")));
    EXPECT_THAT(result.not_proved, testing::Contains(HasSubstr("right one for the file")));
    EXPECT_EQ(result.extents.size(), 3U);
    EXPECT_EQ(result.extents.front()[Space::Layer], 2);
}

// The terms of `two_layers` through at most one head, after a change.
Verification after(const std::function<void(std::vector<PathTerm>&, Expr& remainder)>& change) {
    const FrozenModel model(two_layers());
    std::vector<PathTerm> terms;
    Paths paths(two_layers(), {.max_heads = 1, .max_paths = 100, .source = {}});
    while (const std::optional<Path> path = paths.next()) terms.push_back({*path, path_term(model, *path)});
    Expr remainder = expand_orders(model, 1).remainder;
    change(terms, remainder);
    std::size_t next = 0;
    const auto source = [&] { return next < terms.size() ? std::optional(terms[next++]) : std::nullopt; };
    return verify_path_terms(model, source, remainder);
}

TEST(Proof, AMissingTermIsFoundWithTheEntry) {
    const Verification result = after([](auto& terms, Expr&) { terms.pop_back(); });
    EXPECT_FALSE(result.holds);
    EXPECT_THAT(result.failure, HasSubstr("trial 0: the sum: entry [0, 0] is "));
    EXPECT_TRUE(result.proved.empty());
}

TEST(Proof, TwoExchangedPathsAreFoundAlthoughTheSumIsRight) {
    const Verification result = after([](auto& terms, Expr&) { std::swap(terms[2].term, terms[3].term); });
    EXPECT_FALSE(result.holds);
    EXPECT_THAT(result.failure, HasSubstr("a term is not what it is called"));
}

TEST(Proof, AFrozenValueOfAnotherNetworkIsRefusedByName) {
    const Expr other = tensor({"scores", -1, -1, -1}, {Space::Head, Space::Position, Space::Position});
    const Verification result = after([&](auto&, Expr& remainder) {
        const Index q{Space::Position, 0}, v{Space::Vocab, 0}, h{Space::Head, 0};
        remainder = product({{frozen("A", 0, other), {h, q, q}}, {remainder, {q, v}}}, {q, v});
    });
    EXPECT_FALSE(result.holds);
    EXPECT_THAT(result.failure, HasSubstr("the remainder: the frozen value A[L0] links to a node"));
}

// Positions that are added between a norm and its readers would be multiplied by the gain.
TEST(Proof, GainsThatAreFoldedInAShortformerAreFoundOut) {
    Config config = two_layers();
    config.norm = Norm::RmsNorm;
    config.folding.gains = true;
    EXPECT_TRUE(verify_folding(config).holds);
    config.positions = Positions::Shortformer;
    EXPECT_FALSE(verify_folding(config).holds);
}

// Without a final norm nothing takes the mean away again: such a folding is no identity.
TEST(Proof, CentringWithoutAFinalNormIsFoundOut) {
    Config config = two_layers();
    config.norm = Norm::LayerNorm;
    config.folding.gains = config.folding.centring = true;
    EXPECT_TRUE(verify_folding(config).holds);
    config.final_norm = false;
    EXPECT_FALSE(verify_folding(config).holds);
}

TEST(Proof, DifferentExpressionsAreToldApart) {
    const Expr a = tensor({"a", -1, -1, -1}, {Space::Residual, Space::Residual});
    const Expr transposed = product({{a, {1, 0}}}, a->ports(), std::vector<Space>{});
    EXPECT_TRUE(verify_equal(a, a).holds);
    EXPECT_THAT(verify_equal(a, transposed).failure, HasSubstr("trial 0: entry [0, 1] is "));
}

TEST(Proof, WhatCannotBeComparedIsRefused) {
    const Expr a = tensor({"a", -1, -1, -1}, {Space::Residual}),
               b = tensor({"a", -1, -1, -1}, {Space::Vocab});
    EXPECT_THROW(verify_equal(a, b), Error);
    EXPECT_THROW(verify_equal(a, a, {.trials = 0}), Error);
    EXPECT_THROW(verify_paths(gpt2_small(), 4, {.max_paths = 1000}), Error);
}

void check_random_expressions(std::uint64_t n, std::uint64_t seed) {
    const SelfCheck check = check_passes(n, seed);
    EXPECT_EQ(check.passes.size(), 11U);
    for (const PassCheck& pass : check.passes) {
        EXPECT_EQ(pass.failed, 0U) << pass.pass << ": " << pass.first_failure;
        EXPECT_GT(pass.applied, n / 5) << pass.pass;
        EXPECT_GE(pass.changed, pass.pass == "print and parse" ? 0 : n / 50) << pass.pass;
    }
}

TEST(Proof, EveryPassKeepsTheValuesOfRandomExpressions) { check_random_expressions(1000, 1); }
TEST(ProofLong, EveryPassKeepsTheValuesOfTenThousandRandomExpressions) { check_random_expressions(10000, 0); }

std::string table(const std::vector<MutantCount>& counts) {
    std::string text;
    for (const MutantCount& each : counts) {
        text += fmt::format("{:<13} {:>5} rejected, {} survived; {} no mistakes:", each.pass,
                            each.total_rejected(), each.survived, each.total_excused());
        for (const auto& [why, n] : {std::pair("same", each.same), std::pair("symmetric", each.symmetric),
                                     std::pair("irrelevant", each.irrelevant),
                                     std::pair("summed", each.summed), std::pair("tables", each.tables)})
            text += fmt::format(" {} {}", why, n);
        text += '\n';
    }
    return text;
}

void reject_mutants(std::uint64_t per_pass, std::uint64_t seed) {
    const std::vector<MutantCount> counts = count_mutants(per_pass, seed);
    EXPECT_EQ(counts.size(), 17U);
    for (const MutantCount& each : counts) {
        EXPECT_GE(each.total_rejected(), per_pass) << each.pass;
        EXPECT_EQ(each.survived, 0U) << each.pass << ": " << testing::PrintToString(each.survivors);
        EXPECT_LT(each.total_excused() - each.same, per_pass / 10 + 1) << each.pass;
    }
    // What real expansions accept is the same object, or a pattern behind a bias.
    for (std::size_t i = 9; i < counts.size(); ++i)
        EXPECT_EQ(counts[i].symmetric + counts[i].summed + counts[i].tables, 0U) << counts[i].pass;
    std::cout << table(counts);
}

TEST(Proof, MutantsOfEveryPassAreRejected) { reject_mutants(100, 1); }
TEST(ProofLong, AThousandMutantsOfEveryPassAreRejected) { reject_mutants(1000, 0); }

}  // namespace
}  // namespace headway
