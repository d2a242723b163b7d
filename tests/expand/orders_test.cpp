// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/orders.hpp"

#include "expand/architectures.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/distribute.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/select.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

const std::vector<Space> logits_ports{Space::Position, Space::Vocab};

Expr sum_of(const std::vector<Expr>& parts) {
    std::vector<Term> terms;
    for (const Expr& part : parts) terms.push_back({1, {part, {0, 1}}});
    return sum(std::move(terms), logits_ports);
}

Expr multiplied_out(const Expr& expression, const Config& config) {
    return distribute(split_heads(expression, config));
}

// The paths of the model, added up by `keep`.
template <class Keep>
Expr paths_where(const FrozenModel& model, Keep keep) {
    std::vector<Expr> terms;
    Paths paths(model.config(), {.max_heads = model.config().n_layers});
    while (const auto path = paths.next())
        if (keep(*path)) terms.push_back(path_term(model, *path));
    return sum_of(terms);
}

TEST(Orders, AreTheSumsOfTheirPaths) {
    std::vector<NamedConfig> models = tiny_models();
    for (NamedConfig& named : tiny_architectures()) models.push_back(std::move(named));
    for (const NamedConfig& named : models) {
        const FrozenModel model(named.config);
        const LogitOrders orders = expand_orders(model, 1);
        for (int n : {0, 1})
            ASSERT_EQ(multiplied_out(orders.order[static_cast<std::size_t>(n)], named.config),
                      paths_where(model, [&](const Path& path) { return order(path) == n; }))
                << named.name << " order " << n;
        ASSERT_EQ(multiplied_out(orders.remainder, named.config),
                  paths_where(model, [](const Path& path) { return order(path) > 1; }))
            << named.name;
    }
}

TEST(Orders, WithTheRemainderAreTheLogits) {
    std::vector<Config> configs{tiny(3), tiny_gpt2(3, 2), tiny_gpt2(2, 2, false)};
    for (const NamedConfig& named : tiny_architectures()) configs.push_back(named.config);
    for (const Config& config : configs) {
        const FrozenModel model(config);
        for (int n = 0; n <= config.n_layers + 1; ++n) {
            LogitOrders orders = expand_orders(model, n);
            orders.order.push_back(orders.remainder);
            EXPECT_EQ(multiplied_out(sum_of(orders.order), config),
                      multiplied_out(model.linear_logits(), config));
        }
    }
}

TEST(Orders, LeaveNothingWhenAllLayersAreCounted) {
    const FrozenModel model(tiny_gpt2(2));
    EXPECT_EQ(expand_orders(model, 2).remainder, sum(std::vector<Term>{}, logits_ports));
    EXPECT_NE(expand_orders(model, 1).remainder, sum(std::vector<Term>{}, logits_ports));
}

TEST(Orders, BeyondTheLayersAreEmpty) {
    const LogitOrders orders = expand_orders(FrozenModel(tiny(2)), 4);
    ASSERT_EQ(orders.order.size(), 5U);
    EXPECT_NE(orders.order[2], sum(std::vector<Term>{}, logits_ports));
    EXPECT_EQ(orders.order[3], sum(std::vector<Term>{}, logits_ports));
    EXPECT_EQ(orders.order[4], sum(std::vector<Term>{}, logits_ports));
}

TEST(Orders, OfOneSourceAreItsPaths) {
    for (const Config& config :
         {tiny_gpt2(2), tiny_gpt2(2, 2, false), tiny_bloom(), tiny_bert(), tiny_mixture()}) {
        const FrozenModel model(config);
        for (const Source& source : path_sources(config)) {
            const LogitOrders orders = expand_orders(model, 1, source);
            const auto of_source = [&](auto&& right_order) {
                return paths_where(model, [&](const Path& path) {
                    return path.source == source && right_order(order(path));
                });
            };
            EXPECT_EQ(multiplied_out(orders.order[0], config), of_source([](int n) { return n == 0; }))
                << label(source);
            EXPECT_EQ(multiplied_out(orders.order[1], config), of_source([](int n) { return n == 1; }))
                << label(source);
            EXPECT_EQ(multiplied_out(orders.remainder, config), of_source([](int n) { return n > 1; }))
                << label(source);
        }
    }
}

TEST(Orders, NodesGrowLinearlyWithTheLayers) {
    const auto nodes = [](int layers) {
        const FrozenModel model(tiny_gpt2(layers));
        return count_nodes(expand_orders(model, 3).remainder);
    };
    EXPECT_EQ(nodes(24) - nodes(23), nodes(12) - nodes(11));
}

TEST(Orders, RefuseASourceThatTheModelHasNot) {
    const FrozenModel model(tiny());
    EXPECT_THROW(expand_orders(model, 1, Source{SourceKind::Pos}), Error);
    EXPECT_THROW(expand_orders(model, -1), Error);
    EXPECT_THROW(expand_orders(model, 1'000'000'000), Error);
}

}  // namespace
}  // namespace headway
