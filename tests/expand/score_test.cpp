// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/score.hpp"

#include "expand/architectures.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/distribute.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/select.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

Expr sum_of_terms(const ScoreExpansion& expansion) {
    std::vector<Term> terms;
    for (std::size_t i = 0; i < expansion.query.size(); ++i)
        for (std::size_t j = 0; j < expansion.key.size(); ++j)
            terms.push_back({1, {score_term(expansion, i, j), {0, 1}}});
    if (expansion.alibi != nullptr) terms.push_back({1, {expansion.alibi, {0, 1}}});
    return sum(std::move(terms), {Space::Position, Space::Position});
}

TEST(Score, TermsAddUpToTheScore) {
    std::vector<NamedConfig> models = tiny_models();
    for (NamedConfig& named : tiny_architectures()) models.push_back(std::move(named));
    models.push_back({"bert", tiny_bert(true)});
    for (const NamedConfig& named : models) {
        if (named.config.n_layers == 0) continue;
        const FrozenModel model(named.config);
        const Head head{named.config.n_layers - 1, named.config.n_heads - 1};
        const auto multiplied_out = [&](const Expr& e) { return distribute(split_heads(e, named.config)); };
        ASSERT_EQ(multiplied_out(sum_of_terms(expand_score(model, head))),
                  multiplied_out(whole_score(model, head)))
            << named.name;
    }
}

std::vector<std::string> sources(const std::vector<ScoreSide>& sides) {
    std::vector<std::string> labels;
    for (const ScoreSide& side : sides) labels.push_back(label(side.source));
    return labels;
}

TEST(Score, SidesNameEverythingWrittenBefore) {
    const ScoreExpansion expansion = expand_score(FrozenModel(tiny_gpt2()), {1, 1});
    EXPECT_EQ(sources(expansion.query), (std::vector<std::string>{"embed", "pos", "L0H0", "L0H1", "b_O[L0]",
                                                                  "mlp0", "b_Q[L1H1]", "ln1.b[L1]"}));
    EXPECT_EQ(sources(expansion.key), (std::vector<std::string>{"embed", "pos", "L0H0", "L0H1", "b_O[L0]",
                                                                "mlp0", "b_K[L1H1]", "ln1.b[L1]"}));
}

TEST(Score, SidesNameTheBiasesOfNormsOnTheStream) {
    const ScoreExpansion expansion = expand_score(FrozenModel(tiny_bert(true)), {1, 0});
    EXPECT_EQ(sources(expansion.key),
              (std::vector<std::string>{"embed", "pos", "b_E", "ln_embed.b", "L0H0", "L0H1", "b_O[L0]",
                                        "ln1.b[L0]", "mlp0", "ln2.b[L0]", "b_K[L1H0]"}));
}

TEST(Score, WithQueryAndKeyNormsHasTheirScalesAndGains) {
    const FrozenModel model(tiny_qwen3());
    const ScoreExpansion expansion = expand_score(model, {0, 3});
    const auto side = [&](const char* text) {
        return parse_network(text, model.frozen().definitions).output;
    };
    EXPECT_EQ(normalise(expansion.query.at(0).node),
              side("rstd1[L0][q] token[q,v] W_E[v,d] W_Q[L0H3][d,e] rstd_q[L0H3][q] q_norm.w[L0H3][e] "
                   "rope(4,10000)[q,e,e1] -> [q,e1]"));
    EXPECT_EQ(normalise(expansion.key.at(0).node),
              side("rstd1[L0][q] token[q,v] W_E[v,d] W_K[L0G1][d,e] rstd_k[L0H1][q] k_norm.w[L0G1][e] "
                   "rope(4,10000)[q,e,e1] -> [q,e1]"));
}

TEST(Score, TurnsByTheRotationOfItsLayer) {
    const FrozenModel model(tiny_gemma3());
    const auto has_rope = [&](int layer, const Rotary& rotary) {
        const Expr rope = structure({Relation::Rope, 0, rotary});
        const Expr node = normalise(expand_score(model, {layer, 0}).query.at(0).node);
        for (const Use& factor : node->as<Product>()->factors)
            if (factor.node == rope) return true;
        return false;
    };
    EXPECT_TRUE(has_rope(0, model.config().rotary_of(0)));
    EXPECT_FALSE(has_rope(0, model.config().rotary_of(1)));
    EXPECT_TRUE(has_rope(1, model.config().rotary_of(1)));
}

TEST(Score, OfAlibiHasOneTermForTheDistance) {
    const ScoreExpansion expansion = expand_score(FrozenModel(tiny_bloom()), {1, 1});
    EXPECT_EQ(expansion.alibi, parse_network("slope[L1H1] distance[q,k] -> [q,k]").output);
    EXPECT_EQ(expand_score(FrozenModel(tiny_opt()), {1, 1}).alibi, nullptr);
    EXPECT_EQ(name(score_class({SourceKind::Alibi}, {SourceKind::Alibi})), "none");
}

TEST(Score, OfShortformerPositionsHasThemOnBothSides) {
    Config config = tiny();
    config.positions = Positions::Shortformer;
    EXPECT_EQ(sources(expand_score(FrozenModel(config), {0, 0}).query),
              (std::vector<std::string>{"embed", "pos"}));
}

TEST(Score, OfShortformerPositionsReadsThemBehindTheNorm) {
    Config config = tiny(1);
    config.positions = Positions::Shortformer;
    config.norm = Norm::RmsNorm;
    const FrozenModel model(config);
    EXPECT_EQ(expand_score(model, {0, 1}).key.at(1).node,
              parse_network("W_pos[q,d] W_K[L0H1][d,e] -> [q,e]").output);
}

TEST(Score, TheKComposedTermReadsAsInTheTable) {
    const FrozenModel model(tiny());
    const ScoreExpansion expansion = expand_score(model, {1, 0});
    EXPECT_EQ(
        normalise(score_term(expansion, 0, 2)),
        normalise(parse_network("token[q,v] W_E[v,d] W_Q[L1H0][d,e] W_K[L1H0][d1,e] W_O[L0H1][e1,d1] "
                                "W_V[L0H1][d2,e1] A[L0H1][k,k1] W_E[v1,d2] token[k1,v1] scale[L1] -> [q,k]",
                                model.frozen().definitions)
                      .output));
}

TEST(Score, ClassesAreByWhatWroteTheSides) {
    const auto class_of = [](const char* query, const char* key) {
        return name(score_class(parse_source(query), parse_source(key)));
    };
    EXPECT_EQ(class_of("embed", "pos"), "none");
    EXPECT_EQ(class_of("L0H1", "b_K[L1H0]"), "q");
    EXPECT_EQ(class_of("b_O[L0]", "mlp0"), "k");
    EXPECT_EQ(class_of("mlp0", "L0H1"), "qk");
}

TEST(Score, RefusesAHeadThatTheModelHasNot) {
    const FrozenModel model(tiny());
    EXPECT_THROW(expand_score(model, {2, 0}), Error);
    EXPECT_THROW(whole_score(model, {0, 2}), Error);
    EXPECT_THROW(score_term(expand_score(model, {0, 0}), 0, 1), Error);
}

}  // namespace
}  // namespace headway
