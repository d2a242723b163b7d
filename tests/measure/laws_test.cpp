// Laws that composition scores and evaluations obey whatever the weights are.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/composition.hpp"
#include "headway/measure/paths.hpp"
#include "headway/measure/run.hpp"
#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"
#include "support/oracle.h"

#include <gtest/gtest.h>

#include <random>

namespace headway {
namespace {

using Arrays = std::map<LeafName, std::vector<double>>;
const std::vector<Composition> kinds{Composition::Q, Composition::K, Composition::V};
constexpr EvaluateOptions in_double{.precision = Precision::Double};
constexpr int d_model = 16, d_head = 4, n_heads = 4, n_layers = 3;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

Config shape() {
    return parse_random_shape("layers=3,heads=4,d_model=16,d_head=4,vocab=11,ctx=8,positions=none");
}

Arrays arrays_of(const Model& model) {
    Arrays arrays;
    for (const Leaf& leaf : stored_leaves(model.config())) {
        const auto array = model.leaf<double>(leaf.name.symbol, leaf.name.layer);
        arrays[leaf.name] = {array.values().begin(), array.values().end()};
    }
    return arrays;
}

Arrays some_weights() { return arrays_of(random_model(shape(), {.fold = no_folding, .seed = 5})); }

std::vector<double> scores(const Arrays& arrays, const EvaluateOptions& options = in_double) {
    const CompositionTable table =
        composition(model_from_arrays(shape(), arrays, no_folding, "law"), kinds, options);
    std::vector<double> result;
    for (const CompositionRow& row : table.rows) result.push_back(row.score);
    EXPECT_EQ(result.size(), 3U * 48);
    return result;
}

void expect_equal(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << "row " << i;
}

// A head's block of a weight, `[rows, columns]`.
double& entry(Arrays& arrays, const char* symbol, Head head, int row, int column) {
    const int columns = symbol == std::string("W_O") ? d_model : d_head;
    return arrays.at({symbol, head.layer})[at(head.index * d_model * d_head + row * columns + column)];
}

using Square = std::vector<std::vector<double>>;

// Plane rotations one after the other: an orthogonal matrix; `stretch` gives a merely invertible one, with
// its inverse.
struct Change {
    Square forward, inverse;
};
Change change(int n, std::uint64_t seed, double stretch = 1) {
    Change result{Square(at(n), std::vector<double>(at(n))), Square(at(n), std::vector<double>(at(n)))};
    for (int i = 0; i < n; ++i) result.forward[at(i)][at(i)] = result.inverse[at(i)][at(i)] = 1;
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform(0, 6);
    for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j) {
            const double c = std::cos(uniform(random)), s = std::sqrt(1 - c * c);
            for (auto& row : result.forward) {  // forward <- forward G
                const double a = row[at(i)], b = row[at(j)];
                row[at(i)] = (a * c - b * s) * stretch;
                row[at(j)] = a * s + b * c;
            }
            for (int k = 0; k < n; ++k) {  // inverse <- G⁻¹ inverse
                double &a = result.inverse[at(i)][at(k)], &b = result.inverse[at(j)][at(k)];
                const double x = a, y = b;
                a = (x * c - y * s) / stretch;
                b = x * s + y * c;
            }
        }
    return result;
}

// Columns of a row-major `[rows, n]` block from `first`: W <- W R.
void times_right(std::vector<double>& w, std::size_t first, int rows, int n, const Square& r) {
    for (int i = 0; i < rows; ++i) {
        std::vector<double> row(at(n));
        for (int j = 0; j < n; ++j)
            for (int k = 0; k < n; ++k) row[at(j)] += w[first + at(i * n + k)] * r[at(k)][at(j)];
        std::copy(row.begin(), row.end(), w.begin() + static_cast<std::ptrdiff_t>(first + at(i * n)));
    }
}
// `[n, columns]`: W <- R W.
void times_left(std::vector<double>& w, std::size_t first, int n, int columns, const Square& r) {
    std::vector<double> result(at(n * columns));
    for (int i = 0; i < n; ++i)
        for (int k = 0; k < n; ++k)
            for (int j = 0; j < columns; ++j)
                result[at(i * columns + j)] += r[at(i)][at(k)] * w[first + at(k * columns + j)];
    std::copy(result.begin(), result.end(), w.begin() + static_cast<std::ptrdiff_t>(first));
}
Square transposed(const Square& m) {
    Square t = m;
    for (std::size_t i = 0; i < m.size(); ++i)
        for (std::size_t j = 0; j < m.size(); ++j) t[i][j] = m[j][i];
    return t;
}

TEST(CompositionLaws, AGaugeChangeInsideAHeadChangesNoScore) {
    Arrays arrays = some_weights();
    const std::vector<double> before = scores(arrays);
    const std::size_t block = at(d_model * d_head);
    for (int layer = 0; layer < n_layers; ++layer)
        for (int head = 0; head < n_heads; ++head) {
            const std::size_t first = at(head) * block;
            const Change r = change(d_head, at(10 * layer + head), 1.3),
                         s = change(d_head, at(head + 77), 0.8);
            times_right(arrays.at({"W_V", layer}), first, d_model, d_head, r.forward);
            times_left(arrays.at({"W_O", layer}), first, d_head, d_model, r.inverse);
            times_right(arrays.at({"W_Q", layer}), first, d_model, d_head, s.forward);
            times_right(arrays.at({"W_K", layer}), first, d_model, d_head, transposed(s.inverse));
        }
    expect_equal(scores(arrays), before, 1e-12);
}

TEST(CompositionLaws, AGaugeChangeOfOneWeightAloneChangesScores) {
    Arrays arrays = some_weights();
    const std::vector<double> before = scores(arrays);
    times_right(arrays.at({"W_V", 0}), 0, d_model, d_head, change(d_head, 3, 1.3).forward);
    const std::vector<double> after = scores(arrays);
    double largest = 0;
    for (std::size_t i = 0; i < after.size(); ++i)
        largest = std::max(largest, std::abs(after[i] - before[i]));
    EXPECT_GT(largest, 0.01);
}

TEST(CompositionLaws, RotatingTheResidualStreamChangesNoScore) {
    Arrays arrays = some_weights();
    const std::vector<double> before = scores(arrays);
    const Change r = change(d_model, 4);
    const std::size_t block = at(d_model * d_head);
    for (int layer = 0; layer < n_layers; ++layer)
        for (int head = 0; head < n_heads; ++head) {
            const std::size_t first = at(head) * block;
            for (const char* reader : {"W_Q", "W_K", "W_V"})
                times_left(arrays.at({reader, layer}), first, d_model, d_head, r.inverse);
            times_right(arrays.at({"W_O", layer}), first, d_head, d_model, r.forward);
        }
    expect_equal(scores(arrays), before, 1e-12);
}

TEST(CompositionLaws, PermutingHeadsPermutesTheTable) {
    Arrays arrays = some_weights();
    const Config config = shape();
    const auto table = [&] {
        return as_array(composition(model_from_arrays(config, arrays, no_folding, "law"), kinds, in_double),
                        Composition::K, config);
    };
    const xt::xarray<double> before = table();
    for (const char* symbol : {"W_Q", "W_K", "W_V", "W_O"}) {
        std::vector<double>& w = arrays.at({symbol, 1});  // heads of layer 1 move on by one
        std::rotate(w.begin(), w.end() - d_model * d_head, w.end());
    }
    const xt::xarray<double> after = table();
    for (int a = 0; a < n_heads; ++a)
        for (int b = 0; b < n_heads; ++b) {
            EXPECT_NEAR(after(0, a, 1, (b + 1) % 4), before(0, a, 1, b), 1e-13);
            EXPECT_NEAR(after(1, (a + 1) % 4, 2, b), before(1, a, 2, b), 1e-13);
            EXPECT_NEAR(after(0, a, 2, b), before(0, a, 2, b), 1e-13);
        }
}

TEST(CompositionLaws, TheScaleOfAHeadIsNoMatter) {
    for (const Precision precision : {Precision::Float, Precision::Double})
        for (const int exponent : {40, -40}) {
            Arrays arrays = some_weights();
            const std::vector<double> before = scores(arrays, {.precision = precision});
            for (const char* symbol : {"W_Q", "W_K", "W_V", "W_O"})
                for (int i = 0; i < d_model * d_head; ++i) {
                    double& w = arrays.at({symbol, 1})[at(2 * d_model * d_head + i)];
                    w = std::ldexp(w, exponent);
                }
            expect_equal(scores(arrays, {.precision = precision}), before, 1e-6);
        }
}

TEST(CompositionLaws, AHeadOfZerosHasNoScore) {
    Arrays arrays = some_weights();
    for (int e = 0; e < d_head; ++e)
        for (int d = 0; d < d_model; ++d) entry(arrays, "W_O", {1, 2}, e, d) = 0;
    const CompositionTable table =
        composition(model_from_arrays(shape(), arrays, no_folding, "law"), kinds, in_double);
    for (const CompositionRow& row : table.rows) {
        const bool reads = row.reader == Head{1, 2} && row.kind == Composition::V;
        const bool undefined = row.writer == Head{1, 2} || reads;
        EXPECT_EQ(std::isnan(row.score), undefined);
        EXPECT_EQ(row.undefined, undefined ? "zero norm: L1H2" : "");
        EXPECT_TRUE(undefined || (row.score >= 0 && row.score <= 1)) << row.score;
    }
}

// The writer's output lies outside what the reader reads, but for one part in ten thousand.
TEST(CompositionLaws, ScoresNearZeroKeepTheirDigits) {
    Arrays arrays = some_weights();
    for (int e = 0; e < d_head; ++e)
        for (int d = 0; d < d_model; ++d) {
            double& written = entry(arrays, "W_O", {0, 0}, e, d);
            written *= d < d_model / 2 ? 1 : 1e-4;
            for (const char* reader : {"W_Q", "W_K", "W_V"})
                if (d < d_model / 2) entry(arrays, reader, {1, 1}, d, e) = 0;
        }
    const std::vector<double> exact = scores(arrays),
                              single = scores(arrays, {.precision = Precision::Float});
    const CompositionTable table =
        composition(model_from_arrays(shape(), arrays, no_folding, "law"), kinds, in_double);
    int near_zero = 0;
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        if (table.rows[i].writer != Head{0, 0} || table.rows[i].reader != Head{1, 1}) continue;
        // ‖W_V (W_O R)‖ by loops.
        const bool v = table.rows[i].kind == Composition::V;
        const char* inner = v ? "W_V" : table.rows[i].kind == Composition::Q ? "W_Q" : "W_K";
        const char* outer = v ? "W_O" : table.rows[i].kind == Composition::Q ? "W_K" : "W_Q";
        double pair = 0, writer = 0, reader = 0;
        for (int a = 0; a < d_model; ++a)
            for (int b = 0; b < d_model; ++b) {
                double product = 0, ov = 0, m = 0;
                for (int e = 0; e < d_head; ++e) {
                    ov += entry(arrays, "W_V", {0, 0}, a, e) * entry(arrays, "W_O", {0, 0}, e, b);
                    m += entry(arrays, inner, {1, 1}, a, e) *
                         (v ? entry(arrays, outer, {1, 1}, e, b) : entry(arrays, outer, {1, 1}, b, e));
                    for (int d = 0; d < d_model; ++d)
                        for (int s = 0; s < d_head; ++s)
                            product +=
                                entry(arrays, "W_V", {0, 0}, a, e) * entry(arrays, "W_O", {0, 0}, e, d) *
                                entry(arrays, inner, {1, 1}, d, s) *
                                (v ? entry(arrays, outer, {1, 1}, s, b) : entry(arrays, outer, {1, 1}, b, s));
                }
                pair += product * product;
                writer += ov * ov;
                reader += m * m;
            }
        const double score = std::sqrt(pair / (writer * reader));
        EXPECT_LT(score, 1e-3);
        EXPECT_NEAR(exact[i], score, 1e-9 * score);
        EXPECT_NEAR(single[i], score, 1e-2 * score);
        ++near_zero;
    }
    EXPECT_EQ(near_zero, 3);
}

