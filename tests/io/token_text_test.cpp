// Ids become text as the reference tokenizers write it, and are shown so that no two look the same.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/token_text.hpp"

#include "support/errors.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <set>

namespace headway {
namespace {

using test::error_of;
using test::expect_error;
using test::TemporaryFolder;

TokenText parsed(const std::string& members) {
    return parse_tokenizer_json("{" + members + "}", "tokenizer.json");
}

/// A byte-level vocabulary `{piece: id, ...}`.
TokenText byte_level(const std::string& vocabulary, const std::string& added = "[]") {
    return parsed(R"("model": {"type": "BPE", "vocab": {)" + vocabulary + R"(}}, "added_tokens": )" + added +
                  R"(, "decoder": {"type": "ByteLevel"})");
}

/// Llama's: blanks as U+2581, bytes where nothing else fits.
TokenText metaspace(const std::string& vocabulary) {
    return parsed(R"("model": {"type": "BPE", "vocab": {)" + vocabulary +
                  R"(}}, "decoder": {"type": "Sequence", "decoders": [
                      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                      {"type": "ByteFallback"}, {"type": "Fuse"},
                      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})");
}

class Reference : public testing::TestWithParam<const char*> {};

TEST_P(Reference, SequencesAreDecodedExactly) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const std::filesystem::path folder = shared / "conformance" / "tokenizers" / GetParam();
    const TokenText text = read_tokenizer_json(folder / "tokenizer.json");
    const Json cases = read_json(folder / "cases.json").at("cases");
    ASSERT_EQ(cases.size(), 250U);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        std::vector<int> ids;
        const Json list = cases.at(i).at("ids");
        for (std::size_t k = 0; k < list.size(); ++k) ids.push_back(static_cast<int>(list.at(k).integer()));
        EXPECT_EQ(text.decode(ids), cases.at(i).text("decoded")) << "case " << i;
    }
}

TEST_P(Reference, NoTwoIdsAreShownAlikeAndEachIsFoundByWhatIsShown) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const TokenText text =
        read_tokenizer_json(shared / "conformance" / "tokenizers" / GetParam() / "tokenizer.json");
    ASSERT_GE(text.size(), 1200);
    std::set<std::string> shown;
    for (int id = 0; id < text.size(); ++id) {
        EXPECT_TRUE(shown.insert(text.shown(id)).second) << text.shown(id);
        EXPECT_EQ(text.id(text.shown(id)), id);
    }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Reference,
                         testing::Values("gemma", "gpt2", "llama2", "llama3", "qwen2", "smollm-digits",
                                         "unigram", "wordpiece"),
                         [](const auto& each) {
                             std::string name = each.param;
                             std::erase(name, '-');
                             return name;
                         });

TEST(TokenText, WithoutTextsThereAreIdsAlone) {
    const TokenText none;
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.shown(12), "<12>");
    EXPECT_EQ(none.bytes(12), "");
    EXPECT_EQ(none.decode(std::vector<int>{12}), "");
    EXPECT_EQ(none.id("the"), std::nullopt);
}

TEST(TokenText, BytesAreWhatATokenAddsToTheMiddleOfASequence) {
    EXPECT_EQ(byte_level(R"("Ġthe": 0)").bytes(0), " the");
    EXPECT_EQ(metaspace(R"("▁the": 0)").bytes(0), " the");
    EXPECT_EQ(metaspace(R"("<0xE2>": 0)").bytes(0), "\xE2");
    const TokenText words = parsed(R"("model": {"type": "WordPiece", "vocab": {"the": 0, "##ing": 1, ".": 2}},
                                      "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true})");
    EXPECT_EQ(words.bytes(0), " the");
    EXPECT_EQ(words.bytes(1), "ing");
    EXPECT_EQ(words.decode(std::vector<int>{0, 1, 2}), "theing.");
}

TEST(TokenText, WhatIsShownIsVisibleAndSafe) {
    const TokenText text = parsed(
        R"("model": {"type": "BPE", "vocab": {" the": 0, "\n": 1, "\u001b[2J": 2, "\u202e": 3, "\u00b7": 4,
                     "\\n": 5, "\"": 6, "\u00a0": 7, "é": 8, "\u3000": 9}}, "decoder": {"type": "Fuse"})");
    const std::vector<std::string> shown{"·the",  "\\n", "\\x1b[2J", "\\u202e", "\\u00b7",
                                         "\\\\n", "\"",  "\\u00a0",  "é",       "\\u3000"};
    for (int id = 0; id < 10; ++id) EXPECT_EQ(text.shown(id), shown[static_cast<std::size_t>(id)]);
}

