// SPDX-License-Identifier: Apache-2.0
#include "headway/base/text.hpp"

#include "support/errors.hpp"

#include <set>

namespace headway {

using test::expect_error;

TEST(Text, ForeignTextIsShownOnOneLineWithoutControls) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"plain name", "plain name"},
        {"a\"b\\c", "a\\\"b\\\\c"},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {std::string_view("nul\0in", 6), "nul\\x00in"},
        {"\x1b[2J", "\\x1b[2J"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xe2\x80\xae"
         "evil",
         "\\u202eevil"},
        {"\xc2\x9b", "\\u009b"},
        {"\xf3\xa0\x80\x81", "\\U000e0001"},
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xc0\xaf", "\\xc0\\xaf"},                    // overlong
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // surrogate
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond Unicode
        {"", ""}};
    for (const auto& [text, shown] : rows) EXPECT_EQ(escaped(text), shown);
    EXPECT_EQ(quote("a\"b"), "\"a\\\"b\"");
}

TEST(Text, DifferentTextsAreShownDifferently) {
    std::set<std::string> shown;
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b)
            shown.insert(escaped(std::string{static_cast<char>(a), static_cast<char>(b)}));
    }
    EXPECT_EQ(shown.size(), 65536U);
    EXPECT_NE(escaped("\\n"), escaped("\n"));
}

TEST(Text, LongTextIsCutBetweenCharacters) {
    EXPECT_EQ(escaped(std::string(201, 'x')), std::string(200, 'x') + "...");
    EXPECT_EQ(escaped(std::string(200, 'x')), std::string(200, 'x'));
    EXPECT_EQ(escaped("ab\ncd", 3), "ab...");
    EXPECT_EQ(escaped("a\xc3\xa9", 2), "a...");
    EXPECT_EQ(quote(std::string(1 << 20, '\x01')).size(), 200U + 5U);
}

TEST(Text, ShapesAreShownAsLists) {
    EXPECT_EQ(shape_text(std::vector<std::int64_t>{4, 32, 8}), "[4, 32, 8]");
    EXPECT_EQ(shape_text(std::vector<std::int64_t>{}), "[]");
}

TEST(Text, TheNearestNameIsSuggested) {
    const std::vector<std::string> verbs = {"inspect", "network", "paths", "compose", "circuit"};
    EXPECT_EQ(nearest("compsoe", verbs), "compose");
    EXPECT_EQ(nearest("circut", verbs), "circuit");
    EXPECT_EQ(nearest("path", verbs), "paths");
    EXPECT_EQ(nearest("paths", verbs), "paths");
    EXPECT_EQ(nearest("zzz", verbs), "");
    EXPECT_EQ(nearest("", verbs), "");
    EXPECT_EQ(nearest("x", {}), "");
}

TEST(Text, OfEquallyNearNamesTheFirstIsSuggested) {
    EXPECT_EQ(nearest("W_X", std::vector<std::string>{"W_Q", "W_K"}), "W_Q");
    EXPECT_EQ(nearest("W_X", std::vector<std::string>{"W_K", "W_Q"}), "W_K");
}

TEST(Text, SizesInBytesAreRead) {
    EXPECT_EQ(parse_bytes("4096"), 4096U);
    EXPECT_EQ(parse_bytes("64B"), 64U);
    EXPECT_EQ(parse_bytes("100k"), 102400U);
    EXPECT_EQ(parse_bytes("512M"), 512U << 20);
    EXPECT_EQ(parse_bytes("1.5GiB"), 3ULL << 29);
    EXPECT_EQ(parse_bytes("4GB"), 4ULL << 30);
    EXPECT_EQ(parse_bytes("2T"), 2ULL << 40);
}

TEST(Text, WhatIsNoSizeIsRefusedWithTheText) {
    for (const char* text : {"", "G", "-1G", "4 G", "4X", "4GG", "nan", "inf", "1e3", "0x10", "4,5G",
                             "9999999999T", "+4", ".5G"}) {
        expect_error(ErrorKind::Usage, '"' + std::string(text) + "\" is not a size",
                     [&] { return parse_bytes(text); });
    }
}

TEST(Text, SizesInBytesArePrinted) {
    EXPECT_EQ(bytes_text(0), "0 bytes");
    EXPECT_EQ(bytes_text(1), "1 byte");
    EXPECT_EQ(bytes_text(640), "640 bytes");
    EXPECT_EQ(bytes_text(4ULL << 30), "4 GiB");
    EXPECT_EQ(bytes_text(3U << 19), "1.5 MiB");
    EXPECT_EQ(bytes_text(1234567), "1.177 MiB");
    EXPECT_EQ(bytes_text(~0ULL), "16 EiB");
}

}  // namespace headway
