// The planner and the evaluator against nested loops: random networks of every node kind, and random products
// of many factors, sliced and not, with and without a symmetry to use.
// SPDX-License-Identifier: Apache-2.0
#include "support/naive.h"

#include "contract/arrays.hpp"
#include "contract/compile.hpp"
#include "contract/execute.hpp"
#include "expand/random_expression.hpp"
#include "headway/base/error.hpp"
#include "headway/network/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace headway {
namespace {

using testing::pick;
using Generator = std::mt19937_64;

struct Setting {
    Sizes sizes;
    int group_size = 1;
    std::vector<int> tokens;
    std::uint64_t seed = 0;
};

// Numbers in -1..1 that depend on the name of the weight and on the seed.
std::vector<double> weight(const Setting& setting, const Tensor& leaf, const naive::Shape& shape) {
    const std::string name = leaf.symbol + "/" + std::to_string(leaf.layer) + "/" +
                             std::to_string(leaf.head) + "/" + std::to_string(leaf.group);
    std::seed_seq seeds(name.begin(), name.end());
    std::vector<std::uint32_t> words(2);
    seeds.generate(words.begin(), words.end());
    Generator random((std::uint64_t{words[0]} << 32 | words[1]) ^ setting.seed);
    std::size_t size = 1;
    for (std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
    std::vector<double> values(size);
    for (double& value : values) value = std::uniform_real_distribution<double>(-1, 1)(random);
    return values;
}

template <class T>
std::vector<std::vector<T>> computed(std::span<const Expr> nodes, const Setting& setting,
                                     const CompileOptions& options) {
    Workspace workspace({.threads = 2});
    Inputs<T> inputs;
    inputs.tokens = setting.tokens;
    inputs.leaf = [&](const Tensor& leaf, const Dims& shape) {
        const std::vector<double> exact = weight(setting, leaf, shape);
        const std::vector<T> values(exact.begin(), exact.end());
        return Array<T>::from(values, shape, workspace);
    };
    std::vector<std::vector<T>> results(nodes.size());
    execute<T>(compile(nodes, setting.sizes, options), inputs, workspace,
               [&](std::size_t i, const Array<T>& value, const OutputPart&) {
                   results[i] = testing::values(value);
               });
    return results;
}

struct Comparison {
    double error = 0;  // largest |difference| / magnitude
    std::string text;
};

template <class T>
Comparison compare(std::span<const Expr> nodes, const Setting& setting, const CompileOptions& options) {
    const auto ours = computed<T>(nodes, setting, options);
    naive::Evaluator evaluator(
        setting.sizes, setting.group_size,
        [&](const Tensor& leaf, const naive::Shape& shape) { return weight(setting, leaf, shape); },
        setting.tokens);
    Comparison result;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
        const naive::Value& slow = evaluator.value(nodes[n]);
        EXPECT_EQ(ours[n].size(), slow.values.size());
        double largest = 1e-300;
        for (double magnitude : slow.magnitude) largest = std::max(largest, magnitude);
        for (std::size_t i = 0; i < std::min(ours[n].size(), slow.values.size()); ++i) {
            const double error = std::abs(static_cast<double>(ours[n][i]) - slow.values[i]) / largest;
            if (error <= result.error) continue;
            result = {error, to_text(nodes[n])};
        }
    }
    return result;
}

TEST(NaiveLoops, GiveWhatTheEvaluatorGivesForNetworksOfEveryNodeKind) {
    int compared = 0, masks = 0;
    for (std::uint64_t seed = 0; compared < 500; ++seed) {
        const RandomNetwork network = random_network(seed);
        const ModularModel model = random_model(network.group_size, seed);
        Setting setting{model.sizes, network.group_size, {}, seed};
        Generator random(seed);
        for (std::int64_t i = 0; i < model.sizes[Space::Position]; ++i)
            setting.tokens.push_back(pick(random, 0, static_cast<int>(model.sizes[Space::Vocab]) - 1));
        CompileOptions options{.group_size = network.group_size};
        if (seed % 2 == 1) options = {.tile = 1, .slice_above = 1, .group_size = network.group_size};
        try {
            const Comparison result =
                compare<double>(std::span(&network.network.output, 1), setting, options);
            ASSERT_LT(result.error, 1e-12) << "seed " << seed << "\n" << result.text;
            ++compared;
        } catch (const Error& error) {  // masks that no model has
            ASSERT_NE(std::string(error.what()).find("softmax is evaluated with a causal mask"),
                      std::string::npos)
                << error.what();
            ++masks;
        }
    }
    EXPECT_LT(masks, 150);
}

// Random products with ports, hyper-indices, traces, copies, all-ones vectors and structures.
class Products {
public:
    explicit Products(std::uint64_t seed) : random_(seed) {}

