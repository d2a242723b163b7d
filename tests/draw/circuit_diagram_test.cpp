// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/circuit_diagram.hpp"

#include "draw/graphviz.hpp"
#include "draw/overlaps.hpp"
#include "headway/draw/dot.hpp"
#include "support/errors.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <random>

namespace headway::test {

namespace {

/// embed, L0H0, L0H1, L1H0, mlp1, unembed with one K edge, one grey edge and one that passes a layer.
CircuitPicture small_circuit() {
    CircuitPicture circuit;
    circuit.title = "a small circuit";
    circuit.formula = {{"score = \u2016W", "OV", "writer"}, {" M", "", "reader"}, {"\u2016", "", ""}};
    circuit.remarks = {plain("2 of 12 edges, score > 1.75 x baseline")};
    circuit.baseline = 0.1;
    circuit.components = {
        {"embed", DrawnKind::Embed, -1, ""},    {"L0H0", DrawnKind::Head, 0, "previous token"},
        {"L0H1", DrawnKind::Head, 0, ""},       {"L1H0", DrawnKind::Head, 1, "induction"},
        {"mlp1", DrawnKind::Mlp, 1, ""},        {"L2H7", DrawnKind::Head, 2, ""},
        {"unembed", DrawnKind::Unembed, -1, ""}};
    circuit.edges = {{0, 1, DrawnPort::Other, {}}, {1, 3, DrawnPort::K, 0.4}, {2, 5, DrawnPort::V, -0.2},
                     {3, 6, DrawnPort::Other, {}}, {4, 5, DrawnPort::Q, 0.3}, {3, 4, DrawnPort::Other, 0.25}};
    return circuit;
}

/// Heads of the first layers write to heads of all later ones.
CircuitPicture random_circuit(unsigned seed, int n_layers, int n_heads, int n_edges) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    CircuitPicture circuit;
    circuit.components = {{"embed", DrawnKind::Embed, -1, ""}, {"unembed", DrawnKind::Unembed, -1, ""}};
    for (int h = 0; h < n_layers * n_heads; ++h) {
        circuit.components.push_back({fmt::format("L{}H{}", h / n_heads, h % n_heads), DrawnKind::Head,
                                      h / n_heads, h % 5 == 0 ? "induction" : ""});
    }
    while (n_edges > 0) {
        const int a = below(n_layers * n_heads);
        const int b = below(n_layers * n_heads);
        if (a / n_heads >= b / n_heads) continue;
        const auto port = static_cast<DrawnPort>(below(3));
        circuit.edges.push_back({static_cast<std::size_t>(a + 2), static_cast<std::size_t>(b + 2), port,
                                 0.1 + 0.001 * below(200)});
        --n_edges;
    }
    for (std::size_t c = 2; c < circuit.components.size(); ++c) {
        if (below(3) == 0) circuit.edges.push_back({0, c, DrawnPort::Other, {}});
        if (below(3) == 0) circuit.edges.push_back({c, 1, DrawnPort::Other, {}});
    }
    return circuit;
}

std::map<std::string, Box> boxes_of(const Diagram& diagram) {
    std::map<std::string, Box> boxes;
    for (const Box& box : diagram.boxes) boxes[box.id] = box;
    return boxes;
}

}  // namespace

TEST(CircuitDiagram, NothingOverlaps) {
    std::vector<CircuitPicture> circuits = {small_circuit()};
    for (unsigned seed = 0; seed < 20; ++seed)
        circuits.push_back(random_circuit(seed, 2 + static_cast<int>(seed) % 5, 4, 40));
    for (const CircuitPicture& circuit : circuits) {
        const Diagram diagram = circuit_diagram(circuit);
        EXPECT_THAT(overlapping_boxes(diagram), testing::IsEmpty());
        EXPECT_THAT(crossed_boxes(diagram), testing::IsEmpty());
    }
}

