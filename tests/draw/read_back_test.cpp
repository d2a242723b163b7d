// SPDX-License-Identifier: Apache-2.0
#include "draw/read_back.hpp"
#include "draw/random_expression.hpp"
#include "headway/draw/dot.hpp"
#include "headway/draw/gallery.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace headway::test {

TEST(ReadBack, TheEdgesOfEveryGalleryDiagramGiveTheEinsumOfItsExpression) {
    for (const std::string& name : gallery_names()) {
        const GalleryEntry entry = gallery_entry(name);
        const std::string drawn = einsum_of_dot(dot(diagram_of(entry.expression, entry.options)));
        EXPECT_EQ(drawn, einsum_of_expression(entry.expression, entry.options.boxes)) << name;
    }
}

TEST(ReadBack, TheEdgesOf200RandomDiagramsGiveTheEinsumsOfTheirExpressions) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const Expr expression = RandomExpression(seed).make(3);
        EXPECT_EQ(einsum_of_dot(dot(diagram_of(expression))), einsum_of_expression(expression))
            << "seed " << seed;
    }
}

TEST(ReadBack, KnowsAnExampleByHand) {
    const Expr product = parse_network("W_E[v,d] W_OV[L0H3][d,d1] W_U[d1,v1] -> [v,v1]").output;
    EXPECT_EQ(einsum_of_dot(dot(diagram_of(product))), "W_E:0,1 W_OV[L0H3]:1,2 W_U:2,3 -> 0,3");
}

TEST(ReadBack, SeesTwoLegsSwappedInTheDrawing) {
    const Expr product = parse_network("W_E[v,d] W_OV[L0H3][d,d1] W_U[d1,v1] -> [v,v1]").output;
    const std::string text = dot(diagram_of(product));
    const std::string swapped = std::regex_replace(text, std::regex("legs=\"1,0\""), "legs=\"0,1\"");
    ASSERT_NE(swapped, text);
    std::string read;
    try {
        read = einsum_of_dot(swapped);
    } catch (const InvariantFailure& failure) {
        read = failure.what();
    }
    EXPECT_NE(read, einsum_of_expression(product));
}

}  // namespace headway::test