    Setting setting(std::uint64_t seed) {
        Setting result{{}, 1, {}, seed};
        for (Space space :
             {Space::Vocab, Space::Position, Space::Residual, Space::HeadInner, Space::Head, Space::Layer})
            result.sizes[space] = pick(random_, 2, 5);
        result.sizes[Space::HeadInner] = pick(random_, 1, 2) * 2;
        for (std::int64_t i = 0; i < result.sizes[Space::Position]; ++i)
            result.tokens.push_back(pick(random_, 0, static_cast<int>(result.sizes[Space::Vocab]) - 1));
        return result;
    }

    Expr make() {
        spaces_.clear();
        for (int n = pick(random_, 2, 6); n > 0; --n) spaces_.push_back(random_space());
        std::vector<Use> factors;
        for (int n = pick(random_, 1, 5); n > 0; --n) factors.push_back(factor());
        for (int label = 0; label < static_cast<int>(spaces_.size()); ++label)
            if (!carried(factors, label))
                factors.push_back({copy(spaces_[static_cast<std::size_t>(label)], 1), {label}});
        return with_ports(std::move(factors));
    }

    // Sums of squares such as ‖A B‖² of all pairs: two chains with their heads open, each twice, on two
    // labels of one space. Now and then one of the four has other weights, and nothing is symmetric.
    Expr make_square() {
        const Space shared = pick(random_, 0, 1) == 0 ? Space::Residual : Space::Position;
        const Space outer = pick(random_, 0, 1) == 0 ? Space::Residual : Space::Vocab;
        const Space heads = pick(random_, 0, 1) == 0 ? Space::Layer : Space::Head;
        spaces_ = {heads, heads, shared, shared, outer, outer};
        std::vector<Use> factors;
        const int odd = pick(random_, 0, 7), inner = pick(random_, 0, 1);
        for (int side : {0, 1})
            for (int copy : {0, 1}) {
                const std::string name = "T" + std::to_string(side) + (2 * side + copy == odd ? "x" : "");
                if (inner == side) {
                    factors.push_back({tensor({name}, {heads, shared, outer}), {side, 2 + copy, 4 + side}});
                    continue;
                }
                spaces_.push_back(Space::HeadInner);
                const auto e = static_cast<int>(spaces_.size()) - 1;
                factors.push_back({tensor({name}, {heads, shared, Space::HeadInner}), {side, 2 + copy, e}});
                factors.push_back({tensor({"U"}, {heads, Space::HeadInner, outer}), {side, e, 4 + side}});
            }
        if (heads == Space::Layer && pick(random_, 0, 1) == 1)
            factors.push_back({structure({Relation::Before, 0, {}}), {0, 1}});
        const std::vector<Space> ports{heads, heads};
        if (pick(random_, 0, 1) == 0)
            return product(std::move(factors), ports, {spaces_.begin() + 2, spaces_.end()});
        return with_ports(std::move(factors));
    }

private:
    Space random_space() {
        static const std::vector<Space> pool{Space::Vocab,    Space::Position, Space::Position,
                                             Space::Residual, Space::Residual, Space::HeadInner,
                                             Space::Head,     Space::Layer};
        return pool[static_cast<std::size_t>(pick(random_, 0, static_cast<int>(pool.size()) - 1))];
    }
    static bool carried(const std::vector<Use>& factors, int label) {
        return std::any_of(factors.begin(), factors.end(), [&](const Use& use) {
            return std::find(use.labels.begin(), use.labels.end(), label) != use.labels.end();
        });
    }
    Use weight_factor() {
        std::vector<Space> ports;
        Use use;
        for (int n = pick(random_, 1, 3); n > 0; --n) {
            use.labels.push_back(pick(random_, 0, static_cast<int>(spaces_.size()) - 1));
            ports.push_back(spaces_[static_cast<std::size_t>(use.labels.back())]);
        }
        use.node = tensor({"T" + std::to_string(pick(random_, 0, 2)), pick(random_, 0, 1)}, ports);
        return use;
    }
    // A label of the space, made where there is none.
    int some(Space space) {
        std::vector<int> fitting;
        for (int label = 0; label < static_cast<int>(spaces_.size()); ++label)
            if (spaces_[static_cast<std::size_t>(label)] == space) fitting.push_back(label);
        if (fitting.empty() || (spaces_.size() < 7 && pick(random_, 0, 2) == 0)) {
            spaces_.push_back(space);
            return static_cast<int>(spaces_.size()) - 1;
        }
        return fitting[static_cast<std::size_t>(pick(random_, 0, static_cast<int>(fitting.size()) - 1))];
    }
    Use factor() {
        const int label = pick(random_, 0, static_cast<int>(spaces_.size()) - 1);
        const Space space = spaces_[static_cast<std::size_t>(label)];
        switch (pick(random_, 0, 13)) {
            case 0:
                return {copy(space, 1), {label}};
            case 1:
                return {copy(space, 2), {label, some(space)}};
            case 2:
                return {copy(space, 3), {label, some(space), some(space)}};
            case 3:
                return {one_hot(space, pick(random_, 0, 1)), {label}};
            case 4:
                return use({Relation::Token, 0, {}}, {Space::Position, Space::Vocab});
            case 5:
                return use({Relation::Causal, pick(random_, 0, 2), {}}, {Space::Position, Space::Position});
            case 6:
                return use({Relation::Before, 0, {}}, {Space::Layer, Space::Layer});
            case 7:
                return use({Relation::Shift, pick(random_, 0, 2), {}}, {Space::Position, Space::Position});
            case 8:
                return use({Relation::Centre, 0, {}}, {Space::Residual, Space::Residual});
            case 9:
                return use({Relation::Rope, 0, rotary()},
                           {Space::Position, Space::HeadInner, Space::HeadInner});
            case 10:
                return use({Relation::Distance, 0, {}}, {Space::Position, Space::Position});
            default:
                return weight_factor();
        }
    }
    Rotary rotary() {
        Rotary result{.dims = 2, .theta = 100.0, .adjacent_pairs = pick(random_, 0, 1) == 1};
        result.scaling = pick(random_, 0, 1) == 1 ? RotaryScaling::Linear : RotaryScaling::None;
        result.factor = 3;
        return result;
    }
    Use use(const Structure& relation, const std::vector<Space>& spaces) {
        Use result{structure(relation), {}};
        for (Space space : spaces) result.labels.push_back(some(space));
        return result;
    }
    // Some labels become the ports, in any order.
    Expr with_ports(std::vector<Use> factors) {
        std::vector<int> order(spaces_.size());
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), random_);
        const auto n_ports =
            static_cast<std::size_t>(pick(random_, 0, std::min(3, static_cast<int>(order.size()))));
        std::vector<int> number(order.size());
        std::vector<Space> ports, bound;
        for (std::size_t i = 0; i < order.size(); ++i) {
            const auto label = static_cast<std::size_t>(order[i]);
            number[label] = static_cast<int>(i);
            (i < n_ports ? ports : bound).push_back(spaces_[label]);
        }
        for (Use& factor : factors)
            for (int& label : factor.labels) label = number[static_cast<std::size_t>(label)];
        return product(std::move(factors), ports, bound);
    }

    Generator random_;
    std::vector<Space> spaces_;
};