TEST(CircuitDiagram, LayersAreRowsFromEmbedUpToUnembed) {
    auto boxes = boxes_of(circuit_diagram(small_circuit()));
    EXPECT_EQ(boxes["L0H0"].at.y, boxes["L0H1"].at.y);
    const std::vector<std::string> upwards = {"embed", "L0H0", "L1H0", "mlp1", "L2H7", "unembed"};
    for (std::size_t i = 0; i + 1 < upwards.size(); ++i)
        EXPECT_LT(boxes[upwards[i]].at.y, boxes[upwards[i + 1]].at.y) << upwards[i];
}

TEST(CircuitDiagram, EdgesEndAtTheirPorts) {
    const Diagram diagram = circuit_diagram(small_circuit());
    auto boxes = boxes_of(diagram);
    for (const Wire& wire : diagram.wires) {
        if (wire.name != "k") continue;
        EXPECT_EQ(wire.from.port, "o");
        EXPECT_EQ(wire.to.port, "k");
        EXPECT_EQ(wire.path.front().y, boxes["L0H0"].at.y + boxes["L0H0"].height / 2);
        EXPECT_EQ(wire.path.back().y, boxes["L1H0"].at.y - boxes["L1H0"].height / 2);
        EXPECT_NEAR(wire.path.back().x, boxes["L1H0"].at.x, boxes["L1H0"].width / 6);
    }
}

TEST(CircuitDiagram, WidthGrowsWithTheWeightAndSignIsDashed) {
    std::map<std::string, Stroke> strokes;
    for (const Wire& wire : circuit_diagram(small_circuit()).wires)
        strokes[wire.from.box + ">" + wire.to.box] = wire.stroke;
    EXPECT_GT(strokes["L0H0>L1H0"].width, strokes["mlp1>L2H7"].width);
    EXPECT_GT(strokes["mlp1>L2H7"].width, strokes["L0H1>L2H7"].width);
    EXPECT_EQ(strokes["L0H1>L2H7"].dash, Dash::Dashed);
    EXPECT_EQ(strokes["embed>L0H0"].width, strokes["L1H0>unembed"].width);
}

TEST(CircuitDiagram, LegendAndCaptionSayWhatIsDrawn) {
    const std::string text = dot(circuit_diagram(small_circuit()));
    for (const char* words :
         {"K-composition", "negative", "residual stream (cut short where it is long)", "0.2", "0.3", "0.4",
          "a small circuit", "2 of 12 edges, score > 1.75 x baseline"}) {
        EXPECT_THAT(text, testing::HasSubstr(words));
    }
}

TEST(CircuitDiagram, ACircuitGraphIsDrawnWithItsFormulaBaselineAndFilter) {
    Circuit circuit;
    circuit.model = "toy \"<b>";
    circuit.heads_only = true;
    circuit.baseline = 0.125;
    circuit.effective_dimension = 64;
    circuit.filter = "1 of 12 edges: score > 1.75 x baseline";
    circuit.components = {{ComponentKind::Embed, -1, -1, "embed", ""},
                          {ComponentKind::Head, 0, 3, "L0H3", "previous token"},
                          {ComponentKind::Head, 1, 4, "L1H4", "induction"},
                          {ComponentKind::Unembed, -1, -1, "unembed", ""}};
    circuit.edges = {{1, 2, Reader::K, {}}};
    circuit.edges[0].weight.score = 0.5;
    circuit.stream = {{0, 1}, {2, 3}};
    const Diagram diagram = circuit_diagram(circuit);
    const std::string text = dot(diagram);
    for (const char* words : {"toy \\\"<b>: composition of heads",
                              "baseline 1/\u221a64 = 0.125; 1 of 12 edges: score > 1.75 x baseline",
                              "K-composition L0H3 -> L1H4: 0.5"}) {
        EXPECT_THAT(text, testing::HasSubstr(words));
    }
    EXPECT_EQ(std::count_if(diagram.wires.begin(), diagram.wires.end(),
                            [](const Wire& w) { return w.name == "unweighted"; }),
              2);
    EXPECT_NE(render(text, Picture::Svg), "");
}

