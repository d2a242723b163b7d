// SPDX-License-Identifier: Apache-2.0
#include "headway/circuit/select.hpp"

#include "headway/circuit/graphml.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"
#include "support/shared.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

namespace headway::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string text(const Circuit& circuit, const CircuitEdge& edge) {
    return fmt::format("{} > {}.{}", circuit.components[edge.from].label, circuit.components[edge.to].label,
                       port_name(edge.port));
}

std::vector<std::string> texts(const Circuit& circuit) {
    std::vector<std::string> result;
    for (const CircuitEdge& edge : circuit.edges) result.push_back(text(circuit, edge));
    return result;
}

std::vector<std::string> labels(const Circuit& circuit) {
    std::vector<std::string> result;
    for (const Component& component : circuit.components) result.push_back(component.label);
    return result;
}

/// Edges without numbers: embed, pos, L0H0, L0H1, mlp0, L1H0, L1H1, mlp1, unembed.
Circuit wires(const std::vector<std::tuple<std::size_t, std::size_t, Reader>>& edges) {
    Circuit circuit = circuit_of(load_model("random:layers=2,heads=2,d_model=8,d_mlp=8"));
    circuit.edges.clear();
    for (const auto& [from, to, port] : edges) circuit.edges.push_back({from, to, port, {}});
    return circuit;
}

}  // namespace

TEST(Selection, TheTrainedExampleShowsPreviousTokenHeadsFeedingTheKeysOfInductionHeads) {
    const Circuit whole = circuit_of(load_model("example:attn-only-2l"), {.heads_only = true});
    const Circuit kept = keep(whole, default_selection());
    EXPECT_THAT(kept.filter, HasSubstr("22 of 192 edges: score > 1.75 x baseline"));
    const std::vector<std::string> edges = texts(kept);
    for (const char* writer : {"L0H0", "L0H2", "L0H4"})
        for (const char* reader : {"L1H2", "L1H4", "L1H5", "L1H6", "L1H7"}) {
            if (writer == std::string("L0H4") && reader == std::string("L1H6")) continue;
            EXPECT_THAT(edges, testing::Contains(fmt::format("{} > {}.k", writer, reader)));
        }
}

TEST(Selection, TheHandMadeCircuitHasOneEdgeBetweenHeads) {
    const Circuit whole = circuit_of(load_model("example:induction"), {.heads_only = true});
    const Circuit kept = keep(whole, default_selection());
    EXPECT_THAT(texts(kept), ElementsAre("L0H0 > L1H0.k"));
    EXPECT_THAT(labels(kept), ElementsAre("embed", "L0H0", "L1H0", "unembed"));
    EXPECT_EQ(kept.stream, (std::vector<std::pair<std::size_t, std::size_t>>{{0, 1}, {2, 3}}));
}

TEST(Selection, AnEdgeIsOnAPathWhenItIsReachedFromBelowAndReachesTheTop) {
    const Circuit circuit = wires({{0, 2, Reader::V},        // embed > L0H0.v
                                   {2, 5, Reader::K},        // L0H0 > L1H0.k
                                   {5, 8, Reader::Unembed},  // L1H0 > unembed
                                   {3, 5, Reader::Q},        // L0H1: nothing feeds it
                                   {2, 6, Reader::V},        // L1H1: feeds nothing
                                   {1, 4, Reader::Mlp},      // pos > mlp0
                                   {4, 8, Reader::Unembed}});
    EXPECT_THAT(edges_on_path(circuit), ElementsAre(0, 1, 2, 5, 6));
    EXPECT_THAT(labels(keep(circuit, {.on_path = true})),
                ElementsAre("embed", "pos", "L0H0", "mlp0", "L1H0", "unembed"));
}

TEST(Selection, APathNeedsTheEdgesOfEmbeddings) {
    const Circuit heads = circuit_of(load_model("example:induction"), {.heads_only = true});
    expect_error(ErrorKind::Usage, "no edge between heads is on a path from embed to unembed by itself",
                 [&] { return keep(heads, {.on_path = true}); });
}

TEST(Selection, TheHandMadeCircuitIsAPathFromEmbedToUnembed) {
    Selection selection = default_selection();
    selection.on_path = true;
    const Circuit kept = keep(circuit_of(load_model("example:induction")), selection);
    EXPECT_THAT(texts(kept), ElementsAre("embed > L0H0.v", "embed > L1H0.q", "embed > L1H0.v",
                                         "embed > L1H1.v", "embed > unembed.unembed", "L0H0 > L1H0.k",
                                         "L1H0 > unembed.unembed", "L1H1 > unembed.unembed"));
    EXPECT_EQ(kept.filter,
              "1 of 12 edges between heads and 7 of 30 others: score > 1.75 x baseline, of these 9 "
              "those on a path from embed or pos to unembed");
}