TEST(TokenText, BytesThatAreNoUtf8AreEscapedWhenShown) {
    const TokenText text = byte_level(R"("Ģ": 0, "âĤ": 1)");
    EXPECT_EQ(text.bytes(0), "\x80");
    EXPECT_EQ(text.shown(0), "\\x80");
    EXPECT_EQ(text.shown(1), "\\xe2\\x82");
    EXPECT_EQ(text.decode(std::vector<int>{0, 1}), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(TokenText, TheSameTextTwiceIsMarkedByItsId) {
    const TokenText text = metaspace(R"("<0x41>": 0, "A": 1, "": 2, "<7>": 5, "A<0>": 6)");
    EXPECT_EQ(text.shown(0), "A<0>");
    EXPECT_EQ(text.shown(1), "A");
    EXPECT_EQ(text.shown(2), "<2>");
    EXPECT_EQ(text.shown(3), "<3>");
    EXPECT_EQ(text.shown(5), "\\x3c7>");
    EXPECT_EQ(text.shown(6), "A\\x3c0>");
    EXPECT_EQ(text.shown(7), "<7>");
    EXPECT_EQ(text.id("A"), 1);
}

TEST(TokenText, ALongTextIsCutBetweenCharactersAndMarked) {
    std::string word;
    for (int i = 0; i < 100; ++i) word += "é";
    const TokenText text = metaspace('"' + word + R"(1": 0, ")" + word + R"(2": 1)");
    EXPECT_EQ(text.shown(0), word.substr(0, 120) + "...<0>");
    EXPECT_EQ(text.shown(1), word.substr(0, 120) + "...<1>");
    EXPECT_EQ(text.id(text.shown(1)), 1);
    EXPECT_EQ(text.id(word + "2"), 1);
}

TEST(TokenText, AddedTokensAreSpelledAsTheyAre) {
    const TokenText text = byte_level(R"("a": 0, "<e>": 1)",
                                      R"([{"id": 1, "content": "<e>", "special": true},
                                          {"id": 9, "content": "Ġ x", "special": false}])");
    EXPECT_TRUE(text.is_special(1));
    EXPECT_FALSE(text.is_special(9));
    EXPECT_EQ(text.shown(1), "<e>");
    EXPECT_EQ(text.bytes(9), "Ġ x");
    EXPECT_EQ(text.size(), 10);
    EXPECT_FALSE(text.has(5));
    EXPECT_EQ(text.decode(std::vector<int>{1, 0, 5, 1}), "<e>a<e>");
}

TEST(TokenText, ADecoderThatIsNotKnownIsSaidAndPiecesAreSpelledAsInTheFile) {
    const TokenText text =
        parsed(R"("model": {"vocab": {"Ġa": 0}}, "decoder": {"type": "CTC", "pad_token": "x"})");
    EXPECT_EQ(text.shown(0), "Ġa");
    EXPECT_EQ(text.note(),
              "The tokenizer's decoder \"CTC\" is not known: tokens are spelled as in the file.");
    expect_error(ErrorKind::Unsupported, "the tokenizer's decoder \"CTC\" is not known",
                 [&] { return text.decode(std::vector<int>{0}); });
}

TEST(TokenText, UnigramIdsAreInOrder) {
    const TokenText text = parsed(
        R"("model": {"type": "Unigram", "vocab": [["<unk>", 0], ["▁a", -1.5]]},
           "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})");
    EXPECT_EQ(text.shown(1), "·a");
    EXPECT_EQ(text.decode(std::vector<int>{1, 1}), "a a");
}

TEST(TokenText, VocabJsonIsByteLevelWithTheAddedTokensBesideIt) {
    const TemporaryFolder folder;
    const auto file = folder.write("vocab.json", R"({"Ġthe": 0, "a": 1})");
    EXPECT_EQ(read_vocab_json(file).shown(0), "·the");
    folder.write("added_tokens.json", R"({"<pad>": 2})");
    EXPECT_EQ(read_vocab_json(file).shown(2), "<pad>");
}

TEST(TokenText, GgufHasAVocabularyOfItsOwn) {
    const auto text = [](const std::string& members) {
        return gguf_token_text(parse_json("{" + members + "}", "model.gguf"));
    };
    EXPECT_TRUE(text("").empty());
    const TokenText bytes = text(R"("tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": ["<s>", "Ġa"],
                                    "tokenizer.ggml.token_type": [3, 1])");
    EXPECT_EQ(bytes.shown(1), "·a");
    EXPECT_TRUE(bytes.is_special(0));
    const TokenText spaces =
        text(R"("tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["▁a", "<0x0A>"])");
    EXPECT_EQ(spaces.shown(0), "·a");
    EXPECT_EQ(spaces.shown(1), "\\n");
    EXPECT_EQ(spaces.decode(std::vector<int>{0, 0}), "a a");
    EXPECT_FALSE(text(R"("tokenizer.ggml.model": "rwkv", "tokenizer.ggml.tokens": ["a"])").note().empty());
}

TEST(TokenText, MalformedFilesAreRefusedWithWhatIsWrong) {
    struct Row {
        std::string text;
        ErrorKind kind;
        std::string message;
    };
    const std::vector<Row> rows{
        {"", ErrorKind::Malformed, "tokenizer.json: is not valid JSON"},
        {"[]", ErrorKind::Malformed, "tokenizer.json: is an array, expected an object"},
        {"{}", ErrorKind::Unsupported, "tokenizer.json: \"model\" is missing"},
        {R"({"model": {}})", ErrorKind::Unsupported, "vocab\" is missing"},
        {R"({"model": {"vocab": {"a": 0, "a": 1}}})", ErrorKind::Malformed, "twice"},
        {R"({"model": {"vocab": {}}, "model": {"vocab": {}}})", ErrorKind::Malformed, "\"model\" twice"},
        {R"({"model": {"vocab": {"a": 3, "b": 3}}})", ErrorKind::Malformed, "have the same id 3"},
        {R"({"model": {"vocab": {"a": -1}}})", ErrorKind::Unsupported,
         "is -1, expected an id from 0 to 16777215"},
        {R"({"model": {"vocab": {"a": 16777216}}})", ErrorKind::Unsupported, "is 16777216, expected an id"},
        {R"({"model": {"vocab": {"a": 1.5}}})", ErrorKind::Unsupported, "is 1.5, expected an integer"},
        {R"({"model": {"vocab": "a"}})", ErrorKind::Unsupported, "expected an object"},
        {R"({"model": {"vocab": [0]}})", ErrorKind::Unsupported, "expected an array"},
        {R"({"model": {"vocab": {}}, "added_tokens": [{"id": 1}]})", ErrorKind::Unsupported, "is missing"},
        {R"({"model": {"vocab": {}}, "decoder": {"type": "Strip", "content": "x", "start": -1}})",
         ErrorKind::Unsupported, "start -1 and stop 0 are no numbers of characters"},
    };
    for (const Row& row : rows)
        expect_error(row.kind, row.message, [&] { return parse_tokenizer_json(row.text, "tokenizer.json"); });
    expect_error(ErrorKind::Unsupported, "has 1 entries, expected one for each of 2 tokens", [] {
        return gguf_token_text(parse_json(R"({"tokenizer.ggml.tokens": ["a", "b"],
                                              "tokenizer.ggml.token_type": [1]})",
                                          "model.gguf"));
    });
}

