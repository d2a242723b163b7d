// SPDX-License-Identifier: Apache-2.0
#include "headway/io/json.hpp"

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace headway {

using test::error_of;
using test::expect_error;
using test::TemporaryFolder;

namespace {

Json config(std::string_view text) { return parse_json(text, "config.json"); }

}  // namespace

TEST(Json, ValuesAreReadByKey) {
    const Json json = config(R"({"n": 12, "eps": 1e-5, "name": "gpt2", "tied": true, "inner": null})");
    EXPECT_EQ(json.integer("n"), 12);
    EXPECT_EQ(json.count("n"), 12);
    EXPECT_EQ(json.number("n"), 12.0);
    EXPECT_EQ(json.number("eps"), 1e-5);
    EXPECT_EQ(json.positive("eps"), 1e-5);
    EXPECT_EQ(json.text("name"), "gpt2");
    EXPECT_TRUE(json.boolean("tied"));
    EXPECT_TRUE(json.at("inner").is_null());
    EXPECT_EQ(json.keys(), (std::vector<std::string>{"n", "eps", "name", "tied", "inner"}));
}

TEST(Json, AnAbsentKeyAndNullHaveTheDefault) {
    const Json json = config(R"({"null": null, "n": 3})");
    EXPECT_EQ(json.count("absent", 7), 7);
    EXPECT_EQ(json.count("null", 7), 7);
    EXPECT_EQ(json.count("n", 7), 3);
    EXPECT_EQ(json.text("null", "x"), "x");
    EXPECT_EQ(json.number("absent", 0.5), 0.5);
    EXPECT_EQ(json.positive("absent", 1e-5), 1e-5);
    EXPECT_EQ(json.integer("absent", -1), -1);
    EXPECT_TRUE(json.boolean("absent", true));
    EXPECT_TRUE(json.contains("null"));
    EXPECT_FALSE(json.has("null"));
    EXPECT_FALSE(json.contains("absent"));
}

TEST(Json, ArraysAndObjectsNestAndKnowTheirPlace) {
    const Json json = config(R"({"rope": {"theta": 1e6}, "types": [["global", "local"], 6]})");
    EXPECT_EQ(json.at("rope").number("theta"), 1e6);
    EXPECT_EQ(json.at("types").at(0).at(1).text(), "local");
    EXPECT_EQ(json.at("types").size(), 2U);
    EXPECT_EQ(json.at("types").at(0).at(1).where(), "config.json: \"types[0][1]\"");
    EXPECT_EQ(json.at("rope").at("theta").where(), "config.json: \"rope.theta\"");
    EXPECT_EQ(json.members().front().second.where(), "config.json: \"rope\"");
}

TEST(Json, AWrongValueIsUnsupportedAndSaysWhatItIs) {
    const std::pair<const char*, const char*> rows[] = {
        {"0", "\"n\" is 0, expected an integer from 1 to 2147483647"},
        {"-3", "\"n\" is -3, expected"},
        {"1.5", "\"n\" is 1.5, expected"},
        {"2.0", "\"n\" is 2.0, expected"},
        {"\"12\"", "\"n\" is \"12\", expected"},
        {"3000000000", "\"n\" is 3000000000, expected"},
        {"9223372036854775808", "\"n\" is 9223372036854775808, expected"},
        {"null", "\"n\" is null, expected"},
        {"[1, 2]", "\"n\" is an array of 2, expected"},
        {"{}", "\"n\" is an object, expected"},
        {"true", "\"n\" is true, expected"}};
    for (const auto& [value, message] : rows) {
        const Json json = config(fmt::format("{{\"n\": {}}}", value));
        expect_error(ErrorKind::Unsupported, std::string("config.json: ") + message,
                     [&] { return json.count("n"); });
    }
}

TEST(Json, EveryGetterNamesFileAndKey) {
    const Json json = config(R"({"x": [], "eps": 0, "big": 9223372036854775808, "n": 1})");
    const auto fails = [](const std::string& message, auto action) {
        expect_error(ErrorKind::Unsupported, message, action);
    };
    fails("config.json: \"x\" is an array of 0, expected true or false", [&] { return json.boolean("x"); });
    fails("config.json: \"x\" is an array of 0, expected an integer", [&] { return json.integer("x"); });
    fails("expected an integer below 2^63", [&] { return json.integer("big"); });
    fails("config.json: \"x\" is an array of 0, expected a number", [&] { return json.number("x"); });
    fails("config.json: \"x\" is an array of 0, expected a text", [&] { return json.text("x"); });
    fails("config.json: \"eps\" is 0, expected a number above 0", [&] { return json.positive("eps"); });
    fails("config.json: \"n\" is 1, expected an array", [&] { return json.at("n").size(); });
    fails("config.json: \"n\" is 1, expected an object", [&] { return json.at("n").keys(); });
    fails("config.json: \"n\" is 1, expected an object", [&] { return json.at("n").at("m"); });
    fails("config.json: \"n\" is 1, expected an object", [&] { return json.at("n").members(); });
    fails("config.json: \"x\" has 0 values, expected at least 1", [&] { return json.at("x").at(0); });
    fails("config.json: \"n_head\" is missing", [&] { return json.count("n_head"); });
}

TEST(Json, WhatOtherParsersLetThroughIsMalformed) {
    const std::pair<std::string, const char*> rows[] = {
        {"", "config.json: is not valid JSON at byte 0"},
        {"{\"a\": 1,}", "is not valid JSON at byte 8"},
        {"{\"a\": 1} x", "is not valid JSON at byte 9"},
        {"{\"a\": 1", "is not valid JSON at byte 7"},
        {"{\"a\": NaN}", "is not valid JSON at byte 6: invalid literal"},
        {"{\"a\": 1e400}", "number overflow"},
        {"// x\n{}", "is not valid JSON at byte 0"},
        {"{'a': 1}", "is not valid JSON at byte 1"},
        {"{\"a\": 01}", "is not valid JSON"},
        {"{\"a\": \"\\ud800\"}", "is not valid JSON"},
        {"{\"a\": \"\xff\"}", "ill-formed UTF-8 byte"},
        {"{\"a\": \"\xc0\xaf\"}", "ill-formed UTF-8 byte"},
        {"{\"a\": 1, \"a\": 2}", "config.json: has the key \"a\" twice"},
        {"{\"a\": 1, \"\\u0061\": 2}", "has the key \"a\" twice"},
        {"{\"o\": {\"a\": 1, \"b\": 2, \"a\": 2}}", "has the key \"o.a\" twice"},
        {"\xEF\xBB\xBF{}", "begins with a byte order mark"},
        {std::string("{}\0", 3), "is not valid JSON at byte 2: a NUL byte"},
        {"{\"a\": 18446744073709551616}", "has an integer beyond 64 bits: 18446744073709551616"},
        {"{\"a\": -9223372036854775809}", "has an integer beyond 64 bits"},
        {std::string(1025, '['), "is nested more than 1024 deep"},
        {std::string(1'000'000, '['), "is nested more than 1024 deep"}};
    for (const auto& [text, message] : rows) {
        expect_error(ErrorKind::Malformed, message, [&, &input = text] { return config(input); });
    }
}

TEST(Json, ANestOf1024IsRead) {
    EXPECT_EQ(config(std::string(1024, '[') + std::string(1024, ']')).size(), 1U);
}

TEST(Json, HostileKeysAreShownEscapedOnOneLine) {
    const Error error =
        error_of([] { return config("{\"\\u001b[2J\\n\": \"\\u202e\"}").count("\x1b[2J\n"); });
    EXPECT_STREQ(error.what(),
                 "config.json: \"\\x1b[2J\\n\" is \"\\u202e\", expected an integer from 1 to 2147483647");
}

TEST(Json, AFileIsReadAndNamed) {
    const TemporaryFolder folder;
    EXPECT_EQ(read_json(folder.write("config.json", "{\"n\": 1}")).count("n"), 1);
    expect_error(ErrorKind::Io, "absent.json: cannot be opened: No such file",
                 [&] { return read_json(folder / "absent.json"); });
    expect_error(ErrorKind::Io, "is a folder, expected a regular file",
                 [&] { return read_json(folder.path()); });
    expect_error(ErrorKind::Malformed, "has 16777217 bytes, expected at most 16777216",
                 [&] { return read_json(folder.write("big.json", std::string((16U << 20) + 1, ' '))); });
}

}  // namespace headway
