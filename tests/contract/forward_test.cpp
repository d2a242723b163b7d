// The model's forward pass is the evaluation of its network: other people's logits and patterns are evidence
// about that very network.
// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/evaluate.hpp"
#include "headway/io/npy.hpp"
#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

struct Reference {
    std::vector<NpyArray> arrays;
    std::vector<int> tokens(std::size_t row) const {
        const NpyArray& all = find_array(arrays, "tokens");
        const auto n = static_cast<std::size_t>(all.shape[1]);
        const auto& values = all.integers();
        return {values.begin() + static_cast<std::ptrdiff_t>(row * n),
                values.begin() + static_cast<std::ptrdiff_t>((row + 1) * n)};
    }
};

double largest(const std::vector<double>& values) {
    double result = 0;
    for (double value : values) result = std::max(result, std::abs(value));
    return result;
}

// Largest difference of logits, relative to the largest logit, and of attention, over all rows of the
// reference.
void compare(const Model& model, const std::filesystem::path& expected, double logit_tolerance,
             double attention_tolerance) {
    const Reference reference{read_npz(expected)};
    const Network network = transformer(model.config());
    std::vector<Expr> outputs{network.output};
    for (int layer = 0; layer < model.config().n_layers; ++layer)
        outputs.push_back(network.at("A[L" + std::to_string(layer) + "]"));
    const NpyArray &logits = find_array(reference.arrays, "logits"),
                   &attentions = find_array(reference.arrays, "attentions");
    const std::vector<double> logit_values = logits.as_double(), attention_values = attentions.as_double();
    const auto batch = static_cast<std::size_t>(logits.shape[0]);
    const std::size_t logit_row = logit_values.size() / batch;
    const std::size_t attention_row =
        attention_values.size() / batch / static_cast<std::size_t>(model.config().n_layers);
    double logit_error = 0, attention_error = 0;
    for (std::size_t row = 0; row < batch; ++row) {
        const auto values = evaluate(model, outputs, reference.tokens(row), {.precision = Precision::Double});
        ASSERT_EQ(values[0].size(), logit_row);
        for (std::size_t i = 0; i < logit_row; ++i)
            logit_error =
                std::max(logit_error, std::abs(values[0].data()[i] - logit_values[row * logit_row + i]));
        for (std::size_t layer = 0; layer + 1 < outputs.size(); ++layer) {
            ASSERT_EQ(values[layer + 1].size(), attention_row);
            for (std::size_t i = 0; i < attention_row; ++i)
                attention_error = std::max(
                    attention_error, std::abs(values[layer + 1].data()[i] -
                                              attention_values[(layer * batch + row) * attention_row + i]));
        }
    }
    EXPECT_LT(logit_error / largest(logit_values), logit_tolerance);
    EXPECT_LT(attention_error, attention_tolerance);
}

class Conformance : public testing::TestWithParam<std::string> {};

TEST_P(Conformance, LogitsAndPatternsAreThoseOfTheReference) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = test::checkpoint(shared, GetParam());
    for (const Folding& fold : {Folding{true, true, false}, no_folding, Folding{true, true, true}})
        for (const char* config : {"config.json", "config.transformers4.json"}) {
            if (!std::filesystem::exists(folder / config)) continue;
            SCOPED_TRACE(config);
            compare(load_model(folder.string(), {.fold = fold, .config = folder / config}),
                    folder / "expected.npz", 1e-5, 1e-5);
        }
}
INSTANTIATE_TEST_SUITE_P(Checkpoints, Conformance, testing::ValuesIn(test::checkpoint_list()),
                         test::checkpoint_label);

TEST(Forward, TrainedExamplesGiveTheAnswersOfTheCodeThatTrainedThem) {
    HEADWAY_SHARED_OR_SKIP(shared);
    for (const char* name : {"attn-only-1l", "attn-only-2l"})
        compare(load_model((shared / "models" / name).string()), shared / "models" / name / "expected.npz",
                1e-6, 1e-6);
}

TEST(Forward, OneAndTwoThreadsGiveTheSameBits) {
    const Model model = load_model("example:attn-only-2l");
    const Expr logits = transformer(model.config()).output;
    std::vector<int> tokens(100);
    for (int i = 0; i < 100; ++i) tokens[static_cast<std::size_t>(i)] = (i * 37) % 1024;
    for (Precision precision : {Precision::Float, Precision::Double})
        EXPECT_EQ(evaluate(model, logits, tokens, {.precision = precision, .threads = 1}),
                  evaluate(model, logits, tokens, {.precision = precision, .threads = 2}));
}

}  // namespace
}  // namespace headway
