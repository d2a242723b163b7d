// The table of a circuit's edges: which come first, and what its caption says.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/circuit_table.hpp"

#include "headway/model/load.hpp"
#include "headway/report/composition_table.hpp"

#include <gmock/gmock.h>

namespace headway {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(CircuitRows, EdgesBetweenHeadsComeFirstAndEachPartByScore) {
    const Circuit circuit = circuit_of(load_model("example:attn-only-2l"));
    const Table table = circuit_rows(circuit);
    double last = 1;
    bool others = false;
    for (const std::vector<Cell>& row : table.rows) {
        const std::string& from = std::get<std::string>(row[0]);
        const bool heads = from[0] == 'L' && std::get<std::string>(row[1])[0] == 'L';
        if (!heads && !others) last = 1;
        others = others || !heads;
        EXPECT_EQ(heads, !others);
        EXPECT_LE(std::get<double>(row[3]), last + 1e-9);
        last = std::get<double>(row[3]);
    }
    EXPECT_TRUE(others);
    EXPECT_THAT(table.caption, Contains(HasSubstr("Edges between heads come first")));
    EXPECT_THAT(table.caption, Contains(HasSubstr("robust_z is - where")));
}

TEST(CircuitRows, SayWhenTheUnembeddingIsOutOfReach) {
    const Model model = load_model(
        "random:layers=2,heads=2,d_model=8,d_mlp=8,vocab=9,norm=layernorm,norms=stream,masked_head=1,causal="
        "0");
    const Circuit circuit = circuit_of(model);
    for (const CircuitEdge& edge : circuit.edges) EXPECT_NE(edge.port, Reader::Unembed);
    EXPECT_EQ(circuit.effective_dimension, 7);
    EXPECT_THAT(circuit_rows(circuit).caption, Contains(HasSubstr("No edges lead to the unembedding")));
}

std::vector<std::string> caption_of(const std::string& shape, const ScoreOptions& score = {},
                                    const Folding& fold = LoadOptions{}.fold) {
    const Model model = load_model("random:layers=2,heads=4,d_model=8,vocab=9," + shape, {.fold = fold});
    return composition_rows(composition(model, {Composition::K}, {}, score), model.config()).caption;
}

TEST(CompositionCaption, SaysWhichReadersShareKeysAndValues) {
    EXPECT_THAT(caption_of("kv_heads=2"),
                Contains(HasSubstr("Heads H0-1, H2-3 of a layer share W_K and W_V")));
    EXPECT_THAT(caption_of("kv_heads=4"), Not(Contains(HasSubstr("share W_K"))));
}

TEST(CompositionCaption, SaysAtWhichOffset) {
    EXPECT_THAT(caption_of("positions=rotary"), Contains(HasSubstr("W_QK at offset 0")));
    EXPECT_THAT(caption_of("positions=rotary", {.offset = 3}), Contains(HasSubstr("W_QK at offset 3")));
    EXPECT_THAT(caption_of("positions=rotary", {.offset = 9, .mean_over_offsets = true}),
                Contains(HasSubstr("over the offsets 0 to 9")));
    EXPECT_THAT(caption_of("positions=learned"), Not(Contains(HasSubstr("offset"))));
}

TEST(CompositionCaption, SaysWhatBecomesOfNormsOnTheStream) {
    const std::string stream = "norm=layernorm,norms=stream,causal=0";
    EXPECT_THAT(caption_of(stream), Contains(HasSubstr("Baseline 1/sqrt(7)")));
    EXPECT_THAT(caption_of(stream), Contains(HasSubstr("the writer passes every norm")));
    EXPECT_THAT(caption_of(stream, {.stream_norms = false}, no_folding), Contains(HasSubstr("are left out")));
    EXPECT_THAT(caption_of("norm=rmsnorm,norms=sandwich", {}, no_folding),
                Contains(HasSubstr("gains of norms are left out")));
}

}  // namespace
}  // namespace headway
