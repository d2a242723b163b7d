// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/path_term.hpp"
#include "expand/architectures.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/distribute.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/select.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace headway {
namespace {

std::vector<Term> terms_of(const Expr& expression) {
    if (const auto* terms = expression->as<Sum>()) return terms->terms;
    std::vector<int> labels(expression->ports().size());
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i);
    return {{1, {expression, labels}}};
}

std::map<Expr, std::int64_t> multiset_of(const Expr& expression) {
    std::map<Expr, std::int64_t> result;
    for (const Term& term : terms_of(expression)) {
        EXPECT_EQ(term.use.labels, (std::vector<int>{0, 1}));
        result[term.use.node] += term.coefficient;
    }
    return result;
}

std::map<Expr, std::int64_t> all_paths(const FrozenModel& model) {
    std::map<Expr, std::int64_t> result;
    Paths paths(model.config(), {.max_heads = model.config().n_layers});
    while (const auto path = paths.next()) ++result[path_term(model, *path)];
    return result;
}

Expr multiplied_out(const FrozenModel& model) {
    return distribute(split_heads(model.linear_logits(), model.config()));
}

TEST(PathTerm, MultiplyingOutTheFrozenModelGivesExactlyThePaths) {
    std::vector<NamedConfig> models = tiny_models();
    ASSERT_GT(models.size(), 2000U);
    for (NamedConfig& named : tiny_architectures()) models.push_back(std::move(named));
    for (const NamedConfig& named : models) {
        const FrozenModel model(named.config);
        ASSERT_EQ(multiset_of(multiplied_out(model)), all_paths(model)) << named.name;
    }
}

TEST(PathTerm, ThreeLayersOfGroupedHeadsMultiplyOutToThePathsToo) {
    Config config = tiny_gpt2(3, 4);
    config.n_kv_heads = 2;
    const FrozenModel model(config);
    EXPECT_EQ(multiset_of(multiplied_out(model)), all_paths(model));
}

TEST(PathTerm, DiffersFromPathToPath) {
    const FrozenModel model(tiny_gpt2(2, 2, false));
    for (const auto& [term, count] : all_paths(model)) EXPECT_EQ(count, 1) << to_line(term);
}

TEST(PathTerm, OfGpt2SmallComesInTheKnownNumbers) {
    const FrozenModel model(tiny_gpt2(12, 12));
    std::map<int, std::set<Expr>> terms;
    Paths paths(model.config(), {.max_heads = 2, .source = Source{SourceKind::Embed}});
    while (const auto path = paths.next()) terms[order(*path)].insert(path_term(model, *path));
    EXPECT_EQ(terms[0].size(), 1U);
    EXPECT_EQ(terms[1].size(), 144U);
    EXPECT_EQ(terms[2].size(), 9504U);
}

TEST(PathTerm, IsInNormalForm) {
    for (const NamedConfig& named : tiny_architectures())
        for (const auto& [term, count] : all_paths(FrozenModel(named.config)))
            EXPECT_EQ(normalise(term), term) << to_line(term);
}

struct Row {
    std::string path;
    std::string term;
};

TEST(PathTerm, OfAnAttentionOnlyModelReadsAsInTheTable) {
    const FrozenModel model(tiny());
    for (const Row& row : std::vector<Row>{
             {"embed > unembed", "token[q,v1] W_E[v1,d] W_U[d,v] -> [q,v]"},
             {"embed > L0H1.V > unembed",
              "A[L0H1][q,k] token[k,v1] W_E[v1,d] W_V[L0H1][d,e] W_O[L0H1][e,d1] W_U[d1,v] -> [q,v]"},
             {"embed > L0H1.V > L1H0.V > unembed",
              "A[L1H0][q,k] A[L0H1][k,k1] token[k1,v1] W_E[v1,d] W_V[L0H1][d,e] W_O[L0H1][e,d1] "
              "W_V[L1H0][d1,e1] W_O[L1H0][e1,d2] W_U[d2,v] -> [q,v]"}})
        EXPECT_EQ(to_line(path_term(model, parse_path(row.path))), row.term);
}

