// Einsum strings, index notation, LaTeX and the snapshot: what a reader sees.
// SPDX-License-Identifier: Apache-2.0
#include "headway/network/notation.hpp"

#include "headway/network/snapshot.hpp"
#include "headway/network/transformer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace headway {
namespace {

Expr read(const char* text) { return parse_network(text).output; }

TEST(Einsum, AProductIsOneStringWithAnOperandForEachFactor) {
    EXPECT_EQ(einsum(read("W_E W_V[L0H3] W_O[L0H3] W_U")), "ab,bc,cd,de->ae  W_E W_V[L0H3] W_O[L0H3] W_U\n");
}

TEST(Einsum, StructuresAreOperands) {
    const std::vector<EinsumLine> lines =
        einsum_lines({{}, read("causal[q,k] token[k,v] W_E[v,d] -> [q,d]")});
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_THAT(lines[0].terms[0].operands, testing::UnorderedElementsAre("causal", "token", "W_E"));
}

TEST(Einsum, AHyperIndexIsALetterOfManyOperands) {
    EXPECT_EQ(einsum(read("W_V[L0][h,d,e] W_O[L0][h,e,d1] -> [h,d,d1]")), "abc,acd->abd  W_V[L0] W_O[L0]\n");
}

TEST(Einsum, ASumHasALineForEachTerm) {
    const std::string text = einsum(read("y[v,w] = W_E[v,d] W_U[d,w] - 2 W_U[d,v] W_E[w,d]"));
    EXPECT_THAT(text, testing::HasSubstr("ab,bc->ac  W_E W_U"));
    EXPECT_THAT(text, testing::HasSubstr("-2 * "));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Einsum, TermsOfASumKeepTheOrderOfItsPorts) {
    // The second term is the transpose of W_QK: its ports come back in the sum's order.
    const std::string text = einsum(read("y[d,d1] = W_QK[L0H0][d,d1] + W_QK[L0H0][d1,d]"));
    EXPECT_THAT(text, testing::HasSubstr("ab->ab  W_QK[L0H0]"));
    EXPECT_THAT(text, testing::HasSubstr("ab->ba  W_QK[L0H0]"));
}

TEST(Einsum, AFunctionIsAnOperandWithALineOfItsOwn) {
    const char* text = "t[q,d] = token[q,v] W_E[v,d]\nz[q,d] = relu(t[q,d])\nz[q,d] W_U[d,v] -> [q,v]";
    EXPECT_EQ(einsum(parse_network(text)),
              "t = ab,bc->ac  token W_E\nz = relu(ab->ab  t)\nout = ab,bc->ac  z W_U\n");
}

TEST(Einsum, LettersRunAsInOptEinsum) {
    EXPECT_EQ(einsum_letter(0), "a");
    EXPECT_EQ(einsum_letter(25), "z");
    EXPECT_EQ(einsum_letter(26), "A");
    EXPECT_EQ(einsum_letter(51), "Z");
    EXPECT_EQ(einsum_letter(52), "À");
    EXPECT_EQ(einsum_letter(53), "Á");
    std::set<std::string> letters;
    for (std::size_t i = 0; i < 60000; ++i) letters.insert(einsum_letter(i));
    EXPECT_EQ(letters.size(), 60000u);
}

TEST(IndexNotation, SumsAreWrittenOut) {
    EXPECT_EQ(index_notation(read("W_E W_V[L0H3]")), "out[v,e] = Σ_{d} W_E[v,d] W_V[L0H3][d,e]\n");
}

TEST(Notation, ParametersOfFunctionsAreWrittenInAllNotations) {
    const Network network =
        parse_network("a[q] = rstd_h_e(x[q,h,e]; eps=1e-06)\nb[q] = softcap(a[q]; cap=30)");
    EXPECT_EQ(einsum(network), "a = rstd_bc(abc->a  x)\nb = softcap(30)(a->a  a)\n");
    EXPECT_EQ(index_notation(network), "a[q] = rstd_h_e(x[q,h,e])\nb[q] = softcap(30)(a[q])\n");
    EXPECT_EQ(latex(network),
              "{a}_{q} &= \\operatorname{rstd}_{he}\\left({x}_{qhe}\\right) \\\\\n"
              "{b}_{q} &= \\operatorname{softcap(30)}\\left({a}_{q}\\right) \\\\\n");
    const SnapshotNode node = snapshot(network).nodes.back();
    EXPECT_EQ(node.name, "softcap");
    EXPECT_EQ(node.attributes, (std::vector<std::pair<std::string, std::string>>{{"cap", "30"}}));
}

TEST(Latex, SymbolsHaveTheirHeadAboveAndIndicesBelow) {
    EXPECT_EQ(latex(read("W_E W_V[L0H3]")),
              "{\\mathrm{out}}_{ve} &= \\sum_{d} {W_{E}}_{vd} {W_{V}^{L0H3}}_{de} \\\\\n");
    EXPECT_EQ(latex(read("W_QK[L0H0][d,d1] -> [d1,d]")),
              "{\\mathrm{out}}_{dd_{1}} &= {W_{\\mathrm{QK}}^{L0H0}}_{d_{1}d} \\\\\n");
}

Config tiny() {
    Config config;
    config.n_layers = 2;
    config.n_heads = config.n_kv_heads = 2;
    config.d_model = 4, config.d_head = 2, config.d_mlp = 8, config.n_ctx = 4, config.d_vocab = 5;
    config.norm = Norm::RmsNorm;
    config.positions = Positions::Learned;
    return config;
}

TEST(Notation, EveryLineOfAModelUsesEarlierNamesOnly) {
    std::set<std::string> defined;
    const Network network = transformer(tiny());
    std::set<std::string> names;
    for (const EinsumLine& line : einsum_lines(network)) names.insert(line.name);
    for (const EinsumLine& line : einsum_lines(network)) {
        for (const Einsum& term : line.terms)
            for (const std::string& operand : term.operands)
                EXPECT_TRUE(!names.contains(operand) || defined.contains(operand))
                    << line.name << " uses " << operand;
        EXPECT_TRUE(defined.insert(line.name).second) << line.name;
    }
    EXPECT_EQ(einsum_lines(network).back().name, "logits");
}

TEST(Snapshot, EveryWireEndsAtAPortOfItsSpace) {
    const Snapshot shot = snapshot(transformer(tiny()));
    std::map<std::string, const SnapshotNode*> by_id;
    for (const SnapshotNode& node : shot.nodes) {
        EXPECT_TRUE(by_id.emplace(node.id, &node).second) << node.id;
        for (const std::string& part : node.parts) ASSERT_TRUE(by_id.contains(part)) << "parts come first";
        for (const SnapshotWire& wire : node.wires)
            for (const WireEnd& end : wire.ends)
                EXPECT_EQ(by_id.at(node.parts.at(static_cast<std::size_t>(end.part)))
                              ->ports.at(static_cast<std::size_t>(end.port)),
                          wire.space);
    }
    EXPECT_TRUE(by_id.contains(shot.output));
}

TEST(Snapshot, IdsDoNotDependOnTheOrderOfBuilding) {
    const Snapshot alone = snapshot({{}, read("W_E W_U")});
    const Snapshot among = snapshot({{}, read("W_E W_U W_E W_U")});
    std::set<std::string> ids;
    for (const SnapshotNode& node : among.nodes) ids.insert(node.id);
    for (const SnapshotNode& node : alone.nodes)
        EXPECT_TRUE(node.kind != "tensor" || ids.contains(node.id)) << node.name;
}

}  // namespace
}  // namespace headway
