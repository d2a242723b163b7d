// Numbers by name: their networks, evaluated, are the numbers that the measures give.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/quantity.hpp"

#include "headway/expand/neuron_circuit.hpp"
#include "headway/linalg/spectra.hpp"
#include "headway/measure/channels.hpp"
#include "headway/measure/corner.hpp"
#include "headway/measure/directions.hpp"
#include "headway/measure/head_measures.hpp"
#include "headway/measure/skip_trigrams.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
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

double number(const Model& model, const std::string& name, std::span<const int> tokens = {}) {
    const Network printed = parse_network(to_text(quantity(model.config(), name).network));
    const xt::xarray<double> one = evaluate(model, printed.output, tokens, in_double);
    EXPECT_EQ(one.size(), 1U) << name;
    return one.data()[0];
}

TEST(Quantity, OfAChannelIsWhatTheScoreOfAComponentIsTheRootOf) {
    const HeadFacts writer = head_facts(grouped())[1], reader = head_facts(grouped())[4 + 2];
    const std::vector<ChannelPair> pair{{{0, 1}, {1, 2}, Composition::K}};
    const Channels found = channels(grouped(), pair, in_double).front();
    for (std::size_t i = 0; i < found.writer.size(); ++i) {
        const double whole = number(grouped(), fmt::format("channel:L0H1:{}>L1H2.K", i));
        EXPECT_NEAR(std::sqrt(whole) / reader.qk.norm, found.writer[i].score, 1e-12);
        const double of_reader = number(grouped(), fmt::format("channel:L0H1>L1H2.K:{}", i));
        EXPECT_NEAR(std::sqrt(of_reader) / writer.ov.norm, found.reader[i].score, 1e-12);
        for (std::size_t j = 0; j < found.reader.size(); ++j)
            EXPECT_NEAR(number(grouped(), fmt::format("channel:L0H1:{}>L1H2.K:{}", i, j)),
                        found.overlap(i, j), 1e-14);
    }
}

TEST(Quantity, OfAChannelAtAnOffsetIsThatOfTheTableThere) {
    const std::vector<ChannelPair> pair{{{0, 1}, {1, 2}, Composition::Q}};
    const std::vector<int> tokens(7);
    for (const auto& [suffix, score] :
         {std::pair<std::string, ScoreOptions>{"@3", {.offset = 3, .stream_norms = false}},
          {"@0-6", {.offset = 6, .mean_over_offsets = true, .stream_norms = false}}}) {
        const Channels found = channels(grouped(), pair, in_double, {.score = score}).front();
        const double first = number(grouped(), "channel:L0H1:0>L1H2.Q" + suffix, tokens),
                     last = number(grouped(), "channel:L0H1:3>L1H2.Q" + suffix, tokens);
        EXPECT_NEAR(std::sqrt(first / last), found.writer[0].score / found.writer[3].score, 1e-12);
        const CompositionTable table = composition(grouped(), {Composition::Q}, in_double, score);
        const CompositionRow& row = table.rows[4 + 2];
        ASSERT_EQ(label(row.writer) + label(row.reader), "L0H1L1H2");
        const double ratio = number(grouped(), "q:L0H1>L1H2" + suffix, tokens) / first;
        const double whole = row.score / found.writer[0].score;
        EXPECT_NEAR(std::sqrt(ratio), whole * head_facts(grouped())[1].ov.norm, 1e-10);
    }
}

TEST(Quantity, OfAnEdgeIsItsNumeratorSquared) {
    const Model model = load_model("random:layers=2,heads=2,d_model=8,d_mlp=12,vocab=9,ctx=6,norm=rmsnorm");
    const std::vector<int> tokens(6);
    for (const auto& [name, kind] :
         {std::pair<const char*, EdgeKind>{"edge:embed>L1H0.K", {Writer::Embed, Reader::K}},
          {"edge:pos>L1H0.Q", {Writer::Position, Reader::Q}},
          {"edge:L0H0>mlp1", {Writer::Heads, Reader::Mlp}},
          {"edge:mlp0>unembed", {Writer::Mlps, Reader::Unembed}},
          {"edge:L0H0>L1H0.V", {Writer::Heads, Reader::V}}}) {
        const auto rows = edge_weights(model, {kind}, in_double);
        const auto row = std::ranges::find_if(rows, [](const EdgeRow& each) {
            return each.from == Head{0, 0} && (each.to.layer == 1 || each.reader == Reader::Unembed);
        });
        ASSERT_NE(row, rows.end());
        const ScoreEnds ends{kind.writer,
                             kind.reader,
                             {.layers = 1, .head = 0},
                             {.first = row->to.layer, .layers = 1, .head = 0}};
        const double from =
                         evaluate(model, end_norm(model.config(), ends, ScoreEnd::Writer), tokens, in_double)
                             .data()[0],
                     to = evaluate(model, end_norm(model.config(), ends, ScoreEnd::Reader), tokens, in_double)
                              .data()[0];
        EXPECT_NEAR(std::sqrt(number(model, name, tokens) / from / to), row->weight.score, 1e-10) << name;
    }
}

