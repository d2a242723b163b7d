// SPDX-License-Identifier: Apache-2.0
#include "headway/circuit/graph.hpp"

#include "headway/circuit/graphml.hpp"
#include "headway/circuit/select.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/small_checkpoint.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace headway::test {

namespace {

using testing::HasSubstr;
using testing::Not;

/// Edges of a serial decoder with q, k, v as inputs of their own, counted one by one; `sources` of them below
/// the first layer.
std::size_t edges_by_hand(std::size_t layers, std::size_t heads, bool mlps, bool parallel,
                          std::size_t sources) {
    std::size_t count = 0, below = sources;
    for (std::size_t layer = 0; layer < layers; ++layer) {
        count += 3 * heads * below;
        if (mlps) count += below + (parallel ? 0 : heads);
        below += heads + (mlps ? 1 : 0);
    }
    return count + below;
}

bool has_edge(const Circuit& circuit, const std::string& from, const std::string& to) {
    return std::any_of(circuit.edges.begin(), circuit.edges.end(), [&](const CircuitEdge& edge) {
        return circuit.components[edge.from].label == from && circuit.components[edge.to].label == to;
    });
}

}  // namespace

TEST(Circuit, ComponentsStandInTheOrderOfTheResidualStream) {
    std::vector<std::string> labels;
    for (const Component& c : circuit_of(load_model("random:layers=2,heads=2,d_model=8,d_mlp=8")).components)
        labels.push_back(c.label);
    EXPECT_THAT(labels, testing::ElementsAre("embed", "pos", "L0H0", "L0H1", "mlp0", "L1H0", "L1H1", "mlp1",
                                             "unembed"));
}

TEST(Circuit, EveryEdgeGoesUp) {
    const Circuit circuit = circuit_of(load_model("random:layers=3,heads=2,d_model=8,d_mlp=8"));
    for (const CircuitEdge& edge : circuit.edges) EXPECT_LT(edge.from, edge.to);
}

TEST(Circuit, EdgesAreThoseOfASerialDecoder) {
    const Circuit mlps = circuit_of(load_model("random:layers=3,heads=2,d_model=8,d_mlp=8,positions=rotary"));
    EXPECT_EQ(mlps.edges.size(), edges_by_hand(3, 2, true, false, 1));
    EXPECT_TRUE(has_edge(mlps, "L1H0", "mlp1"));
    const Circuit attention = circuit_of(load_model("random:layers=3,heads=2,d_model=8"));
    EXPECT_EQ(attention.edges.size(), edges_by_hand(3, 2, false, false, 2));
    EXPECT_EQ(attention.possible.heads, 3U * 12U);
}

TEST(Circuit, TheCountForGpt2SmallIsTheOneKnown) {
    EXPECT_EQ(edges_by_hand(12, 12, true, false, 1), 32491U) << "one source, as usually counted";
}

TEST(Circuit, InParallelBlocksAHeadDoesNotFeedTheMlpBesideIt) {
    const Circuit circuit = circuit_of(load_model("random:layers=2,heads=2,d_model=8,d_mlp=8,parallel=1"));
    EXPECT_EQ(circuit.edges.size(), edges_by_hand(2, 2, true, true, 2));
    EXPECT_FALSE(has_edge(circuit, "L0H0", "mlp0"));
    EXPECT_TRUE(has_edge(circuit, "L0H0", "mlp1"));
}

TEST(Circuit, ShortformerPositionsReachQueriesAndKeysOnly) {
    for (const CircuitEdge& edge : circuit_of(load_model("example:attn-only-2l")).edges) {
        if (edge.from != 1) continue;
        EXPECT_TRUE(edge.port == Reader::Q || edge.port == Reader::K);
    }
}

TEST(Circuit, GroupedQueriesHaveAnEdgeForEveryQueryHead) {
    TemporaryFolder folder;
    llama_checkpoint().write(folder.path());
    const Circuit circuit = circuit_of(load_model(folder.path().string()));
    EXPECT_EQ(circuit.edges.size(), edges_by_hand(2, 2, true, false, 1));
    EXPECT_EQ(circuit.possible.heads, 2U * 2U * 3U);
    for (const CircuitEdge& edge : circuit.edges) EXPECT_TRUE(std::isfinite(edge.weight.score));
}

TEST(Circuit, WithHeadsOnlyNothingElseIsWeighed) {
    const Circuit circuit = circuit_of(load_model("example:attn-only-2l"), {.heads_only = true});
    EXPECT_EQ(circuit.edges.size(), 192U);
    EXPECT_EQ(circuit.possible.heads, circuit.possible.all);
}

TEST(Circuit, AZeroHeadHasEdgesWithoutAScore) {
    SmallCheckpoint checkpoint = lens_checkpoint();
    auto& values = checkpoint.tensors.at("blocks.0.attn.W_O").values;
    std::fill(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), 0.0F);
    TemporaryFolder folder;
    checkpoint.write(folder.path());
    const Circuit circuit = circuit_of(load_model(folder.path().string()));
    // L0H0 to q, k, v of two heads; its output to the unembedding; embed to its own v input, which is W_OV
    // too
    EXPECT_EQ(circuit.undefined.heads, 6U);
    EXPECT_EQ(circuit.undefined.all, 8U);
    const Circuit kept = keep(circuit, {.thresholds = {{EdgeMeasure::Score, 0}}});
    EXPECT_FALSE(has_edge(kept, "L0H0", "L1H0"));
    EXPECT_THAT(graphml(circuit), HasSubstr(">NaN<"));
}

TEST(Circuit, RolesAreTheCallers) {
    const Circuit circuit =
        circuit_of(load_model("example:induction"), {.heads_only = true, .roles = {{{1, 0}, "induction"}}});
    for (const Component& c : circuit.components) EXPECT_EQ(c.role, c.label == "L1H0" ? "induction" : "");
    expect_error(ErrorKind::Usage, "the role \"x\" is of L2H0, and the model has 2 layers of 2 heads", [] {
        return circuit_of(load_model("example:induction"), {.roles = {{{2, 0}, "x"}}});
    });
}

TEST(Graphml, HoldsEveryComponentAndEdgeAndEscapesText) {
    const Circuit circuit =
        keep(circuit_of(load_model("example:induction"), {.heads_only = true, .roles = {{{1, 0}, "<&\">"}}}),
             default_selection());
    const std::string text = graphml(circuit);
    EXPECT_THAT(text, HasSubstr("attr.name=\"score\" attr.type=\"double\""));
    EXPECT_THAT(text, HasSubstr("L1H0"));
    EXPECT_THAT(text, HasSubstr("&lt;&amp;&quot;&gt;"));
    EXPECT_THAT(text, Not(HasSubstr("<&")));
    std::size_t edges = 0;
    for (std::size_t at = text.find("<edge "); at != std::string::npos; at = text.find("<edge ", at + 1))
        ++edges;
    EXPECT_EQ(edges, circuit.edges.size() + circuit.stream.size());
}

}  // namespace headway::test