// The line may have its factors in any order: it is read back and compared as an object.
void expect_terms(const FrozenModel& model, const std::vector<Row>& rows) {
    for (const Row& row : rows)
        EXPECT_EQ(path_term(model, parse_path(row.path)),
                  parse_network(row.term, model.frozen().definitions).output)
            << row.path << ": " << to_line(path_term(model, parse_path(row.path)));
}

TEST(PathTerm, OfAFoldedLayerNormModelReadsAsInTheTable) {
    expect_terms(
        FrozenModel(tiny_gpt2()),
        {{"embed > unembed", "rstd_final[q] token[q,v1] W_E[v1,d] W_U[d,v] -> [q,v]"},
         {"pos > L0H1.V > unembed",
          "rstd_final[q] A[L0H1][q,k] rstd1[L0][k] W_pos[k,d] W_V[L0H1][d,e] W_O[L0H1][e,d1] W_U[d1,v] -> "
          "[q,v]"},
         {"b_U > unembed", "ones[q] b_U[v] -> [q,v]"},
         {"ln_final.b > unembed", "ones[q] ln_final.b.U[v] -> [q,v]"},
         {"b_O[L1] > unembed", "rstd_final[q] b_O[L1][d] W_U[d,v] -> [q,v]"},
         {"mlp1 > unembed", "rstd_final[q] mlp[L1][q,d] W_U[d,v] -> [q,v]"},
         {"b_V[L1H0] > unembed", "rstd_final[q] A[L1H0][q,k] b_V[L1H0][e] W_O[L1H0][e,d] W_U[d,v] -> [q,v]"},
         {"ln1.b[L1] > L1H0.V > unembed",
          "rstd_final[q] A[L1H0][q,k] ln1.b.V[L1H0][e] W_O[L1H0][e,d] W_U[d,v] -> [q,v]"},
         {"mlp0 > L1H1.V > unembed",
          "rstd_final[q] A[L1H1][q,k] rstd1[L1][k] mlp[L0][k,d] W_V[L1H1][d,e] W_O[L1H1][e,d1] W_U[d1,v] "
          "-> [q,v]"}});
}

TEST(PathTerm, OfAnUnfoldedLayerNormModelHasCentringAndGains) {
    expect_terms(
        FrozenModel(tiny_gpt2(2, 2, false)),
        {{"ln_final.b > unembed", "ones[q] ln_final.b[d] W_U[d,v] -> [q,v]"},
         {"embed > L0H0.V > unembed",
          "token[k,v1] W_E[v1,d] centre[d,d1] rstd1[L0][k] ln1.w[L0][d1] W_V[L0H0][d1,e] A[L0H0][q,k] "
          "W_O[L0H0][e,d2] centre[d2,d3] rstd_final[q] ln_final.w[d3] W_U[d3,v] -> [q,v]"},
         {"ln1.b[L1] > L1H0.V > unembed",
          "ln1.b[L1][d1] W_V[L1H0][d1,e] A[L1H0][q,k] W_O[L1H0][e,d2] centre[d2,d3] rstd_final[q] "
          "ln_final.w[d3] W_U[d3,v] -> [q,v]"}});
}

TEST(PathTerm, OfASandwichPassesTheNormBehindTheHeads) {
    Config config = tiny_gemma2();
    config.biases.attention_out = true;
    expect_terms(
        FrozenModel(config),
        {{"embed > unembed", "embed_scale token[q,v1] W_E[v1,d] rstd_final[q] W_U[d,v] -> [q,v]"},
         {"b_O[L0] > unembed",
          "b_O[L0][d] ln1_post.w[L0][d] rstd1_post[L0][q] rstd_final[q] W_U[d,v] -> [q,v]"},
         {"embed > L0H3.V > unembed",
          "A[L0H3][q,k] rstd1[L0][k] embed_scale token[k,v1] W_E[v1,d] W_V[L0G1][d,e] W_O[L0H3][e,d1] "
          "ln1_post.w[L0][d1] rstd1_post[L0][q] rstd_final[q] W_U[d1,v] -> [q,v]"}});
}