TEST(CircuitDiagram, TheStrandsOfAnEdgeAreAsWideAsTheirShares) {
    CircuitPicture circuit = small_circuit();
    circuit.edges[1].parts = {{"component 0", 0.6}, {"component 2", 0.25}};
    std::vector<Wire> strands;
    for (const Wire& wire : circuit_diagram(circuit).wires)
        if (wire.from.box == "L0H0" && wire.to.box == "L1H0") strands.push_back(wire);
    ASSERT_EQ(strands.size(), 3U);  // two components, and the rest
    EXPECT_NEAR(strands[0].stroke.width / strands[1].stroke.width, 0.6 / 0.25, 1e-9);
    EXPECT_NEAR(strands[0].stroke.width / strands[2].stroke.width, 0.6 / 0.15, 1e-9);
    EXPECT_EQ(strands[1].tooltip, "K-composition L0H0 -> L1H0: 0.4; component 2: 25.0 % of its square");
    EXPECT_EQ(strands[2].tooltip, "K-composition L0H0 -> L1H0: 0.4; the rest: 15.0 % of its square");
    for (std::size_t i = 0; i + 1 < strands.size(); ++i)  // side by side: none lies on its neighbour
        EXPECT_GE(strands[i + 1].path[0].x - strands[i].path[0].x,
                  (strands[i].stroke.width + strands[i + 1].stroke.width) / 2);
}

TEST(CircuitDiagram, EdgesInPartsOverlapNothing) {
    for (unsigned seed = 0; seed < 10; ++seed) {
        CircuitPicture circuit = random_circuit(seed, 4, 4, 30);
        for (DrawnEdge& edge : circuit.edges)
            if (edge.weight) edge.parts = {{"component 0", 0.5}, {"component 1", 0.3}};
        const Diagram diagram = circuit_diagram(circuit);
        EXPECT_THAT(overlapping_boxes(diagram), testing::IsEmpty());
        EXPECT_THAT(crossed_boxes(diagram), testing::IsEmpty());
    }
}

TEST(CircuitDiagram, AClosedEdgeIsGreyDashedAndCrossedOut) {
    CircuitPicture circuit = small_circuit();
    circuit.edges[1].factor = 0;
    const Diagram diagram = circuit_diagram(circuit);
    const auto edge = std::find_if(diagram.wires.begin(), diagram.wires.end(), [](const Wire& wire) {
        return wire.from.box == "L0H0" && wire.to.box == "L1H0";
    });
    ASSERT_NE(edge, diagram.wires.end());
    EXPECT_EQ(edge->stroke.dash, Dash::Dashed);
    EXPECT_EQ(edge->tooltip, "closed: K-composition L0H0 -> L1H0: 0.4");
    EXPECT_EQ(std::count_if(diagram.wires.begin(), diagram.wires.end(),
                            [](const Wire& wire) { return wire.name == "closed"; }),
              2);
    EXPECT_THAT(dot(diagram), testing::HasSubstr("closed (crossed out)"));
}

TEST(CircuitDiagram, AScaledEdgeIsDottedWithItsFactorOnIt) {
    CircuitPicture circuit = small_circuit();
    circuit.edges[1].factor = 0.5;
    const Diagram diagram = circuit_diagram(circuit);
    const auto edge = std::find_if(diagram.wires.begin(), diagram.wires.end(), [](const Wire& wire) {
        return wire.from.box == "L0H0" && wire.to.box == "L1H0";
    });
    ASSERT_NE(edge, diagram.wires.end());
    EXPECT_EQ(edge->stroke.dash, Dash::Dotted);
    EXPECT_EQ(edge->tooltip, "scaled by 0.5: K-composition L0H0 -> L1H0: 0.4");
    EXPECT_EQ(std::count_if(diagram.boxes.begin(), diagram.boxes.end(),
                            [](const Box& box) { return box.label == plain("\u00d7 0.5"); }),
              1);
    EXPECT_THAT(dot(diagram), testing::HasSubstr("scaled by the factor on it"));
    circuit.edges[1].factor = 1;
    EXPECT_THAT(dot(circuit_diagram(circuit)), testing::Not(testing::HasSubstr("factor")));
}

