// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/dot.hpp"
#include "headway/draw/render.hpp"

#include <cgraph.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace headway {

namespace {

using std::string_literals::operator""s;

/// Strings that have broken other people's drawings.
const std::vector<std::string>& hostile() {
    static const std::vector<std::string> strings = {"\""s,
                                                     "\\"s,
                                                     "a\\"s,
                                                     "\\\""s,
                                                     "\\\\\""s,
                                                     "x\\\", URL=<javascript:alert(1)>] //"s,
                                                     "\\N"s,
                                                     "\\G"s,
                                                     "\\L"s,
                                                     "\\E"s,
                                                     "\\T"s,
                                                     "\\l"s,
                                                     "<b>"s,
                                                     "<TABLE>"s,
                                                     "<script>alert(1)</script>"s,
                                                     "&lt;"s,
                                                     "&#60;"s,
                                                     "]]>"s,
                                                     "-->"s,
                                                     "{a|b|<p>}"s,
                                                     "node"s,
                                                     "digraph"s,
                                                     "1e5"s,
                                                     ""s,
                                                     "-.5"s,
                                                     "strict"s,
                                                     "%3"s,
                                                     "\n"s,
                                                     "\r"s,
                                                     "\t"s,
                                                     "\0"s,
                                                     "\x1b[2J"s,
                                                     "\xc2\x9b"s,
                                                     "\xe2\x80\xa8"s,
                                                     "\xef\xbb\xbf"s,
                                                     "\xe2\x80\xae"s,
                                                     "\xff"s,
                                                     "\xc0\xaf"s,
                                                     "\xed\xa0\x80"s,
                                                     "\xef\xbf\xbe"s,
                                                     "=1+1"s,
                                                     "@SUM"s,
                                                     "' onload="s,
                                                     "`${7*7}`"s,
                                                     "{{7*7}}"s,
                                                     "|"s,
                                                     "[x](javascript:1)"s,
                                                     "\\input{/etc/passwd}"s,
                                                     std::string(200, 'a'),
                                                     std::string(201, 'a'),
                                                     " the"s,
                                                     "the"s,
                                                     "\xc4\xa0the"s,
                                                     "the "s,
                                                     "  the"s,
                                                     "\xe2\x90\xa3the"s,
                                                     "\xc2\xa0the"s,
                                                     "\\n"s,
                                                     "\\x1b[2J"s,
                                                     "\\u{202e}"s,
                                                     "\xe2\x80\xa6"s,
                                                     "..."s,
                                                     "a  b"s,
                                                     "a b"s,
                                                     "\xe2\x80\x8b"s,
                                                     "a\xcc\x81"s};
    return strings;
}

Diagram with_label(const std::string& text, BoxKind kind) {
    Diagram diagram;
    diagram.name = "hostile";
    Box box;
    box.id = "n0";
    box.kind = kind;
    box.label = plain(text);
    box.tooltip = text;
    box.width = box.height = 400;
    diagram.boxes.push_back(box);
    return diagram;
}

std::string get(void* object, std::string name) {
    const char* value = agget(object, name.data());
    return value == nullptr ? "" : value;
}

/// What a browser shows for the text elements of an SVG.
std::string shown_in(const std::string& svg) {
    std::string text;
    for (std::size_t at = svg.find("<text"); at != std::string::npos; at = svg.find("<text", at + 1)) {
        const std::size_t start = svg.find('>', at) + 1;
        text += svg.substr(start, svg.find("</text>", start) - start);
    }
    for (const auto& [from, to] : {std::pair("&lt;"s, "<"s),
                                   {"&gt;"s, ">"s},
                                   {"&quot;"s, "\""s},
                                   {"&#39;"s, "'"s},
                                   {"&#45;"s, "-"s},
                                   {"&#160;"s, "\u00a0"s},
                                   {"&amp;"s, "&"s}}) {
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    }
    return text;
}

}  // namespace

TEST(Shown, DifferentStringsAreShownDifferently) {
    std::set<std::string> seen;
    for (const std::string& text : hostile()) EXPECT_TRUE(seen.insert(shown(text)).second) << shown(text);
}

TEST(Shown, NothingInvisibleIsLeft) {
    EXPECT_EQ(shown("a\n\tb"), "a\\n\\tb");
    EXPECT_EQ(shown("\\n"), "\\\\n");
    EXPECT_EQ(shown("\xff\xe2\x80\xae"), "\\xff\\u{202e}");
    EXPECT_EQ(shown(" the cat "), "\u2423the cat\u2423");
    EXPECT_EQ(shown("a  b"), "a \u2423b");
}

TEST(Shown, LongStringsAreCutAndStayDifferent) {
    const std::string a = shown(std::string(10000000, 'a'));
    EXPECT_LT(a.size(), 160U);
    EXPECT_THAT(a, testing::HasSubstr("\u2026#"));
    EXPECT_NE(a, shown(std::string(9999999, 'a')));
}

TEST(Dot, NoStringBecomesAnAttributeOrAnotherNode) {
    for (const std::string& text : hostile()) {
        for (const BoxKind kind : {BoxKind::Weight, BoxKind::Note, BoxKind::Head}) {
            const std::string dot_text = dot(with_label(text, kind));
            const std::unique_ptr<Agraph_t, int (*)(Agraph_t*)> graph(agmemread(dot_text.c_str()), agclose);
            ASSERT_NE(graph, nullptr) << dot_text;
            EXPECT_EQ(agnnodes(graph.get()), 1) << dot_text;
            EXPECT_EQ(agnedges(graph.get()), 0) << dot_text;
            EXPECT_EQ(get(agfstnode(graph.get()), "URL"), "");
            EXPECT_EQ(get(agfstnode(graph.get()), "href"), "");
            EXPECT_EQ(get(agfstnode(graph.get()), "pos"), "0,0") << dot_text;
        }
    }
}

TEST(Render, EveryStringIsShownLiterally) {
    for (const std::string& text : hostile()) {
        for (const BoxKind kind : {BoxKind::Weight, BoxKind::Head}) {
            Diagram diagram = with_label(text, kind);
            const std::string svg = render(dot(diagram), Picture::Svg);
            EXPECT_EQ(svg.find("javascript:alert(1)>]"), std::string::npos);
            EXPECT_EQ(svg.find("<script"), std::string::npos);
            const std::string expected = text.empty() && kind == BoxKind::Head ? "\u2423" : shown(text);
            std::string drawn = shown_in(svg);
            if (kind == BoxKind::Head) {
                ASSERT_GE(drawn.size(), 4U);
                drawn = drawn.substr(1, drawn.size() - 4);  // o above, q k v below
            }
            for (std::size_t at = drawn.find("\u00a0"); at != std::string::npos; at = drawn.find("\u00a0"))
                drawn.replace(at, 2, kind == BoxKind::Head ? "\u2423" : " ");
            EXPECT_EQ(drawn, expected) << dot(diagram);
        }
    }
}

TEST(Render, AFontIsThere) {
    const std::string pdf = render(dot(with_label("W", BoxKind::Weight)), Picture::Pdf);
    EXPECT_THAT(pdf, testing::HasSubstr("DejaVuSans"));
}

}  // namespace headway