TEST(Quantity, OfANeuronIsItsRowOfTheMatrix) {
    const Model model = load_model("random:layers=2,heads=2,d_model=8,d_mlp=12,vocab=9,norm=rmsnorm,gated=1");
    for (const auto& [name, side] : {std::pair{"neuron", NeuronSide::Value},
                                     {"neuron-key", NeuronSide::Key},
                                     {"neuron-gate", NeuronSide::Gate}}) {
        const xt::xarray<double> all = evaluate(model, neuron_matrix(model.config(), 1, side), {}, in_double);
        const xt::xarray<double> one = value(model, fmt::format("{}:mlp1.7", name));
        ASSERT_EQ(one.size(), 9U);
        for (std::size_t v = 0; v < 9; ++v) EXPECT_NEAR(one(v), all(7, v), 1e-14) << name;
    }
}

// The table's rows are of the search over factored forms; the number is one contraction.
TEST(Quantity, OfASkipTrigramIsItsScoreTimesTheVocabularySquared) {
    SkipTrigramOptions options{.heads = {{1, 2}}, .key = SkipTrigramKey::Triple, .rows = 5};
    options.evaluate = in_double;
    for (const int offset : {0, 2}) {
        options.rotary_offset = offset;
        for (const SkipTrigramRow& row : skip_trigrams(grouped(), options).rows) {
            const std::vector<int> tokens{row.sources[0].token, row.destinations[0].token,
                                          row.outputs[0].token};
            const std::string name = offset == 0 ? "trigram:L1H2" : "trigram:L1H2@2";
            EXPECT_NEAR(value(grouped(), name, tokens)(0, 1, 2), 13 * 13 * row.score, 1e-10);
            EXPECT_NEAR(value(grouped(), "direct-above-mean", tokens)(1, 2), 13 * row.bigram, 1e-10);
        }
    }
}

TEST(Quantity, OfADirectionIsItsColumnOverTheVocabulary) {
    for (const char* symbol : {"U_OV", "V_OV", "U_QK", "V_QK"}) {
        const std::vector<HeadDirection> named{{{1, 3}, symbol, 2}};
        const DirectionTokens ends = direction_tokens(grouped(), named, 13, in_double).front();
        const xt::xarray<double> all = value(grouped(), fmt::format("direction:{}[L1H3]:2", symbol));
        for (std::size_t i = 0; i < 13; ++i)
            EXPECT_NEAR(all(static_cast<std::size_t>(ends.plus[i])), ends.plus_values[i], 1e-14) << symbol;
    }
}

TEST(Quantity, OfMatchingThroughPositionsHasTheEigenvaluesOfTheScore) {
    const Model model = load_model("random:layers=2,heads=2,d_model=8,vocab=9,ctx=6,positions=learned");
    const std::vector<int> tokens(6);
    for (const PairMatching& pair : pair_matching(model, {.spectra = {.evaluate = in_double}})) {
        const std::string name = fmt::format("matching-pos:{}>{}.Q", label(pair.writer), label(pair.reader));
        const xt::xarray<double> matrix = value(model, name, tokens);
        EXPECT_NEAR(spectral_score(xt::xtensor<double, 2>(matrix), 0).value, pair.q_matching.value, 1e-10);
    }
}

TEST(Quantity, EveryFormIsWrittenDownAndReadsBack) {
    const Model model = load_model(
        "random:layers=2,heads=2,d_model=8,d_mlp=20,vocab=9,norm=layernorm,positions=rotary,biases=1,gated="
        "1");
    for (std::string form : quantity_forms()) {
        if (form == "qk-pos:HEAD" || form.starts_with("matching-pos")) continue;  // of learned positions
        form = form.substr(0, form.find(" or "));
        const std::size_t last = form.rfind("HEAD");
        if (last != std::string::npos) form.replace(last, 4, "L1H0");
        const std::size_t first = form.find("HEAD");
        if (first != std::string::npos) form.replace(first, 4, "L0H1");
        if (const std::size_t n = form.find(":N"); n != std::string::npos) form.replace(n, 2, ":1");
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
    expect_error(ErrorKind::Usage, "\"L0H0>L1H0\": by which input", asked("channel:L0H0>L1H0"));
    expect_error(ErrorKind::Usage, "there is no component 4: they are 0 to 3",
                 asked("channel:L0H0:4>L1H0.K"));
    expect_error(ErrorKind::Usage, "\"x\" is no component: expected a number",
                 asked("channel:L0H0:x>L1H0.K"));
    expect_error(ErrorKind::Unsupported, "at an offset are no leaves", asked("channel:L0H0>L1H0.K:1@2"));
    expect_error(ErrorKind::Usage, "\"embed>mlp1\": the model has no such edge", asked("edge:embed>mlp1"));
    expect_error(ErrorKind::Usage, "\"L0H3\" is no neuron", asked("neuron:L0H3"));
    expect_error(ErrorKind::Usage, "the model has no feed-forward layers", asked("neuron:mlp0.1"));
    expect_error(ErrorKind::Usage, "\"W_OV[L0H0]:1\" is no direction", asked("direction:W_OV[L0H0]:1"));
    const Config plain = parse_random_shape("layers=2,heads=2,d_model=8,vocab=9");
    expect_error(ErrorKind::Usage, "@3: an offset needs a model with rotary positions",
                 [&] { return quantity(plain, "k:L0H0>L1H0@3"); });
    EXPECT_FALSE(names_quantity("L1H4"));
}

}  // namespace
}  // namespace headway
