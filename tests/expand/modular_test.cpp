// The exact evaluator against values worked out by hand.
// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/modular.hpp"
#include "expand/field.hpp"
#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace headway {
namespace {

constexpr Index q{Space::Position, 0}, k{Space::Position, 1}, k1{Space::Position, 2};
constexpr Index d{Space::Residual, 0}, d1{Space::Residual, 1}, d2{Space::Residual, 2};
constexpr Index e{Space::HeadInner, 0}, e1{Space::HeadInner, 1}, v{Space::Vocab, 0};
constexpr Index h{Space::Head, 0}, r{Space::Member, 0}, l{Space::Layer, 0}, l1{Space::Layer, 1};

ModularModel small_model(std::uint64_t seed = 7) {
    ModularModel model{{}, 2, seed};
    model.sizes[Space::Vocab] = 5;
    model.sizes[Space::Position] = 3;
    model.sizes[Space::Residual] = 4;
    model.sizes[Space::HeadInner] = 6;
    model.sizes[Space::Head] = 2;
    model.sizes[Space::Member] = 2;
    model.sizes[Space::Neuron] = 7;
    model.sizes[Space::Layer] = 3;
    model.sizes[Space::Channel] = 2;
    return model;
}

std::uint64_t entry(const ModularArray& array, std::vector<std::int64_t> at) {
    std::size_t place = 0;
    for (std::size_t i = 0; i < at.size(); ++i)
        place = place * static_cast<std::size_t>(array.shape[i]) + static_cast<std::size_t>(at[i]);
    return array.values[place];
}

Expr relation(Relation kind, std::int64_t value = 0) { return structure({kind, value, {}}); }

std::vector<std::uint64_t> values(const Expr& expression) {
    return ModularRun(small_model()).value(expression).values;
}

TEST(Field, MultipliesAsDivisionWithRemainderDoes) {
    const std::uint64_t a = 0x1234567890abcdefULL % modulus, b = modulus - 5;
    EXPECT_EQ(multiply_mod(a, b), static_cast<std::uint64_t>(Wide{a} * b % modulus));
    EXPECT_EQ(multiply_mod(modulus - 1, modulus - 1), 1U);
    EXPECT_EQ(reduce(Wide{modulus}), 0U);
}

TEST(Field, InvertsEveryElementThatIsNotZero) {
    for (const std::uint64_t a : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{12345}, modulus - 1})
        EXPECT_EQ(multiply_mod(a, inverse_mod(a)), 1U);
}

TEST(Field, ReadsNegativeNumbersAsResidues) {
    EXPECT_EQ(residue(-1), modulus - 1);
    EXPECT_EQ(add_mod(residue(-7), 7), 0U);
}

TEST(Modular, StructuresAreTheTablesTheyStandFor) {
    EXPECT_THAT(values(relation(Relation::Causal)), testing::ElementsAre(1, 0, 0, 1, 1, 0, 1, 1, 1));
    EXPECT_THAT(values(relation(Relation::Before)), testing::ElementsAre(0, 1, 1, 0, 0, 1, 0, 0, 0));
    EXPECT_THAT(values(relation(Relation::Shift, 1)), testing::ElementsAre(0, 0, 0, 1, 0, 0, 0, 1, 0));
    EXPECT_THAT(values(relation(Relation::OneHot, 1)), testing::ElementsAre(0, 1));
    EXPECT_THAT(values(copy(Space::Position, 2)), testing::ElementsAre(1, 0, 0, 0, 1, 0, 0, 0, 1));
    EXPECT_THAT(values(copy(Space::Head, 3)), testing::ElementsAre(1, 0, 0, 0, 0, 0, 0, 1));
    EXPECT_THAT(values(copy(Space::Position, 1)), testing::ElementsAre(1, 1, 1));
}

TEST(Modular, EveryRowOfTokenHoldsOneToken) {
    const auto rows = values(relation(Relation::Token));
    for (std::size_t row = 0; row < 3; ++row)
        EXPECT_EQ(std::count(rows.begin() + static_cast<std::ptrdiff_t>(row * 5),
                             rows.begin() + static_cast<std::ptrdiff_t>(row * 5 + 5), 1U),
                  1);
}

