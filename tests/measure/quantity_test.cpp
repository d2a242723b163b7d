// Numbers by name: their networks, evaluated, are the numbers that the measures give.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/quantity.hpp"

#include "headway/linalg/spectra.hpp"
#include "headway/measure/head_measures.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

using test::expect_error;
constexpr EvaluateOptions in_double{.precision = Precision::Double};

const Model& grouped() {
    static const Model model = load_model(
        "random:layers=2,heads=4,kv_heads=2,d_model=16,d_head=4,vocab=13,norm=rmsnorm,positions=rotary");
    return model;
}

xt::xarray<double> value(const Model& model, std::string_view text, std::span<const int> tokens = {},
                         int length = 50) {
    return evaluate(model, quantity(model.config(), text, length).network.output, tokens, in_double);
}

double total_of(const xt::xarray<double>& values) {
    double total = 0;
    for (const double each : values) total += each;
    return total;
}

TEST(Quantity, OfAProbeIsItsSumOfEntries) {
    const auto rows = probe_rows(grouped().config(), {.rows = 1, .length = 4});
    const HeadProbe head = probe(grouped(), rows, in_double).at({1, 2});
    EXPECT_NEAR(total_of(value(grouped(), "previous:L1H2", rows[0], 4)), 8 * head.previous, 1e-12);
    EXPECT_NEAR(total_of(value(grouped(), "duplicate:L1H2", rows[0], 4)), 4 * head.duplicate, 1e-12);
    EXPECT_NEAR(total_of(value(grouped(), "induction:L1H2", rows[0], 4)), 4 * head.induction, 1e-12);
    EXPECT_NEAR(total_of(value(grouped(), "first:L1H2", rows[0], 4)), 8 * head.first, 1e-12);
}

TEST(Quantity, OfACopyingOrMatchingScoreHasItsEigenvalues) {
    const auto score = [](const xt::xarray<double>& matrix) {
        std::complex<double> total = 0;
        double sizes = 0;
        for (const std::complex<double>& each : eigenvalues(xt::xtensor<double, 2>(matrix)).values) {
            total += each;
            sizes += std::abs(each);
        }
        return total.real() / sizes;
    };
    const HeadSpectra head = head_spectra(grouped(), {.evaluate = in_double})[4 + 3];
    EXPECT_NEAR(score(value(grouped(), "copying:L1H3")), head.copying_full_ov.value, 1e-10);
    EXPECT_NEAR(score(value(grouped(), "copying-ov:L1H3")), head.copying_ov.value, 1e-10);
    EXPECT_NEAR(score(value(grouped(), "matching:L1H3")), head.matching_full_qk.value, 1e-10);
}

TEST(Quantity, OfASizeHasTheNormSquaredAsTrace) {
    const HeadFacts head = head_facts(grouped())[5];
    const xt::xarray<double> ov = value(grouped(), "size-ov:L1H1"), qk = value(grouped(), "size-qk:L1H1");
    double trace_ov = 0, trace_qk = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        trace_ov += ov(i, i);
        trace_qk += qk(i, i);
    }
    EXPECT_NEAR(std::sqrt(trace_ov), head.ov.norm, 1e-10);
    EXPECT_NEAR(std::sqrt(trace_qk), head.qk.norm, 1e-10);
}

TEST(Quantity, OfACompositionIsItsNumeratorSquared) {
    const CompositionTable table = composition(grouped(), {Composition::K}, in_double);
    const std::vector<HeadFacts> facts = head_facts(grouped());
    for (const CompositionRow& row : table.rows) {
        const auto place = [](Head head) { return static_cast<std::size_t>(head.layer * 4 + head.index); };
        const double norms = facts[place(row.writer)].ov.norm * facts[place(row.reader)].qk.norm;
        const std::string name = "k:" + label(row.writer) + ">" + label(row.reader);
        EXPECT_NEAR(std::sqrt(total_of(value(grouped(), name))), row.score * norms, 1e-9) << name;
    }
}

TEST(Quantity, OfPositionsIsThePatternAndTheKernel) {
    const std::vector<int> tokens(5, 0);
    const PositionalPreference head = positional_preference(grouped(), in_double, 5)[2];
    const xt::xarray<double> pattern = value(grouped(), "positions:L0H2", tokens);
    EXPECT_NEAR(pattern(4, 0), head.attention[4], 1e-12);
    const xt::xarray<double> kernel = value(grouped(), "kernel:L0H2", tokens);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(kernel(i), head.kernel[i], 1e-12);
}

TEST(Quantity, EveryFormIsWrittenDownAndReadsBack) {
    const Model model =
        load_model("random:layers=2,heads=2,d_model=8,vocab=9,norm=layernorm,positions=rotary,biases=1");
    for (std::string form : quantity_forms()) {
        if (form == "qk-pos:HEAD") continue;  // of learned positions
        form = form.substr(0, form.find(" or "));
        const std::size_t last = form.rfind("HEAD");
        if (last != std::string::npos) form.replace(last, 4, "L1H0");
        const std::size_t first = form.find("HEAD");
        if (first != std::string::npos) form.replace(first, 4, "L0H1");
        const Quantity made = quantity(model.config(), form);
        EXPECT_TRUE(names_quantity(form)) << form;
        EXPECT_FALSE(made.about.empty()) << form;
        EXPECT_EQ(parse_network(to_text(made.network)).output, made.network.output) << form;
    }
}

TEST(Quantity, RefusesWhatIsNone) {
    const Config& config = grouped().config();
    const auto asked = [&](const char* text) { return [&config, text] { return quantity(config, text); }; };
    expect_error(ErrorKind::Usage, "\"copyin:L0H0\" names no quantity", asked("copyin:L0H0"));
    expect_error(ErrorKind::Usage, "there is no head L2H0", asked("size-ov:L2H0"));
    expect_error(ErrorKind::Usage, "\"L0H0\" is no pair", asked("k:L0H0"));
    expect_error(ErrorKind::Usage, "L1H0 is not before L1H1", asked("k:L1H0>L1H1"));
    expect_error(ErrorKind::Unsupported, "no such network for head L0H0", asked("bias-value:L0H0"));
    expect_error(ErrorKind::Usage, "at least 2 tokens to repeat",
                 [&] { return quantity(config, "first:L0H0", 1); });
    EXPECT_FALSE(names_quantity("L1H4"));
}

}  // namespace
}  // namespace headway
