// SPDX-License-Identifier: Apache-2.0
#include "headway/network/expression.hpp"

#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/text.hpp"
#include "headway/network/transformer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace headway {
namespace {

constexpr Index q{Space::Position, 0}, k{Space::Position, 1}, d{Space::Residual, 0}, d1{Space::Residual, 1};

template <class Make>
std::string message(const Make& make) {
    try {
        make();
    } catch (const Error& error) {
        return error.what();
    }
    return "built";
}

TEST(Expression, EqualExpressionsAreOneObjectHoweverTheyAreWritten) {
    const Expr a = tensor({"a"}, {Space::Residual, Space::Residual}),
               b = tensor({"b"}, {Space::Residual, Space::Residual});
    const Index other{Space::Residual, 77};
    EXPECT_EQ(product({{a, {d, d1}}, {b, {d1, other}}}, {d, other}),
              product({{b, {other, d}}, {a, {d1, other}}}, {d1, d}));
    EXPECT_NE(product({{a, {d, d1}}, {b, {d1, other}}}, {d, other}),
              product({{a, {d, d1}}, {b, {other, d1}}}, {d, other}));
    EXPECT_EQ(product({{a, {d, d1}}}, {d, d1}), a);
}

TEST(Expression, ProductsWithEqualFactorsHaveOneForm) {
    const Expr a = tensor({"a"}, {Space::Residual, Space::Residual});
    std::mt19937 random(7);
    std::vector<Index> ring;
    for (int i = 0; i < 5; ++i) ring.push_back({Space::Residual, i});
    const auto build = [&] {
        std::vector<Index> names = ring;
        std::shuffle(names.begin(), names.end(), random);
        std::vector<Wired> factors;
        for (std::size_t i = 0; i < names.size(); ++i)
            factors.push_back({a, {names[i], names[(i + 1) % names.size()]}});
        std::shuffle(factors.begin(), factors.end(), random);
        return product(factors, {});
    };
    const Expr first = build();
    for (int i = 0; i < 50; ++i) EXPECT_EQ(build(), first);
}

TEST(Expression, AnIllFormedExpressionCannotBeBuilt) {
    const Expr x = tensor({"x"}, {Space::Position, Space::Residual});
    EXPECT_EQ(message([&] { product({{x, {q}}}, {q}); }), "a factor with 2 ports is given 1 indices");
    EXPECT_EQ(message([&] {
                  product({{x, {d, q}}}, {d, q});
              }),
              "port 0 is a position port, but is wired to a residual index");
    EXPECT_EQ(message([&] {
                  product({{x, {q, d}}}, {q, d, k});
              }),
              "index 2 (position) of a product is carried by no factor");
    EXPECT_EQ(message([&] {
                  product({{x, {q, d}}}, {q, q});
              }),
              "the same index is given for two ports of an expression");
    EXPECT_EQ(message([&] {
                  sum({{1, {x, {q, d}}}, {1, {x, {k, d}}}}, {q, d});
              }),
              "a term of a sum has an index that the sum has not");
    EXPECT_EQ(message([&] { product({}, {}); }), "a product needs at least one factor");
    EXPECT_EQ(message([&] { product({{nullptr, {}}}, {}); }), "a factor is missing: got an empty expression");
    EXPECT_EQ(message([&] { copy(Space::Head, 0); }), "a copy tensor needs at least one leg, got 0");
    EXPECT_EQ(message([&] { tensor({""}, {}); }), "a tensor needs a name");
    EXPECT_EQ(message([&] {
                  family({x, tensor({"y"}, {})}, Space::Layer);
              }),
              "the members of a family have different ports");
    EXPECT_EQ(message([&] { softmax(x, 2); }), "softmax over port 2 of an expression with 2 ports");
    EXPECT_EQ(message([&] { frozen_head("A", {0, 0}, x); }), "\"A\" has no head index to select");
    EXPECT_EQ(message([&] { rstd(x, 1e-5, 3); }), "rstd over the last 3 of 2 ports");
    EXPECT_EQ(message([&] { soft_cap(x, 0); }), "softcap: the cap is positive, not 0");
    EXPECT_EQ(message([&] { pointwise(Function::SoftCap, x); }),
              "softmax, rstd and softcap are not pointwise functions without parameter");
    EXPECT_EQ(message([&] {
                  structure({Relation::Causal, -1, {}});
              }),
              "causal(-1): a window has a positive number of positions");
    EXPECT_EQ(message([&] {
                  structure({Relation::Rope, 0, {.dims = 3}});
              }),
              "rope: pairs of dimensions turn, so an even number of them, not 3");
    EXPECT_EQ(message([&] {
                  structure({Relation::Rope, 0, {.dims = 4, .theta = 0}});
              }),
              "rope: theta is positive, not 0");
    EXPECT_EQ(message([&] { leaf("W_X"); }), "\"W_X\" is not the name of a weight");
}

TEST(Expression, EqualTermsAreCollectedAndCancel) {
    const Expr x = tensor({"x"}, {Space::Position, Space::Position});
    const Expr twice = sum({{1, {x, {q, k}}}, {1, {x, {q, k}}}}, {q, k});
    EXPECT_EQ(to_text(twice), "out[q,k] = 2 x[q,k]\n");
    const Expr nothing = sum({{1, {x, {q, k}}}, {-1, {x, {q, k}}}}, {q, k});
    EXPECT_TRUE(nothing->as<Sum>()->terms.empty());
    EXPECT_EQ(sum({{1, {x, {q, k}}}}, {q, k}), x);
    EXPECT_EQ(sum({{1, {x, {k, q}}}}, {q, k}), product({{x, {k, q}}}, {q, k}));
}

TEST(Expression, WhatTellsFunctionsAndRelationsApartMakesDifferentObjects) {
    const Expr x = tensor({"x"}, {Space::Position, Space::Residual, Space::Residual});
    EXPECT_NE(rstd(x, 1e-5, 1), rstd(x, 1e-5, 2));
    EXPECT_NE(soft_cap(x, 30), soft_cap(x, 50));
    EXPECT_NE(structure({Relation::Causal, 2, {}}), structure({Relation::Causal, 0, {}}));
    Rotary scaled{.dims = 4, .scaling = RotaryScaling::Llama3, .factor = 8, .original_ctx = 64};
    const Expr rope = structure({Relation::Rope, 0, scaled});
    for (double Rotary::*field : {&Rotary::factor, &Rotary::low_factor, &Rotary::high_factor}) {
        Rotary other = scaled;
        other.*field += 0.5;
        EXPECT_NE(structure({Relation::Rope, 0, other}), rope);
    }
    scaled.original_ctx = 65;
    EXPECT_NE(structure({Relation::Rope, 0, scaled}), rope);
}

TEST(Expression, WhatARelationDoesNotUseIsNoPartOfIt) {
    const Rotary plain{.dims = 4};
    Rotary unused = plain;
    unused.factor = 8, unused.low_factor = 2, unused.original_ctx = 4096;
    EXPECT_EQ(structure({Relation::Rope, 0, unused}), structure({Relation::Rope, 0, plain}));
    EXPECT_EQ(structure({Relation::Causal, 2, plain}), structure({Relation::Causal, 2, {}}));
    EXPECT_EQ(structure({Relation::Distance, 7, {}}), structure({Relation::Distance, 0, {}}));
}

TEST(Expression, CoefficientsDoNotOverflowSilently) {
    const Expr x = tensor({"x"}, {});
    const std::int64_t large = INT64_MAX;
    EXPECT_EQ(message([&] {
                  sum({{large, {x, {}}}, {1, {x, {}}}}, std::vector<Index>{});
              }),
              "a coefficient overflows 64 bits");
}

TEST(Expression, TheStreamOfALayerIsOneNodeSoNodesGrowLinearly) {
    Config config;
    config.n_heads = config.n_kv_heads = 4;
    config.d_model = 16;
    config.d_head = 4;
    config.d_mlp = 8;
    config.norm = Norm::LayerNorm;
    std::vector<std::size_t> counts;
    for (int layers : {1, 2, 3, 47, 48}) {
        config.n_layers = layers;
        counts.push_back(count_nodes(transformer(config).output));
    }
    EXPECT_EQ(counts[1] - counts[0], counts[2] - counts[1]);
    EXPECT_EQ(counts[4] - counts[3], counts[1] - counts[0]);
}

}  // namespace
}  // namespace headway
