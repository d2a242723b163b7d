// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/score.hpp"

#include "expand/tiny.hpp"
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
    return sum(std::move(terms), {Space::Position, Space::Position});
}

TEST(Score, TermsAddUpToTheScore) {
    for (const NamedConfig& named : tiny_models()) {
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
