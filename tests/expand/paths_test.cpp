// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/paths.hpp"

#include "expand/architectures.hpp"
#include "headway/base/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace headway {
namespace {

Config gpt2_small() {
    Config config = tiny_gpt2(12, 12);
    config.d_model = 768;
    config.d_head = 64;
    return config;
}

std::vector<std::string> all(const Config& config, int max_heads) {
    std::vector<std::string> labels;
    Paths paths(config, {.max_heads = max_heads});
    while (const auto path = paths.next()) labels.push_back(label(*path));
    return labels;
}

TEST(PathCounts, OfGpt2SmallAreTheKnownNumbers) {
    const PathCounts counts = count_paths(gpt2_small(), 4);
    EXPECT_EQ(counts.of[0], (std::vector<std::uint64_t>{1, 144, 9504, 380160, 10264320}));
}

TEST(PathCounts, OfAllOrdersTogetherAreOnePlusHeadsToTheLayers) {
    std::uint64_t power = 1;
    for (int layer = 0; layer < 12; ++layer) power *= 13;
    const PathCounts counts = count_paths(gpt2_small(), 12);
    std::uint64_t sum = 0;
    for (std::uint64_t count : counts.of[0]) sum += count;
    EXPECT_EQ(sum, power);
}

TEST(PathCounts, AreWhatTheGeneratorGives) {
    std::vector<NamedConfig> models = tiny_models();
    for (NamedConfig& named : tiny_architectures()) models.push_back(std::move(named));
    for (const NamedConfig& named : models) {
        PathCounts listed;
        for (auto& orders : listed.of) orders.assign(static_cast<std::size_t>(named.config.n_layers) + 1, 0);
        Paths paths(named.config, {.max_heads = 3});
        std::uint64_t n = 0;
        for (; const auto path = paths.next(); ++n)
            ++listed.of[static_cast<std::size_t>(path->source.kind)][static_cast<std::size_t>(order(*path))];
        ASSERT_EQ(listed.of, count_paths(named.config, 3).of) << named.name;
        ASSERT_EQ(n, paths.count()) << named.name;
    }
}

TEST(PathCounts, OfOrdersThatTheModelHasNotAreZero) {
    const PathCounts counts = count_paths(tiny(2), 1'000'000'000);
    EXPECT_EQ(counts.of_order(2), 4U);
    EXPECT_EQ(counts.of_order(3), 0U);
    EXPECT_EQ(counts.of_order(-1), 0U);
    EXPECT_EQ(counts.total(), 9U);
    EXPECT_EQ(count_paths(tiny(2), 1).of_order(2), 0U);
}

TEST(PathCounts, BeyondSixtyFourBitsAreRefusedNotWrong) {
    Config config = tiny(80, 64);
    EXPECT_EQ(count_paths(config, 1).at(SourceKind::Embed, 1), 5120U);
    EXPECT_THROW(count_paths(config, 20), Error);
}

TEST(Paths, OfATwoLayerModelComeByOrder) {
    EXPECT_EQ(
        all(tiny(2, 2), 2),
        (std::vector<std::string>{"embed > unembed", "embed > L0H0.V > unembed", "embed > L0H1.V > unembed",
                                  "embed > L1H0.V > unembed", "embed > L1H1.V > unembed",
                                  "embed > L0H0.V > L1H0.V > unembed", "embed > L0H0.V > L1H1.V > unembed",
                                  "embed > L0H1.V > L1H0.V > unembed", "embed > L0H1.V > L1H1.V > unembed"}));
}

TEST(Paths, FromBiasesCountTheHeadThatTheyTraverse) {
    EXPECT_EQ(
        all(tiny_gpt2(2, 1), 1),
        (std::vector<std::string>{
            "embed > unembed", "pos > unembed", "b_O[L0] > unembed", "mlp0 > unembed", "b_O[L1] > unembed",
            "mlp1 > unembed", "ln_final.b > unembed", "b_U > unembed", "embed > L0H0.V > unembed",
            "embed > L1H0.V > unembed", "pos > L0H0.V > unembed", "pos > L1H0.V > unembed",
            "ln1.b[L0] > L0H0.V > unembed", "b_V[L0H0] > unembed", "b_O[L0] > L1H0.V > unembed",
            "mlp0 > L1H0.V > unembed", "ln1.b[L1] > L1H0.V > unembed", "b_V[L1H0] > unembed"}));
}

TEST(Paths, OfNormsOnTheStreamHaveTheirBiasesAsSources) {
    Config config = tiny_gpt1();
    config.n_layers = config.n_heads = config.n_kv_heads = 1;
    EXPECT_EQ(all(config, 1),
              (std::vector<std::string>{"embed > unembed", "pos > unembed", "b_O[L0] > unembed",
                                        "ln1.b[L0] > unembed", "mlp0 > unembed", "ln2.b[L0] > unembed",
                                        "embed > L0H0.V > unembed", "pos > L0H0.V > unembed",
                                        "b_V[L0H0] > unembed"}));
}

TEST(Paths, OfANormBehindTheEmbeddingHaveItsBiasAsSource) {
    Config config = tiny_bloom();
    config.n_layers = 0;
    config.biases.embed = true;
    EXPECT_EQ(all(config, 0), (std::vector<std::string>{"embed > unembed", "b_E > unembed",
                                                        "ln_embed.b > unembed", "ln_final.b > unembed"}));
}

TEST(Paths, AreAllDifferentAndReadBack) {
    const std::vector<std::string> labels = all(tiny_gpt2(3, 2), 3);
    EXPECT_EQ(std::set<std::string>(labels.begin(), labels.end()).size(), labels.size());
    for (const std::string& text : labels) EXPECT_EQ(label(parse_path(text)), text);
}

TEST(Paths, OfOneSourceAreThoseOfAllWithThatSource) {
    const Config config = tiny_gpt2(3, 2);
    for (const Source& source : path_sources(config)) {
        std::set<std::string> wanted;
        for (const std::string& text : all(config, 3))
            if (parse_path(text).source == source) wanted.insert(text);
        Paths paths(config, {.max_heads = 3, .source = source});
        std::set<std::string> got;
        while (const auto path = paths.next()) got.insert(label(*path));
        EXPECT_EQ(got, wanted) << label(source);
    }
}

TEST(Paths, RefuseTooManyWithTheCount) {
    try {
        Paths paths(gpt2_small(), {.max_heads = 3});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Limit);
        const std::uint64_t count = count_paths(gpt2_small(), 3).total();
        EXPECT_EQ(error.what(), "there are " + std::to_string(count) +
                                    " paths through at most 3 heads, more than the limit of 100000");
    }
}

TEST(PathClass, IsByHeadsAndSource) {
    const auto class_of = [](const std::string& text) { return name(path_class(parse_path(text))); };
    EXPECT_EQ(class_of("embed > unembed"), "direct");
    EXPECT_EQ(class_of("pos > L0H0.V > unembed"), "single");
    EXPECT_EQ(class_of("embed > L0H0.V > L1H0.V > unembed"), "virtual");
    EXPECT_EQ(class_of("b_V[L0H0] > L1H0.V > unembed"), "bias");
    EXPECT_EQ(class_of("ln1.b[L0] > L0H0.V > unembed"), "bias");
    EXPECT_EQ(class_of("mlp0 > unembed"), "mlp");
    EXPECT_EQ(class_of("mlp0 > L1H0.V > unembed"), "single");
}

TEST(Path, ThatDoesNotReadIsRefusedWithItsText) {
    for (const char* text :
         {"", "embed", "embed > L0H0 > unembed", "embed > L0H0.K > unembed", "mlp > unembed",
          "mlp-1 > unembed", "b_O[3] > unembed", "b_O[L3H1] > unembed", "embed > unembed > x",
          "embed>unembed", "b_V[L1Hx] > unembed", "L99999999999H0 > unembed"})
        EXPECT_THROW(parse_path(text), Error) << text;
}

TEST(Source, TextReadsBack) {
    for (const char* text :
         {"embed", "pos", "mlp5", "b_O[L3]", "b_V[L3H2]", "b_V[L3]", "ln1.b[L3]", "ln_final.b", "b_U",
          "b_Q[L1H4]", "b_K[L1H4]", "L0H3", "b_E", "ln_embed.b", "ln2.b[L3]", "alibi"})
        EXPECT_EQ(label(parse_source(text)), text);
}

}  // namespace
}  // namespace headway