TEST(TokenList, NamesTokensByIdOrText) {
    const TokenText text = byte_level(R"("Ġthe": 0, "perfect": 1, ",": 2, "12": 3, "'": 4, "Ċ": 5, "\"": 6)");
    const auto list = [&](std::string_view items) { return parse_token_list(items, text, 20); };
    EXPECT_EQ(list("12,' the',·the,perfect"), (std::vector<int>{12, 0, 0, 1}));
    EXPECT_EQ(list("',','12',3"), (std::vector<int>{2, 3, 3}));
    EXPECT_EQ(list("',12"), (std::vector<int>{4, 12}));
    EXPECT_EQ(list("\\n, the,\""), (std::vector<int>{5, 0, 6}));
    EXPECT_EQ(list("'''"), (std::vector<int>{4}));
}

TEST(TokenList, WhatIsNoTokenIsRefusedWithTheNearest) {
    const TokenText text = byte_level(R"("Ġthe": 0, "perfect": 1, "late": 900)");
    const auto error = [&](std::string_view items) {
        return error_of([&] { return parse_token_list(items, text, 20); });
    };
    EXPECT_STREQ(error("20").what(), "there is no token 20: ids are 0 to 19");
    EXPECT_STREQ(error("99999999999").what(), "there is no token 99999999999: ids are 0 to 19");
    EXPECT_STREQ(error("the").what(), "there is no token with the text \"the\"");
    EXPECT_EQ(error("the").hint(), "did you mean ·the?");
    EXPECT_EQ(error("prefect").hint(), "did you mean perfect?");
    EXPECT_STREQ(error("late").what(), "there is no token with the text \"late\"");
    EXPECT_STREQ(error("a,,b").what(), "there is no token with the text \"a\"");
    EXPECT_STREQ(error("1,").what(), "\"1,\" is no list of tokens: an item is empty");
    expect_error(ErrorKind::Usage, "\"the\" is no id, and the model has no vocabulary to look the text up in",
                 [] { return parse_token_list("the", {}, 20); });
}

}  // namespace
}  // namespace headway