TEST(CircuitDiagram, OneFactorOfManyEdgesStandsInTheLegend) {
    CircuitPicture circuit = small_circuit();
    for (DrawnEdge& edge : circuit.edges) edge.factor = 0.5;
    EXPECT_THAT(dot(circuit_diagram(circuit)), testing::HasSubstr("label=\"scaled by 0.5\\l\""));
    const auto on_edges = [&] {
        const Diagram diagram = circuit_diagram(circuit);
        return std::count_if(diagram.boxes.begin(), diagram.boxes.end(), [](const Box& box) {
            return box.label == plain("\u00d7 0.5") || box.label == plain("\u00d7 2");
        });
    };
    EXPECT_EQ(on_edges(), 0);
    circuit.edges[1].factor = 2;
    EXPECT_EQ(on_edges(), 6);
}

TEST(CircuitDiagram, RolesHaveColoursAndALegend) {
    CircuitPicture circuit = small_circuit();
    circuit.components[5].factor = 0;
    circuit.components[1].factor = 0.5;
    auto boxes = boxes_of(circuit_diagram(circuit));
    EXPECT_NE(boxes["L0H0"].colour, boxes["L1H0"].colour);
    EXPECT_NE(boxes["L0H0"].colour, boxes["L0H1"].colour);
    EXPECT_EQ(boxes["L2H7"].note, "removed");
    const std::string text = dot(circuit_diagram(circuit));
    EXPECT_THAT(text, testing::HasSubstr("label=\"heads:\\l\""));
}

TEST(CircuitDiagram, EveryLabelFitsItsBox) {
    EXPECT_EQ(draw_picture(dot(circuit_diagram(small_circuit())), Picture::Svg).warnings, "");
}

// Two circuits that nothing joins, one above the other: the picture is no wider than the wider of them.
TEST(CircuitDiagram, WhatNothingJoinsStandsOneAboveTheOther) {
    CircuitPicture circuit;
    for (int h = 0; h < 8; ++h)
        circuit.components.push_back({fmt::format("L{}H{}", h / 2, h % 2), DrawnKind::Head, h / 2, ""});
    circuit.edges = {{0, 2, DrawnPort::K, 0.3},
                     {0, 3, DrawnPort::K, 0.3},
                     {1, 2, DrawnPort::K, 0.3},
                     {4, 6, DrawnPort::V, 0.3},
                     {4, 7, DrawnPort::V, 0.3}};
    double left = 0, right = 0;
    for (const Box& box : circuit_diagram(circuit).boxes) {
        if (box.kind != BoxKind::Head || box.id == "L2H1") continue;
        left = std::min(left, box.at.x - box.width / 2);
        right = std::max(right, box.at.x + box.width / 2);
    }
    EXPECT_LT(right - left, 3 * 69 + 2 * 16 + 1);
}

TEST(CircuitDiagram, TheSameCircuitGivesTheSameBytes) {
    const std::string text = dot(circuit_diagram(random_circuit(3, 6, 4, 80)));
    EXPECT_EQ(text, dot(circuit_diagram(random_circuit(3, 6, 4, 80))));
    for (const Picture format : {Picture::Svg, Picture::Png, Picture::Pdf})
        EXPECT_EQ(render(text, format), render(text, format));
}

TEST(CircuitDiagram, AnEdgeDownwardsIsRefused) {
    CircuitPicture circuit = small_circuit();
    circuit.edges.push_back({3, 1, DrawnPort::K, 0.2});
    expect_error(ErrorKind::Usage, "edge L1H0 -> L0H0 does not go upwards",
                 [&] { return circuit_diagram(circuit); });
}

TEST(CircuitDiagram, TooManyEdgesAreRefusedBeforeTheLayout) {
    CircuitPicture circuit = small_circuit();
    circuit.edges.assign(3201, {1, 3, DrawnPort::K, 0.2});
    expect_error(ErrorKind::Limit, "3201 edges is not drawn: the limit is 3200",
                 [&] { return circuit_diagram(circuit); });
}

}  // namespace headway::test
