// Programs that are made to fit a budget: for random networks and all budgets that a plan can keep to, the
// values are those of the program without a budget, and the arena never holds more.
// SPDX-License-Identifier: Apache-2.0
#include "contract/blocks.hpp"

#include "contract/arrays.hpp"
#include "contract/compile.hpp"
#include "contract/execute.hpp"
#include "contract/memory.hpp"
#include "expand/random_expression.hpp"
#include "headway/base/error.hpp"
#include "headway/contract/evaluate.hpp"
#include "headway/network/text.hpp"
#include "headway/network/transformer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace headway {
namespace {

using Values = std::vector<std::vector<double>>;

struct Ran {
    Values values;
    std::size_t peak = 0;
    int pieces = 0;
};

// Weights in -1..1 that depend on their name; they lie in a workspace of their own.
Array<double> named_weight(const Tensor& leaf, const Dims& shape, Workspace& workspace) {
    const std::string name = leaf.symbol + "/" + std::to_string(leaf.layer) + "/" +
                             std::to_string(leaf.head) + "/" + std::to_string(leaf.group);
    std::seed_seq seeds(name.begin(), name.end());
    testing::Random random(seeds);
    return testing::random_array<double>(shape, random, workspace);
}

Ran run_program(const Program& program, std::span<const int> tokens, std::size_t budget) {
    Workspace weights({.threads = 1});
    Workspace workspace({.threads = 2, .max_memory = budget});
    Inputs<double> inputs;
    inputs.tokens.assign(tokens.begin(), tokens.end());
    inputs.leaf = [&](const Tensor& leaf, const Dims& shape) { return named_weight(leaf, shape, weights); };
    Ran ran;
    ran.values.resize(program.outputs.size());
    execute<double>(
        program, inputs, workspace, [&](std::size_t o, const Array<double>& value, const OutputPart& piece) {
            const Dims& whole = program.values[static_cast<std::size_t>(program.outputs[o])].shape;
            ran.values[o].resize(static_cast<std::size_t>(row_major(whole).size()));
            Array<double> all = Array<double>::view(ran.values[o].data(), row_major(whole));
            if (piece.axis >= 0) {
                ++ran.pieces;
                all = all.slice(piece.axis, piece.begin, piece.begin + value.extent(piece.axis));
            }
            // where each element goes
            std::vector<double> made = testing::values(value);
            std::vector<std::ptrdiff_t> place;
            Array<double> index = all;
            testing::Operand<double> to{all, {}};
            std::map<int, std::int64_t> extents;
            for (int i = 0; i < all.rank(); ++i) {
                to.labels.push_back(all.rank() - i);
                extents[all.rank() - i] = all.extent(i);
            }
            std::size_t n = 0;
            testing::for_all(extents, [&](const std::map<int, std::int64_t>& at) {
                std::int64_t offset = all.data() - ran.values[o].data();
                for (int i = 0; i < all.rank(); ++i) offset += at.at(all.rank() - i) * all.stride(i);
                ran.values[o][static_cast<std::size_t>(offset)] = made[n++];
            });
        });
    ran.peak = workspace.arena().peak();
    return ran;
}

double difference(const Values& a, const Values& b) {
    double largest = 0, most = 1e-300;
    for (std::size_t o = 0; o < a.size(); ++o) {
        EXPECT_EQ(a[o].size(), b[o].size());
        for (std::size_t i = 0; i < a[o].size(); ++i) {
            largest = std::max(largest, std::abs(a[o][i] - b[o][i]));
            most = std::max(most, std::abs(a[o][i]));
        }
    }
    return largest / most;
}

int count_blocks(const Program& program) {
    return static_cast<int>(std::ranges::count_if(
        program.items, [](const Item& item) { return std::holds_alternative<Blocks>(item); }));
}

struct Tried {
    int fitted = 0, blocks = 0, pieces = 0;
    double least = 1;  // of the peak without a budget
};

// All budgets between nothing and what the program needs, in steps.
void try_budgets(const std::vector<Expr>& nodes, const Sizes& sizes, int group_size,
                 std::span<const int> tokens, Tried& tried) {
    CompileOptions options{.group_size = group_size, .bytes = {.element = sizeof(double), .taken = 0}};
    const Program whole = compile(nodes, sizes, options);
    const double peak = memory_use(whole, options.bytes).peak;
    const Ran exact = run_program(whole, tokens, static_cast<std::size_t>(peak));
    for (int part = 1; part < 12; ++part)
        for (const bool hand : {false, true}) {
            options.budget = std::floor(peak * part / 12);
            options.hand_blocks = hand;
            const Program blocked = compile(nodes, sizes, options);
            const double need = memory_use(blocked, options.bytes).peak;
            ASSERT_LE(need, peak) << to_text(nodes.front());
            const auto budget = static_cast<std::size_t>(std::max(need, options.budget));
            const Ran ran = run_program(blocked, tokens, budget);
            ASSERT_LE(ran.peak, budget);
            ASSERT_LT(difference(exact.values, ran.values), 1e-13) << to_text(nodes.front());
            tried.blocks += count_blocks(blocked);
            tried.pieces += ran.pieces;
            tried.fitted += need <= options.budget ? 1 : 0;
            tried.least = std::min(tried.least, need / peak);
        }
}

TEST(Blocks, GiveWhatTheWholeProgramGivesForEveryBudgetOfRandomNetworks) {
    Tried tried;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        const RandomNetwork network = random_network(seed);
        const ModularModel model = random_model(network.group_size, seed);
        std::vector<int> tokens;
        testing::Random random(seed);
        for (std::int64_t i = 0; i < model.sizes[Space::Position]; ++i)
            tokens.push_back(testing::pick(random, 0, static_cast<int>(model.sizes[Space::Vocab]) - 1));
        try {
            SCOPED_TRACE(seed);
            try_budgets({network.network.output}, model.sizes, network.group_size, tokens, tried);
            if (HasFatalFailure()) return;
        } catch (const Error& error) {  // masks that no model has
            ASSERT_NE(std::string(error.what()).find("softmax is evaluated with a causal mask"),
                      std::string::npos)
                << error.what();
        }
    }
    EXPECT_GT(tried.blocks, 500);
    EXPECT_GT(tried.fitted, 300);
    EXPECT_LT(tried.least, 0.4);
}