TEST(Modular, PositionsHoldAsManyDifferentTokensAsThereAre) {
    const auto table = values(relation(Relation::Token));
    std::set<std::size_t> tokens;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i] == 1) tokens.insert(i % 5);
    EXPECT_EQ(tokens.size(), 3U);
}

TEST(Modular, CentreTakesTheMeanAway) {
    ModularRun run(small_model());
    const ModularArray x = run.value(leaf("ln1.w", 0));
    const ModularArray y =
        run.value(product({{leaf("ln1.w", 0), {d}}, {relation(Relation::Centre), {d, d1}}}, {d1}));
    std::uint64_t total = 0;
    for (std::uint64_t value : x.values) total = add_mod(total, value);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_EQ(multiply_mod(4, subtract_mod(x.values[i], y.values[i])), total);
}

TEST(Modular, OneHeadOfALayersWeightIsTheWeightOfThatHead) {
    ModularRun run(small_model());
    const ModularArray& whole = run.value(leaf("W_Q", 1, 2));
    const ModularArray& head = run.value(head_leaf("W_Q", {1, 3}, 2));
    EXPECT_EQ(entry(whole, {1, 1, 2, 5}), entry(head, {2, 5}));
    EXPECT_NE(entry(whole, {1, 0, 2, 5}), entry(head, {2, 5}));
    EXPECT_EQ(entry(run.value(leaf("W_K", 1, 2)), {1, 2, 5}),
              entry(run.value(head_leaf("W_K", {1, 3}, 2)), {2, 5}));
}

TEST(Modular, FoldedWeightsAreTheProductsOfTheirParts) {
    ModularRun run(small_model());
    const Expr ov =
        product({{head_leaf("W_V", {0, 3}, 2), {d, e}}, {head_leaf("W_O", {0, 3}, 2), {e, d1}}}, {d, d1});
    const Expr qk =
        product({{leaf("W_Q", 0, 2), {h, r, d, e}}, {leaf("W_K", 0, 2), {h, d1, e}}}, {h, r, d, d1});
    EXPECT_EQ(run.value(ov), run.value(head_leaf("W_OV", {0, 3}, 2)));
    EXPECT_EQ(run.value(qk), run.value(leaf("W_QK", 0, 2)));
}

TEST(Modular, ProductsSumOverBoundLabels) {
    ModularRun run(small_model());
    const ModularArray a = run.value(leaf("W_E")), b = run.value(leaf("W_U"));
    const ModularArray c = run.value(
        product({{leaf("W_E"), {v, d}}, {leaf("W_U"), {d, {Space::Vocab, 1}}}}, {v, {Space::Vocab, 1}}));
    std::uint64_t by_hand = 0;
    for (std::int64_t i = 0; i < 4; ++i)
        by_hand = add_mod(by_hand, multiply_mod(entry(a, {3, i}), entry(b, {i, 1})));
    EXPECT_EQ(entry(c, {3, 1}), by_hand);
}

TEST(Modular, TracesDiagonalsAndHyperIndicesAreSums) {
    ModularRun run(small_model());
    const Expr matrix = leaf("W_OV", 0);
    const ModularArray& m = run.value(head_leaf("W_OV", {0, 1}, 2));
    const ModularArray trace = run.value(product({{head_leaf("W_OV", {0, 1}, 2), {d, d}}}, {}));
    const ModularArray diagonal = run.value(product({{head_leaf("W_OV", {0, 1}, 2), {d, d}}}, {d}));
    const Expr g = leaf("ln1.w", 0);
    const ModularArray cube = run.value(product({{g, {d}}, {g, {d}}, {g, {d}}}, {}));
    std::uint64_t sum = 0, third = 0;
    for (std::int64_t i = 0; i < 4; ++i) {
        const std::uint64_t x = entry(run.value(g), {i});
        sum = add_mod(sum, entry(m, {i, i}));
        third = add_mod(third, multiply_mod(x, multiply_mod(x, x)));
        EXPECT_EQ(entry(diagonal, {i}), entry(m, {i, i}));
    }
    EXPECT_EQ(trace.values.front(), sum);
    EXPECT_EQ(cube.values.front(), third);
}

