// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/render.hpp"

#include "support/errors.hpp"

#include <thread>
#include <vector>

namespace headway::test {

TEST(Render, FormatsAreWhatTheyAreCalled) {
    const std::string dot = "digraph g { a -> b; }";
    EXPECT_EQ(render(dot, Picture::Dot), dot);
    EXPECT_THAT(render(dot, Picture::Svg), testing::HasSubstr("<svg"));
    EXPECT_EQ(render(dot, Picture::Png).substr(1, 3), "PNG");
    EXPECT_EQ(render(dot, Picture::Pdf).substr(0, 5), "%PDF-");
}

TEST(Render, NothingOfTheVersionOrTimeIsLeft) {
    EXPECT_THAT(render("digraph g { a }", Picture::Svg),
                testing::Not(testing::HasSubstr("graphviz version")));
    const std::string pdf = render("digraph g { a }", Picture::Pdf);
    EXPECT_THAT(pdf, testing::HasSubstr("/CreationDate (D:00000000000000"));
}

TEST(Render, WhatGraphvizOnlyPrintsIsAnError) {
    expect_error(ErrorKind::Malformed, "not DOT", [] { return render("digraph g { a -> ", Picture::Svg); });
    expect_error(ErrorKind::Malformed, "Graphviz complains",
                 [] { return render("digraph g { a [label=<<b>x</i>>] }", Picture::Svg); });
    expect_error(ErrorKind::Malformed, "Graphviz complains",
                 [] { return render("digraph g { a:no -> b [shape=nonesuch] }", Picture::Svg); });
}

TEST(Render, AnErrorLeavesNothingBehind) {
    const std::string before = render("digraph g { a -> b }", Picture::Svg);
    EXPECT_THROW(render("digraph g { a [label=<<b>x</i>>] }", Picture::Svg), Error);
    EXPECT_EQ(render("digraph g { a -> b }", Picture::Svg), before);
}

TEST(Render, EightThreadsDrawTheSame) {
    const std::string dot = "digraph g { a -> b -> c; }";
    const std::string expected = render(dot, Picture::Svg);
    std::vector<std::string> drawn(8);
    std::vector<std::thread> threads;
    for (std::string& bytes : drawn) threads.emplace_back([&] { bytes = render(dot, Picture::Svg); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(drawn, testing::Each(expected));
}

TEST(Render, TooManyEdgesAreRefused) {
    std::string dot = "digraph g {";
    for (int i = 0; i < 3201; ++i) dot += "a -> b;";
    expect_error(ErrorKind::Limit, "3201 edges", [&] { return render(dot + "}", Picture::Svg); });
}

TEST(Render, AnUnknownFormatIsRefused) {
    EXPECT_EQ(parse_picture("svg"), Picture::Svg);
    expect_error(ErrorKind::Usage, "\"jpg\" is no picture format", [] { return parse_picture("jpg"); });
}

}  // namespace headway::test
