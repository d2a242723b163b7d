// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/spectra.hpp"

#include "headway/measure/corner.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/spectra_oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace headway {
namespace {

const SpectraOptions in_double{.evaluate = {.precision = Precision::Double}};
const std::string sizes = "random:layers=3,heads=4,d_model=12,d_head=4,vocab=15,ctx=7,";

struct Opened {
    Model model, file;
    oracle::CircuitOracle loops;

    explicit Opened(const std::string& shape, int rotary_offset = 0)
        : model(load_model(shape, {.seed = 3})),
          file(load_model(shape, {.fold = no_folding, .seed = 3})),
          loops(file, model.config().folding, rotary_offset) {}
};

// Of every architecture's kind of head: gains in all places, grouped queries, rotations.
const std::vector<std::string> shapes{
    sizes + "positions=shortformer", sizes + "norm=layernorm,d_mlp=8,positions=learned,biases=1",
    sizes + "norm=rmsnorm,kv_heads=2,positions=rotary,tied=1,gated=1,d_mlp=8",
    sizes + "norm=rmsnorm,norms=sandwich,qk_norm=head,kv_heads=2,positions=rotary,embed_scale=2.5",
    sizes + "norm=layernorm,embed_norm=1,positions=alibi"};

void expect_near(const SpectralScore& score, double expected, const std::string& what) {
    EXPECT_TRUE(score.defined()) << what << ": " << score.undefined;
    EXPECT_NEAR(score.value, expected, 1e-10) << what;
}

TEST(Spectra, ScoresOfAllHeadsAreThoseOfTheDenseMatrices) {
    for (const std::string& shape : shapes) {
        const Opened opened(shape);
        const std::vector<HeadSpectra> table = head_spectra(opened.model, in_double);
        ASSERT_EQ(table.size(), 12U);
        for (const HeadSpectra& row : table) {
            const std::string what = shape + " " + label(row.head);
            expect_near(row.copying_ov, oracle::dense_score(opened.loops.ov(row.head)), what);
            expect_near(row.copying_full_ov, oracle::dense_score(opened.loops.full_ov(row.head)), what);
            expect_near(row.matching_full_qk, oracle::dense_score(opened.loops.full_qk(row.head)), what);
        }
    }
}

TEST(Spectra, ScoresOfAllPairsAreThoseOfTheDenseMatrices) {
    for (const std::string& shape : shapes) {
        const Opened opened(shape);
        const std::vector<PairMatching> pairs = pair_matching(opened.model, {.spectra = in_double});
        ASSERT_EQ(pairs.size(), 48U);
        for (const PairMatching& pair : pairs) {
            const std::string what = shape + " " + label(pair.writer) + " " + label(pair.reader);
            const oracle::Dense k = opened.loops.k_composed(pair.writer, pair.reader);
            expect_near(pair.k_matching, oracle::dense_score(k), what);
            EXPECT_NEAR(pair.copying_reader, oracle::dense_score(opened.loops.full_ov(pair.reader)), 1e-10);
            if (opened.model.config().positions != Positions::Learned) continue;
            const oracle::Dense q = opened.loops.q_composed(pair.writer, pair.reader);
            expect_near(pair.q_matching, oracle::dense_score(q), what);
        }
    }
}

// What a solver finds in the [d_head, d_head] form, against sums that no solver made.
TEST(Spectra, EigenvaluesHaveThePowerSumsOfTheWholeMatrix) {
    SpectraOptions options = in_double;
    options.keep_eigenvalues = true;
    for (const std::string& shape : shapes) {
        const Opened opened(shape);
        const HeadCircuit circuits[] = {parse_head_circuit("ov:L1H3", opened.model.config()),
                                        parse_head_circuit("qk:L0H2>L2H1.K", opened.model.config())};
        const oracle::Dense dense[] = {opened.loops.full_ov({1, 3}), opened.loops.k_composed({0, 2}, {2, 1})};
        for (std::size_t i = 0; i < 2; ++i) {
            const SpectralScore score =
                spectral_score(opened.model, circuits[i], CircuitEnds::Vocabulary, options);
            ASSERT_EQ(score.eigenvalues.size(), 4U);
            const double scale = std::pow(opened.model.config().embed_scale, i + 1);  // of W_E, not looped
            const double largest = std::abs(score.eigenvalues[0]);
            const std::vector<double> ours = oracle::power_sums(score.eigenvalues, 4),
                                      theirs = oracle::power_traces(dense[i], 4);
            for (std::size_t k = 0; k < 4; ++k)
                EXPECT_NEAR(ours[k] / std::pow(largest, k + 1), theirs[k] * std::pow(scale / largest, k + 1),
                            1e-10)
                    << shape << " " << label(circuits[i]) << " power " << k + 1;
        }
    }
}

TEST(Spectra, TheSumOfTheEigenvaluesIsTheTraceOfTheNetwork) {
    SpectraOptions options = in_double;
    options.keep_eigenvalues = true;
    for (const std::string& shape : shapes) {
        const Opened opened(shape);
        const HeadCircuit circuit = parse_head_circuit("qk:L1H0", opened.model.config());
        const SpectralScore score = spectral_score(opened.model, circuit, CircuitEnds::Vocabulary, options);
        const Expr trace = circuit_trace(opened.model.config(), circuit, CircuitEnds::Vocabulary);
        std::complex<double> sum = 0;
        for (const std::complex<double> value : score.eigenvalues) sum += value;
        const double expected = evaluate(opened.model, trace, {}, options.evaluate).data()[0];
        EXPECT_NEAR(sum.real(), expected, 1e-11 * std::abs(score.eigenvalues[0]));
        EXPECT_NEAR(sum.imag(), 0, 1e-11 * std::abs(score.eigenvalues[0]));
    }
}

TEST(Spectra, ARotaryOffsetTurnsQueriesAgainstKeys) {
    const Opened opened(sizes + "norm=rmsnorm,kv_heads=2,positions=rotary", 3);
    SpectraOptions options = in_double;
    options.rotary_offset = 3;
    const std::vector<HeadSpectra> table = head_spectra(opened.model, options);
    for (const HeadSpectra& row : table)
        expect_near(row.matching_full_qk, oracle::dense_score(opened.loops.full_qk(row.head)),
                    label(row.head));
    for (const PairMatching& pair : pair_matching(opened.model, {.spectra = options}))
        expect_near(pair.k_matching, oracle::dense_score(opened.loops.k_composed(pair.writer, pair.reader)),
                    label(pair.reader));
}

TEST(Spectra, TheErrorBarHoldsWhatFloatGetsWrong) {
    for (const std::string& shape : shapes) {
        const Model model = load_model(shape, {.seed = 5});
        const std::vector<PairMatching> rough = pair_matching(model),
                                        exact = pair_matching(model, {.spectra = in_double});
        for (std::size_t i = 0; i < rough.size(); ++i) {
            const double off = std::abs(rough[i].k_matching.value - exact[i].k_matching.value);
            EXPECT_LE(off, rough[i].k_matching.error) << shape;
            EXPECT_LT(exact[i].k_matching.error, 1e-6 * rough[i].k_matching.error + 1e-9) << shape;
        }
    }
}

TEST(Spectra, ResultsAreTheSameForAnyNumberOfThreads) {
    const Model model = load_model(shapes[2], {.seed = 3});
    CornerOptions one, four;
    four.spectra.evaluate.threads = 4;
    const std::vector<PairMatching> a = pair_matching(model, one), b = pair_matching(model, four);
    for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].k_matching.value, b[i].k_matching.value);
        EXPECT_EQ(a[i].copying_reader, b[i].copying_reader);
    }
}