const std::vector<CompileOptions> ways{{},
                                       {.tile = 2, .slice_above = 1},
                                       {.tile = 1, .slice_above = 1, .use_symmetry = false},
                                       {.tile = 3, .slice_above = 4, .use_order = false}};

TEST(NaiveLoops, GiveWhatTheEvaluatorGivesForRandomProducts) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Products products(seed);
        const Setting setting = products.setting(seed);
        const Expr node = products.make();
        for (const CompileOptions& way : ways) {
            const Comparison result = compare<double>(std::span(&node, 1), setting, way);
            ASSERT_LT(result.error, 1e-13) << "seed " << seed << ", tile " << way.tile << "\n" << result.text;
        }
        const Comparison single = compare<float>(std::span(&node, 1), setting, ways[seed % 2]);
        ASSERT_LT(single.error, 2e-6) << "seed " << seed << "\n" << single.text;
    }
}

TEST(NaiveLoops, GiveWhatTheEvaluatorGivesForSquaresWhoseHalvesAreCountedTwice) {
    int sliced = 0, symmetric = 0;
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
        Products products(seed);
        Setting setting = products.setting(seed);
        for (Space space : {Space::Vocab, Space::Position, Space::Residual}) setting.sizes[space] = 3;
        setting.sizes[Space::HeadInner] = 2;
        setting.tokens = {0, 2, 1};
        setting.sizes[Space::Layer] = setting.sizes[Space::Head] = 6;  // many pairs: Grams pay
        const std::vector<Expr> nodes{products.make_square(), products.make_square()};
        for (const CompileOptions& way : ways) {
            const Comparison result = compare<double>(nodes, setting, way);
            ASSERT_LT(result.error, 1e-13) << "seed " << seed << ", tile " << way.tile << "\n" << result.text;
        }
        const Program program = compile(nodes, setting.sizes, ways[1]);
        for (const Item& item : program.items)
            if (const auto* loop = std::get_if<Loop>(&item)) {
                ++sliced;
                symmetric += loop->symmetric ? 1 : 0;
            }
    }
    EXPECT_GT(sliced, 50);
    EXPECT_GT(symmetric, 10);
}

}  // namespace
}  // namespace headway
