// SPDX-License-Identifier: Apache-2.0
#include "model/layout.hpp"

#include "headway/base/error.hpp"
#include "headway/model/load.hpp"
#include "model/pattern.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace headway {
namespace {

/// 2 heads of 3 over d_model 4; one key-value head.
Config small() {
    Config c = parse_random_shape("layers=1,heads=2,kv_heads=1,d_model=4,d_head=3,d_mlp=5,vocab=7,ctx=6");
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true};
    return c;
}

Leaf leaf_of(const std::string& symbol) {
    for (const Leaf& leaf : stored_leaves(small())) {
        if (leaf.name.symbol == symbol) return leaf;
    }
    throw InvariantFailure("no such leaf");
}

/// The leaf out of a tensor that holds 0, 1, 2, ..., read in pieces of about `most`.
std::vector<float> gathered(const char* text, int part, const std::string& symbol, std::int64_t most = 1000) {
    const Leaf leaf = leaf_of(symbol);
    const TensorLayout layout = parse_layout(text, part, leaf, small());
    std::size_t size = 1;
    for (const std::int64_t extent : layout.tensor_shape) size *= static_cast<std::size_t>(extent);
    std::vector<float> tensor(size);
    std::iota(tensor.begin(), tensor.end(), 0.0F);
    std::vector<float> out(static_cast<std::size_t>(leaf.size()));
    for (const Piece& piece : pieces(layout, most))
        gather<float>(std::span(tensor).subspan(static_cast<std::size_t>(piece.first),
                                                static_cast<std::size_t>(piece.size)),
                      piece, out);
    return out;
}

TEST(Layout, ExpectedShapesHaveNames) {
    const auto expected = [](const char* text, const char* symbol) {
        return parse_layout(text, 0, leaf_of(symbol), small()).expected;
    };
    EXPECT_EQ(expected("h d e", "W_Q"), "[n_heads=2, d_model=4, d_head=3]");
    EXPECT_EQ(expected("(h e) d", "W_Q"), "[n_heads*d_head=6, d_model=4]");
    EXPECT_EQ(expected("d (3 h e)", "W_Q"), "[d_model=4, 3*n_heads*d_head=18]");
    EXPECT_EQ(expected("(g e) d", "W_K"), "[n_kv_heads*d_head=3, d_model=4]");
}

TEST(Layout, HeadsInRowsAreTransposedHeadByHead) {
    const std::vector<float> q = gathered("(h e) d", 0, "W_Q");  // q[h, d, e] = 4 (3 h + e) + d
    EXPECT_EQ(q[(1 * 4 + 2) * 3 + 1], 4.0F * (3 * 1 + 1) + 2);
    EXPECT_EQ(q[(0 * 4 + 3) * 3 + 2], 4.0F * 2 + 3);
}

TEST(Layout, APartOfAFusedTensorStartsBehindTheOthers) {
    const std::vector<float> q = gathered("d (3 h e)", 2, "W_Q");  // q[h, d, e] = 18 d + 12 + 3 h + e
    EXPECT_EQ(q[(1 * 4 + 2) * 3 + 1], 18.0F * 2 + 12 + 3 * 1 + 1);
    const std::vector<float> b = gathered("(3 h e)", 1, "b_Q");
    EXPECT_EQ(b, (std::vector<float>{6, 7, 8, 9, 10, 11}));
}

TEST(Layout, HeadsInColumnsOfTheOutput) {
    const std::vector<float> o = gathered("d (h e)", 0, "W_O");  // o[h, e, d] = 6 d + 3 h + e
    EXPECT_EQ(o[(1 * 3 + 2) * 4 + 3], 6.0F * 3 + 3 * 1 + 2);
}

TEST(Layout, InterleavedHeadsOfAFusedTensor) {
    const std::vector<float> q = gathered("(h 3 e) d", 1, "W_Q");  // q[h, d, e] = 4 (9 h + 3 + e) + d
    EXPECT_EQ(q[(1 * 4 + 2) * 3 + 1], 4.0F * (9 * 1 + 3 + 1) + 2);
}