TEST(Spectra, PairsOfChosenHeadsAreThoseOfTheWholeTable) {
    const Model model = load_model(shapes[0], {.seed = 3});
    const std::vector<PairMatching> all = pair_matching(model, {.spectra = in_double}),
                                    some = pair_matching(model, {.spectra = in_double,
                                                                 .readers = {{1, 2}, {2, 0}},
                                                                 .writers = {{0, 3}}});
    ASSERT_EQ(some.size(), 2U);
    for (const PairMatching& pair : some) {
        const auto same = std::ranges::find_if(all, [&](const PairMatching& other) {
            return other.writer == pair.writer && other.reader == pair.reader;
        });
        ASSERT_NE(same, all.end());
        EXPECT_EQ(pair.k_matching.value, same->k_matching.value);
    }
}

TEST(Spectra, CircuitsThatTheModelHasNotAreUndefinedByName) {
    const Model bert =
        load_model(sizes + "norm=layernorm,norms=stream,positions=learned,masked_head=1,causal=0");
    for (const HeadSpectra& row : head_spectra(bert)) {
        EXPECT_EQ(row.copying_ov.undefined,
                  "norms stand on the residual stream of this model, between its heads");
        EXPECT_TRUE(std::isnan(row.copying_ov.value));
    }
    test::expect_error(ErrorKind::Unsupported, "norms stand on the residual stream",
                       [&] { return pair_matching(bert); });
}

TEST(Spectra, AMatrixWithoutEigenvaluesHasNoScore) {
    const xt::xtensor<double, 2> zero{{0, 0}, {0, 0}}, nilpotent{{0, 1}, {0, 0}};
    EXPECT_EQ(spectral_score(zero, 1e-7).undefined, "the circuit is zero");
    EXPECT_EQ(spectral_score(nilpotent, 1e-7).undefined, "no eigenvalue beyond rounding");
    EXPECT_TRUE(std::isnan(spectral_score(zero, 1e-7).value));
}

TEST(Spectra, SignsOfEigenvaluesMakeTheScore) {
    EXPECT_EQ(spectral_score({{2, 0}, {0, 1}}, 1e-7).value, 1);
    EXPECT_EQ(spectral_score({{-2, 0}, {0, -1}}, 1e-7).value, -1);
    EXPECT_NEAR(spectral_score({{0, 1}, {-1, 0}}, 1e-7).value, 0, 1e-15);    // a rotation
    EXPECT_NEAR(spectral_score({{3, 0}, {0, -1}}, 1e-7).value, 0.5, 1e-15);  // three quarters
}

TEST(Spectra, NearlyDefectiveEigenvaluesWidenTheErrorBar) {
    const double good = spectral_score({{2, 0}, {0, 1}}, 1e-7).error;
    EXPECT_NEAR(good, 1e-7 * std::sqrt(5.0) * (std::sqrt(2.0) + 2) / 3, 1e-12);
    EXPECT_GT(spectral_score({{1, 1}, {0, 1 + 1e-4}}, 1e-7).error, 1000 * good);
    EXPECT_EQ(spectral_score({{1, 1}, {0, 1}}, 1e-7).error, 2);  // says nothing
}

}  // namespace
}  // namespace headway
