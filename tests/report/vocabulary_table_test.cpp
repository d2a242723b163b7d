// SPDX-License-Identifier: Apache-2.0
#include "headway/report/vocabulary_table.hpp"

#include "headway/model/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Config config() { return load_model("random:layers=2,heads=2,d_model=8,d_mlp=6,positions=rotary").config(); }

std::string sentence(const char* circuit) {
    const HeadCircuit parsed = parse_head_circuit(circuit, config());
    return circuit_sentences(std::span(&parsed, 1), config()).front();
}

TEST(VocabularyTable, CaptionsSayTheFormula) {
    EXPECT_THAT(sentence("direct"), HasSubstr("W_E W_U: rows are source tokens, columns output tokens"));
    EXPECT_THAT(sentence("ov:L0H0>L1H{0,1}"), HasSubstr("W_E W_OV[L0H0] W_OV[L1H0 + L1H1] W_U:"));
    EXPECT_THAT(sentence("qk:L0H0>L1H0.K"), HasSubstr("W_E W_QK[L1H0] (W_E W_OV[L0H0])^T:"));
    EXPECT_THAT(sentence("qk:L0H0>L1H0.Q"), HasSubstr("W_E W_OV[L0H0] W_QK[L1H0] W_E^T:"));
    EXPECT_THAT(sentence("qk-pos:L1H0"), HasSubstr("W_pos W_QK[L1H0] W_pos^T: rows are query positions"));
    EXPECT_THAT(sentence("ov:L1H0"), HasSubstr("without biases, feed-forward layers, norm scales"));
    const std::array all{HeadCircuit{.heads = {{0, 0}}}, HeadCircuit{.heads = {{0, 1}}}};
    EXPECT_THAT(circuit_sentences(all, config()).front(), HasSubstr("W_E W_OV[h] W_U of each of 2 heads:"));
    const std::array turned{parse_head_circuit("qk:L1H0@3", config())};
    EXPECT_THAT(circuit_sentences(turned, config()).back(), HasSubstr("3 positions behind the key"));
}

TEST(VocabularyTable, EntriesShowTokensOrNumbers) {
    const std::array entries{MatrixEntry{3, 7, 1.5}};
    const Table tokens = entry_rows(entries, axes_of(CircuitKind::OV), {});
    EXPECT_EQ(to_csv(tokens), "source,output,value,source_id,output_id\n<3>,<7>,1.5,3,7\n");
    const Table places = entry_rows(entries, axes_of(CircuitKind::PositionQK), {});
    EXPECT_EQ(to_csv(places), "query_position,key_position,value\n3,7,1.5\n");
}

TEST(VocabularyTable, AccuracySaysHowMuchWasMade) {
    const std::array results{DiagonalAccuracy{.top1 = 0.5, .top5 = 1, .rows = 10, .columns_mean = 4}};
    const Table table = accuracy_rows({"ov:L1H0"}, results, true);
    EXPECT_THAT(table.caption.back(), HasSubstr("40.00% of all entries were made"));
    EXPECT_THAT(accuracy_rows({"ov:L1H0"}, results, false).caption.back(), HasSubstr("Every entry was made"));
    EXPECT_EQ(to_csv(table),
              "circuit,top1,top5,rows,columns_mean,columns_most,decided_twice\nov:L1H0,0.5,1,10,4,0,0\n");
}

TEST(VocabularyTable, SizesAndHistogramsAreOfAllEntries) {
    EXPECT_EQ(size_sentence({3, 8}, 16), "Trace 3, Frobenius norm 8, root mean square of an entry 2.");
    EXPECT_EQ(size_sentence({std::numeric_limits<double>::quiet_NaN(), 8}, 16),
              "Frobenius norm 8, root mean square of an entry 2.");
    EXPECT_EQ(to_csv(histogram_rows({.least = -1, .most = 1, .counts = {1, 3}})),
              "from,to,entries,share\n-1,0,1,0.25\n0,1,3,0.75\n");
}

TEST(VocabularyTable, WindowsAreHeatMapsAroundZero) {
    const xt::xtensor<double, 2> values{{1, -2}, {3, 4}};
    const Heatmap plot =
        window_plot(values, {.rows = {5, 6}, .columns = {7, 8}}, axes_of(CircuitKind::QK), {});
    EXPECT_THAT(plot.rows, ElementsAre("<5>", "<6>"));
    EXPECT_THAT(plot.columns, ElementsAre("<7>", "<8>"));
    EXPECT_THAT(plot.values, ElementsAre(1, -2, 3, 4));
    EXPECT_EQ(plot.centre->at, 0);
}

}  // namespace
}  // namespace headway