TEST(Selection, NothingIsOnAPathWithoutTheUnembedding) {
    EXPECT_THAT(edges_on_path(wires({{0, 2, Reader::V}, {2, 5, Reader::K}})), IsEmpty());
}

TEST(Selection, TopKeepsTheLargestAndSaysSo) {
    const Circuit whole = circuit_of(load_model("example:attn-only-2l"), {.heads_only = true});
    const Circuit kept = keep(whole, {.top = 3});
    EXPECT_EQ(kept.filter, "3 of 192 edges: the 3 with the largest score");
    EXPECT_THAT(texts(kept), ElementsAre("L0H0 > L1H4.k", "L0H0 > L1H7.k", "L0H7 > L1H1.q"));
}

TEST(Selection, WhenNothingPassesTheLargestIsTold) {
    const Circuit kept = keep(circuit_of(load_model("random:layers=2,heads=2,d_model=64,positions=none")),
                              default_selection());
    EXPECT_THAT(labels(kept), ElementsAre("embed", "unembed"));
    EXPECT_THAT(kept.filter,
                HasSubstr("0 of 12 edges between heads and 0 of 17 others: score > 1.75 x baseline "
                          "(the largest score is 1."));
}

TEST(Selection, EveryThresholdKeepsWhatIsAboveIt) {
    const Circuit whole = circuit_of(load_model("example:attn-only-2l"));
    for (const Threshold threshold : {Threshold{EdgeMeasure::Score, 0.15},
                                      {EdgeMeasure::Ratio, 2},
                                      {EdgeMeasure::Excess, 0.05},
                                      {EdgeMeasure::Z, 20},
                                      {EdgeMeasure::RobustZ, 2},
                                      {EdgeMeasure::Percentile, 90}}) {
        std::size_t above = 0;
        for (const CircuitEdge& edge : whole.edges)
            above += value_of(edge, threshold.measure) > threshold.above;
        EXPECT_GT(above, 0U) << name_of(threshold.measure);
        EXPECT_LT(above, whole.edges.size());
        EXPECT_EQ(keep(whole, {.thresholds = {threshold}}).edges.size(), above) << name_of(threshold.measure);
    }
}

TEST(Selection, ManyEdgesAreCutByRobustZAfterTheThreshold) {
    const Circuit whole = circuit_of(load_model("example:attn-only-2l"), {.heads_only = true});
    Selection selection = default_selection();
    selection.top = 5;
    const Circuit kept = keep(whole, selection);
    EXPECT_THAT(kept.filter, HasSubstr("5 of 192 edges: score > 1.75"));
    EXPECT_THAT(kept.filter, HasSubstr("of these 22 the 5 with the largest robust z"));
}

TEST(Selection, WithEmbeddingsBothCountsAreTold) {
    const Circuit kept = keep(circuit_of(load_model("example:attn-only-2l")), default_selection());
    EXPECT_THAT(kept.filter, HasSubstr("22 of 192 edges between heads and 12 of 97 others"));
    for (const char* edge : {"pos > L0H0.k", "pos > L0H2.k", "pos > L0H4.k", "pos > L0H0.q", "pos > L0H2.q"})
        EXPECT_THAT(texts(kept), testing::Contains(edge)) << "previous-token heads find it by position";
}

TEST(Selection, KeepingIsRepeatable) {
    const Model model = load_model("example:attn-only-2l");
    const Circuit once = circuit_of(model);
    CircuitOptions two_threads;
    two_threads.evaluate.threads = 2;
    const Circuit again = circuit_of(model, two_threads);
    EXPECT_EQ(graphml(once), graphml(again));
    EXPECT_EQ(graphml(keep(once, default_selection())), graphml(keep(again, default_selection())));
}

TEST(Selection, ThresholdsAreRead) {
    EXPECT_EQ(parse_thresholds("0.2"), (std::vector<Threshold>{{EdgeMeasure::Score, 0.2}}));
    EXPECT_EQ(parse_thresholds("ratio>1.75,robust-z>3"),
              (std::vector<Threshold>{{EdgeMeasure::Ratio, 1.75}, {EdgeMeasure::RobustZ, 3}}));
    expect_error(ErrorKind::Usage, "\"scor\" is no measure of an edge",
                 [] { return parse_thresholds("scor>1"); });
    for (const char* wrong : {"", "score>", "x", "score>1,", "nan", "1e999"})
        expect_error(ErrorKind::Usage, "is no threshold: expected a number or MEASURE>NUMBER",
                     [&] { return parse_thresholds(wrong); });
}

}  // namespace headway::test
