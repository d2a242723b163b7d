// SPDX-License-Identifier: Apache-2.0
#include "contract/pairwise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>

#include "contract/arrays.hpp"
#include "contract/pair_plan.hpp"

namespace headway {
namespace {

using testing::Operand;
using testing::pick;
using testing::Random;
using testing::values;

/// einsum text -> labels: "ij" is {'i', 'j'}.
std::vector<int> labels(const std::string& text) { return {text.begin(), text.end()}; }

template <class T>
Array<T> contract(const Operand<T>& a, const Operand<T>& b, const std::vector<int>& out,
                  Workspace& workspace) {
    return contract_pair<T>(a.array, a.labels, b.array, b.labels, out, workspace);
}

/// A random contraction: up to seven labels of small sizes, among them 1 and sometimes 0, some twice in an
/// operand.
template <class T>
struct Case {
    Operand<T> a, b;
    std::vector<int> out;

    Case(Random& random, Workspace& workspace) {
        const int count = pick(random, 1, 7);
        Dims extents;
        for (int i = 0; i < count; ++i) extents.push_back(pick(random, 0, 60) == 0 ? 0 : pick(random, 1, 5));
        a = operand(extents, random, workspace);
        b = operand(extents, random, workspace);
        std::set<int> used(a.labels.begin(), a.labels.end());
        used.insert(b.labels.begin(), b.labels.end());
        for (const int label : used) {
            if (pick(random, 0, 1) == 1) out.push_back(label);
        }
        std::shuffle(out.begin(), out.end(), random);
    }

