// Contraction orders of random networks: the exact searches against every order there is, and the laws that
// orders of large networks obey.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "contract/order.hpp"

namespace headway {
namespace {

int pick(std::mt19937& random, int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
}

/// A network with hyper-indices, lone indices, open indices, outer products and, perhaps, symbolic factors.
OrderProblem random_network(std::mt19937& random, int n, int n_indices, bool symbols) {
    OrderProblem problem;
    problem.factors.resize(n);
    for (int i = 0; i < n_indices; ++i) {
        problem.sizes.push_back(pick(random, 1, 6));
        std::vector<int> factors(n);
        std::iota(factors.begin(), factors.end(), 0);
        std::shuffle(factors.begin(), factors.end(), random);
        factors.resize(std::min(n, pick(random, 1, 4)));
        for (int f : factors) problem.factors[f].indices.push_back(i);
        if (random() % 4 == 0) problem.output.push_back(i);
    }
    for (OrderFactor& factor : problem.factors) {
        if (!symbols || random() % 4 != 0 || factor.indices.empty()) continue;
        factor.symbolic = true;
        for (int set = pick(random, 1, 2); set > 0; --set) {
            factor.needs.push_back(
                {factor.indices[pick(random, 0, static_cast<int>(factor.indices.size()) - 1)]});
            if (random() % 2 == 0 && factor.needs.back()[0] != factor.indices[0]) {
                factor.needs.back().push_back(factor.indices[0]);
            }
        }
    }
    return problem;
}

/// The slow, honest reference: every pair of parts, merged in every possible order, on sets of indices as
/// bits.
class EveryOrder {
public:
    explicit EveryOrder(const OrderProblem& problem, double write_weight)
        : problem_(problem), weight_(write_weight) {
        for (int i : problem.output) output_ |= 1U << i;
    }

    double best() {
        std::vector<Part> parts;
        double fixed = 0;
        for (const OrderFactor& factor : problem_.factors) parts.push_back({bits(factor.indices), &factor});
        for (std::size_t f = 0; f < parts.size(); ++f) {
            unsigned others = output_;
            for (std::size_t g = 0; g < parts.size(); ++g) {
                if (g != f) others |= bits(problem_.factors[g].indices);
            }
            if (parts[f].factor->symbolic || (parts[f].indices & ~others) == 0) continue;
            fixed += size(parts[f].indices);
            parts[f].indices &= others;
            fixed += weight_ * size(parts[f].indices);
        }
        return fixed + rest(parts);
    }

private:
    struct Part {
        unsigned indices;
        const OrderFactor* factor;  // null once merged
    };

    static unsigned bits(const std::vector<int>& indices) {
        unsigned set = 0;
        for (int i : indices) set |= 1U << i;
        return set;
    }
    double size(unsigned set) const {
        double product = 1;
        for (std::size_t i = 0; i < problem_.sizes.size(); ++i) {
            if ((set >> i & 1) != 0) product *= static_cast<double>(problem_.sizes[i]);
        }
        return product;
    }
    static bool symbolic(const Part& part) { return part.factor != nullptr && part.factor->symbolic; }
    static bool acts_on(const Part& symbol, const Part& part) {
        return !symbolic(part) && std::any_of(symbol.factor->needs.begin(), symbol.factor->needs.end(),
                                              [&](auto& need) { return (bits(need) & ~part.indices) == 0; });
    }

    double rest(const std::vector<Part>& parts) {
        if (parts.size() == 1) return symbolic(parts[0]) ? std::numeric_limits<double>::infinity() : 0;
        double best = std::numeric_limits<double>::infinity();
        for (std::size_t a = 0; a < parts.size(); ++a) {
            for (std::size_t b = a + 1; b < parts.size(); ++b) best = std::min(best, merged(parts, a, b));
        }
        return best;
    }

    double merged(const std::vector<Part>& parts, std::size_t a, std::size_t b) {
        const bool elementwise = symbolic(parts[a]) || symbolic(parts[b]);
        if (symbolic(parts[a]) && !acts_on(parts[a], parts[b]))
            return std::numeric_limits<double>::infinity();
        if (symbolic(parts[b]) && !acts_on(parts[b], parts[a]))
            return std::numeric_limits<double>::infinity();
        std::vector<Part> left;
        unsigned others = output_;
        for (std::size_t c = 0; c < parts.size(); ++c) {
            if (c == a || c == b) continue;
            left.push_back(parts[c]);
            others |= parts[c].indices;
        }
        const unsigned all = parts[a].indices | parts[b].indices;
        left.push_back({all & others, nullptr});
        return size(elementwise ? all & others : all) + weight_ * size(all & others) + rest(left);
    }

