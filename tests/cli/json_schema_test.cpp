// What commands write as JSON against docs/result.schema.json and docs/network.schema.json.
// SPDX-License-Identifier: Apache-2.0
#include "support/json_schema.hpp"

#include "cli/command_line.hpp"
#include "cli/verb.hpp"
#include "headway/io/sha256.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

using test::JsonSchema;
using test::TemporaryFolder;

namespace {

using Words = std::vector<std::string>;

JsonSchema schema_of(const std::string& name) {
    return JsonSchema(
        read_json(std::filesystem::path(HEADWAY_SOURCE_DIR) / "docs" / (name + ".schema.json")));
}

// A call of every command that has --json, in every form of its data.
const std::vector<Words> calls = {
    {"inspect", "example:attn-only-2l"},
    {"inspect",
     "random:layers=2,heads=2,kv_heads=1,d_model=16,d_mlp=32,vocab=9,norm=rmsnorm,positions=rotary,gated=1,"
     "activation=silu,rope=llama3,factor=8,original_ctx=16,window=4,full_every=2"},
    {"inspect", "random:layers=1,heads=2,d_model=16,norm=layernorm,positions=rotary,biases=1", "--tensors"},
    {"inspect", "example:induction", "--against", "example:induction"},
    {"network", "example:attn-only-2l", "--expand", "1"},
    {"paths", "example:attn-only-2l", "--order", "1", "--tokens", "0,5,17,5"},
    {"paths", "example:induction", "--score", "L1H0", "--tokens", "0,5,7,5"},
    {"compose", "example:attn-only-2l", "--kind", "k", "--top", "3"},
    {"heads", "example:induction"},
    {"heads", "example:induction", "--pairs", "--top", "2"},
    {"heads", "example:induction", "--eigenvalues", "L1H0"},
    {"heads", "example:induction", "--offsets"},
    {"channels", "example:attn-only-2l", "--from", "L0H3", "--to", "L1H4", "--kind", "k"},
    {"ov", "example:attn-only-2l", "--head", "L1H4", "--rows", "5,17", "--top", "3"},
    {"qk", "example:attn-only-2l", "--head", "L0H3", "--rows", "5,17", "--top", "3"},
    {"bigram", "example:attn-only-2l", "--rows", "5,17", "--top", "3"},
    {"neurons", "random:layers=1,heads=2,d_model=16,d_mlp=8,vocab=20", "--layer", "0", "--neurons", "0-1"},
    {"skip-trigrams", "example:induction", "--head", "L0H0", "--top", "2"},
    {"circuit", "example:attn-only-2l", "--top", "10"},
    {"run", "example:attn-only-2l", "--tokens", "0,5,17,5"},
    {"ablate", "example:induction", "--case", "L0H0"},
    {"contract", "W_E W_V[L0H0] W_O[L0H0] W_U", "example:induction"},
    {"verify", "example:induction", "--order", "1"},
    {"plan", "random:gpt2", "--for", "compose"},
    {"example"},
};

// The JSON that a call writes.
Json written(Words call, const TemporaryFolder& folder, const std::string& format = "json") {
    const std::string file = folder / "result.json";
    call.insert(call.end(), {"-o", file, "--quiet"});
    if (format != "json") call.insert(call.end(), {"--as", format});
    EXPECT_EQ(command_line(call), 0) << call.front();
    return read_json(file);
}

TEST(JsonSchema, EveryResultIsAsTheSchemaSays) {
    const TemporaryFolder folder;
    const JsonSchema schema = schema_of("result");
    for (const Words& call : calls) {
        const Json result = written(call, folder);
        EXPECT_THAT(schema.complaints(result), testing::IsEmpty()) << testing::PrintToString(call);
        EXPECT_EQ(result.text("schema"), "headway/" + call.front() + "/1");
    }
}

TEST(JsonSchema, NoCommandWithJsonIsLeftOut) {
    std::set<std::string, std::less<>> called;
    for (const Words& call : calls) called.insert(call.front());
    for (const Verb& verb : verbs())
        for (const FlagGroup& group : verb.groups)
            for (const Flag& flag : group.flags)
                EXPECT_TRUE(flag.name != "--json" || called.contains(verb.name)) << verb.name;
}

TEST(JsonSchema, NetworksAreAsTheirSchemaSays) {
    const TemporaryFolder folder;
    for (const char* model : {"example:attn-only-2l",
                              "random:layers=2,heads=4,kv_heads=2,d_model=16,d_mlp=32,vocab=9,"
                              "norm=rmsnorm,positions=rotary,gated=1,activation=silu,score_cap=20"})
        for (const Words& more : {Words{}, Words{"--freeze"}}) {
            Words call{"network", model, "--as", "json"};
            call.insert(call.end(), more.begin(), more.end());
            EXPECT_THAT(schema_of("network").complaints(written(call, folder)), testing::IsEmpty()) << model;
        }
}

TEST(JsonSchema, EveryKeyThatTheSchemaDemandsIsDemanded) {
    const JsonSchema schema = schema_of("result");
    const std::string whole = R"({"schema":"headway/a/1","tool":"headway 0.1.0","model":null,"options":{},)"
                              R"("approximations":[],"data":[]})";
    EXPECT_THAT(schema.complaints(parse_json(whole, "j")), testing::IsEmpty());
    for (const char* key : {"schema", "tool", "model", "options", "approximations", "data"}) {
        std::string other = whole;
        other.replace(other.find(key), 1, "X");
        EXPECT_THAT(schema.complaints(parse_json(other, "j")),
                    testing::UnorderedElementsAre(testing::HasSubstr(fmt::format("{} is missing", key)),
                                                  testing::HasSubstr("is not in the schema")));
    }
}

TEST(JsonSchema, TheModelIsHashedUnlessToldNotTo) {
    const TemporaryFolder folder;
    const auto model = [&](const Words& call) { return written(call, folder).at("model"); };
    const std::string bytes = test::bytes_of(std::filesystem::path(HEADWAY_SOURCE_DIR) /
                                             "examples/models/attn-only-2l/model.safetensors");
    const Json file = model({"inspect", "example:attn-only-2l"}).at("sha256").at(0);
    EXPECT_EQ(file.text("file"), "model.safetensors");
    EXPECT_EQ(file.text("sha256"), sha256(std::as_bytes(std::span(bytes))));
    const auto status = [&](const Words& call) {
        EXPECT_TRUE(model(call).at("sha256").is_null());
        return model(call).text("sha256_status");
    };
    EXPECT_EQ(status({"inspect", "example:attn-only-2l", "--no-hash"}), "not asked for");
    EXPECT_EQ(status({"inspect", "random:gpt2", "--seed", "7"}), "no file: random weights of seed 7");
    EXPECT_EQ(status({"inspect", "example:induction"}), "no file: weights made by hand");
}

TEST(JsonSchema, AFileHasTheHashOfItsWeightsAndOfItsConfig) {
    const TemporaryFolder folder;
    const std::string copy = folder / "copy";
    ASSERT_EQ(command_line({"convert", "example:induction", "-o", copy, "--quiet"}), 0);
    const Json files = written({"inspect", copy}, folder).at("model").at("sha256");
    ASSERT_EQ(files.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string bytes = test::bytes_of(std::filesystem::path(copy) / files.at(i).text("file"));
        EXPECT_EQ(files.at(i).text("sha256"), sha256(std::as_bytes(std::span(bytes))));
    }
}

TEST(JsonSchema, WhatIsNotAsASchemaSaysIsNamed) {
    struct Row {
        const char *schema, *value, *complaint;
    };
    const std::vector<Row> rows = {
        {R"({"type":"integer"})", "1.5", "j is 1.5: expected integer"},
        {R"({"type":["string","null"]})", "1", "expected string or null"},
        {R"({"const":true})", "false", "expected true"},
        {R"({"enum":["a","b"]})", R"("c")", "is none of those listed"},
        {R"({"pattern":"^a$"})", R"("ab")", "expected ^a$"},
        {R"({"minLength":1})", R"("")", "is too short"},
        {R"({"minimum":0})", "-1", "expected at least 0"},
        {R"({"minItems":1})", "[]", "has too few items"},
        {R"({"maxItems":1})", "[1,2]", "has too many items"},
        {R"({"items":{"type":"null"}})", "[null,1]", "j: \"[1]\" is 1: expected null"},
        {R"({"required":["a"]})", "{}", "a is missing"},
        {R"({"properties":{"a":{"type":"null"}}})", R"({"a":1})", "j: \"a\" is 1: expected null"},
        {R"({"additionalProperties":false})", R"({"a":1})", "is not in the schema"},
        {R"({"additionalProperties":{"type":"null"}})", R"({"a":1})", "expected null"},
        {R"({"anyOf":[{"type":"null"},{"type":"string"}]})", "1", "expected null"},
        {R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"null"}}})", "1", "expected null"},
    };
    for (const Row& row : rows) {
        const JsonSchema schema(parse_json(row.schema, "schema"));
        EXPECT_THAT(schema.complaints(parse_json(row.value, "j")),
                    testing::ElementsAre(testing::HasSubstr(row.complaint)))
            << row.schema;
    }
    EXPECT_THROW(JsonSchema(parse_json(R"({"oneOf":[]})", "schema")).complaints(parse_json("1", "j")),
                 std::logic_error);
}

}  // namespace
}  // namespace headway