TEST(PathTerm, FromTheEmbeddingPassesItsNorm) {
    expect_terms(
        FrozenModel(tiny_bloom()),
        {{"embed > unembed",
          "token[q,v1] W_E[v1,d] centre[d,d1] rstd_embed[q] ln_embed.w[d1] centre[d1,d2] rstd_final[q] "
          "W_U[d2,v] -> [q,v]"},
         {"ln_embed.b > unembed", "ln_embed.b[d1] centre[d1,d2] rstd_final[q] W_U[d2,v] -> [q,v]"},
         {"ln_embed.b > L0H1.V > unembed",
          "A[L0H1][q,k] rstd1[L0][k] ln_embed.b[d] centre[d,d1] W_V[L0H1][d1,e] W_O[L0H1][e,d2] "
          "rstd_final[q] W_U[d2,v] -> [q,v]"}});
}

TEST(PathTerm, PassesTheNormsThatStandOnTheStream) {
    expect_terms(
        FrozenModel(tiny_gpt1()),
        {{"mlp0 > unembed",
          "mlp[L0][q,d] centre[d,d1] rstd2[L0][q] ln2.w[L0][d1] centre[d1,d2] rstd1[L1][q] ln1.w[L1][d2] "
          "centre[d2,d3] rstd2[L1][q] ln2.w[L1][d3] W_U[d3,v] -> [q,v]"},
         {"ln1.b[L1] > unembed", "ln1.b[L1][d2] centre[d2,d3] rstd2[L1][q] ln2.w[L1][d3] W_U[d3,v] -> [q,v]"},
         {"ln2.b[L1] > unembed", "ones[q] ln2.b[L1][d3] W_U[d3,v] -> [q,v]"},
         {"ln2.b[L0] > L1H1.V > unembed",
          "A[L1H1][q,k] ln2.b[L0][d] W_V[L1H1][d,e] W_O[L1H1][e,d1] centre[d1,d2] rstd1[L1][q] ln1.w[L1][d2] "
          "centre[d2,d3] rstd2[L1][q] ln2.w[L1][d3] W_U[d3,v] -> [q,v]"}});
}

TEST(PathTerm, OfANonlinearHeadIsRefusedAndSaysWhatWorks) {
    const FrozenModel model(tiny_bert(true));
    const auto refused = [](const auto& ask) {
        try {
            ask();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
            EXPECT_NE(std::string(error.what()).find("its head is not linear"), std::string::npos);
            EXPECT_NE(error.hint().find("attention scores"), std::string::npos);
            return true;
        }
        return false;
    };
    EXPECT_TRUE(refused([&] { path_term(model, parse_path("embed > unembed")); }));
    EXPECT_TRUE(refused([&] { layer_term(model, {}, {}); }));
    EXPECT_TRUE(refused([&] { model.linear_logits(); }));
    EXPECT_TRUE(refused([&] { expand_orders(model, 1); }));
    EXPECT_TRUE(refused([&] { count_paths(model.config(), 1); }));
    EXPECT_TRUE(refused([&] { Paths paths(model.config()); }));
}

TEST(PathTerm, OfGroupedHeadsReadsKeysAndValuesOfTheGroup) {
    Config config = tiny(1, 4);
    config.n_kv_heads = 2;
    expect_terms(FrozenModel(config), {{"embed > L0H3.V > unembed",
                                        "A[L0H3][q,k] token[k,v1] W_E[v1,d] W_V[L0G1][d,e] W_O[L0H3][e,d1] "
                                        "W_U[d1,v] -> [q,v]"}});
}