    static Operand<T> operand(const Dims& extents, Random& random, Workspace& workspace) {
        std::vector<int> labels;
        for (int label = 0; label < static_cast<int>(extents.size()); ++label) {
            const int times = pick(random, 0, 9);
            if (times >= 4) labels.push_back(label);
            if (times == 9) labels.push_back(label);
        }
        std::shuffle(labels.begin(), labels.end(), random);
        Dims shape;
        for (const int label : labels) shape.push_back(extents[static_cast<std::size_t>(label)]);
        return {testing::random_view<T>(shape, random, workspace), labels};
    }
};

template <class T>
void expect_close(const Array<T>& got, const testing::Slow& expected, long double scale) {
    const std::vector<T> all = values(got);
    ASSERT_EQ(all.size(), expected.value.size());
    const long double unit = std::numeric_limits<T>::epsilon();
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_NEAR(static_cast<double>(all[i]), static_cast<double>(scale * expected.value[i]),
                    static_cast<double>(20 * unit * (1 + expected.magnitude[i])));
    }
}

template <class T>
void expect_random_cases_equal_plain_loops(int cases) {
    Workspace workspace;
    Random random(1);
    std::map<PairKind, int> kinds;
    for (int i = 0; i < cases; ++i) {
        SCOPED_TRACE(i);
        const Case<T> c(random, workspace);
        const Array<T> got = contract(c.a, c.b, c.out, workspace);
        EXPECT_TRUE(got.contiguous());
        expect_close(got, testing::slow_einsum(c.a, c.b, c.out), 1);
        ++kinds[describe({c.a.array.layout(), c.a.labels}, {c.b.array.layout(), c.b.labels},
                         {got.layout(), c.out})
                    .kind];
        if (::testing::Test::HasFatalFailure()) return;
    }
    for (const PairKind kind : {PairKind::Empty, PairKind::Elementwise, PairKind::Dot, PairKind::Gemm}) {
        EXPECT_GT(kinds[kind], cases / 100) << "too few cases of kind " << static_cast<int>(kind);
    }
}

TEST(Pairwise, RandomContractionsEqualPlainLoopsInDouble) {
    expect_random_cases_equal_plain_loops<double>(1500);
}

TEST(Pairwise, RandomContractionsEqualPlainLoopsInFloat) {
    expect_random_cases_equal_plain_loops<float>(500);
}

TEST(Pairwise, AddingScalesAndKeepsWhatWasThereInAnyLayout) {
    Workspace workspace;
    Random random(2);
    for (int i = 0; i < 500; ++i) {
        const Case<double> c(random, workspace);
        const Array<double> zero = contract(c.a, c.b, c.out, workspace);
        std::vector<int> stored(c.out.size());
        for (std::size_t j = 0; j < stored.size(); ++j) stored[j] = static_cast<int>(stored.size() - 1 - j);
        Dims shape;
        for (const int axis : stored) shape.push_back(zero.extent(axis));
        const Array<double> out = Array<double>::zeros(shape, workspace).permuted(stored);
        contract_add<double>(out, c.out, 2.0, c.a.array, c.a.labels, c.b.array, c.b.labels, workspace);
        contract_add<double>(out, c.out, -0.5, c.a.array, c.a.labels, c.b.array, c.b.labels, workspace);
        expect_close(out, testing::slow_einsum(c.a, c.b, c.out), 1.5L);
        if (HasFatalFailure()) return;
    }
}

/// Shapes that are cut into tasks: many rows, many columns, a long sum, a batch, operands and results that
/// are packed.
struct Big {
    const char* a;
    const char* b;
    const char* out;
    std::map<char, std::int64_t> extents;
};
const std::vector<Big> kBig{
    {"ik", "kj", "ij", {{'i', 400}, {'j', 300}, {'k', 200}}},
    {"ki", "jk", "ji", {{'i', 130}, {'j', 500}, {'k', 333}}},
    {"ik", "jk", "ij", {{'i', 48}, {'j', 50}, {'k', 9000}}},
    {"bik", "bkj", "bij", {{'b', 13}, {'i', 65}, {'j', 100}, {'k', 90}}},
    {"ibk", "kjb", "jib", {{'b', 12}, {'i', 65}, {'j', 100}, {'k', 90}}},
    {"aibk", "kjb", "ajib", {{'a', 3}, {'b', 5}, {'i', 65}, {'j', 100}, {'k', 90}}},
    {"ik", "k", "i", {{'i', 2000}, {'k', 700}}},
    {"ki", "k", "i", {{'i', 2000}, {'k', 700}}},
    {"bk", "bk", "b", {{'b', 7}, {'k', 70000}}},
    {"kb", "kb", "b", {{'b', 700}, {'k', 300}}},
    {"k", "k", "", {{'k', 300000}}},
    {"ib", "jb", "bij", {{'b', 70}, {'i', 90}, {'j', 80}}},
};

template <class T>
Operand<T> operand_of(const std::string& text, const Big& big, Random& random, Workspace& workspace) {
    Dims shape;
    for (const char label : text) shape.push_back(big.extents.at(label));
    return {testing::random_array<T>(shape, random, workspace), labels(text)};
}

TEST(Pairwise, BigContractionsEqualPlainLoops) {
    Workspace workspace({.threads = 2});
    for (const Big& big : kBig) {
        SCOPED_TRACE(std::string(big.a) + "," + big.b + "->" + big.out);
        if (std::string(big.out).size() + std::string(big.a).size() > 6) continue;  // the loops are slow
        Random random(3);
        const Operand<double> a = operand_of<double>(big.a, big, random, workspace);
        const Operand<double> b = operand_of<double>(big.b, big, random, workspace);
        const Array<double> got = contract(a, b, labels(big.out), workspace);
        const std::vector<double> all = values(got);
        for (int trial = 0; trial < 40; ++trial) {  // some elements, each as a sum by hand
            const auto at = static_cast<std::size_t>(pick(random, 0, static_cast<int>(all.size()) - 1));
            Operand<double> x = a;
            Operand<double> y = b;
            auto rest = static_cast<std::int64_t>(at);
            for (int axis = got.rank() - 1; axis >= 0; --axis) {
                const std::int64_t index = rest % got.extent(axis);
                rest /= got.extent(axis);
                for (Operand<double>* operand : {&x, &y}) {
                    const auto found = std::ranges::find(operand->labels, big.out[axis]);
                    if (found == operand->labels.end()) continue;
                    operand->array =
                        operand->array.fixed(static_cast<int>(found - operand->labels.begin()), index);
                    operand->labels.erase(found);
                }
            }
            const testing::Slow expected = testing::slow_einsum(x, y, {});
            ASSERT_NEAR(all[at], static_cast<double>(expected.value[0]),
                        1e-13 * static_cast<double>(expected.magnitude[0]));
        }
    }
}

template <class T>
bool same_bits(const Array<T>& x, const Array<T>& y) {
    return x.shape() == y.shape() && x.contiguous() && y.contiguous() &&
           std::memcmp(x.data(), y.data(), static_cast<std::size_t>(x.size()) * sizeof(T)) == 0;
}

template <class T>
void expect_same_bits_for_any_number_of_threads() {
    Workspace one;
    for (const int threads : {2, 3, 8}) {
        Workspace many({.threads = threads});
        for (const Big& big : kBig) {
            SCOPED_TRACE(std::string(big.a) + "," + big.b + "->" + big.out);
            Random random(4);
            const Operand<T> a = operand_of<T>(big.a, big, random, one);
            const Operand<T> b = operand_of<T>(big.b, big, random, one);
            EXPECT_TRUE(
                same_bits(contract(a, b, labels(big.out), one), contract(a, b, labels(big.out), many)));
        }
    }
}

TEST(Pairwise, TheBitsDoNotDependOnTheNumberOfThreadsInFloat) {
    expect_same_bits_for_any_number_of_threads<float>();
}

TEST(Pairwise, TheBitsDoNotDependOnTheNumberOfThreadsInDouble) {
    expect_same_bits_for_any_number_of_threads<double>();
}

/// The elements of `full` under a strict order of two labels, 0 elsewhere.
Array<double> masked(const Array<double>& full, std::span<const int> out, const StrictOrder& order,
                     Workspace& workspace) {
    const auto axis = [&](int label) {
        return static_cast<int>(std::ranges::find(out, label) - out.begin());
    };
    const Array<double> copy = Array<double>::from(values(full), full.shape(), workspace);
    for (std::int64_t i = 0; i < copy.extent(axis(order.row)); ++i) {
        for (std::int64_t j = 0; j <= i; ++j) {
            const int first = std::min(axis(order.row), axis(order.column));
            const int second = std::max(axis(order.row), axis(order.column));
            const std::int64_t at_first = first == axis(order.row) ? i : j;
            const std::int64_t at_second = first == axis(order.row) ? j : i;
            const Array<double> cell = copy.fixed(second, at_second).fixed(first, at_first);
            const Dims shape = cell.shape();
            for (std::int64_t n = 0; n < cell.size(); ++n) {
                std::int64_t offset = 0;
                std::int64_t rest = n;
                for (int d = cell.rank() - 1; d >= 0; --d) {
                    offset += rest % cell.extent(d) * cell.stride(d);
                    rest /= cell.extent(d);
                }
                cell.mutable_data()[offset] = 0;
            }
        }
    }
    return copy;
}

TEST(Pairwise, AStrictOrderKeepsRowsBeforeColumnsAndZeroesTheRest) {
    Workspace workspace({.threads = 2});
    for (const auto& [a_text, b_text, out_text] :
         {std::tuple{"lhk", "mgk", "lhmg"}, std::tuple{"lhk", "mgk", "mglh"},
          std::tuple{"hlk", "kmg", "hgml"}, std::tuple{"lm", "lm", "lm"}, std::tuple{"lmk", "k", "ml"},
          std::tuple{"lk", "lm", "lmk"}}) {
        SCOPED_TRACE(std::string(a_text) + "," + b_text + "->" + out_text);
        Random random(5);
        const Big big{a_text, b_text, out_text, {{'l', 7}, {'m', 7}, {'h', 20}, {'g', 3}, {'k', 11}}};
        const Operand<double> a = operand_of<double>(a_text, big, random, workspace);
        const Operand<double> b = operand_of<double>(b_text, big, random, workspace);
        const std::vector<int> out = labels(out_text);
        const StrictOrder order{'l', 'm'};
        const Array<double> expected = masked(contract(a, b, out, workspace), out, order, workspace);
        const Array<double> got =
            contract_pair_before<double>(a.array, a.labels, b.array, b.labels, out, order, workspace);
        const Array<double> added = Array<double>::zeros(expected.shape(), workspace);
        contract_add_before<double>(added, out, 1.0, a.array, a.labels, b.array, b.labels, order, workspace);
        for (std::int64_t i = 0; i < expected.size(); ++i) {
            ASSERT_NEAR(got.data()[i], expected.data()[i], 1e-12);
            ASSERT_EQ(got.data()[i] == 0, expected.data()[i] == 0);
            ASSERT_EQ(added.data()[i], got.data()[i]);
        }
    }
}

TEST(Pairwise, NaNAndDenormalsSurvive) {
    Workspace workspace;
    const float tiny = std::numeric_limits<float>::denorm_min();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const std::int64_t n : {1, 3, 40}) {
        const Array<float> a = Array<float>::zeros({n, n}, workspace);
        const Array<float> b = Array<float>::zeros({n, n}, workspace);
        a.mutable_data()[0] = tiny;
        for (std::int64_t i = 0; i < n; ++i) b.mutable_data()[i * n + i] = 1;
        const Operand<float> x{a, labels("ik")};
        const Operand<float> y{b, labels("kj")};
        EXPECT_EQ(contract(x, y, labels("ij"), workspace).data()[0], tiny);
        b.mutable_data()[0] = nan;
        EXPECT_TRUE(std::isnan(contract(x, y, labels("ij"), workspace).data()[0]));
        EXPECT_TRUE(std::isnan(contract(x, y, labels(""), workspace).data()[0]));
    }
}