TEST(Layout, OnlyAnUnchangedTensorIsWhole) {
    const Leaf q = leaf_of("W_Q");
    EXPECT_TRUE(parse_layout("h d e", 0, q, small()).is_whole());
    EXPECT_FALSE(parse_layout("(h e) d", 0, q, small()).is_whole());
    EXPECT_TRUE(parse_layout("(h e) d", 0, leaf_of("W_O"), small()).is_whole());
    EXPECT_FALSE(parse_layout("(3 h e)", 0, leaf_of("b_Q"), small()).is_whole());
    EXPECT_FALSE(parse_layout("2+p d", 1, leaf_of("W_pos"), small()).is_whole());
}

TEST(Layout, PartsOfDifferentSizeStandOneBehindTheOther) {
    const std::vector<float> q = gathered("(h+g+g e) d", 0, "W_Q");  // q[h, d, e] = 4 (3 h + e) + d
    EXPECT_EQ(q[(1 * 4 + 2) * 3 + 1], 4.0F * (3 * 1 + 1) + 2);
    const std::vector<float> v = gathered("(h+g+g e) d", 2, "W_V");  // v[0, d, e] = 4 (9 + e) + d
    EXPECT_EQ(v[2 * 3 + 1], 4.0F * (9 + 1) + 2);
}

TEST(Layout, EveryGroupHasItsQueriesItsKeyAndItsValue) {
    Config c = parse_random_shape("layers=1,heads=4,kv_heads=2,d_model=2,d_head=2");
    const Leaf q{{"W_Q", 0}, "hde", {4, 2, 2}};
    const TensorLayout layout = parse_layout("(g r+1+1 e) d", 0, q, c);
    EXPECT_EQ(layout.expected, "[n_kv_heads*(n_heads/n_kv_heads+1+1)*d_head=16, d_model=2]");
    std::vector<float> tensor(32);
    std::iota(tensor.begin(), tensor.end(), 0.0F);
    std::vector<float> out(16);
    gather<float>(tensor, pieces(layout, 1000).front(), out);  // q[2 g + r, d, e] = 2 (8 g + 2 r + e) + d
    EXPECT_EQ(out[(3 * 2 + 1) * 2 + 0], 2.0F * (8 + 2) + 1);
    EXPECT_EQ(parse_layout("(g r+1+1 e) d", 2, {{"W_V", 0}, "gde", {2, 2, 2}}, c).offset, 2 * 3 * 2);
}

TEST(Layout, RowsInFrontAreLeftOut) {
    const TensorLayout layout = parse_layout("2+p d", 1, leaf_of("W_pos"), small());
    EXPECT_EQ(layout.expected, "[2+n_ctx=8, d_model=4]");
    EXPECT_EQ(gathered("2+p d", 1, "W_pos").front(), 8.0F);
}

TEST(Layout, OneRowOfAnyNumber) {
    const Leaf b{{"b_O", 0}, "d", {4}};
    const TensorLayout layout = parse_layout("* d", 1, b, small());
    EXPECT_TRUE(layout.fits({9, 4}));
    EXPECT_FALSE(layout.fits({9, 5}));
    EXPECT_EQ(layout.offset, 4);
    EXPECT_EQ(layout.expected, "[any, d_model=4]");
}

TEST(Layout, AVectorThatAllHeadsShareIsRepeated) {
    EXPECT_EQ(gathered("e", 0, "b_Q"), (std::vector<float>{0, 1, 2, 0, 1, 2}));
}

TEST(Layout, RotatedPairsSideBySideAreHalvesAgain) {
    const Config c = parse_random_shape("layers=1,heads=1,d_model=2,d_head=4");
    std::vector<float> tensor{0, 1, 2, 3};
    std::vector<float> out(4);
    gather<float>(tensor, pieces(parse_layout("(h i j)", 0, {{"b_Q", 0}, "he", {1, 4}}, c), 9).front(), out);
    EXPECT_EQ(out, (std::vector<float>{0, 2, 1, 3}));
}