TEST(Modular, SumsWeighTheirTermsAndFollowTheirLabels) {
    ModularRun run(small_model());
    const Expr m = tensor({"M"}, {Space::Residual, Space::Residual});
    const Expr s = sum({{3, {m, {d, d1}}}, {-2, {m, {d1, d}}}}, {d, d1});
    const ModularArray& value = run.value(m);
    EXPECT_EQ(entry(run.value(s), {0, 2}),
              subtract_mod(multiply_mod(3, entry(value, {0, 2})), multiply_mod(2, entry(value, {2, 0}))));
}

TEST(Modular, AFamilyIsTheStackOfItsMembers) {
    ModularRun run(small_model());
    const ModularArray& stack = run.value(layers_leaf("W_in", 3));
    EXPECT_EQ(entry(stack, {2, 1, 6}), entry(run.value(leaf("W_in", 2)), {1, 6}));
    EXPECT_THROW(run.value(layers_leaf("W_in", 2)), Error);
}

TEST(Modular, SoftmaxRowsSumToOneAndVanishWhereMasked) {
    ModularRun run(small_model());
    const Expr scores = tensor({"S"}, {Space::Position, Space::Position});
    const ModularArray& a = run.value(softmax(scores, 1, relation(Relation::Causal), {0, 1}));
    EXPECT_EQ(entry(a, {0, 0}), 1U);
    EXPECT_EQ(entry(a, {1, 2}), 0U);
    EXPECT_EQ(add_mod(entry(a, {1, 0}), entry(a, {1, 1})), 1U);
    EXPECT_EQ(add_mod(entry(a, {2, 0}), add_mod(entry(a, {2, 1}), entry(a, {2, 2}))), 1U);
    EXPECT_NE(entry(a, {2, 0}), entry(a, {2, 1}));
}

TEST(Modular, SoftmaxSeesNothingOfWhatIsMasked) {
    ModularRun run(small_model());
    const Expr scores = tensor({"S"}, {Space::Position, Space::Position});
    const Expr mask = relation(Relation::Causal);
    const Expr cut = product({{scores, {q, k}}, {mask, {q, k}}}, {q, k});
    EXPECT_EQ(run.value(softmax(scores, 1, mask, {0, 1})), run.value(softmax(cut, 1, mask, {0, 1})));
    EXPECT_NE(run.value(softmax(scores, 1)), run.value(softmax(cut, 1)));
}

TEST(Modular, FunctionsAreKnownByTheirArgumentsAlone) {
    ModularRun run(small_model());
    const Expr once = tensor({"x"}, {Space::Neuron});
    const Expr twice =
        sum({{1, {once, {{Space::Neuron, 0}}}}, {1, {once, {{Space::Neuron, 0}}}}}, {{Space::Neuron, 0}});
    const Expr also = product(
        {{once, {{Space::Neuron, 0}}}, {copy(Space::Neuron, 2), {{Space::Neuron, 0}, {Space::Neuron, 1}}}},
        {{Space::Neuron, 1}});
    EXPECT_EQ(run.value(pointwise(Function::Silu, once)), run.value(pointwise(Function::Silu, also)));
    EXPECT_NE(run.value(pointwise(Function::Silu, once)), run.value(pointwise(Function::Relu, once)));
    EXPECT_NE(run.value(pointwise(Function::Silu, once)), run.value(pointwise(Function::Silu, twice)));
    EXPECT_EQ(run.value(rstd(once, 1e-5)), run.value(rstd(also, 1e-5)));
    EXPECT_NE(run.value(rstd(once, 1e-5)), run.value(rstd(once, 1e-6)));
}

