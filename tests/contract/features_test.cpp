// Networks of all features, evaluated, against the oracle's plain loops: small shapes, random weights, every
// pair of features.
// SPDX-License-Identifier: Apache-2.0
#include "contract/arrays.hpp"
#include "contract/compile.hpp"
#include "contract/execute.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"
#include "support/every_feature.hpp"
#include "support/oracle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace headway {
namespace {

using testing::Choice;
using testing::config_of;
using testing::every_pair_of_features;
using testing::words_of;

struct Shape {
    int layers, heads, kv_heads, tokens;
};
const std::vector<Shape> shapes{{1, 1, 1, 4}, {2, 2, 2, 5}, {2, 2, 1, 3},
                                {3, 4, 2, 6}, {1, 2, 2, 1}, {0, 1, 1, 3}};

Config sized(const Shape& shape) {
    Config c;
    c.n_layers = shape.layers;
    c.n_heads = shape.heads;
    c.n_kv_heads = shape.kv_heads;
    c.d_model = 7;
    c.d_head = 6;
    c.d_mlp = 5;
    c.n_ctx = 7;
    c.d_vocab = 8;
    return c;
}

Sizes sizes_of(const Config& c, int tokens) {
    Sizes sizes;
    sizes[Space::Vocab] = c.d_vocab;
    sizes[Space::Position] = tokens;
    sizes[Space::Residual] = c.d_model;
    sizes[Space::HeadInner] = c.d_head;
    sizes[Space::Head] = c.n_kv_heads;
    sizes[Space::Member] = c.group_size();
    sizes[Space::Neuron] = c.d_mlp;
    sizes[Space::Layer] = c.n_layers;
    return sizes;
}

// Weights that depend on their name only; those that Config gives, as it gives them.
class RandomWeights {
public:
    explicit RandomWeights(const Config& config) : config_(config) {}

    const std::vector<double>& operator()(const std::string& symbol, int layer) {
        const auto [place, fresh] = known_.try_emplace({symbol, layer});
        if (fresh) place->second = make(symbol, layer);
        return place->second;
    }

private:
    std::vector<double> make(const std::string& symbol, int layer) const {
        if (symbol == "scale") return {config_.score_scale(layer)};
        if (symbol == "embed_scale") return {config_.embed_scale};
        const LeafShape shape = leaf_shape(symbol).value();
        std::size_t size = shape.heads == PerHead::None    ? 1
                           : shape.heads == PerHead::Query ? static_cast<std::size_t>(config_.n_heads)
                                                           : static_cast<std::size_t>(config_.n_kv_heads);
        const Sizes sizes = sizes_of(config_, config_.n_ctx);
        for (Space space : shape.ports) size *= static_cast<std::size_t>(sizes[space]);
        const std::string name = symbol + "/" + std::to_string(layer);
        std::seed_seq seeds(name.begin(), name.end());
        std::mt19937_64 random(seeds);
        std::uniform_real_distribution<double> uniform(-1, 1);
        const bool gain = symbol.ends_with(".w");
        std::vector<double> values(size);
        for (double& value : values) value = gain ? 1 + uniform(random) / 2 : 0.7 * uniform(random);
        return values;
    }

    Config config_;
    std::map<std::pair<std::string, int>, std::vector<double>> known_;
};

class Subject {
public:
    Subject(const Config& config, int tokens) : config_(config), weights_(config) {
        for (int i = 0; i < tokens; ++i) tokens_.push_back((3 * i + 1) % config.d_vocab);
    }

    oracle::Run slow() {
        return oracle::forward(
            config_, [this](const std::string& symbol, int layer) { return weights_(symbol, layer); },
            tokens_);
    }

    template <class T>
    std::vector<std::vector<T>> run(const std::vector<Expr>& nodes, int threads) {
        Workspace workspace({.threads = threads});
        Inputs<T> inputs;
        inputs.tokens = tokens_;
        inputs.leaf = [&](const Tensor& leaf, const Dims& shape) {
            const std::vector<double>& exact = weights_(leaf.symbol, leaf.layer);
            const auto size = static_cast<std::ptrdiff_t>(
                std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
            const bool whole = size == static_cast<std::ptrdiff_t>(exact.size());
            EXPECT_TRUE(whole || leaf.symbol == "W_pos") << leaf.symbol;  // rows of the positions in use
            return Array<T>::from(std::vector<T>(exact.begin(), exact.begin() + size), shape, workspace);
        };
        const Sizes sizes = sizes_of(config_, static_cast<int>(tokens_.size()));
        std::vector<std::vector<T>> results(nodes.size());
        execute<T>(compile(nodes, sizes, {.group_size = config_.group_size()}), inputs, workspace,
                   [&](std::size_t i, const Array<T>& value, const OutputPart&) {
                       results[i] = testing::values(value);
                   });
        return results;
    }

private:
    Config config_;
    RandomWeights weights_;
    std::vector<int> tokens_;
};

void append(std::vector<double>& flat, const oracle::Vector& values) {
    flat.insert(flat.end(), values.begin(), values.end());
}
void append(std::vector<double>& flat, const oracle::Matrix& values) {
    for (const oracle::Vector& row : values) append(flat, row);
}
void append(std::vector<double>& flat, const std::vector<oracle::Matrix>& values) {
    for (const oracle::Matrix& matrix : values) append(flat, matrix);
}

// What the network calls by a name, and what the oracle says it is.
class Expected {
public:
    Expected(const Config& config, const oracle::Run& run) {
        add("logits", run.logits);
        add("x0", run.stream.front());
        if (config.embed_norm && config.norm != Norm::None) add("rstd_embed", run.rstd_embed);
        if (config.final_norm && config.norm != Norm::None) add("rstd_final", run.rstd_final);
        for (int layer = 0; layer < config.n_layers; ++layer) add_layer(config, run, layer);
    }
    const std::vector<std::pair<std::string, std::vector<double>>>& values() const { return values_; }

private:
    template <class Values>
    void add(const std::string& name, const Values& values) {
        values_.push_back({name, {}});
        append(values_.back().second, values);
    }

