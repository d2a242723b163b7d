// Every path, one by one, and every term of every score, against plain loops; then all small configurations.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/expand/path_term.hpp"
#include "headway/expand/paths.hpp"
#include "headway/measure/paths.hpp"
#include "headway/measure/score_terms.hpp"
#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"
#include "support/path_oracle.h"
#include "support/shared.hpp"

#include <gtest/gtest.h>

#include <map>

namespace headway {
namespace {

constexpr EvaluateOptions in_double{.precision = Precision::Double};

double largest(const oracle::Matrix& matrix) {
    double result = 0;
    for (const auto& row : matrix)
        for (double value : row) result = std::max(result, std::abs(value));
    return result;
}

double difference(const double* ours, const oracle::Matrix& theirs) {
    double result = 0;
    for (const auto& row : theirs)
        for (double value : row) result = std::max(result, std::abs(*ours++ - value));
    return result;
}

// How far the worst of all paths is from the loops, each relative to its own largest entry.
struct Worst {
    double error = 0;
    std::string path;
    std::size_t paths = 0;
};

Worst worst_path(const Model& model, const std::vector<int>& tokens) {
    const oracle::PathOracle loops = oracle::path_oracle(model, tokens);
    const FrozenModel frozen(model.config());
    Paths paths(model.config(), {.max_heads = model.config().n_layers});
    std::vector<Path> all;
    std::vector<Expr> terms;
    while (std::optional<Path> path = paths.next()) {
        terms.push_back(path_term(frozen, *path));
        all.push_back(std::move(*path));
    }
    Worst worst{0, {}, all.size()};
    evaluate_each(model, terms, tokens, in_double, [&](std::size_t i, const xt::xarray<double>& value) {
        const oracle::Matrix theirs = loops.contribution(all[i]);
        ASSERT_EQ(value.size(), theirs.size() * theirs.front().size());
        const double size = std::max(largest(theirs), 1e-6 * largest(loops.run().logits));
        const double error = difference(value.data(), theirs) / size;
        if (error > worst.error) worst = {error, label(all[i]), all.size()};
    });
    return worst;
}

std::vector<int> sixteen(const Model& model) {
    std::vector<int> tokens;
    for (int i = 0; i < 16; ++i) tokens.push_back((7 + i * i * 13) % model.config().d_vocab);
    return tokens;
}

TEST(EveryPath, OfTheTrainedExampleIsThatOfPlainLoops) {
    const Model model = load_model("example:attn-only-2l");
    const Worst worst = worst_path(model, sixteen(model));
    EXPECT_EQ(worst.paths, 1U + 8 + 8 + 64);  // shortformer: positions are no source
    EXPECT_LT(worst.error, 1e-10) << worst.path;
}

TEST(EveryPath, OfFoldedAndUnfoldedCheckpointsIsThatOfPlainLoops) {
    HEADWAY_SHARED_OR_SKIP(shared);
    for (const char* name : {"gpt2", "llama"})
        for (const Folding& fold : {Folding{true, true, false}, no_folding}) {
            const Model model =
                load_model((shared / "conformance" / "checkpoints" / name).string(), {.fold = fold});
            const Worst worst = worst_path(model, sixteen(model));
            EXPECT_GT(worst.paths, 50U);
            EXPECT_LT(worst.error, 1e-10) << name << ": " << worst.path;
        }
}

// The rows of path_contributions are these contributions: norm and target of each.
TEST(EveryPath, IsTheRowOfTheTable) {
    const Model model = load_model("example:attn-only-2l");
    const std::vector<int> tokens = sixteen(model);
    const oracle::PathOracle loops = oracle::path_oracle(model, tokens);
    PathMeasureOptions options;
    options.all_positions = true;
    options.target = {17, 4, false};
    const PathTable table = path_contributions(model, tokens, options);
    ASSERT_EQ(table.rows.size(), 81U * 16);
    std::map<Path, oracle::Matrix> contributions;
    for (const PathRow& row : table.rows) {
        oracle::Matrix& whole = contributions[*row.path];
        if (whole.empty()) whole = loops.contribution(*row.path);
        const oracle::Vector& at = whole[static_cast<std::size_t>(row.position)];
        double squares = 0;
        for (double value : at) squares += value * value;
        EXPECT_NEAR(row.norm, std::sqrt(squares), 1e-10 * std::sqrt(squares));
        EXPECT_NEAR(row.target_logit, at[17] - at[4], 1e-10 * std::sqrt(squares));
    }
}

void expect_score_terms(const Model& model, const std::vector<int>& tokens, int q, int k) {
    const oracle::PathOracle loops = oracle::path_oracle(model, tokens);
    for (int layer = 0; layer < model.config().n_layers; ++layer)
        for (int head = 0; head < model.config().n_heads; ++head) {
            const Head reader{layer, head};
            const ScoreTermTable table = score_terms(model, tokens, reader, q, k, in_double);
            const double score =
                loops.run().layers[static_cast<std::size_t>(layer)].scores[static_cast<std::size_t>(
                    head)][static_cast<std::size_t>(q)][static_cast<std::size_t>(k)];
            double scale = std::abs(score);
            for (const ScoreTermRow& row : table.rows) scale = std::max(scale, std::abs(row.value));
            EXPECT_NEAR(table.score, score, 1e-10 * scale);
            for (const ScoreTermRow& row : table.rows)
                EXPECT_NEAR(row.value, loops.score_term(reader, row.query, row.key, q, k), 1e-10 * scale)
                    << model.name() << " " << label(reader) << ": " << label(row.query) << " x "
                    << label(row.key);
        }
}

TEST(EveryScoreTerm, OfTheTrainedExampleIsThatOfPlainLoops) {
    const Model model = load_model("example:attn-only-2l");
    expect_score_terms(model, {7, 20, 3, 7, 20}, 4, 1);
}

TEST(EveryScoreTerm, OfCheckpointsIsThatOfPlainLoops) {
    HEADWAY_SHARED_OR_SKIP(shared);
    for (const char* name : {"gpt2", "llama"})
        for (const Folding& fold : {Folding{true, true, false}, no_folding})
            expect_score_terms(
                load_model((shared / "conformance" / "checkpoints" / name).string(), {.fold = fold}),
                {1, 5, 17, 5, 66}, 4, 2);
}

TEST(EveryScoreTerm, OfShortformerPositionsBehindANormIsThatOfPlainLoops) {
    expect_score_terms(load_model("random:layers=2,heads=2,d_model=6,vocab=9,ctx=8,norm=layernorm,biases=1,"
                                  "positions=shortformer"),
                       {1, 5, 7, 5}, 3, 2);
}

// All configurations with at most two layers and two heads, tiny.
std::vector<std::string> small_shapes() {
    std::vector<std::string> shapes;
    for (const char* layers : {"1", "2"})
        for (const char* heads : {"heads=1", "heads=2", "heads=2,kv_heads=1"})
            for (const char* norm : {"none", "layernorm", "rmsnorm"})
                for (const char* biases : {"0", "1"})
                    for (const char* positions : {"none", "learned", "shortformer", "rotary"})
                        for (const char* mlp :
                             {"", ",d_mlp=3,activation=gelu_new", ",d_mlp=3,activation=gelu,parallel=1",
                              ",d_mlp=5,gated=1,activation=silu"})
                            shapes.push_back(std::string("layers=") + layers + "," + heads +
                                             ",d_model=6,d_head=4,vocab=7,ctx=6,norm=" + norm +
                                             ",biases=" + biases + ",positions=" + positions + mlp);
    return shapes;
}

// The forward pass is the loops', and all paths through at most so many heads with the remainder are the
// logits.
void expect_agreement(const Model& model) {
    const std::vector<int> tokens{3, 1, 6, 1, 0};
    const oracle::Run loops = oracle::forward(model, tokens);
    const Network network = transformer(model.config());
    std::vector<Expr> outputs{network.output};
    for (int layer = 0; layer < model.config().n_layers; ++layer)
        outputs.push_back(network.at("A[L" + std::to_string(layer) + "]"));
    const std::vector<xt::xarray<double>> values = evaluate(model, outputs, tokens, in_double);
    EXPECT_LT(difference(values[0].data(), loops.logits), 1e-12 * std::max(1.0, largest(loops.logits)));
    for (std::size_t layer = 0; layer < loops.layers.size(); ++layer)
        for (std::size_t head = 0; head < loops.layers[layer].pattern.size(); ++head)
            EXPECT_LT(difference(values[layer + 1].data() + head * 25, loops.layers[layer].pattern[head]),
                      1e-12);
    for (int heads = 0; heads <= model.config().n_layers; ++heads) {
        PathMeasureOptions options;
        options.max_heads = heads;
        options.at = heads + 2;
        const PathTable table = path_contributions(model, tokens, options);
        EXPECT_LT(table.closure, 1e-10 * table.largest_logit);
    }
}

TEST(EverySmallModelLong, RunsAsThePlainLoopsAndIsTheSumOfItsPaths) {
    std::uint64_t seed = 0;
    for (const std::string& shape : small_shapes()) {
        SCOPED_TRACE(shape);
        ++seed;
        for (const Folding& fold : {no_folding, Folding{true, true, seed % 2 == 0}})
            expect_agreement(load_model("random:" + shape, {.fold = fold, .seed = seed}));
        if (::testing::Test::HasFailure()) return;
    }
}

// A fifth of them path by path.
TEST(EverySmallModel, HasThePathsOfThePlainLoops) {
    const std::vector<std::string> shapes = small_shapes();
    for (std::size_t i = 0; i < shapes.size(); i += 5)
        for (const Folding& fold : {no_folding, Folding{true, true, i % 2 == 0}}) {
            const Worst worst =
                worst_path(load_model("random:" + shapes[i], {.fold = fold, .seed = i}), {3, 1, 6, 1, 0});
            ASSERT_LT(worst.error, 1e-10) << shapes[i] << ": " << worst.path;
        }
}

// Open models in small: what each has that GPT-2 and Llama have not.
std::vector<std::string> feature_shapes(const std::string& n_heads) {
    const std::string heads = "layers=2," + n_heads + ",d_model=6,d_head=4,vocab=7,ctx=6,d_mlp=5";
    const std::string llama = heads + ",gated=1,activation=silu,norm=rmsnorm,positions=rotary";
    const std::string gpt2 = heads + ",activation=gelu_new,norm=layernorm,biases=1";
    return {
        llama + ",rope=llama3,original_ctx=8,factor=8",
        llama + ",norms=sandwich,score_cap=2,logit_cap=3,embed_scale=1.5,window=2,full_every=2",
        llama + ",norms=sandwich,qk_norm=head,rope=linear,embed_scale=1.5,window=3,full_every=2",
        llama + ",norms=after,qk_norm=layer",
        llama + ",qk_norm=head",
        llama + ",plain_every=2",
        gpt2 + ",positions=alibi,embed_norm=1",
        gpt2 + ",positions=rotary,rotary_dims=2,adjacent=1,parallel=1,shared_norm=1",
        gpt2 + ",positions=learned,window=2,full_every=2",
        gpt2 + ",positions=learned,norms=stream,final_norm=0",
        gpt2 + ",positions=learned,norms=stream,embed_norm=1,embed_bias=1,causal=0,final_norm=0",
        heads + ",positions=learned,norm=rmsnorm,norms=stream,qk_norm=layer,biases=1",
        heads +
            ",positions=alibi,norm=rmsnorm,norms=after,embed_norm=1,embed_bias=1,biases=1,qk_norm=layer,"
            "logit_cap=1",
    };
}

TEST(EveryOpenModel, InSmallRunsAsThePlainLoopsAndIsTheSumOfItsPaths) {
    std::uint64_t seed = 0;
    for (const std::string& shape : feature_shapes("heads=4,kv_heads=2")) {
        SCOPED_TRACE(shape);
        ++seed;
        for (const Folding& fold : {no_folding, Folding{true, true, seed % 2 == 0}})
            expect_agreement(load_model("random:" + shape, {.fold = fold, .seed = seed}));
    }
}

TEST(EveryOpenModel, InSmallHasThePathsOfThePlainLoops) {
    std::uint64_t seed = 100;
    for (const std::string& shape : feature_shapes("heads=4,kv_heads=2"))
        for (const Folding& fold : {no_folding, Folding{true, true, false}}) {
            const Model model = load_model("random:" + shape, {.fold = fold, .seed = ++seed});
            const Worst worst = worst_path(model, {3, 1, 6, 1, 0});
            EXPECT_GT(worst.paths, 20U) << shape;
            EXPECT_LT(worst.error, 1e-10) << shape << ": " << worst.path;
        }
}

TEST(EveryOpenModel, InSmallHasTheScoreTermsOfThePlainLoops) {
    std::uint64_t seed = 200;
    for (const std::string& shape : feature_shapes("heads=2,kv_heads=1")) {
        const Folding fold = ++seed % 2 == 0 ? no_folding : Folding{true, true, false};
        const Model model = load_model("random:" + shape, {.fold = fold, .seed = seed});
        expect_score_terms(model, {3, 1, 6, 1, 0}, 3, 2);
    }
}

TEST(EveryOpenModel, WithANonlinearHeadHasScoreTermsButNoPaths) {
    const Model model = load_model(
        "random:layers=2,heads=2,d_model=6,vocab=7,ctx=6,d_mlp=5,norm=layernorm,biases=1,norms=stream,"
        "embed_norm=1,embed_bias=1,causal=0,masked_head=1");
    expect_score_terms(model, {3, 1, 6, 1, 0}, 1, 3);
    try {
        path_contributions(model, std::vector<int>{3, 1});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
        EXPECT_NE(std::string(error.what()).find("its head is not linear"), std::string::npos);
    }
}

}  // namespace
}  // namespace headway