TEST(Layout, TheSecondOfTwoEqualAxesHasACapital) {
    const Leaf head{{"W_head", -1}, "dd", {4, 4}};
    const TensorLayout layout = parse_layout("D d", 0, head, small());
    EXPECT_EQ(layout.loops.front().from, 1);
    EXPECT_TRUE(parse_layout("d D", 0, head, small()).is_whole());
}

TEST(Layout, PiecesAreTheWhole) {
    for (const auto& [text, symbol] : {std::pair{"(h e) d", "W_Q"},
                                       {"d (h e)", "W_O"},
                                       {"(h+g+g e) d", "W_Q"},
                                       {"d (3 h e)", "W_Q"},
                                       {"(h 3 e) d", "W_Q"},
                                       {"m d", "W_in"},
                                       {"e", "b_Q"}})
        for (const std::int64_t most : {1, 5, 17})
            EXPECT_EQ(gathered(text, 0, symbol, most), gathered(text, 0, symbol)) << text << " " << most;
}

TEST(Layout, TransposesMatricesThatAreNoMultipleOfATile) {
    std::vector<double> in(37 * 70);
    std::iota(in.begin(), in.end(), 0.0);
    std::vector<double> out(in.size());
    transpose<double>(in, 37, 70, out);
    for (std::size_t i = 0; i < 37; ++i) {
        for (std::size_t j = 0; j < 70; ++j) ASSERT_EQ(out[j * 37 + i], in[i * 70 + j]);
    }
}

TEST(Pattern, MatchesALayerAndAPrefixThatMayBeAbsent) {
    const char* pattern = "[transformer.]h.{}.attn.bias";
    EXPECT_EQ(match_pattern(pattern, "transformer.h.12.attn.bias"), 12);
    EXPECT_EQ(match_pattern(pattern, "h.0.attn.bias"), 0);
    for (const char* name : {"h..attn.bias", "h.x.attn.bias", "h.01.attn.bias", "h.-1.attn.bias",
                             "h.1.attn.biases", "h.99999999999.attn.bias", "model.h.1.attn.bias"}) {
        EXPECT_EQ(match_pattern(pattern, name), no_match) << name;
    }
    EXPECT_EQ(match_pattern("lm_head.weight", "lm_head.weight"), no_layer);
    EXPECT_EQ(match_pattern("[bert.]pooler.*", "bert.pooler.dense.bias"), no_layer);
    EXPECT_EQ(match_pattern("[bert.]pooler.*", "bert.poole"), no_match);
}

std::string listed(const Config& config) {
    std::string text;
    for (const Leaf& leaf : network_leaves(config)) {
        text += label(leaf.name) + " ";
        if (leaf.name.layer > 0) break;
    }
    return text;
}

TEST(Leaves, AnAttentionOnlyModelHasFewLeaves) {
    EXPECT_EQ(listed(parse_random_shape("layers=1,heads=1,d_model=2")),
              "W_E W_pos scale[L0] W_Q[L0] W_K[L0] W_V[L0] W_O[L0] W_U ");
}

TEST(Leaves, FoldedNormsLeaveTheImagesOfTheirBiases) {
    Config c = parse_random_shape("layers=1,heads=1,d_model=2,d_mlp=3,gated=1,norm=layernorm,biases=1");
    c.folding = {.gains = true, .centring = true};
    EXPECT_EQ(listed(c),
              "W_E W_pos scale[L0] W_Q[L0] W_K[L0] W_V[L0] W_O[L0] b_Q[L0] b_K[L0] b_V[L0] b_O[L0] W_in[L0] "
              "W_gate[L0] W_out[L0] b_in[L0] b_out[L0] ln1.b.Q[L0] ln1.b.K[L0] ln1.b.V[L0] ln2.b.in[L0] "
              "ln2.b.gate[L0] W_U b_U ln_final.b.U ");
}

}  // namespace
}  // namespace headway
