// Other people's numbers for every architecture: the evaluated network gives the logits and attention
// patterns of Hugging Face's transformers, and the composition scores are TransformerLens's. Every test
// prints its row of the table that scripts/conformance.sh shows.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/run.hpp"
#include "headway/model/load.hpp"
#include "support/checkpoints.hpp"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <xtensor/xview.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace headway {
namespace {

namespace fs = std::filesystem;

/// A checkpoint and one of the spellings of its config.
struct Spelling {
    std::string checkpoint;
    std::string config;
};

std::vector<Spelling> spellings() {
    std::vector<Spelling> all;
    const fs::path shared = test::shared_folder();
    for (const std::string& name : test::checkpoint_list()) {
        all.push_back({name, "config.json"});
        const char* older = "config.transformers4.json";
        if (fs::exists(test::checkpoint(shared, name) / older)) all.push_back({name, older});
    }
    return all;
}

std::string spelling_label(const testing::TestParamInfo<Spelling>& instance) {
    std::string label = instance.param.checkpoint + (instance.param.config == "config.json" ? "" : "_older");
    std::ranges::replace(label, '-', '_');
    return label;
}

double largest_difference(const std::vector<double>& theirs, std::size_t first,
                          const xt::xarray<double>& ours) {
    double largest = 0.0;
    for (std::size_t i = 0; i < ours.size(); ++i)
        largest = std::max(largest, std::abs(ours.data()[i] - theirs.at(first + i)));
    return largest;
}

/// Largest differences of logits, in units of the largest, and of patterns.
std::pair<double, double> run_differences(const Model& model, const fs::path& expected) {
    const std::vector<NpyArray> reference = read_npz(expected);
    const NpyArray& tokens = find_array(reference, "tokens");
    const std::vector<double> logits = find_array(reference, "logits").as_double();
    const std::vector<double> attentions =
        find_array(reference, "attentions").as_double();  // [layers, batch, ..]
    const auto batch = static_cast<std::size_t>(tokens.shape[0]);
    const auto n = static_cast<std::size_t>(tokens.shape[1]);
    double scale = 0.0, worst_logit = 0.0, worst_pattern = 0.0;
    for (const double value : logits) scale = std::max(scale, std::abs(value));
    for (std::size_t b = 0; b < batch; ++b) {
        const auto first = tokens.integers().begin() + static_cast<std::ptrdiff_t>(b * n);
        const std::vector<int> row(first, first + static_cast<std::ptrdiff_t>(n));
        const headway::Run run = run_model(model, row, {.precision = Precision::Double});
        worst_logit = std::max(worst_logit, largest_difference(logits, b * run.logits.size(), run.logits));
        for (std::size_t layer = 0; layer < run.attention.shape(0); ++layer) {
            const xt::xarray<double> ours = xt::view(run.attention, layer);
            worst_pattern = std::max(worst_pattern,
                                     largest_difference(attentions, (layer * batch + b) * ours.size(), ours));
        }
    }
    return {worst_logit / scale, worst_pattern};
}

/// Largest difference of the scores of all pairs; `prefix` of the reference's arrays: `raw_`, `folded_`.
double score_difference(const Model& model, const fs::path& folder, const std::string& prefix,
                        const ScoreOptions& options = {}) {
    const std::vector<NpyArray> reference = read_npz(folder / "composition_transformerlens.npz");
    const std::vector<Composition> kinds{Composition::Q, Composition::K, Composition::V};
    const CompositionTable table = composition(model, kinds, {.precision = Precision::Double}, options);
    double largest = 0.0;
    for (const Composition kind : kinds) {
        const char name = "QKV"[static_cast<std::size_t>(kind)];
        const std::vector<double> theirs = find_array(reference, prefix + name).as_double();
        const xt::xarray<double> ours = as_array(table, kind, model.config());
        EXPECT_EQ(ours.size(), theirs.size());
        for (std::size_t i = 0; i < ours.size(); ++i) {
            if (std::isnan(ours.data()[i])) {
                EXPECT_EQ(theirs.at(i), 0.0) << "a pair that cannot compose";
            } else {
                largest = std::max(largest, std::abs(ours.data()[i] - theirs.at(i)));
            }
        }
    }
    return largest;
}

/// The model without the norms whose gains TransformerLens leaves out of folded scores: those behind the
/// branches, those of queries and keys.
Model without_left_out_norms(const Model& file, const Folding& fold) {
    Config config = file.config();
    config.folding = {};
    config.query_key_norm = QueryKeyNorm::None;
    if (config.norm_placement == NormPlacement::After) config.norm = Norm::None;  // none is in front
    config.norm_placement = NormPlacement::Before;
    std::map<LeafName, std::vector<double>> arrays;
    for (const Leaf& leaf : stored_leaves(config)) {
        const auto values = file.leaf<double>(leaf.name.symbol, leaf.name.layer);
        arrays[leaf.name] = {values.values().begin(), values.values().end()};
    }
    return model_from_arrays(config, std::move(arrays), fold, file.name());
}

/// Why folded scores differ from TransformerLens's by design; empty: they do not.
std::string explanation(const Config& c) {
    if (c.norms_stream()) return "norms on the stream: its folded values are no reference";
    std::string which;
    if (c.norms_after()) which = "post-norm";
    if (c.query_key_norm != QueryKeyNorm::None) which += which.empty() ? "QK-norm" : ", QK-norm";
    return which.empty() ? "" : which + " gains are in ours; without them ";
}

/// A row of the table: largest differences of logits, patterns, raw scores and folded ones, as far as there
/// are any.
void print_row(const std::string& model, const std::string& config, const std::vector<double>& differences,
               const std::string& remark) {
    std::string numbers;
    for (std::size_t i = 0; i < 4; ++i)
        numbers +=
            i < differences.size() ? fmt::format("{:>10.1e}", differences[i]) : fmt::format("{:>10}", "-");
    fmt::print("row {:<25}{:<25}{}  {}\n", model, config, numbers, remark);
    std::fflush(stdout);  // before the next process writes
}

class Conformance : public testing::TestWithParam<Spelling> {};

TEST_P(Conformance, LogitsPatternsAndScoresAreThoseOfOtherSoftware) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const fs::path folder = test::checkpoint(shared, GetParam().checkpoint);
    const LoadOptions unfolded{.fold = no_folding, .config = folder / GetParam().config};
    const Model file = load_model(folder.string(), unfolded);
    const Model folded = load_model(folder.string(), {.config = folder / GetParam().config});
    const Config& c = folded.config();
    const auto [logits, patterns] = run_differences(folded, folder / "expected.npz");
    const double raw = score_difference(file, folder, "raw_", {.stream_norms = false});
    const double ours = score_difference(folded, folder, "folded_");
    std::string why = explanation(c);
    EXPECT_LT(logits, 1e-5);
    EXPECT_LT(patterns, 1e-5);
    EXPECT_LT(raw, 2e-6);
    if (why.empty()) {
        EXPECT_LT(ours, 2e-6);
    } else if (!c.norms_stream()) {
        const double rest =
            score_difference(without_left_out_norms(file, LoadOptions{}.fold), folder, "folded_");
        EXPECT_LT(rest, 2e-6) << "what is left when the gains that differ by design are gone";
        EXPECT_GT(ours, 1e-3) << "the gains of the reference model are far from 1";
        why += fmt::format("{:.1e}", rest);
    }
    print_row(GetParam().checkpoint, GetParam().config, {logits, patterns, raw, ours}, why);
}

class GgufConformance : public testing::TestWithParam<std::string> {};

TEST_P(GgufConformance, LogitsAndPatternsAreThoseOfOtherSoftware) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const fs::path folder = shared / "conformance/gguf";
    const Model model = load_model((folder / (GetParam() + ".gguf")).string());
    const auto [logits, patterns] = run_differences(model, folder / (GetParam() + ".npz"));
    EXPECT_LT(logits, 1e-4);
    EXPECT_LT(patterns, 1e-4);
    print_row(GetParam() + ".gguf", "its metadata", {logits, patterns}, "no scores to compare with");
}

INSTANTIATE_TEST_SUITE_P(Measure, GgufConformance,
                         testing::Values("llama-F32", "llama-F16", "llama-BF16", "llama-Q8_0", "llama-Q5_1",
                                         "llama-Q5_0", "llama-Q4_1", "llama-Q4_0"),
                         test::checkpoint_label);

INSTANTIATE_TEST_SUITE_P(Measure, Conformance, testing::ValuesIn(spellings()), spelling_label);

}  // namespace
}  // namespace headway
