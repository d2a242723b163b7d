// Edited models: the rewritten network against plain loops that do the same to a run, the weights that carry
// an edit out, and the causes of induction in a trained model.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/edited_model.hpp"

#include "headway/expand/edit_text.hpp"
#include "headway/io/json.hpp"
#include "headway/io/npy.hpp"
#include "headway/measure/ablation.hpp"
#include "headway/measure/run.hpp"
#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"
#include "support/errors.hpp"
#include "support/every_feature.hpp"
#include "support/oracle.h"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <optional>

namespace headway {
namespace {

using headway::testing::Choice;
using test::expect_error;

const EvaluateOptions in_double{.precision = Precision::Double};
const std::vector<int> tokens{3, 1, 6, 1, 0, 5};

Config sizes() {
    Config c;
    c.architecture = "random";
    c.n_layers = 2;
    c.n_heads = 4;
    c.n_kv_heads = 2;
    c.d_model = 8;
    c.d_head = 6;
    c.d_mlp = 5;
    c.n_ctx = 7;
    c.d_vocab = 9;
    return c;
}

double difference(const double* values, const oracle::Matrix& matrix) {
    double largest = 0;
    std::size_t i = 0;
    for (const oracle::Vector& row : matrix)
        for (const double value : row) largest = std::max(largest, std::abs(values[i++] - value));
    return largest;
}

// The edges as the loops take them.
oracle::Intervention intervention(const Edits& edits) {
    oracle::Intervention what{.edges = {}, .frozen_scales = edits.frozen_norm_scales, .patterns = {}};
    for (const ScaledEdge& edge : edits.edges)
        what.edges.push_back({edge.writer.layer, edge.writer.kind == SourceKind::Mlp ? -1 : edge.writer.head,
                              "QKVMU"[static_cast<int>(edge.input)], edge.reader.layer, edge.reader.index,
                              edge.factor});
    return what;
}

void expect_same_run(const Model& model, const EditedModel& other, const oracle::Intervention& what,
                     const oracle::Weights& weights) {
    const oracle::Run loops = oracle::Forward(model.config(), weights, what).run(tokens);
    const headway::Run run = run_network(other.model, other.network, tokens, in_double);
    EXPECT_LT(difference(run.logits.data(), loops.logits), 1e-11);
    const std::size_t n = tokens.size();
    for (std::size_t layer = 0; layer < 2; ++layer)
        for (std::size_t head = 0; head < 4; ++head)
            EXPECT_LT(difference(run.attention.data() + (layer * 4 + head) * n * n,
                                 loops.layers[layer].pattern[head]),
                      1e-12);
}

// Nothing for features that no model has together.
std::optional<Model> model_of(const Config& config) {
    try {
        return random_model(config, {.fold = config.folding});
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("is not represented"));
        return std::nullopt;
    }
}

// Closed, and scaled.
const char* const edges_of_heads =
    "L0H0>L1H2.K,L0H1>L1H2.K=0.5,L0H1>L1H1.Q,L0H{0,3}>L1H0.V,L0H2>L1H{0,1}.Q,L0H0>L1H{1,2}.Q=-1.5,"
    "L0H2>L1H0.K=2,L0H1>L1H3.V=0.25,L0H2>unembed,L1H1>unembed,L1H0>unembed=0.75";
const char* const edges_of_mlps =
    "mlp0>L1H1.K,L0H1>mlp1,mlp0>mlp1,mlp0>L1H3.K=3,L0H2>mlp1=0.5,mlp0>unembed=-1";

void expect_same_runs_with_edges(const Model& model) {
    const Config& config = model.config();
    Edits edits = parse_edits(edges_of_heads, config);
    if (config.has_mlp()) add_edits(edits, parse_edits(edges_of_mlps, config), config);
    if (config.has_mlp() && !config.parallel_block)
        add_edits(edits, parse_edits("L1H3>mlp1,L1H2>mlp1=1.5", config), config);
    for (const bool frozen : {false, true}) {
        edits.frozen_norm_scales = frozen;
        expect_same_run(model, edited(model, edits), intervention(edits), oracle::weights_of(model));
    }
}

TEST(EditedModel, RunsAsPlainLoopsThatEditTheSameEdgesForEveryPairOfFeatures) {
    int runs = 0;
    for (const Choice& choice : headway::testing::every_pair_of_features(sizes())) {
        const Config wanted = headway::testing::config_of(choice, sizes());
        if (wanted.norms_stream()) continue;
        SCOPED_TRACE(headway::testing::words_of(choice));
        const std::optional<Model> found = model_of(wanted);
        if (!found) continue;
        expect_same_runs_with_edges(*found);
        ++runs;
        if (::testing::Test::HasFailure()) return;
    }
    std::cout << runs << " runs\n";
    EXPECT_GT(runs, 20);
}

TEST(EditedModel, RunsAsPlainLoopsWithOtherWeightsForEveryPairOfFeatures) {
    for (const Choice& choice : headway::testing::every_pair_of_features(sizes())) {
        const Config wanted = headway::testing::config_of(choice, sizes());
        SCOPED_TRACE(headway::testing::words_of(choice));
        const std::optional<Model> found = model_of(wanted);
        if (!found) continue;
        const Model& model = *found;
        const Config& config = model.config();
        const bool components = !config.norms_after() || !config.folding.gains;
        const Edits edits = parse_edits(
            components ? "L0H1,L0H2=-0.5,L1H3=2,L0H0.V:{0,2},L0H0.V:{1,4}=0.5,L1H3.V:1-3,L1H1.V:0-5=-2"
                       : "L0H1,L0H2=-0.5,L1H3=2",
            config);
        // W_O of the loops: by hand from V_OV.
        const oracle::Weights own = oracle::weights_of(model);
        const oracle::Weights weights = [&](const std::string& symbol, int layer) {
            oracle::Vector values = own(symbol, layer);
            if (symbol != "W_O") return values;
            const std::size_t e = 6, d = 8;
            const auto times = [&](std::size_t head, double factor) {
                for (std::size_t i = head * e * d; i < (head + 1) * e * d; ++i) values[i] *= factor;
            };
            const oracle::Vector v = own("V_OV", layer), before = values;
            const auto scale = [&](std::size_t head, const std::vector<std::size_t>& some, double factor) {
                for (const std::size_t c : some)
                    for (std::size_t i = head * e; i < (head + 1) * e; ++i) {
                        double along = 0;
                        for (std::size_t j = 0; j < d; ++j)
                            along += before[i * d + j] * v[(head * e + c) * d + j];
                        for (std::size_t j = 0; j < d; ++j)
                            values[i * d + j] -= (1 - factor) * along * v[(head * e + c) * d + j];
                    }
            };
            if (layer == 0 && components) scale(0, {0, 2}, 0), scale(0, {1, 4}, 0.5);
            if (layer == 1 && components) scale(3, {1, 2, 3}, 0), scale(1, {0, 1, 2, 3, 4, 5}, -2);
            if (layer == 0) times(1, 0), times(2, -0.5);
            if (layer == 1) times(3, 2);
            return values;
        };
        const EditedModel other = edited(model, edits);
        expect_same_run(model, other, {}, weights);
        const Model carried_out = with_edited_weights(model, edits);
        expect_same_run(model, {carried_out, transformer(config)}, {}, weights);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(EditedModel, AGivenPatternIsWhatTheHeadAttendsWith) {
    const Model model = random_model(sizes());
    const std::size_t n = tokens.size();
    GivenPattern pattern{{0, 3}, static_cast<std::int64_t>(n), std::vector<double>(n * n, 0.0)};
    oracle::Matrix rows(n, oracle::Vector(n, 0.0));
    for (std::size_t q = 0; q < n; ++q) rows[q][q / 2] = pattern.values[q * n + q / 2] = 1;
    oracle::Intervention what;
    what.patterns[{0, 3}] = rows;
    const Edits edits{.given_patterns = {{0, 3}}};
    expect_same_run(model, edited(model, edits, {pattern}), what, oracle::weights_of(model));
    expect_error(ErrorKind::Usage, "no pattern is given to L0H3", [&] { return edited(model, edits); });
    expect_error(ErrorKind::Usage, "no head L0H3 asks for the pattern",
                 [&] { return edited(model, {}, {pattern}); });
    pattern.values[0] = 2;
    expect_error(ErrorKind::Usage, "the pattern given to L0H3 is no attention: row 0",
                 [&] { return edited(model, edits, {pattern}); });
    pattern.values.pop_back();
    expect_error(ErrorKind::Usage, "the pattern given to L0H3 has 35 numbers",
                 [&] { return edited(model, edits, {pattern}); });
}

TEST(EditedModel, WeightsOfOtherHeadsKeepTheirBits) {
    const Model model = random_model(sizes());
    const Model other = with_edited_weights(model, parse_edits("L0H1.V:0-2=0.5", model.config()));
    for (const Leaf& leaf : model.leaves()) {
        const auto before = model.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const auto after = other.leaf<float>(leaf.name.symbol, leaf.name.layer);
        const bool changed = leaf.name == LeafName{"W_O", 0};
        const std::size_t size = 6 * 8;
        for (std::size_t i = 0; i < before.values().size(); ++i) {
            if (changed && i / size == 1) continue;
            ASSERT_EQ(before.values()[i], after.values()[i]) << label(leaf.name) << " " << i;
        }
        EXPECT_EQ(changed, before.values()[before.size() > 96 ? size : 0] !=
                               after.values()[before.size() > 96 ? size : 0]);
    }
}

TEST(EditedModel, ComponentsOfTheFoldedModelAreRemovedFromTheFilesOwnWeights) {
    for (const Norm norm : {Norm::LayerNorm, Norm::RmsNorm}) {
        Config config = sizes();
        config.norm = norm;
        config.biases.norm = norm == Norm::LayerNorm;
        const Model folded = random_model(config), stored = random_model(config, {.fold = no_folding});
        const Edits edits = parse_edits("L0H1.V:0-2,L0H1.V:3=0.25,L1H3=0.5,L1H2.V:0-3=2", config);
        const EditedModel network = edited(folded, edits);
        const headway::Run want = run_network(network.model, network.network, tokens, in_double);
        const headway::Run got = run_model(with_edited_weights(stored, edits, folded), tokens, in_double);
        for (std::size_t i = 0; i < want.logits.size(); ++i)
            ASSERT_NEAR(got.logits.data()[i], want.logits.data()[i], 1e-11);
    }
}

TEST(EditedModel, AnEditedEdgeIsNoWeight) {
    const Model model = random_model(sizes());
    for (const char* edge : {"L0H0>L1H1.K", "L0H0>L1H1.K=0.5"})
        expect_error(ErrorKind::Unsupported,
                     "an edge closed or scaled is an operation on a run, not a weight",
                     [&] { return with_edited_weights(model, parse_edits(edge, model.config())); });
}

TEST(EditedModel, AFactorOfOneIsTheUntouchedModelAndZeroIsRemoval) {
    const Model model = random_model(sizes());
    const auto logits = [&](const std::string& text) {
        const EditedModel other = edited(model, parse_edits(text, model.config()));
        return run_network(other.model, other.network, tokens, in_double).logits;
    };
    const auto difference_of = [](const auto& a, const auto& b) {
        double largest = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
            largest = std::max(largest, std::abs(a.data()[i] - b.data()[i]));
        return largest;
    };
    for (const std::string item : {"L0H1", "L0H1.V:{0,2}", "L0H1>L1H2.K", "L0H{0,3}>L1H*.Q", "mlp0>L1H1.V",
                                   "L0H2>mlp1", "mlp1>unembed"}) {
        const auto untouched = logits(""), removed = logits(item);
        EXPECT_LT(difference_of(logits(item + "=1"), untouched), 1e-13) << item;
        EXPECT_EQ(difference_of(logits(item + "=0"), removed), 0) << item;
        EXPECT_LT(difference_of(logits(item + "=1e-300"), removed), 1e-13) << item;
        EXPECT_GT(difference_of(removed, untouched), 1e-6) << item;
        EXPECT_GT(difference_of(logits(item + "=0.5"), removed), 1e-6) << item;
    }
}

TEST(EditedModel, ComponentsBehindANormOfTheBranchAreThoseOfTheUnfoldedModel) {
    Config config = sizes();
    config.norm = Norm::RmsNorm;
    config.norm_placement = NormPlacement::After;
    const Model folded = random_model(config), stored = random_model(config, {.fold = no_folding});
    const Edits edits{.components = {{{0, 1}, {0, 1}}}};
    expect_error(ErrorKind::Unsupported, "folded, the components have the norm's gain in them",
                 [&] { return edited(folded, edits); });
    expect_error(ErrorKind::Unsupported, "folded, the components have the norm's gain in them",
                 [&] { return with_edited_weights(stored, edits, folded); });
    const EditedModel network = edited(stored, edits);
    const headway::Run want = run_network(network.model, network.network, tokens, in_double);
    const headway::Run got = run_model(with_edited_weights(stored, edits), tokens, in_double);
    for (std::size_t i = 0; i < want.logits.size(); ++i)
        ASSERT_NEAR(got.logits.data()[i], want.logits.data()[i], 1e-11);
}

std::vector<std::vector<int>> token_rows(const std::filesystem::path& file) {
    const NpyArray array = read_npy(file);
    std::vector<std::vector<int>> rows(static_cast<std::size_t>(array.shape.at(0)));
    const std::vector<std::int64_t>& values = array.integers();
    for (std::size_t i = 0; i < values.size(); ++i)
        rows[i / static_cast<std::size_t>(array.shape.at(1))].push_back(static_cast<int>(values[i]));
    return rows;
}

// Causes of induction: all that causal.json says.
const std::vector<std::pair<const char*, const char*>> causal_cases{
    {"nothing closed", ""},
    {"L0H0 to the five", "L0H0>L1H{2,4,5,6,7}.K"},
    {"L0H2 to the five", "L0H2>L1H{2,4,5,6,7}.K"},
    {"L0H4 to the five", "L0H4>L1H{2,4,5,6,7}.K"},
    {"L0H6 to the five", "L0H6>L1H{2,4,5,6,7}.K"},
    {"L0H1 L0H3 L0H5 to the five", "L0H{1,3,5}>L1H{2,4,5,6,7}.K"},
    {"L0H0 L0H2 L0H4 to the other three", "L0H{0,2,4}>L1H{0,1,3}.K"},
    {"L0H0 L0H2 L0H4 to the five", "L0H{0,2,4}>L1H{2,4,5,6,7}.K"}};

TEST(Ablation, ReproducesTheCausesOfInductionOfTheTrainedModel) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = shared / "models/attn-only-2l";
    const Model model = load_model(folder.string());
    std::vector<AblationCase> cases;
    for (const auto& [name, text] : causal_cases) cases.push_back({name, parse_edits(text, model.config())});
    const AblationData data{token_rows(folder / "probe.npy"), token_rows(folder / "text.npy")};
    const std::vector<AblationRow> rows = ablate(model, cases, data, {.threads = 2});
    const Json known = read_json(folder / "causal.json").at("cases");
    ASSERT_EQ(known.keys().size(), rows.size());
    double largest = 0;
    const auto compare = [&](double value, double want, const std::string& what) {
        EXPECT_NEAR(value, want, 1e-3) << what;
        largest = std::max(largest, std::abs(value - want));
    };
    for (const AblationRow& row : rows) {
        const Json want = known.at(row.of.name);
        for (const auto& [head, induction] : want.at("induction").members())
            compare(row.probe.at(parse_head(head)).induction, induction.number(), row.of.name + " " + head);
        compare(row.probe.loss_first, want.number("loss_first"), row.of.name);
        compare(row.probe.loss_second, want.number("loss_second"), row.of.name);
        compare(row.loss_text, want.number("loss_text"), row.of.name);
    }
    std::cout << "largest difference " << largest << "\n";
}

}  // namespace
}  // namespace headway