    void add_layer(const Config& config, const oracle::Run& run, int layer) {
        const oracle::LayerRun& one = run.layers[static_cast<std::size_t>(layer)];
        const std::string tag = "[L" + std::to_string(layer) + "]";
        add("S" + tag, one.scores);
        add("A" + tag, one.pattern);
        add("x" + std::to_string(layer + 1), run.stream[static_cast<std::size_t>(layer) + 1]);
        if (config.query_key_norm != QueryKeyNorm::None) {
            add("rstd_q" + tag, one.rstd_q);
            add("rstd_k" + tag, one.rstd_k);
        }
        if (config.norms_before() || config.norms_stream()) add("rstd1" + tag, one.rstd1);
        if (config.norms_after()) {
            add("rstd1_post" + tag, one.rstd1_post);
            add("branch1" + tag, one.branch1);
        }
        if (!config.has_mlp()) return;
        add("mlp" + tag, one.mlp);
        if (!config.parallel_block) add("mid" + tag, one.middle);
        if (config.norms_after()) {
            add("rstd2_post" + tag, one.rstd2_post);
            add("branch2" + tag, one.branch2);
        }
        if (config.norms_stream() || (config.norms_before() && !config.shared_norm))
            add("rstd2" + tag, one.rstd2);
    }

    std::vector<std::pair<std::string, std::vector<double>>> values_;
};

// The largest difference, relative to the largest value.
template <class T>
double error_of(const std::vector<T>& got, const std::vector<double>& want) {
    if (got.size() != want.size()) return INFINITY;
    double largest = 0, difference = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        largest = std::max(largest, std::abs(want[i]));
        difference = std::max(difference, std::abs(static_cast<double>(got[i]) - want[i]));
        if (std::isnan(got[i])) return INFINITY;
    }
    return difference == 0 ? 0 : difference / largest;
}

template <class Body>
void for_every_shape_and_pair(const Body& body) {
    for (const Shape& shape : shapes)
        for (const Choice& choice : every_pair_of_features(sized(shape))) {
            SCOPED_TRACE(words_of(choice) + "; " + std::to_string(shape.layers) + " layers, " +
                         std::to_string(shape.heads) + " heads");
            const Config config = config_of(choice, sized(shape));
            body(config, shape.tokens);
            if (::testing::Test::HasFailure()) return;
        }
}

TEST(Features, AllOfThemInPairsGiveWhatTheOracleGives) {
    int compared = 0;
    for_every_shape_and_pair([&](const Config& config, int tokens) {
        Subject subject(config, tokens);
        const Network network = transformer(config);
        const Expected expected(config, subject.slow());
        std::vector<Expr> nodes;
        for (const auto& [name, values] : expected.values()) nodes.push_back(network.at(name));
        const auto exact = subject.run<double>(nodes, 1);
        const auto single = subject.run<float>(nodes, 1);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const auto& [name, values] = expected.values()[i];
            EXPECT_LT(error_of(exact[i], values), 1e-12) << name << "\n" << to_text(network);
            EXPECT_LT(error_of(single[i], values), 2e-5) << name << "\n" << to_text(network);
            ++compared;
        }
    });
    EXPECT_GT(compared, 1000);
}

TEST(Features, DoNotDependOnThreadsAndSurvivePrinting) {
    for_every_shape_and_pair([](const Config& config, int tokens) {
        Subject subject(config, tokens);
        const Network network = transformer(config);
        const Network again = parse_network(to_text(network));
        EXPECT_EQ(subject.run<double>({network.output}, 1), subject.run<double>({again.output}, 2));
        EXPECT_EQ(subject.run<float>({network.output}, 1), subject.run<float>({again.output}, 2));
    });
}

}  // namespace
}  // namespace headway
