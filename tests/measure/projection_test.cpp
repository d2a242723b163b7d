// Weight edits in files: what is written, and what it does when it is read back.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/projection.hpp"

#include "headway/expand/edit_text.hpp"
#include "headway/measure/edited_model.hpp"
#include "headway/measure/run.hpp"
#include "headway/model/load.hpp"
#include "headway/model/save.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace headway {
namespace {

const char* const shape =
    "random:layers=2,heads=4,kv_heads=2,d_model=24,d_head=4,d_mlp=16,vocab=11,ctx=9,norm=layernorm,biases=1";
const std::vector<int> tokens{3, 1, 6, 1, 0, 5};
const EvaluateOptions in_double{.precision = Precision::Double};

Model stored() { return load_model(shape, {.fold = no_folding}); }
Model folded() { return load_model(shape); }

const ProjectedScore& score_of(const Projection& projection, Head writer, Head reader) {
    for (const ProjectedScore& score : projection.scores)
        if (score.writer == writer && score.reader == reader) return score;
    throw Error(ErrorKind::Usage, "no such score");
}

TEST(Projection, TakesAllThatTheWriterWritesFromTheReader) {
    const Projection projection = project_readers(
        folded(), folded(), parse_edits("L0H{0,2}>L1H1.Q", folded().config()).edges, in_double);
    for (const int writer : {0, 2}) {
        const ProjectedScore& score = score_of(projection, {0, writer}, {1, 1});
        EXPECT_TRUE(score.asked_for);
        EXPECT_GT(score.before, 0.1);
        EXPECT_LT(score.after, 1e-8);
    }
    // Others that write along the same directions lose as well; other readers nothing.
    for (const ProjectedScore& score : projection.scores) EXPECT_EQ(score.reader, (Head{1, 1}));
    EXPECT_EQ(projection.scores.size(), 4u);
}

TEST(Projection, IntoKeysIsForAllHeadsThatShareThem) {
    const Projection projection =
        project_readers(folded(), folded(), parse_edits("L0H0>L1H3.K", folded().config()).edges, in_double);
    EXPECT_LT(score_of(projection, {0, 0}, {1, 2}).after, 1e-8);
    EXPECT_FALSE(score_of(projection, {0, 0}, {1, 2}).asked_for);
    EXPECT_TRUE(score_of(projection, {0, 0}, {1, 3}).asked_for);
}

TEST(Projection, OfTheFilesOwnWeightsIsThatOfTheFoldedOnesWhenTheyAreReadBack) {
    const auto edges = parse_edits("L0H0>L1H3.K,L0H1>L1H2.V", folded().config()).edges;
    const Projection own = project_readers(stored(), folded(), edges, in_double);
    const test::TemporaryFolder folder;
    save_model(own.model, folder.path(), {.dtype = DType::F64});
    const Model back = load_model(folder.path().string());
    const CompositionTable after = composition(back, {Composition::K, Composition::V}, in_double);
    std::size_t compared = 0;
    for (const ProjectedScore& score : own.scores) {
        const auto row = std::ranges::find_if(after.rows, [&](const CompositionRow& each) {
            return each.kind == score.kind && each.writer == score.writer && each.reader == score.reader;
        });
        ASSERT_NE(row, after.rows.end());
        EXPECT_NEAR(row->score, score.after, 1e-7) << label(row->writer) << " " << label(row->reader);
        ++compared;
    }
    EXPECT_GT(compared, 10u);
}

TEST(Projection, RunsAlikeInTheFilesOwnAndInFoldedWeightsWhereNormsHaveNoBias) {
    const std::string unbiased =
        "random:layers=2,heads=4,d_model=24,d_head=4,vocab=11,ctx=9,norm=layernorm,d_mlp=16";
    const Model own = load_model(unbiased, {.fold = no_folding}), other = load_model(unbiased);
    const auto edges = parse_edits("L0H0>L1H3.K,L0H1>L1H2.V", own.config()).edges;
    const headway::Run want = run_model(project_readers(other, other, edges).model, tokens, in_double);
    const headway::Run got = run_model(project_readers(own, other, edges).model, tokens, in_double);
    for (std::size_t i = 0; i < want.logits.size(); ++i)
        ASSERT_NEAR(got.logits.data()[i], want.logits.data()[i], 1e-10);
}

TEST(Projection, RefusesWhatHasNoReaderWeight) {
    const Config config = folded().config();
    for (const char* text : {"mlp0>L1H1.K", "L0H0>mlp1", "L0H0>unembed"})
        test::expect_error(
            ErrorKind::Unsupported, "only readers Q, K and V of what heads write are projected",
            [&] { return project_readers(folded(), folded(), parse_edits(text, config).edges, in_double); });
    test::expect_error(ErrorKind::Usage, "L0H0>L1H1.K has a factor: a projection takes all of an edge", [&] {
        return project_readers(folded(), folded(), parse_edits("L0H0>L1H1.K=0.5", config).edges, in_double);
    });
    test::expect_error(ErrorKind::Usage, "there is no edge to project",
                       [&] { return project_readers(folded(), folded(), {}, in_double); });
}

TEST(SavedEdit, ReadBackRunsAsTheRewrittenNetwork) {
    const Edits edits = parse_edits("L0H1.V:0-2,L0H3.V:1=0.5,L1H3=0.5,L0H2", folded().config());
    const test::TemporaryFolder folder;
    save_model(with_edited_weights(stored(), edits, folded()), folder.path(), {.dtype = DType::F64});
    const headway::Run got = run_model(load_model(folder.path().string()), tokens, in_double);
    const EditedModel network = edited(folded(), edits);
    const headway::Run want = run_network(network.model, network.network, tokens, in_double);
    for (std::size_t i = 0; i < want.logits.size(); ++i)
        ASSERT_NEAR(got.logits.data()[i], want.logits.data()[i], 1e-6);
}

TEST(SavedEdit, TouchesTheHeadsOwnOutputWeightAndNotABitMore) {
    const Edits edits = parse_edits("L0H1.V:0-2", folded().config());
    const test::TemporaryFolder folder;
    save_model(with_edited_weights(stored(), edits, folded()), folder.path());
    const Model before = stored(), after = load_model(folder.path().string(), {.fold = no_folding});
    constexpr std::size_t size = 4 * 24;
    for (const Leaf& leaf : before.leaves()) {
        const auto a = before.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const auto b = after.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const bool edited_leaf = leaf.name == LeafName{"W_O", 0};
        std::size_t changed = 0;
        for (std::size_t i = 0; i < a.values().size(); ++i) {
            if (edited_leaf && i / size == 1)
                changed += a.values()[i] != b.values()[i] ? 1 : 0;
            else
                ASSERT_EQ(a.values()[i], b.values()[i]) << label(leaf.name) << " " << i;
        }
        EXPECT_EQ(changed > size / 2, edited_leaf) << label(leaf.name);
    }
}

}  // namespace
}  // namespace headway
