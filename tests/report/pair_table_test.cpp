// SPDX-License-Identifier: Apache-2.0
#include "headway/report/pair_table.hpp"

#include "headway/model/load.hpp"
#include "headway/report/result.hpp"
#include "headway/report/spectra_plot.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace headway {
namespace {

using testing::HasSubstr;

const Model& trained() {
    static const Model model = load_model("example:attn-only-2l");
    return model;
}
const std::vector<PairMatching>& pairs() {
    static const std::vector<PairMatching> all = pair_matching(trained());
    return all;
}
const CompositionTable& scores() {
    static const CompositionTable all = composition(trained(), {Composition::K});
    return all;
}
Table rows(const PairView& view = {}) { return pair_rows(pairs(), scores(), trained().config(), view); }

TEST(PairTable, BeginsWithTheColumnsThatScriptsRead) {
    EXPECT_THAT(to_csv(rows()), testing::StartsWith("writer,reader,k_matching,copying_reader,corner,"));
    EXPECT_EQ(rows().rows.size(), 64U);
}

TEST(PairTable, IsSortedByTheCornerWhichIsTheSmallerOfTheTwo) {
    double before = 2;
    const Table table = rows();
    for (const std::vector<Cell>& row : table.rows) {
        const double corner = std::get<double>(row[4]);
        EXPECT_EQ(corner, std::min(std::get<double>(row[2]), std::get<double>(row[3])));
        EXPECT_LE(corner, before + 1e-11);
        EXPECT_EQ(std::get<std::int64_t>(row[5]), corner >= corner_threshold ? 1 : 0);
        before = corner;
    }
}

TEST(PairTable, ShowsThePairsAskedFor) {
    EXPECT_EQ(rows({.top = 3}).rows.size(), 3U);
    EXPECT_EQ(rows({.heads = {{0, 6}}}).rows.size(), 8U);
    for (const std::vector<Cell>& row : rows({.heads = {{0, 6}}}).rows)
        EXPECT_LT(std::get<double>(row[2]), 0.5);
    EXPECT_EQ(rows({.threshold = 0.99}).rows.size(), 15U);  // five readers, three writers
    EXPECT_EQ(std::get<std::string>(rows({.sort = "pair"}).rows[0][0]), "L0H0");
    EXPECT_EQ(std::get<std::string>(rows({.top = 1, .sort = "k_score"}).rows[0][1]), "L1H7");
    test::expect_error(ErrorKind::Usage, "there is no column \"size\" to sort by",
                       [] { return rows({.sort = "size"}); });
}

TEST(PairTable, SaysThatScoreAndCornerAreDifferentClaims) {
    EXPECT_THAT(to_text(rows({.top = 1})), HasSubstr("It is another claim than the corner"));
    EXPECT_THAT(to_text(rows({.top = 1})),
                HasSubstr("Induction corner, both at least 0.9: 6 heads: L1H4 with"));
}

TEST(PairTable, UndefinedValuesAreEmptyCellsWithAReasonAndNeverNaN) {
    std::vector<PairMatching> none = pairs();
    none.resize(1);
    none[0].k_matching = {.undefined = "the circuit is zero"};
    const Table table = pair_rows(none, scores(), trained().config());
    EXPECT_THAT(to_csv(table), HasSubstr("k_matching: the circuit is zero"));
    EXPECT_THAT(to_csv(table), testing::Not(HasSubstr("nan")));
    EXPECT_THAT(to_jsonl(table), HasSubstr("\"k_matching\":null"));
}

TEST(PairTable, PositionsHaveAColumnWhereTheyAreLearned) {
    const Model model = load_model("random:layers=2,heads=2,d_model=8,vocab=9,ctx=6,positions=learned");
    const Table table = pair_rows(pair_matching(model), composition(model, {Composition::K}), model.config());
    EXPECT_NO_THROW(table.column("q_matching"));
    test::expect_error(ErrorKind::Usage, "q_matching", [] { return rows().column("q_matching"); });
}

TEST(PairTable, VerdictsNameTheHeads) {
    const JudgeOptions options{.matching = 0.99};
    const Probe found = probe(trained(), probe_rows(trained().config(), {.rows = 2, .length = 40}));
    const Table table = verdict_rows(judge_induction(pairs(), scores(), found, options), found, options);
    ASSERT_EQ(table.rows.size(), 8U);
    EXPECT_EQ(std::get<std::string>(table.rows[4][table.column("method")]), "corner");
    EXPECT_EQ(std::get<double>(table.rows[4][table.column("precision")]), 1);
    EXPECT_THAT(to_text(table), HasSubstr("5 of 16 heads: "));
}

TEST(SpectraPlot, TheCornerHasAPointAPairAndNamesItsCandidates) {
    const ScatterPlot plot = corner_plot(rows(), "pairs");
    EXPECT_EQ(plot.points.size(), 64U);
    EXPECT_EQ(std::ranges::count_if(plot.points, [](const auto& point) { return !point.label.empty(); }), 6);
    EXPECT_THAT(svg(plot), HasSubstr("L1H4"));
}

TEST(SpectraPlot, EigenvaluesAreRowsAndPoints) {
    SpectraOptions options;
    options.keep_eigenvalues = true;
    const HeadCircuit circuit{.kind = CircuitKind::OV, .heads = {{1, 4}}};
    const std::vector<NamedSpectrum> spectra{
        {"full OV of L1H4", spectral_score(trained(), circuit, CircuitEnds::Vocabulary, options)}};
    const Table table = eigenvalue_rows(spectra);
    ASSERT_EQ(table.rows.size(), 16U);
    EXPECT_THAT(to_text(table), HasSubstr("full OV of L1H4: 1.0000 (rounding: at most"));
    const EigenvaluePlot plot = eigenvalue_plot(spectra, "eigenvalues");
    EXPECT_EQ(plot.series.at(0).values.size(), 16U);
    EXPECT_THAT(svg(plot), HasSubstr("full OV of L1H4"));
}

TEST(SpectraPlot, CopyingIsCountedByCircuit) {
    const PlotSheet sheet = copying_plot(head_spectra(trained()), "copying");
    ASSERT_EQ(sheet.plots.size(), 3U);
    EXPECT_EQ(std::get<Histogram>(sheet.plots[0]).series.at(0).values.size(), 16U);
    EXPECT_FALSE(svg(sheet).empty());
}

}  // namespace
}  // namespace headway