TEST(Pairwise, ALongSumOfFloatsIsAddedUpInDouble) {
    Workspace workspace;
    const std::int64_t n = 1 << 22;
    const Array<float> a = Array<float>::zeros({n}, workspace);
    for (std::int64_t i = 0; i < n; ++i) a.mutable_data()[i] = 0.1F;
    const Operand<float> x{a, labels("k")};
    const double exact = static_cast<double>(n) * static_cast<double>(0.1F) * static_cast<double>(0.1F);
    EXPECT_NEAR(contract(x, x, {}, workspace).data()[0] / exact, 1.0, 1e-7);
}

TEST(Pairwise, ALabelOfTwoSizesOrATwiceKeptLabelIsOurBug) {
    Workspace workspace;
    const Array<double> a = Array<double>::zeros({2, 3}, workspace);
    const auto run = [&](const char* x, const char* y, const char* out) {
        return contract<double>({a, labels(x)}, {a, labels(y)}, labels(out), workspace);
    };
    EXPECT_THROW(run("ij", "ji", "ij"), InvariantFailure);
    EXPECT_THROW(run("ij", "ij", "ii"), InvariantFailure);
    EXPECT_THROW(run("ij", "ij", "ix"), InvariantFailure);
    EXPECT_THROW(run("i", "ij", "i"), InvariantFailure);
}

