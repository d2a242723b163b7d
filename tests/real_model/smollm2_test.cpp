// A real language model, SmolLM2-135M-Instruct as a Q4_1 file, against transformers and NumPy: what it says next, what its
// heads attend to, and which heads its weights alone show to feed each other. scripts/smollm2.sh fetches the file.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/json.hpp"
#include "headway/io/npy.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/embedding.hpp"
#include "headway/measure/probe.hpp"
#include "headway/measure/run.hpp"
#include "headway/measure/spectra.hpp"
#include "headway/model/load.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headway {
namespace {

const Model& smollm2() {
    static const Model model = load_model(HEADWAY_SMOLLM2);
    return model;
}

std::filesystem::path answers(const std::filesystem::path& shared) { return shared / "conformance/smollm2"; }

std::vector<int> tokens_of(const Json& list) {
    std::vector<int> tokens;
    for (std::size_t i = 0; i < list.size(); ++i) tokens.push_back(static_cast<int>(list.at(i).integer()));
    return tokens;
}

TEST(SmolLM2, HasTheSizesOfItsDescription) {
    const Config& config = smollm2().config();
    EXPECT_EQ(config.n_layers, 30);
    EXPECT_EQ(config.n_heads, 9);
    EXPECT_EQ(config.n_kv_heads, 3);
    EXPECT_EQ(config.d_model, 576);
    EXPECT_EQ(config.d_vocab, 49152);
}

TEST(SmolLM2, GivesTheLogProbabilitiesAndTopTokensOfTransformers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const Json prompts = read_json(answers(shared) / "prompts.json");
    for (std::size_t p = 0; p < prompts.size(); ++p) {
        const Json prompt = prompts.at(p);
        const headway::Run run = run_model(smollm2(), tokens_of(prompt.at("tokens")));
        const Json expected = prompt.at("token_logprobs");
        ASSERT_EQ(run.loss.size(), expected.size());
        for (std::size_t i = 0; i < run.loss.size(); ++i)
            EXPECT_NEAR(-run.loss[i], expected.at(i).number(), 2e-3) << "prompt " << p << ", position " << i;

        const auto n_vocab = static_cast<std::ptrdiff_t>(run.logits.shape()[1]);
        const double* const last = run.logits.data() + run.logits.size() - n_vocab;
        std::vector<int> order(static_cast<std::size_t>(n_vocab));
        std::iota(order.begin(), order.end(), 0);
        std::ranges::partial_sort(order, order.begin() + 10, std::greater<>(),
                                  [&](int v) { return last[v]; });
        const Json top = prompt.at("top10");
        for (std::size_t i = 0; i < top.size(); ++i) {
            EXPECT_EQ(order[i], top.at(i).at(0).integer()) << "prompt " << p << ", rank " << i;
            EXPECT_NEAR(last[order[i]], top.at(i).at(2).number(), 2e-3);
        }
    }
}

TEST(SmolLM2, HeadsAttendOnARepeatedSequenceAsTransformersSays) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::vector<NpyArray> reference = read_npz(answers(shared) / "reference.npz");
    const NpyArray& repeated = find_array(reference, "repeat_tokens");
    const std::vector<int> tokens(repeated.integers().begin(), repeated.integers().end());
    const headway::Run run = run_model(smollm2(), tokens);
    const std::vector<double> induction = find_array(reference, "induction").as_double();
    const std::vector<double> previous = find_array(reference, "previous").as_double();
    const std::vector<double> duplicate = find_array(reference, "duplicate").as_double();
    const std::vector<double> loss = find_array(reference, "repeat_loss").as_double();
    for (std::size_t i = 0; i < loss.size(); ++i) EXPECT_NEAR(run.loss[i], loss[i], 2e-3) << i;

    const Probe measured = probe(smollm2(), std::vector<std::vector<int>>{tokens});
    ASSERT_EQ(measured.heads.size(), induction.size());
    for (std::size_t head = 0; head < induction.size(); ++head) {
        EXPECT_NEAR(measured.heads[head].induction, induction[head], 1e-3) << head;
        EXPECT_NEAR(measured.heads[head].duplicate, duplicate[head], 1e-3) << head;
        EXPECT_NEAR(measured.heads[head].previous, previous[head], 1e-3) << head;
    }
    const auto t = static_cast<std::ptrdiff_t>(measured.length);
    const auto mean = [](auto first, auto last) {
        return std::accumulate(first, last, 0.0) / static_cast<double>(last - first);
    };
    EXPECT_NEAR(measured.loss_first, mean(loss.begin(), loss.begin() + t), 2e-3);
    EXPECT_NEAR(measured.loss_second, mean(loss.begin() + t + 1, loss.end()), 2e-3);
}

TEST(SmolLM2, CompositionScoresAreThoseOfNumPy) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::vector<NpyArray> reference = read_npz(answers(shared) / "composition.npz");
    const CompositionTable table = composition(smollm2(), {Composition::Q, Composition::K, Composition::V});
    int pairs = 0;
    for (const auto& [kind, name] :
         {std::pair{Composition::Q, "Q"}, {Composition::K, "K"}, {Composition::V, "V"}}) {
        const std::vector<double> theirs = find_array(reference, name).as_double();
        const xt::xarray<double> ours = as_array(table, kind, smollm2().config());
        ASSERT_EQ(ours.size(), theirs.size());
        for (std::size_t i = 0; i < theirs.size(); ++i) {
            ASSERT_EQ(std::isnan(ours.data()[i]), std::isnan(theirs[i])) << name << " " << i;
            if (std::isnan(theirs[i])) continue;
            EXPECT_NEAR(ours.data()[i], theirs[i], 1e-4) << name << " " << i;
            ++pairs;
        }
    }
    EXPECT_EQ(pairs, 3 * 9 * 9 * 30 * 29 / 2);
}

TEST(SmolLM2, ItsStrongestKCompositionsFeedTheInductionHeads) {
    CompositionTable table = composition(smollm2(), {Composition::K});
    std::ranges::sort(table.rows, std::greater<>(), &CompositionRow::score);
    std::vector<std::string> first;
    for (std::size_t i = 0; i < 5; ++i)
        first.push_back(label(table.rows[i].writer) + " " + label(table.rows[i].reader));
    EXPECT_EQ(first, (std::vector<std::string>{"L17H8 L18H7", "L17H8 L18H8", "L17H8 L18H6", "L16H0 L17H3",
                                               "L16H0 L18H8"}));
}

// Its K-composed QK circuit matches tokens with themselves, and raw embeddings it does not copy: it fails the
// induction corner, and is the strongest induction head all the same.
TEST(SmolLM2, TheStrongestInductionHeadMatchesAndCopiesWhatTheFirstMlpWrites) {
    const HeadCircuit matching{
        .kind = CircuitKind::QK, .heads = {{18, 6}}, .writers = {{17, 8}}, .input = Composition::K};
    const HeadCircuit copying{.kind = CircuitKind::OV, .heads = {{18, 6}}};
    const SpectralScore match = spectral_score(smollm2(), matching, CircuitEnds::Vocabulary),
                        raw = spectral_score(smollm2(), copying, CircuitEnds::Vocabulary),
                        through_mlp = spectral_score(embed_through(smollm2(), Embedding::Mlp0), copying,
                                                     CircuitEnds::Vocabulary);
    EXPECT_GT(match.value, 0.99);
    EXPECT_NEAR(raw.value, 0.28, 0.005);
    EXPECT_NEAR(through_mlp.value, 0.58, 0.005);
    EXPECT_LT(match.error + raw.error + through_mlp.error, 0.005);
}

}  // namespace
}  // namespace headway
