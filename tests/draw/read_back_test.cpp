// SPDX-License-Identifier: Apache-2.0
#include "draw/read_back.hpp"
#include "draw/random_expression.hpp"
#include "headway/draw/dot.hpp"
#include "headway/draw/gallery.hpp"
#include "headway/network/notation.hpp"

#include <gtest/gtest.h>

#include <map>
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

/// `W_E:0,1 W_U:1,2 -> 0,2` as `ab,bc->ac`.
std::string equation(const std::string& line) {
    std::string text;
    std::string number;
    const auto flush = [&] {
        if (!number.empty()) text += einsum_letter(std::stoul(number));
        number.clear();
    };
    const std::size_t arrow = line.find("-> ");
    for (std::size_t start = 0; start < arrow;) {
        const std::size_t end = line.find(' ', start);
        if (start > 0) text += ",";
        for (std::size_t i = line.rfind(':', end) + 1; i < end; ++i) {
            if (line[i] == ',')
                flush();
            else
                number += line[i];
        }
        flush();
        start = end + 1;
    }
    text += "->";
    for (std::size_t i = arrow + 3; i < line.size(); ++i) {
        if (line[i] == ',')
            flush();
        else
            number += line[i];
    }
    flush();
    return text;
}

/// Letters anew by first appearance.
std::string renamed(const std::string& text) {
    std::map<char, std::size_t> number;
    std::string out;
    for (const char c : text) {
        const bool mark = c == ',' || c == '-' || c == '>';
        out += mark ? std::string(1, c) : einsum_letter(number.try_emplace(c, number.size()).first->second);
    }
    return out;
}

TEST(ReadBack, TheEdgesGiveTheEinsumStringThatTheNetworkPrints) {
    int compared = 0;
    for (const std::string& name : gallery_names()) {
        const GalleryEntry entry = gallery_entry(name);
        if (entry.expression->as<Product>() == nullptr) continue;
        const std::vector<EinsumLine> lines = einsum_lines({{}, entry.expression});
        const std::string drawn = einsum_of_dot(dot(diagram_of(entry.expression, entry.options)));
        if (drawn.find('{') != std::string::npos)
            continue;  // a function or a sum inside is a line of its own there
        EXPECT_EQ(equation(drawn), renamed(lines.back().terms.at(0).equation)) << name;
        ++compared;
    }
    EXPECT_GE(compared, 12);
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
