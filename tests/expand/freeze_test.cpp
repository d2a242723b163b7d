// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/freeze.hpp"

#include "expand/tiny.hpp"
#include "headway/network/transformer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace headway {
namespace {

// Names of the functions and frozen values that the value of `root` needs, links left alone.
struct Seen {
    int applies = 0;
    std::set<std::string> frozen;
};
Seen look(const Expr& root) {
    Seen seen;
    std::set<const Node*> visited;
    const std::function<void(const Expr&)> visit = [&](const Expr& node) {
        if (!visited.insert(node.get()).second) return;
        if (node->as<Apply>() != nullptr) ++seen.applies;
        if (node->as<Frozen>() != nullptr) {
            seen.frozen.insert(leaf_name(*node));
            return;
        }
        for (const Expr& child : children(*node)) visit(child);
    };
    visit(root);
    return seen;
}

TEST(Freeze, LeavesNoFunctionInTheLogits) {
    for (const NamedConfig& named : tiny_models())
        ASSERT_EQ(look(freeze(transformer(named.config)).output).applies, 0) << named.name;
}

TEST(Freeze, FreezesPatternsScalesAndMlpOutputsByTheirNames) {
    EXPECT_EQ(look(freeze(transformer(tiny_gpt2(1))).output).frozen,
              (std::set<std::string>{"A[L0]", "rstd1[L0]", "rstd_final", "mlp[L0]"}));
}

TEST(Freeze, KeepsWhatItIsNotAskedFor) {
    const Network network = transformer(tiny_gpt2(1));
    EXPECT_EQ(look(freeze(network, {.norm_scales = false, .mlp_outputs = false}).output).frozen,
              (std::set<std::string>{"A[L0]"}));
    EXPECT_EQ(look(freeze(network, {.patterns = false, .mlp_outputs = false}).output).frozen,
              (std::set<std::string>{"rstd1[L0]", "rstd2[L0]", "rstd_final"}));
    EXPECT_EQ(freeze(network, {.patterns = false, .norm_scales = false, .mlp_outputs = false}).output,
              network.output);
}

TEST(Freeze, LinksToTheUntouchedNetwork) {
    const Network network = transformer(tiny_gpt2());
    const Network frozen = freeze(network);
    for (const char* name :
         {"A[L0]", "A[L1]", "rstd1[L0]", "rstd1[L1]", "rstd_final", "mlp[L0]", "mlp[L1]"}) {
        const auto* value = frozen.at(name)->as<Frozen>();
        ASSERT_NE(value, nullptr) << name;
        EXPECT_EQ(value->link, network.at(name));
        EXPECT_EQ(leaf_name(*frozen.at(name)), name);
    }
}

TEST(Freeze, TwiceChangesNothing) {
    const Network once = freeze(transformer(tiny_gpt2()));
    const Network twice = freeze(once);
    EXPECT_EQ(once.output, twice.output);
    EXPECT_EQ(once.definitions, twice.definitions);
}

TEST(Freeze, NodesGrowLinearlyWithTheLayers) {
    const auto nodes = [](int layers) { return count_nodes(freeze(transformer(tiny_gpt2(layers))).output); };
    EXPECT_EQ(nodes(9) - nodes(8), nodes(5) - nodes(4));
}

TEST(Freeze, IsReadBackFromItsText) {
    const Network frozen = freeze(transformer(tiny_gpt2()));
    EXPECT_EQ(parse_network(to_text(frozen)).output, frozen.output);
}

}  // namespace
}  // namespace headway
