// Skip-trigrams as words.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/skip_trigram_table.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

TokenText words() {
    return parse_tokenizer_json(
        R"({"model": {"vocab": {"<e>": 0, "Ġkeep": 1, "Ġin": 2, "Ġat": 3, "Ġmind": 4, "Ġbay": 5, ",": 6,
                                "ing": 7, "Ċ": 8, "Ģ": 9, "Ĵ": 10, "ĠthÃ©": 11}},
            "added_tokens": [{"id": 0, "content": "<e>", "special": true}],
            "decoder": {"type": "ByteLevel"}})",
        "tokenizer.json");
}

SkipTrigramTable keep_in_mind() {
    SkipTrigramRow row{.head = {0, 3},
                       .score = 6,
                       .sources = {{1, 6}},
                       .destinations = {{2, 3}, {3, 2.5}},
                       .outputs = {{4, 2}, {5, 1.5}},
                       .bigram = 0.5,
                       .bugs = {{1, 2, 5, 3}},
                       .strongest = {{2, 3}}};
    return {.rows = {row}, .sources = 12, .ov_rows = 5, .qk_rows = 4, .entries = 30, .all_entries = 120};
}

TEST(SkipTrigramTable, ARowASourceWithItsDestinationsAndOutputs) {
    const Table table = skip_trigram_rows(keep_in_mind(), {}, words(), "Words only.");
    const std::string text = to_text(table);
    EXPECT_NE(text.find("L0H3  ·keep   ·in ·at       ·mind ·bay   6.00       3.00   2.00    0.50     1  "
                        "·in -> ·bay (as behind ·at)"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("of 12 sources OV rows of 5 and QK rows of 4 were evaluated, 25.0 % of all entries"),
              std::string::npos);
    EXPECT_NE(text.find("Words only.\n"), std::string::npos);
}

TEST(SkipTrigramTable, IdsAndEveryBugAreAmongTheDetails) {
    const Table table = skip_trigram_rows(keep_in_mind(), {}, words());
    const auto cell = [&](std::string_view name) {
        return std::get<std::string>(table.rows.front()[table.column(name)]);
    };
    EXPECT_EQ(cell("source_ids"), "1");
    EXPECT_EQ(cell("destination_ids"), "2 3");
    EXPECT_EQ(cell("output_ids"), "4 5");
    EXPECT_EQ(cell("all_bugs"), "·keep ... ·in -> ·bay (as behind ·at)");
}

TEST(SkipTrigramTable, WithoutTextsThereAreIds) {
    const Table table = skip_trigram_rows(keep_in_mind(), {.key = SkipTrigramKey::Triple}, {});
    EXPECT_EQ(std::get<std::string>(table.rows.front()[table.column("source")]), "<1>");
}

TEST(SkipTrigramTable, ReadableTokensHaveWholeVisibleCharacters) {
    EXPECT_EQ(readable_tokens(words(), 12), (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 11}));
    EXPECT_EQ(words_of(words(), 12), (std::vector<int>{1, 2, 3, 4, 5, 11}));
    EXPECT_EQ(words_and_marks_of(words(), 12), (std::vector<int>{1, 2, 3, 4, 5, 6, 8, 11}));
    EXPECT_EQ(readable_tokens(words(), 3), (std::vector<int>{1, 2}));
    EXPECT_TRUE(readable_tokens({}, 12).empty());
}

}  // namespace
}  // namespace headway