// Every kind of model that steps count positions in: rotary, windows, ALiBi, groups, norms, gates.
std::vector<Config> models() {
    Config plain;
    plain.n_layers = 2;
    plain.n_heads = plain.n_kv_heads = 3;
    plain.d_model = 12;
    plain.d_head = 4;
    plain.d_vocab = 17;
    plain.n_ctx = 40;
    std::vector<Config> all;
    for (const Positions positions : {Positions::Learned, Positions::Rotary, Positions::None}) {
        Config config = plain;
        config.positions = positions;
        if (positions == Positions::Rotary) config.rotary.dims = 4;
        all.push_back(config);
        config.n_heads = 4;
        config.n_kv_heads = 2;
        config.norm = Norm::RmsNorm;
        config.d_mlp = 24;
        config.gated_mlp = true;
        all.push_back(config);
    }
    return all;
}

TEST(Blocks, GiveWhatTheWholeRunOfAModelGivesForEveryBudget) {
    Tried tried;
    for (const Config& config : models()) {
        const Network network = transformer(config);
        std::vector<Expr> nodes{network.output};
        for (int layer = 0; layer < config.n_layers; ++layer)
            nodes.push_back(network.at("A[L" + std::to_string(layer) + "]"));
        std::vector<int> tokens{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
        tokens.insert(tokens.end(), tokens.begin(), tokens.end());
        try_budgets(nodes, sizes_of(config, 32), config.group_size(), tokens, tried);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(tried.blocks, 100);
    EXPECT_GT(tried.pieces, 100);
    EXPECT_LT(tried.least, 0.5);
}

}  // namespace
}  // namespace headway