TEST(Modular, AFrozenHeadIsASliceOfItsLink) {
    ModularRun run(small_model());
    const Expr link = tensor({"P"}, {Space::Head, Space::Member, Space::Position});
    const ModularArray& whole = run.value(frozen("A", 0, link));
    EXPECT_EQ(whole, run.value(link));
    EXPECT_EQ(entry(run.value(frozen_head("A", {0, 2}, link)), {1}), entry(whole, {1, 0, 1}));
    const Expr shared = tensor({"V"}, {Space::Head, Space::Position});
    EXPECT_EQ(entry(run.value(frozen_head("v", {0, 1}, shared)), {2}), entry(run.value(shared), {1, 2}));
}

// Scores of rotated vectors depend on the difference of their positions only.
TEST(Modular, RotationsAreOrthogonalAndComposeByAngleAddition) {
    const Expr rope = structure({Relation::Rope, 0, {4, 10000.0, false}});
    const auto same = values(product(
        {{rope, {q, e, {Space::HeadInner, 2}}}, {rope, {k, e1, {Space::HeadInner, 2}}}}, {q, k, e, e1}));
    const ModularArray relative{{3, 3, 6, 6}, same};
    for (std::int64_t i = 0; i < 6; ++i)
        for (std::int64_t j = 0; j < 6; ++j) {
            EXPECT_EQ(entry(relative, {1, 1, i, j}), i == j ? 1U : 0U);
            EXPECT_EQ(entry(relative, {1, 0, i, j}), entry(relative, {2, 1, i, j}));
        }
    EXPECT_EQ(entry(relative, {1, 0, 0, 2}), negate_mod(entry(relative, {1, 0, 2, 0})));
    EXPECT_EQ(entry(relative, {1, 0, 0, 1}), 0U);
    EXPECT_EQ(entry(relative, {1, 0, 5, 5}), 1U);
}

TEST(Modular, AdjacentPairsRotateNeighbours) {
    const auto rope = values(structure({Relation::Rope, 0, {4, 10000.0, true}}));
    const ModularArray table{{3, 6, 6}, rope};
    EXPECT_NE(entry(table, {1, 0, 1}), 0U);
    EXPECT_EQ(entry(table, {1, 0, 2}), 0U);
    EXPECT_EQ(entry(table, {0, 0, 0}), 1U);
}

TEST(Modular, ModelsTakeHeadsAndRotationsFromTheConfigAndDrawTheRest) {
    Config config;
    config.n_layers = 3;
    config.n_heads = 6;
    config.n_kv_heads = 2;
    config.d_head = 10;
    config.positions = Positions::Rotary;
    config.rotary.dims = 8;
    std::set<std::int64_t> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const ModularModel model = modular_model(config, seed);
        EXPECT_EQ(model.sizes[Space::Layer], 3);
        EXPECT_EQ(model.sizes[Space::Head], 2);
        EXPECT_EQ(model.sizes[Space::Member], 3);
        EXPECT_GT(model.sizes[Space::HeadInner], 8);
        const std::set<std::int64_t> free{model.sizes[Space::Vocab], model.sizes[Space::Position],
                                          model.sizes[Space::Residual], model.sizes[Space::Neuron]};
        EXPECT_EQ(free.size(), 4U);
        EXPECT_GE(*free.begin(), 2);
        EXPECT_LE(*free.rbegin(), 7);
        seen.insert(model.sizes[Space::Residual]);
    }
    EXPECT_GT(seen.size(), 3U);
}

// Schwartz-Zippel on a polynomial whose zeros are known: x(x-1) is 0 at 2 of p points, never by accident at
// 1000 seeds.
TEST(Modular, DifferentPolynomialsDifferAtRandomPoints) {
    const Expr x = tensor({"x"}, {});
    const Expr square = product({{x, {}}, {x, {}}}, std::vector<Index>{});
    const Expr difference = sum({{1, {square, {}}}, {-1, {x, {}}}}, std::vector<Index>{});
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
        EXPECT_NE(ModularRun(small_model(seed)).value(difference).values.front(), 0U);
}

TEST(Modular, AnArrayThatIsTooLargeIsRefused) {
    ModularModel model = small_model();
    model.sizes[Space::Vocab] = 100000;
    const Expr table = tensor({"T"}, {Space::Vocab, Space::Vocab});
    EXPECT_THROW(ModularRun(model).value(table), Error);
}

}  // namespace
}  // namespace headway