TEST(PathTerm, SaysWhereItsFrozenValuesComeFrom) {
    const FrozenModel model(tiny_gpt2());
    const Expr term = path_term(model, parse_path("embed > L1H0.V > unembed"));
    for (const Use& factor : term->as<Product>()->factors)
        if (const auto* value = factor.node->as<Frozen>()) {
            const std::string name = value->layer < 0 ? value->symbol : value->symbol + "[L1]";
            EXPECT_EQ(value->link, model.untouched().at(name));
        }
}

// Every path's term, from the terms of its layers.
void expect_selection_gives_paths(const Config& config) {
    const FrozenModel model(config);
    Paths paths(config, {.max_heads = config.n_layers});
    while (const auto path = paths.next()) {
        Source source = path->source;
        std::vector<int> layers;
        std::vector<int> heads;
        if (source.kind == SourceKind::ValueBias) heads.push_back(std::exchange(source.head, -1));
        for (Head head : path->heads) {
            layers.push_back(head.layer);
            heads.push_back(head.index);
        }
        Expr term = layer_term(model, source, layers);
        for (int head : heads) term = select_head(term, head, config.group_size());
        EXPECT_EQ(normalise(term), path_term(model, *path)) << label(*path);
    }
}

TEST(LayerTerm, SelectingHeadsGivesThePathTerms) {
    for (bool folded : {false, true}) {
        expect_selection_gives_paths(tiny_gpt2(2, 2, folded));
        Config grouped = tiny_gpt2(2, 4, folded);
        grouped.n_kv_heads = 2;
        expect_selection_gives_paths(grouped);
    }
    for (const NamedConfig& named : tiny_architectures()) expect_selection_gives_paths(named.config);
}

TEST(LayerTerm, LayerSequencesCoverAllPaths) {
    const Config config = tiny_gpt2(4, 3);
    for (const Source& source : path_sources(config)) {
        if (source.kind == SourceKind::ValueBias) continue;
        for (int n = 0; n <= 4; ++n) {
            std::uint64_t covered = 0;
            for (const std::vector<int>& layers : layer_sequences(config, source, n)) {
                std::uint64_t heads = 1;
                for (std::size_t i = 0; i < layers.size(); ++i) heads *= 3;
                covered += heads;
            }
            EXPECT_EQ(covered, count_paths(config, source, n)) << label(source) << " order " << n;
        }
    }
    EXPECT_EQ(layer_sequences(config, {SourceKind::ValueBias, 1}, 2),
              (std::vector<std::vector<int>>{{2}, {3}}));
    EXPECT_EQ(layer_sequences(config, {SourceKind::NormBias, 1}, 2),
              (std::vector<std::vector<int>>{{1, 2}, {1, 3}}));
}

TEST(LayerTerm, HasOneHeadPortForEachLayer) {
    const FrozenModel model(tiny());
    EXPECT_EQ(to_line(layer_term(model, {SourceKind::Embed}, std::vector<int>{0, 1})),
              "A[L1][h1,q,k] A[L0][h,k,k1] token[k1,v1] W_E[v1,d] W_V[L0][h,d,e] W_O[L0][h,e,d1] "
              "W_V[L1][h1,d1,e1] W_O[L1][h1,e1,d2] W_U[d2,v] -> [h,h1,q,v]");
}

TEST(PathTerm, RefusesAPathThatTheModelHasNot) {
    const FrozenModel model(tiny());
    const auto message = [&](const std::string& path) -> std::string {
        try {
            path_term(model, parse_path(path));
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_EQ(message("pos > unembed"), "the path pos > unembed: the model has no source pos");
    EXPECT_EQ(message("embed > L0H2.V > unembed"),
              "the path embed > L0H2.V > unembed: the model has 2 layers of 2 heads, and no L0H2");
    EXPECT_EQ(message("embed > L1H0.V > L0H0.V > unembed"),
              "the path embed > L1H0.V > L0H0.V > unembed: L0H0 does not come after what it reads");
}

}  // namespace
}  // namespace headway