TEST(CompositionLaws, RotaryModelsAndGroupsKeepThemToo) {
    const Config config =
        parse_random_shape("layers=2,heads=4,kv_heads=2,d_model=16,d_head=4,positions=rotary,norm=rmsnorm");
    Arrays arrays = arrays_of(random_model(config, {.fold = no_folding, .seed = 8}));
    const std::vector<int> tokens{1, 5, 2, 5};
    const auto measure = [&] {
        const Model model = model_from_arrays(config, arrays, no_folding, "law");
        std::vector<double> result;
        for (const CompositionRow& row : composition(model, kinds, in_double).rows)
            result.push_back(row.score);
        const headway::Run run = run_model(model, tokens, in_double);
        result.insert(result.end(), run.logits.begin(), run.logits.end());
        return result;
    };
    const std::vector<double> before = measure();
    // Pair i of a head is (i, i + 2): turning both weights by one angle a pair commutes with the rotation by
    // position.
    for (int group = 0; group < 2; ++group)
        for (int pair = 0; pair < 2; ++pair) {
            const double c = std::cos(1.0 + group + 2 * pair), s = std::sin(1.0 + group + 2 * pair);
            const auto turn = [&](const char* symbol, int head) {
                for (int d = 0; d < 16; ++d) {
                    double* const row = &arrays.at({symbol, 1})[at((head * 16 + d) * 4)];
                    const double a = row[pair], b = row[pair + 2];
                    row[pair] = a * c - b * s;
                    row[pair + 2] = a * s + b * c;
                }
            };
            turn("W_K", group);
            turn("W_Q", 2 * group);
            turn("W_Q", 2 * group + 1);
        }
    expect_equal(measure(), before, 1e-11);
}

