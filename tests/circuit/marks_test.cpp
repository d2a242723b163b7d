// Edits and channels written on a circuit.
// SPDX-License-Identifier: Apache-2.0
#include "headway/circuit/marks.hpp"

#include "headway/circuit/select.hpp"
#include "headway/expand/edit_text.hpp"
#include "headway/model/load.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

namespace headway::test {

namespace {

Circuit heads_of(const Model& model) { return circuit_of(model, {.heads_only = true}); }

std::size_t closed_edges(const Circuit& circuit) {
    return static_cast<std::size_t>(std::count_if(circuit.edges.begin(), circuit.edges.end(),
                                                  [](const CircuitEdge& edge) { return edge.factor == 0; }));
}

}  // namespace

TEST(Marks, ClosedEdgesAreThoseOfTheEdits) {
    const Model model = load_model("example:attn-only-2l");
    Circuit circuit = heads_of(model);
    EXPECT_EQ(mark_edits(circuit, parse_edits("L0H{0,2}>L1H4.K, L0H7>L1H*.Q, L0H5", circuit.config)), 10U);
    EXPECT_EQ(closed_edges(circuit), 10U);
    for (const CircuitEdge& edge : circuit.edges)
        if (edge.factor == 0 && edge.port == Reader::K) {
            EXPECT_EQ(circuit.components[edge.to].label, "L1H4");
            EXPECT_THAT(circuit.components[edge.from].label, testing::AnyOf("L0H0", "L0H2"));
        }
    for (const Component& component : circuit.components)
        EXPECT_EQ(component.factor, component.label == "L0H5" ? 0 : 1);
}

TEST(Marks, EdgesOfMlpsAndTheUnembeddingCloseToo) {
    Circuit circuit = circuit_of(load_model("random:layers=2,heads=2,d_model=8,d_mlp=8"));
    const Edits edits = parse_edits("mlp0>L1H1.V, L0H0>mlp1, L0H1>unembed", circuit.config);
    EXPECT_EQ(mark_edits(circuit, edits), 3U);
    for (const CircuitEdge& edge : circuit.edges)
        if (edge.factor == 0 && edge.port == Reader::V) {
            EXPECT_EQ(circuit.components[edge.from].label, "mlp0");
        }
}

TEST(Marks, ScaledHeadsAndEdgesHaveTheirFactor) {
    const Model model = load_model("example:attn-only-2l");
    Circuit circuit = heads_of(model);
    EXPECT_EQ(mark_edits(circuit, parse_edits("L0H1>L1H0.V=0.5,L0H0>L1H4.K,L0H2=2", circuit.config)), 2U);
    EXPECT_EQ(closed_edges(circuit), 1U);
    for (const CircuitEdge& edge : circuit.edges)
        if (edge.factor != 0 && edge.factor != 1) {
            EXPECT_EQ(edge.factor, 0.5);
            EXPECT_EQ(circuit.components[edge.from].label, "L0H1");
            EXPECT_EQ(edge.port, Reader::V);
        }
    for (const Component& component : circuit.components)
        EXPECT_EQ(component.factor, component.label == "L0H2" ? 2 : 1);
    EXPECT_THAT(keep(circuit, default_selection()).filter, testing::EndsWith("; 1 more that is scaled"));
}

TEST(Marks, SelectionKeepsWhatIsClosedAndSaysSo) {
    const Model model = load_model("example:attn-only-2l");
    Circuit circuit = heads_of(model);
    mark_edits(circuit, parse_edits("L0H1>L1H0.V", circuit.config));
    const Circuit part = keep(circuit, default_selection());
    EXPECT_EQ(closed_edges(part), 1U);
    EXPECT_EQ(part.edges.size(), keep(heads_of(model), default_selection()).edges.size() + 1);
    EXPECT_THAT(part.filter, testing::EndsWith("; 1 more that is closed"));
}

TEST(Marks, TheSharesOfAllComponentsAddUpToOne) {
    const Model model = load_model("example:attn-only-2l");
    Circuit part = keep(heads_of(model), default_selection());
    split_edges(part, model, 1000, {.precision = Precision::Double});
    ASSERT_FALSE(part.edges.empty());
    for (const CircuitEdge& edge : part.edges) {
        double sum = 0;
        for (const EdgePart& component : edge.parts) sum += component.share;
        EXPECT_NEAR(sum, 1, 1e-9) << part.components[edge.from].label << part.components[edge.to].label;
        EXPECT_TRUE(std::is_sorted(edge.parts.begin(), edge.parts.end(),
                                   [](const EdgePart& a, const EdgePart& b) { return a.share > b.share; }));
    }
}

TEST(Marks, OnlyTheStrongestComponentsAreKept) {
    const Model model = load_model("example:attn-only-2l");
    Circuit part = keep(heads_of(model), {.thresholds = {{EdgeMeasure::Score, 0.2}}});
    split_edges(part, model, 2);
    for (const CircuitEdge& edge : part.edges) EXPECT_EQ(edge.parts.size(), 2U);
}

}  // namespace headway::test