    const OrderProblem& problem_;
    double weight_;
    unsigned output_ = 0;
};

/// Compares find_order with every order; returns whether there is a legal one.
bool check_against_every_order(const OrderProblem& problem, const OrderOptions& options) {
    const double best = EveryOrder(problem, options.write_weight).best();
    const std::optional<Order> found = find_order(problem, options);
    EXPECT_EQ(found.has_value(), best < std::numeric_limits<double>::infinity());
    if (!found) return false;
    EXPECT_TRUE(found->optimal);
    EXPECT_DOUBLE_EQ(found->multiply_adds + options.write_weight * found->writes, best);
    return true;
}

TEST(Order, CostsAsLittleAsTheBestOfAllTreesOfFiveHundredRandomHyperIndexNetworks) {
    std::mt19937 random(1);
    for (int trial = 0; trial < 500; ++trial) {
        const int n = pick(random, 1, 7);
        const OrderProblem problem = random_network(random, n, pick(random, 1, 2 * n), false);
        ASSERT_TRUE(check_against_every_order(problem, {.write_weight = trial % 3 == 0 ? 0.5 : 0})) << trial;
    }
}

TEST(Order, WithSymbolicFactorsIsTheBestLegalOneOrNone) {
    std::mt19937 random(2);
    int legal = 0;
    const int trials = 500;
    for (int trial = 0; trial < trials; ++trial) {
        const int n = pick(random, 1, 6);
        legal +=
            check_against_every_order(random_network(random, n, pick(random, 1, 2 * n), true), {}) ? 1 : 0;
        ASSERT_FALSE(HasFailure()) << trial;
    }
    EXPECT_GT(legal, trials / 4);
    EXPECT_LT(legal, trials);
}

TEST(Order, CappedSearchIsExactToo) {
    std::mt19937 random(3);
    for (int trial = 0; trial < 200; ++trial) {
        const int n = pick(random, 1, 9);
        const OrderProblem problem = random_network(random, n, pick(random, 1, 2 * n), trial % 2 == 0);
        const auto every = find_order(problem), capped = find_order(problem, {.exact_limit = 0});
        ASSERT_EQ(every.has_value(), capped.has_value()) << trial;
        if (!every) continue;
        EXPECT_TRUE(capped->optimal);
        ASSERT_EQ(every->multiply_adds, capped->multiply_adds) << trial;
    }
}

TEST(Order, GreedyFindsALegalOrderWheneverThereIsOne) {
    std::mt19937 random(4);
    for (int trial = 0; trial < 300; ++trial) {
        const OrderProblem problem = random_network(random, pick(random, 1, 9), pick(random, 1, 14), true);
        const auto every = find_order(problem), greedy = find_order(problem, {.exact_limit = 0, .budget = 1});
        ASSERT_EQ(every.has_value(), greedy.has_value()) << trial;
        if (every) {
            EXPECT_GE(greedy->multiply_adds, every->multiply_adds);
        }
    }
}

/// Each factor shares an index with one factor before it, some with two; three hyper-indices, one of them
/// open.
OrderProblem sparse_network(std::mt19937& random, int n) {
    OrderProblem problem;
    problem.factors.resize(n);
    const auto wire = [&](int a, int b) {
        const int index = static_cast<int>(problem.sizes.size());
        problem.sizes.push_back(pick(random, 2, 9));
        problem.factors[a].indices.push_back(index);
        problem.factors[b].indices.push_back(index);
    };
    for (int f = 1; f < n; ++f) {
        wire(pick(random, std::max(0, f - 8), f - 1), f);
        if (f > 1 && random() % 3 == 0) wire(pick(random, 0, f - 1), f);
    }
    for (int hyper = 0; hyper < 3; ++hyper) {
        const int index = static_cast<int>(problem.sizes.size());
        problem.sizes.push_back(2 + hyper);
        for (int f = hyper; f < n; f += n / 5) problem.factors[f].indices.push_back(index);
        if (hyper == 0) problem.output.push_back(index);
    }
    return problem;
}

/// The same network with its factors and its indices numbered differently.
OrderProblem shuffled(const OrderProblem& problem, std::mt19937& random) {
    std::vector<int> names(problem.sizes.size());
    std::iota(names.begin(), names.end(), 0);
    std::shuffle(names.begin(), names.end(), random);
    OrderProblem result = problem;
    for (std::size_t i = 0; i < names.size(); ++i) result.sizes[names[i]] = problem.sizes[i];
    const auto rename = [&](std::vector<int>& indices) {
        for (int& i : indices) i = names[i];
        std::shuffle(indices.begin(), indices.end(), random);
    };
    rename(result.output);
    for (OrderFactor& factor : result.factors) rename(factor.indices);
    std::shuffle(result.factors.begin(), result.factors.end(), random);
    return result;
}

TEST(Order, CostDoesNotDependOnHowFactorsAndIndicesAreNumbered) {
    std::mt19937 random(5);
    for (int n : {6, 10, 18, 40}) {
        const OrderProblem problem = sparse_network(random, n);
        const double cost = find_order(problem)->multiply_adds;
        for (int trial = 0; trial < 3; ++trial) {
            EXPECT_DOUBLE_EQ(find_order(shuffled(problem, random))->multiply_adds, cost) << n << " factors";
        }
    }
}

TEST(Order, IsTheSameEveryTime) {
    std::mt19937 random(6);
    const OrderProblem problem = sparse_network(random, 40);
    EXPECT_EQ(find_order(problem)->steps, find_order(problem)->steps);
}

TEST(Order, RandomGreedyIsNeverWorseThanGreedy) {
    std::mt19937 random(7);
    for (int n : {20, 40, 400}) {
        const OrderProblem problem = sparse_network(random, n);
        const OrderOptions plain{.exact_limit = 0, .budget = 1, .random_tries = 0};
        const OrderOptions tries{.exact_limit = 0, .budget = 1'000'000, .random_tries = 16};
        EXPECT_LE(find_order(problem, tries)->multiply_adds, find_order(problem, plain)->multiply_adds);
    }
}

TEST(Order, OfAFourHundredFactorNetworkIsComplete) {
    std::mt19937 random(8);
    const auto order = find_order(sparse_network(random, 400), {.random_tries = 4});
    ASSERT_TRUE(order);
    EXPECT_EQ(order->steps.size(), 399U);
    EXPECT_FALSE(order->optimal);
}

TEST(Order, OfALongMatrixChainIsExact) {
    OrderProblem problem{{}, {}, {0, 40}};
    for (int i = 0; i <= 40; ++i) problem.sizes.push_back(10 + (i * 37) % 23);
    for (int i = 0; i < 40; ++i) problem.factors.push_back({{i, i + 1}});
    std::vector<std::vector<double>> best(41, std::vector<double>(41, 0));
    for (int length = 2; length <= 40; ++length) {
        for (int i = 0; i + length <= 40; ++i) {
            best[i][i + length] = std::numeric_limits<double>::infinity();
            for (int k = i + 1; k < i + length; ++k) {
                const auto product = problem.sizes[i] * problem.sizes[k] * problem.sizes[i + length];
                best[i][i + length] = std::min(
                    best[i][i + length], best[i][k] + best[k][i + length] + static_cast<double>(product));
            }
        }
    }
    EXPECT_EQ(find_order(problem)->multiply_adds, best[0][40]);
}

TEST(Order, OfAnEightByEightLatticeBeatsSweepingItSiteBySite) {
    OrderProblem lattice;
    lattice.factors.resize(64);
    for (int site = 0; site < 64; ++site) {
        for (int next : {site % 8 < 7 ? site + 1 : -1, site < 56 ? site + 8 : -1}) {
            if (next < 0) continue;
            const int bond = static_cast<int>(lattice.sizes.size());
            lattice.sizes.push_back(2);
            lattice.factors[site].indices.push_back(bond);
            lattice.factors[next].indices.push_back(bond);
        }
    }
    std::vector<OrderStep> sweep{{0, 1}};
    for (int site = 2; site < 64; ++site) sweep.push_back({64 + site - 2, site});
    const double by_site = cost_of(lattice, sweep).multiply_adds;
    const auto order = find_order(lattice);
    EXPECT_LT(order->multiply_adds, by_site / 2);
    EXPECT_EQ(order->largest_result, 256);  // a lattice of width 8 cannot be cut through fewer than 8 bonds
}

}  // namespace
}  // namespace headway
