// What differs between two models, as a table; tensors and what their numbers look like.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/comparison_table.hpp"

#include "headway/model/load.hpp"
#include "headway/model/save.hpp"
#include "headway/report/tensor_table.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headway {
namespace {

using testing::HasSubstr;

Model random(const std::string& shape) { return load_model("random:" + shape, {.fold = no_folding}); }

ModelComparison compare(const Model& a, const Model& b, double tolerance = 0) {
    return {compare_configs(a.config(), b.config()), compare_leaves(a, b), tolerance};
}

TEST(Comparison, AModelAgreesWithItself) {
    const Model model = random("layers=1,heads=2,d_model=8,vocab=5,norm=layernorm");
    const ModelComparison same = compare(model, model);
    EXPECT_TRUE(same.agree());
    EXPECT_TRUE(comparison_rows(same, model, model).rows.empty());
}

TEST(Comparison, KindsThatDifferAreNamedByLayer) {
    const Model a = random("layers=2,heads=2,d_model=8,vocab=5,window=3,eps=0.1,norm=rmsnorm");
    const Model b = random("layers=2,heads=2,d_model=8,vocab=5,window=3,full_every=2,eps=0.2,norm=rmsnorm");
    const std::vector<ConfigDifference> all = compare_configs(a.config(), b.config());
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].name, "layers.1.window");
    EXPECT_EQ(all[0].a, "3");
    EXPECT_EQ(all[0].b, "0");
    EXPECT_EQ(all[1].name, "norm_eps");
}

TEST(Comparison, NumbersThatAreOneFloatAreTheSameKind) {
    Config a = random("layers=1,heads=2,d_model=8,vocab=5,norm=rmsnorm").config(), b = a;
    a.norm_eps = 1e-5;
    b.norm_eps = static_cast<double>(1e-5F);
    b.tied_unembed = !a.tied_unembed;
    b.architecture = "other";
    EXPECT_TRUE(compare_configs(a, b).empty());
}

TEST(Comparison, LeavesWithinTheToleranceAgree) {
    const test::TemporaryFolder folder;
    const Model model = random("layers=1,heads=2,d_model=8,vocab=5");
    save_model(model, folder / "half", {.dtype = DType::BF16});
    const Model half = load_model(folder / "half", {.fold = no_folding});
    const ModelComparison strict = compare(model, half);
    EXPECT_FALSE(strict.agree());
    EXPECT_EQ(comparison_rows(strict, model, half).rows.size(),
              7U);  // W_E W_pos W_Q W_K W_V W_O W_U; not the scale
    EXPECT_TRUE(compare(model, half, 0.01).agree());
    EXPECT_FALSE(compare(model, half, 1e-6).agree());
}

TEST(Comparison, ALeafThatIsMissingIsAbsent) {
    const Model a = random("layers=1,heads=2,d_model=8,vocab=5");
    const Model b = random("layers=1,heads=2,d_model=8,vocab=5,biases=1");
    const std::string text = to_text(comparison_rows(compare(a, b, 10), a, b));
    EXPECT_THAT(text, HasSubstr("leaf  b_Q[L0]"));
    EXPECT_THAT(text, HasSubstr("absent"));
    EXPECT_THAT(text, HasSubstr("biases.query_key_value"));
}

TEST(Tensors, HaveBytesAndStatistics) {
    const test::TemporaryFolder folder;
    save_model(random("layers=1,heads=2,d_model=8,vocab=5,ctx=3"), folder / "m");
    const WeightFiles files = open_weights(folder / "m");
    Progress progress;
    Table table = tensor_rows(load_model(folder / "m"), &files);
    EXPECT_EQ(std::get<std::int64_t>(table.rows.front()[table.column("bytes")]), 4 * 2 * 8 * 4);
    add_statistics(table, files, &progress);
    EXPECT_EQ(std::get<std::int64_t>(table.rows.front()[table.column("nan")]), 0);
    EXPECT_LT(std::get<double>(table.rows.front()[table.column("min")]), 0);
    EXPECT_EQ(progress.bytes, progress.all_bytes);
    EXPECT_EQ(table.columns.back().name, "leaves");
}

}  // namespace
}  // namespace headway
