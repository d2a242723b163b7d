// Edits of a network: what they make of it, proved exactly.
// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/edit.hpp"

#include "expand/edit_mutants.hpp"
#include "expand/replace.hpp"
#include "expand/small_models.hpp"
#include "expand/tiny.hpp"
#include "headway/expand/edit_text.hpp"
#include "headway/expand/select.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <set>

namespace headway {
namespace {

using test::expect_error;

bool same(const Expr& left, const Expr& right, const Config& config, std::uint64_t seed = 0) {
    return verify_equal(left, right, config, {.trials = 1, .seed = seed}).holds;
}

// The network of `config`, edited as the text says.
Network edited(const Config& config, const std::string& text) {
    return edit(transformer(config), config, parse_edits(text, config));
}

// All edges that a head writes to.
Edits all_edges_of(const Config& config, Head writer) { return {.edges = edges_from(config, writer)}; }

std::vector<Config> every_nth_model(std::size_t step) {
    const std::vector<NamedConfig> all = tiny_models();
    std::vector<Config> some;
    for (std::size_t i = 0; i < all.size(); i += step)
        if (all[i].config.n_layers > 0) some.push_back(all[i].config);
    for (const Config& config : small_models()) some.push_back(config);
    return some;
}

// 1, as there is no such leaf.
Expr one() {
    const Index h{Space::Head, 0};
    return product({{one_hot(Space::Head, 0), {h}}}, {});
}

TEST(Edit, OfNothingIsTheNetworkItself) {
    for (const Config& config : small_models()) {
        const Network network = transformer(config);
        const Network same_network = edit(network, config, {});
        EXPECT_EQ(same_network.output, network.output);
        EXPECT_EQ(same_network.definitions, network.definitions);
        EXPECT_EQ(edited_output_weight(config, 0, {}), leaf("W_O", 0, config.group_size()));
    }
}

TEST(Edit, KeepsAllNames) {
    for (const Config& config : small_models()) {
        const Network network = transformer(config);
        const Network other = edit(network, config, {.heads = {{{0, 0}}}});
        ASSERT_EQ(other.definitions.size(), network.definitions.size());
        for (std::size_t i = 0; i < network.definitions.size(); ++i)
            EXPECT_EQ(other.definitions[i].name, network.definitions[i].name);
    }
}

TEST(Edit, IsReadBackFromItsText) {
    const Config config = tiny_gpt2();
    for (const char* text :
         {"L0H1", "L0H0=0.5", "L0H1.V:{0,2}", "L0H0>L1H1.K,L0H1>L1H0.Q,mlp0>L1H0.V", "L0H0>mlp1,L0H1>unembed",
          "L0H1.V:{0,2}=0.5,L0H1.V:1", "L0H0>L1H1.K=0.5,mlp0>L1H0.Q=2", "L0H0>mlp1=0.5,mlp0>unembed=3"}) {
        const Network network = edited(config, text);
        EXPECT_EQ(parse_network(to_text(network)).output, network.output) << text;
    }
}

TEST(Edit, ClosingEveryEdgeOfAHeadIsRemovingIt) {
    int proved = 0;
    for (const Config& config : every_nth_model(13)) {
        if (!closing_is_removing(config)) continue;
        const Network network = transformer(config);
        const Head head{0, config.n_heads - 1};
        const Network removed = edit(network, config, {.heads = {{head}}});
        const Network closed = edit(network, config, all_edges_of(config, head));
        ASSERT_TRUE(same(removed.output, closed.output, config)) << to_text(closed);
        ASSERT_FALSE(same(removed.output, network.output, config));
        for (int layer = 0; layer < config.n_layers; ++layer) {
            const std::string pattern = fmt::format("A[L{}]", layer);
            ASSERT_TRUE(same(removed.at(pattern), closed.at(pattern), config)) << pattern;
        }
        ++proved;
    }
    std::cout << proved << " models\n";
    EXPECT_GT(proved, 100);
}

TEST(Edit, LeavingOneEdgeOpenIsNotRemoving) {
    for (const Config& config : small_models()) {
        if (!closing_is_removing(config)) continue;
        const Network network = transformer(config);
        const Expr removed = edit(network, config, {.heads = {{{0, 1}}}}).output;
        Edits edits = all_edges_of(config, {0, 1});
        for (std::size_t i = 0; i < edits.edges.size(); ++i) {
            Edits some = edits;
            some.edges.erase(some.edges.begin() + static_cast<std::ptrdiff_t>(i));
            // Shared keys and values are closed by any head of the group.
            const ScaledEdge& open = edits.edges[i];
            if (config.group_size() > 1 && (open.input == Reader::K || open.input == Reader::V)) continue;
            EXPECT_FALSE(same(removed, edit(network, config, some).output, config)) << label(open);
        }
    }
}

TEST(Edit, TheQueriesOfEachHeadReadTheirOwnStream) {
    // Written by hand: two layers of two heads, the key of L1H1 without what L0H0 wrote.
    const Config config = tiny();
    const Network network = edited(config, "L0H0>L1H1.K");
    const std::string by_hand =
        "x0[q,d] = token[q,v] W_E[v,d]\n"
        "S0[h,q,k] = x0[q,d] W_Q[L0][h,d,e] W_K[L0][h,d1,e] x0[k,d1] scale[L0]\n"
        "A0[h,q,k] = softmax_k(causal[q,k]; S0[h,q,k])\n"
        "out[q,d] = one_hot(0)[h] A0[h,q,k] x0[k,d1] W_V[L0][h,d1,e] W_O[L0][h,e,d]\n"
        "all[q,d] = A0[h,q,k] x0[k,d1] W_V[L0][h,d1,e] W_O[L0][h,e,d]\n"
        "x1[q,d] = x0[q,d] + all[q,d]\n"
        "left[q,d] = x1[q,d] - out[q,d]\n"
        "S1[q,k] = x1[q,d] W_Q[L1H0][d,e] W_K[L1H0][d1,e] x1[k,d1] scale[L1]\n"
        "open[q,k] = softmax_k(causal[q,k]; S1[q,k])\n"
        "S2[q,k] = x1[q,d] W_Q[L1H1][d,e] W_K[L1H1][d1,e] left[k,d1] scale[L1]\n"
        "shut[q,k] = softmax_k(causal[q,k]; S2[q,k])\n"
        "y[q,d] = open[q,k] x1[k,d1] W_V[L1H0][d1,e] W_O[L1H0][e,d]\n"
        "z[q,d] = shut[q,k] x1[k,d1] W_V[L1H1][d1,e] W_O[L1H1][e,d]\n"
        "x2[q,d] = x1[q,d] + y[q,d] + z[q,d]\n"
        "logits[q,v] = x2[q,d] W_U[d,v]\n";
    EXPECT_TRUE(same(parse_network(by_hand).output, network.output, config));
}

TEST(Edit, ClosingIntoOneHeadLeavesTheOthersAsTheyWere) {
    for (const Config& config : every_nth_model(101)) {
        if (config.n_layers < 2 || config.n_heads < 2 || config.norms_stream()) continue;
        if (config.query_key_norm == QueryKeyNorm::Layer) continue;
        const Network network = transformer(config), other = edited(config, "L0H0>L1H1.Q");
        const int groups = config.group_size();
        EXPECT_TRUE(same(select_head(network.at("A[L1]"), 0, groups),
                         select_head(other.at("A[L1]"), 0, groups), config));
        EXPECT_FALSE(same(select_head(network.at("A[L1]"), 1, groups),
                          select_head(other.at("A[L1]"), 1, groups), config));
    }
}

TEST(Edit, TwoStepsAreOne) {
    const std::vector<std::pair<std::string, std::string>> pairs{{"L0H0", "L0H1=3"},
                                                                 {"L0H0.V:0", "L0H1.V:{0,1}"},
                                                                 {"L0H0=2", "L1H1"},
                                                                 {"L0H0>L1H1.K", "L0H1>L1H1.K"},
                                                                 {"L0H0>L1H0.K", "L0H0>L1H1.K"},
                                                                 {"L0H1>L1H1.Q", "L0H0>L1H1.V"},
                                                                 {"L0H1=2", "L0H1>L1H1.K"},
                                                                 {"L0H0.V:0=2", "L0H1.V:{0,1}"},
                                                                 {"L0H0>L1H1.K=2", "L0H1>L1H1.K=3"},
                                                                 {"L0H0>L1H1.K=2", "L0H0>L1H0.K"},
                                                                 {"L0H1>L1H1.Q=2", "L0H1>unembed=2"}};
    for (const Config& config : {tiny(), tiny_gpt2(), tiny_gpt2(2, 2, false)}) {
        for (const auto& [first, second] : pairs) {
            const Network once = edited(config, first + "," + second);
            const Network twice = edit(edited(config, first), config, parse_edits(second, config));
            EXPECT_TRUE(same(once.output, twice.output, config)) << first << " then " << second;
        }
    }
}

TEST(Edit, EditsOfDifferentHeadsCommute) {
    for (const Config& config : small_models()) {
        if (config.norms_after() && config.folding.gains) continue;
        const Edits a = parse_edits("L0H0.V:0,L1H1=2", config), b = parse_edits("L0H1,L1H0.V:1", config);
        const Network network = transformer(config);
        EXPECT_TRUE(same(edit(edit(network, config, a), config, b).output,
                         edit(edit(network, config, b), config, a).output, config));
    }
}

TEST(Edit, ScalingByOneIsNothingAndByZeroIsRemoving) {
    for (const Config& config : small_models()) {
        const Network network = transformer(config), scaled = edited(config, "L0H1=2");
        const Expr factor = head_leaf("head_scale", {0, 1}, config.group_size());
        Replacer by_one, by_zero;
        by_one.replace(factor, one());
        by_zero.replace(factor, sum(std::vector<Term>{}, {}));
        EXPECT_TRUE(same(by_one.run(scaled.output), network.output, config));
        EXPECT_TRUE(same(by_zero.run(scaled.output), edited(config, "L0H1").output, config));
        EXPECT_FALSE(same(scaled.output, network.output, config));
    }
}

TEST(Edit, AnEdgeOrComponentsScaledByOneAreNothingAndByZeroAreRemoved) {
    const auto with = [](const Network& network, const Expr& factor, const Expr& value) {
        Replacer replacer;
        replacer.replace(factor, value);
        return replacer.run(network.output);
    };
    const auto compare = [&](const Config& config, const std::string& item, const Expr& factor,
                             const Expr& ones, const Expr& zeros) {
        const Network scaled = edited(config, item + "=2");
        EXPECT_TRUE(same(with(scaled, factor, ones), transformer(config).output, config)) << item;
        EXPECT_TRUE(same(with(scaled, factor, zeros), edited(config, item).output, config)) << item;
        EXPECT_FALSE(same(scaled.output, transformer(config).output, config)) << item;
        EXPECT_FALSE(same(scaled.output, edited(config, item).output, config)) << item;
    };
    const Expr none = sum(std::vector<Term>{}, {});
    for (const Config& config : small_models()) {
        if (!config.norms_after() || !config.folding.gains)
            compare(config, "L0H1.V:{0,2}", head_leaf("component_scale", {0, 1}, config.group_size()),
                    copy(Space::Channel, 1), zero({Space::Channel}));
        for (const char* item : {"L0H1>L1H0.Q", "L0H0>L1H1.K", "L0H1>L1H1.V", "mlp0>L1H0.K", "L0H0>mlp1",
                                 "L0H1>unembed", "mlp1>unembed"}) {
            const bool of_mlp = std::string(item).find("mlp") != std::string::npos;
            if (config.norms_stream() || (of_mlp && !config.has_mlp())) continue;
            const ScaledEdge edge = parse_edits(item, config).edges.front();
            compare(config, item, edge_scale(config, edge), one(), none);
        }
    }
}

TEST(Edit, ScalingEveryEdgeOfAHeadIsScalingIt) {
    int proved = 0;
    for (const Config& config : every_nth_model(41)) {
        if (!closing_is_removing(config)) continue;
        const Network network = transformer(config);
        const Head head{0, config.n_heads - 1};
        const Network edges = with_edges_scaled(network, config, head);
        EXPECT_TRUE(same(edit(network, config, {.heads = {{head, 2}}}).output, edges.output, config));
        EXPECT_FALSE(same(network.output, edges.output, config));
        ++proved;
    }
    std::cout << proved << " models\n";
    EXPECT_GT(proved, 30);
}

TEST(Edit, AScaledEdgeIsReadAsPartOfWhatItsWriterWrote) {
    // Written by hand: the key of L1H1 reads what is left of L0H0 and of L0H1.
    const Config config = tiny();
    const Network network = transformer(config);
    const Network other = edited(config, "L0H0>L1H1.K=0.5,L0H1>L1H1.K=2");
    const Expr by_hand =
        parse_network(
            "w0[q,d] = A0[q,k] V0[k,e] W_O[L0H0][e,d]\n"
            "w1[q,d] = A1[q,k] V1[k,e] W_O[L0H1][e,d]\n"
            "s[q,d] = x0[q,d] + w0[q,d] edge_scale.L0H0.K[L1H1] + w1[q,d] edge_scale.L0H1.K[L1H1]\n"
            "K[q,e] = s[q,d] W_K[L1H1][d,e]",
            {{"x0", network.at("x0")},
             {"A0", select_head(network.at("A[L0]"), 0)},
             {"A1", select_head(network.at("A[L0]"), 1)},
             {"V0", select_head(network.at("V[L0]"), 0)},
             {"V1", select_head(network.at("V[L0]"), 1)}})
            .output;
    EXPECT_TRUE(same(select_head(other.at("K[L1]"), 1), by_hand, config));
    EXPECT_TRUE(same(select_head(other.at("K[L1]"), 0), select_head(network.at("K[L1]"), 0), config));
}

TEST(Edit, ScaledComponentsAreMultipliedInWhatTheHeadWrites) {
    // W_V W_O' = W_V W_O (1 - Σ (1 - f) v vᵀ): component 0 is scaled, component 2 removed.
    const Config config = tiny(1, 2);
    const Expr weight = edited_output_weight(config, 0, parse_edits("L0H1.V:0=0.5,L0H1.V:2", config));
    const Expr by_hand = parse_network(
                             "a[e] = W_O[L0H1][e,d] V_OV[L0H1][c,d] one_hot(0)[c]\n"
                             "b[e] = W_O[L0H1][e,d] V_OV[L0H1][c,d] one_hot(2)[c]\n"
                             "v0[d] = V_OV[L0H1][c,d] one_hot(0)[c]\n"
                             "v2[d] = V_OV[L0H1][c,d] one_hot(2)[c]\n"
                             "w[e,d] = W_O[L0H1][e,d] - a[e] v0[d] + a[e] v0[d] component_scale[L0H1][c] "
                             "one_hot(0)[c] - b[e] v2[d]\n")
                             .output;
    EXPECT_TRUE(same(select_head(weight, 1), by_hand, config));
}

TEST(Edit, RemovedComponentsAreTakenFromWhatTheHeadWrites) {
    // W_V W_O' = W_V W_O (1 - Σ v vᵀ), and no other head is another.
    const Config config = tiny(1, 2);
    const Expr weight = edited_output_weight(config, 0, parse_edits("L0H1.V:{0,2}", config));
    const Expr by_hand = parse_network(
                             "c[c] = one_hot(0)[c] + one_hot(2)[c]\n"
                             "p[d,d1] = c[c] V_OV[L0H1][c,d] V_OV[L0H1][c,d1]\n"
                             "w[e,d] = W_O[L0H1][e,d] - W_O[L0H1][e,d1] p[d1,d]\n")
                             .output;
    EXPECT_TRUE(same(select_head(weight, 1), by_hand, config));
    EXPECT_TRUE(same(select_head(weight, 0), head_leaf("W_O", {0, 0}), config));
}

TEST(Edit, AGivenPatternTakesThePlaceOfTheHeadsOwn) {
    for (const Config& config : small_models()) {
        const Network network = transformer(config);
        const Edits edits{.given_patterns = {{1, 1}}};
        const Expr given = edit(network, config, edits).at("A[L1]");
        const int groups = config.group_size();
        EXPECT_TRUE(same(select_head(given, 1, groups), head_leaf("given_pattern", {1, 1}, groups), config));
        EXPECT_TRUE(same(select_head(given, 0, groups), select_head(network.at("A[L1]"), 0, groups), config));
    }
}

TEST(Edit, FrozenNormScalesAreThoseOfTheWholeStream) {
    const Config config = tiny_gpt2();
    Edits edits = parse_edits("L0H0>L1H1.K", config);
    const Network network = transformer(config), anew = edit(network, config, edits);
    edits.frozen_norm_scales = true;
    const Network frozen = edit(network, config, edits);
    EXPECT_FALSE(same(anew.output, frozen.output, config));
    // The unembedding too: its scale is that of the stream that nothing is taken from.
    edits = parse_edits("L0H0>unembed", config);
    edits.frozen_norm_scales = true;
    const Network last = edit(network, config, edits);
    EXPECT_EQ(last.at("rstd_final"), network.at("rstd_final"));
    EXPECT_FALSE(same(last.output, network.output, config));
    EXPECT_FALSE(same(last.output, edited(config, "L0H0>unembed").output, config));
    // With the scale frozen the key is linear in the stream: it loses what the head wrote times the scale.
    const Expr out = parse_network("A0[q,k] V0[k,e] W_O[L0H0][e,d] -> [q,d]",
                                   {{"A0", select_head(network.at("A[L0]"), 0)},
                                    {"V0", select_head(network.at("V[L0]"), 0)}})
                         .output;
    const Expr by_hand =
        parse_network(
            "K[q,e] = K1[q,e] - rstd[q] out[q,d] W_K[L1H1][d,e]",
            {{"K1", select_head(network.at("K[L1]"), 1)}, {"rstd", network.at("rstd1[L1]")}, {"out", out}})
            .output;
    EXPECT_TRUE(same(select_head(frozen.at("K[L1]"), 1), by_hand, config));
}

TEST(Edit, AnEdgeIntoAKeyIsOneIntoItsGroup) {
    Config config = tiny(2, 4);
    config.n_kv_heads = 2;
    const Network network = transformer(config);
    EXPECT_EQ(edited(config, "L0H0>L1H2.K").output, edited(config, "L0H0>L1H3.K").output);
    EXPECT_EQ(edited(config, "L0H0>L1H{2,3}.K").output, edited(config, "L0H0>L1H3.K").output);
    EXPECT_TRUE(same(edited(config, "L0H0>L1H2.K,L0H1>L1H3.K").output,
                     edited(config, "L0H{0,1}>L1H2.K").output, config));
    EXPECT_EQ(edited(config, "L0H0>L1H2.K=2").output, edited(config, "L0H0>L1H{2,3}.K=2").output);
    EXPECT_EQ(to_text(edge_scale(config, parse_edits("L0H0>L1H2.K", config).edges.front())),
              "out = edge_scale.L0H0.K[L1G1]\n");
    expect_error(ErrorKind::Usage, "L1H2 and L1H3 share keys: one edge, which is given the factors 0 and 0.5",
                 [&] { return parse_edits("L0H0>L1H2.K,L0H0>L1H3.K=0.5", config); });
    EXPECT_FALSE(same(edited(config, "L0H0>L1H2.Q").output, edited(config, "L0H0>L1H3.Q").output, config));
}

TEST(Edit, DifferentEditsGiveDifferentNetworks) {
    const Config config = tiny_gpt2();
    const ModularModel model = modular_model(config, 1);
    std::set<std::vector<std::uint64_t>> values{ModularRun(model).value(transformer(config).output).values};
    std::size_t n = 1;
    for (const char* reader : {"L1H0.Q", "L1H0.K", "L1H0.V", "L1H1.Q", "L1H1.K", "L1H1.V", "mlp1", "unembed"})
        for (const char* writer : {"L0H0", "L0H1", "mlp0"}) {
            const Network network = edited(config, std::string(writer) + ">" + reader);
            values.insert(ModularRun(model).value(network.output).values);
            ++n;
        }
    for (const char* text :
         {"L0H0",          "L0H1",          "L1H0",          "L0H0=2",        "L0H1=2",
          "L0H0.V:0",      "L0H0.V:1",      "L0H1.V:0",      "L0H0.V:0=2",    "L0H0.V:1=2",
          "L0H1.V:0=2",    "L0H0>L1H0.K=2", "L0H1>L1H0.K=2", "L0H0>L1H1.K=2", "L0H0>L1H0.Q=2",
          "L0H0>L1H0.V=2", "mlp0>L1H0.K=2", "L0H0>mlp1=2",   "mlp0>mlp1=2",   "L0H0>unembed=2"}) {
        values.insert(ModularRun(model).value(edited(config, text).output).values);
        ++n;
    }
    EXPECT_EQ(values.size(), n);
}

TEST(Edit, MutantsOfEditedNetworksAreRejected) {
    const std::vector<Config> models = small_models();
    const MutantCount count = count_equality_mutants(
        "edit", 200, 5, [&](std::uint64_t seed) { return of_edit(models[seed % models.size()], seed); });
    std::cout << count.total_rejected() << " mutants rejected, " << count.survived << " survived, "
              << count.total_excused() << " excused\n";
    EXPECT_EQ(count.total_rejected(), 200u);
    EXPECT_EQ(count.survived, 0u) << (count.survivors.empty() ? "" : count.survivors.front());
}

TEST(Edit, RefusesWhatItCannotDo) {
    const Config config = tiny(2, 2);
    const auto refuses = [&](ErrorKind kind, const std::string& text, const char* words) {
        expect_error(kind, words, [&] { return parse_edits(text, config); });
    };
    refuses(ErrorKind::Unsupported, "L2H0", "there is no layer 2: the model has layers 0 to 1");
    refuses(ErrorKind::Unsupported, "L1H2=1", "there is no head L1H2: layer 1 has heads 0 to 1");
    refuses(ErrorKind::Usage, "L1H0>L1H1.K", "L1H0>L1H1.K: the reader does not see what the writer writes");
    refuses(ErrorKind::Unsupported, "L0H0>mlp1", "there is no mlp1: the model has attention only");
    refuses(ErrorKind::Usage, "L0H0.V:3", "L0H0 has no component 3: a head has components 0 to 2");
    refuses(ErrorKind::Usage, "L0H0,L0H0=2", "L0H0 is given twice, with the factors 0 and 2");
    refuses(ErrorKind::Usage, "L0H0.V:{0,1}=0.5,L0H0.V:1",
            "L0H0.V:1 is given twice, with the factors 0 and 0.5");
    refuses(ErrorKind::Usage, "L0H{0,1}>L1H1.K=0.5,L0H1>L1H1.K=2",
            "L0H1>L1H1.K is given twice, with the factors 0.5 and 2");
    Config bert = tiny_gpt2(2, 2, false);
    bert.norm_placement = NormPlacement::Stream;
    expect_error(ErrorKind::Unsupported, "edges are not edited in a model with norms on its residual stream",
                 [&] { return edited(bert, "L0H0>L1H1.K"); });
    Config olmo = tiny(2, 2);
    olmo.norm = Norm::RmsNorm;
    olmo.norm_placement = NormPlacement::After;
    EXPECT_NO_THROW(edited(olmo, "L0H0.V:0=0.5"));  // of W_V W_O alone
    olmo.folding.gains = true;
    expect_error(ErrorKind::Unsupported, "components of a head are not edited in a model with norms behind",
                 [&] { return edited(olmo, "L0H0.V:0=0.5"); });
}

TEST(EditText, IsReadAndPrinted) {
    Config config = tiny_gpt2(2, 8);
    config.d_head = 8;
    const auto text = [&](const char* written) { return to_text(parse_edits(written, config)); };
    EXPECT_EQ(text(""), "");
    EXPECT_EQ(text("L0H0>L1H{2,4,5,6,7}.K"), "L0H0>L1H{2,4-7}.K");
    EXPECT_EQ(text("L0H{0,2,4}>L1H{2,4-7}.K"), "L0H{0,2,4}>L1H{2,4-7}.K");
    EXPECT_EQ(text("L0H0>L1H6.K, L0H0>L1H7.K, L0H0>L1H6.K"), "L0H0>L1H{6,7}.K");
    EXPECT_EQ(text("L0H3.V:0-2,L0H3.V:2"), "L0H3.V:0-2");
    EXPECT_EQ(text("L1H3, L0H1=0.5, L0H3"), "L0H1=0.5,L0H3,L1H3");
    EXPECT_EQ(text("L0H3.V:2=0.5,L0H3.V:0,L0H3.V:{3,5}=0.5"), "L0H3.V:0,L0H3.V:{2,3,5}=0.5");
    EXPECT_EQ(text("L0H3=0,L0H3.V:0=0,L0H0>L1H1.K=-0"), "L0H3,L0H3.V:0,L0H0>L1H1.K");
    EXPECT_EQ(text("L0H0>L1H6.K=0.5,L0H0>L1H7.K=0.5,L0H0>L1H5.K,mlp0>L1H1.K=1e-3"),
              "mlp0>L1H1.K=0.001,L0H0>L1H5.K,L0H0>L1H{6,7}.K=0.5");
    EXPECT_EQ(text("mlp0>L1H*.Q"), "mlp0>L1H{0-7}.Q");
    EXPECT_EQ(text("L0H3>mlp0,L0H3>unembed"), "L0H3>mlp0,L0H3>unembed");
    for (const char* written :
         {"L0H{0,2,4}>L1H{2,4-7}.K", "L0H1=0.5,L0H3,L1H3", "L0H3.V:0-2", "L0H3.V:{0,2,5-7}",
          "L0H3.V:{0,2}=0.5,L0H3.V:1=2", "L0H{0,2,4}>L1H{2,4-7}.K=0.5,L0H1>unembed=1", "L0H3>mlp0=-2"})
        EXPECT_EQ(text(text(written).c_str()), written);
}

TEST(EditText, ShowsWhatItCannotRead) {
    const Config config = tiny(2, 2);
    for (const char* item : {"L0",          "L0H",           "H3",           "L0H0>",      "L0H0>L1H1",
                             "L0H0>L1H1.X", "L0H0=",         "L0H0=x",       "L0H{0",      "L0H{}",
                             "L0H1-0",      "L0H0.V:",       "L0H0.K:0",     "L0H0 L0H1",  "L0H-1",
                             "x",           "L0H0>L1H1.K.K", "L0H0>L1H1.K=", "L0H0.V:0=x", "L0H0=nan",
                             "L0H0=inf",    "L0H0=0.5=0.5",  "L0H0=0.5.V:0"})
        expect_error(ErrorKind::Usage, "is no edit", [&] { return parse_edits(item, config); });
}

TEST(EditText, AListCanWantFactorsOrNone) {
    const Config config = tiny(2, 2);
    expect_error(ErrorKind::Usage, "\"L0H0\" has no factor, as in L0H3=0.5",
                 [&] { return parse_edits("L0H1=2,L0H0", config, EditFactor::Required); });
    expect_error(ErrorKind::Usage, "\"L0H1=2\" has a factor: it is scaled, not removed",
                 [&] { return parse_edits("L0H0,L0H1=2", config, EditFactor::Absent); });
    EXPECT_EQ(parse_edits("L0H0=0", config, EditFactor::Required),
              parse_edits("L0H0", config, EditFactor::Absent));
}

TEST(EditNotes, NameWhatIsScaledWithItsFactor) {
    const Config config = tiny_gpt2(2, 4);
    const std::vector<std::string> notes = edit_notes(
        config, parse_edits("L0H0=2,L0H1,L0H2.V:0=0.5,L0H3.V:1,L0H2>L1H{0,1}.K=0.5,L0H3>L1H2.Q", config));
    ASSERT_EQ(notes.size(), 7u);
    EXPECT_EQ(notes[1], "Scaled: L0H0 by 2: all that the head writes, b_V included.");
    EXPECT_EQ(notes[3],
              "Components scaled: L0H2.V:0 by 0.5: W_O becomes W_O (1 - Σ (1 - f) v vᵀ), f the factor, v the "
              "singular directions that W_V W_O writes, numbered from the largest.");
    EXPECT_EQ(notes[5],
              "Scaled (2 edges): L0H2>L1H{0,1}.K=0.5. The input is read from the stream with the factor on "
              "what the writer writes there in this run; all that follows is recomputed.");
    EXPECT_EQ(notes[6], "Norm scales in front of closed or scaled inputs are recomputed.");
}

TEST(EditNotes, SayWhatIsRecomputedAndWhoSharesKeys) {
    Config config = tiny(2, 4);
    config.n_kv_heads = 2;
    config.norm = Norm::RmsNorm;
    const std::vector<std::string> notes = edit_notes(config, parse_edits("L0H0>L1H2.K", config));
    ASSERT_EQ(notes.size(), 3u);
    EXPECT_EQ(
        notes[0],
        "Closed (1 edge): L0H0>L1H2.K. The input is read from the stream without what the writer writes "
        "there in this run; all that follows is recomputed.");
    EXPECT_EQ(notes[1], "Norm scales in front of closed inputs are recomputed.");
    EXPECT_EQ(notes[2],
              "Heads that share keys and values, L1H{2,3}: an edge into K or V of one is closed for all of "
              "them.");
}

}  // namespace
}  // namespace headway