TEST(Bits, AreTheSameForOneAndTwoThreads) {
    const Model model = load_model("example:attn-only-2l");
    std::vector<int> tokens;
    for (int i = 0; i < 40; ++i) tokens.push_back((i * 37) % 1024);
    for (const Precision precision : {Precision::Float, Precision::Double}) {
        const EvaluateOptions one{.precision = precision, .threads = 1},
            two{.precision = precision, .threads = 2};
        const CompositionTable a = composition(model, kinds, one), b = composition(model, kinds, two);
        for (std::size_t i = 0; i < a.rows.size(); ++i) EXPECT_EQ(a.rows[i].score, b.rows[i].score);
        EXPECT_EQ(run_model(model, tokens, one).logits, run_model(model, tokens, two).logits);
        PathMeasureOptions first, second;
        first.evaluate = one;
        second.evaluate = two;
        const PathTable p = path_contributions(model, tokens, first),
                        r = path_contributions(model, tokens, second);
        ASSERT_EQ(p.rows.size(), r.rows.size());
        for (std::size_t i = 0; i < p.rows.size(); ++i) EXPECT_EQ(p.rows[i].norm, r.rows[i].norm);
    }
}

TEST(Text, OfANetworkGivesTheSameBitsAndAChangedNodeAnotherAnswer) {
    const Model model = load_model("example:attn-only-2l");
    const std::vector<int> tokens{7, 20, 3, 7};
    const std::string text = to_text(transformer(model.config()));
    const auto logits = [&](const std::string& network) {
        return run_network(model, parse_network(network), tokens, in_double).logits;
    };
    const xt::xarray<double> whole = run_model(model, tokens, in_double).logits;
    EXPECT_EQ(logits(text), whole);
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"W_Q[L1]", "W_Q[L0]"}, {"W_V[L0]", "W_V[L1]"}, {"scale[L0]", "scale[L0] scale[L0]"}}) {
        std::string changed = text;
        ASSERT_NE(changed.find(from), std::string::npos) << text;
        changed.replace(changed.find(from), from.size(),
                        to == "scale[L0] scale[L0]" ? "scale[L0] scale[L0]" : to);
        EXPECT_NE(logits(changed), whole) << from;
    }
}

TEST(Text, InAnyOrderOfItsFactorsGivesTheSameBits) {
    const Model model = load_model("example:attn-only-2l");
    std::vector<std::string> factors{"W_V[L0H0][d,e]",   "W_O[L0H0][e,d1]", "W_K[L1H4][d1,e1]",
                                     "W_Q[L1H4][d2,e1]", "W_V[L0H0][d,e2]", "W_O[L0H0][e2,d3]",
                                     "W_K[L1H4][d3,e3]", "W_Q[L1H4][d2,e3]"};
    std::mt19937_64 random(1);
    std::vector<double> values;
    for (int i = 0; i < 20; ++i) {
        std::string text = "out =";
        for (const std::string& factor : factors) text += " " + factor;
        values.push_back(evaluate(model, parse_network(text).output, {}, in_double).data()[0]);
        EXPECT_EQ(values.back(), values.front());
        std::shuffle(factors.begin(), factors.end(), random);
    }
    EXPECT_GT(values.front(), 0);
}

}  // namespace
}  // namespace headway