/// What the step between row-major arrays is.
std::string described(const std::string& a, const std::string& b, const std::string& out,
                      const std::map<char, std::int64_t>& extents) {
    const auto layout = [&](const std::string& text) {
        Dims shape;
        for (const char label : text) shape.push_back(extents.at(label));
        return row_major(shape);
    };
    const Layout x = layout(a);
    const Layout y = layout(b);
    const Layout z = layout(out);
    return to_string(describe({x, labels(a)}, {y, labels(b)}, {z, labels(out)}));
}

TEST(PairPlan, NamesTheGemmOfAStep) {
    const std::map<char, std::int64_t> e{{'b', 12}, {'i', 64}, {'j', 96}, {'k', 512}, {'h', 8}};
    EXPECT_EQ(described("ik", "kj", "ij", e), "gemm 1 x [64, 512] [512, 96]");
    EXPECT_EQ(described("ki", "jk", "ji", e), "gemm 1 x [64, 512] [512, 96]");
    EXPECT_EQ(described("bik", "bjk", "bij", e), "gemm 12 x [64, 512] [512, 96]");
    EXPECT_EQ(described("bikh", "jkh", "bij", e), "gemm 1 x [768, 4096] [4096, 96]");
    EXPECT_EQ(described("ik", "k", "i", e), "gemv 1 x [64, 512] [512, 1]");
    EXPECT_EQ(described("ik", "ik", "", e), "dot 1 x [32768]");
    EXPECT_EQ(described("bi", "bj", "bij", e), "product of 73728");
    EXPECT_EQ(described("ikh", "kj", "ij", e), "gemm 1 x [64, 512] [512, 96]; sum a");
}

TEST(PairPlan, PacksOnlyWhatBlasCannotRead) {
    const std::map<char, std::int64_t> e{{'b', 12}, {'i', 64}, {'j', 96}, {'k', 512}, {'h', 8}};
    EXPECT_EQ(described("ibk", "kjb", "bij", e), "gemm 12 x [64, 512] [512, 96]; pack b");
    EXPECT_EQ(described("ikh", "hkj", "ij", e), "gemm 1 x [64, 4096] [4096, 96]; pack a");
    EXPECT_EQ(described("ibh", "jkh", "ijbk", {{'b', 3}, {'i', 4}, {'j', 5}, {'k', 6}, {'h', 64}}),
              "gemm 1 x [12, 64] [64, 30]; permute result");
}

TEST(PairPlan, LoopsOverAnOuterAxisRatherThanPermuteABigResult) {
    EXPECT_EQ(described("abk", "jk", "ajb", {{'a', 4}, {'b', 512}, {'j', 256}, {'k', 64}}),
              "gemm 4 x [512, 64] [64, 256]");
}

TEST(PairPlan, TheNaturalOrderNeedsNoPermutation) {
    EXPECT_EQ(natural_order(labels("hqe"), labels("hke"), labels("kqh")), labels("hqk"));
}

}  // namespace
}  // namespace headway
