// Whether a JSON value is as a JSON Schema says: the part of draft 2020-12 that our schemas use. A keyword that is not
// known here is an error, so that nothing of a schema goes unchecked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace headway::test {

class JsonSchema {
public:
    explicit JsonSchema(Json root) : root_(std::move(root)) {}

    /// What is wrong with `value`, one line each; nothing when it is as the schema says.
    std::vector<std::string> complaints(const Json& value) const {
        std::vector<std::string> found;
        check(root_, value, found);
        return found;
    }

private:
    using Complaints = std::vector<std::string>;

    static void add(Complaints& found, const Json& value, std::string_view what) {
        found.push_back(fmt::format("{} is {}: {}", value.where(), value.shown(), what));
    }

    void check(const Json& schema, const Json& value, Complaints& found) const {
        static const std::vector<std::string> notes{"$schema", "title", "description", "$defs",
                                                    "additionalProperties"};
        for (const auto& [keyword, rule] : schema.members()) {
            if (keyword == "$ref")
                check(at_reference(rule.text()), value, found);
            else if (keyword == "type")
                check_type(rule, value, found);
            else if (keyword == "const" || keyword == "enum")
                check_constant(rule, value, found);
            else if (keyword == "anyOf")
                check_any(rule, value, found);
            else if (keyword == "pattern" || keyword == "minLength")
                check_text(keyword, rule, value, found);
            else if (keyword == "minimum")
                check_minimum(rule, value, found);
            else if (keyword == "items" || keyword == "minItems" || keyword == "maxItems")
                check_array(keyword, rule, value, found);
            else if (keyword == "required")
                check_required(rule, value, found);
            else if (keyword == "properties")
                check_properties(rule, value, found);
            else if (std::ranges::find(notes, keyword) == notes.end())
                throw std::logic_error(
                    fmt::format("{}: the keyword {} is not known", schema.where(), keyword));
        }
        if (schema.contains("additionalProperties")) check_others(schema, value, found);
    }

    Json at_reference(std::string_view reference) const {
        constexpr std::string_view definitions = "#/$defs/";
        if (!reference.starts_with(definitions))
            throw std::logic_error("a reference leads out of the schema's $defs");
        return root_.at("$defs").at(reference.substr(definitions.size()));
    }

    static bool is(std::string_view type, const Json& value) {
        static constexpr std::array<std::pair<std::string_view, Json::Type>, 6> types{
            {{"null", Json::Type::Null},
             {"boolean", Json::Type::Boolean},
             {"integer", Json::Type::Integer},
             {"string", Json::Type::Text},
             {"array", Json::Type::Array},
             {"object", Json::Type::Object}}};
        if (type == "number")
            return value.type() == Json::Type::Number || value.type() == Json::Type::Integer;
        const auto* const known = std::ranges::find(types, type, [](const auto& pair) { return pair.first; });
        if (known == types.end()) throw std::logic_error(fmt::format("{} is no type", type));
        return value.type() == known->second;
    }

    static void check_type(const Json& rule, const Json& value, Complaints& found) {
        bool any = false;
        std::string names;
        for (const std::string& type : texts(rule)) {
            any = any || is(type, value);
            names += (names.empty() ? "" : " or ") + type;
        }
        if (!any) add(found, value, "expected " + names);
    }

    static void check_constant(const Json& rule, const Json& value, Complaints& found) {
        if (rule.type() == Json::Type::Boolean) {
            if (value.type() != Json::Type::Boolean || value.boolean() != rule.boolean())
                add(found, value, fmt::format("expected {}", rule.boolean()));
            return;
        }
        const std::vector<std::string> words = texts(rule);
        if (value.type() != Json::Type::Text || std::ranges::find(words, value.text()) == words.end())
            add(found, value, "is none of those listed");
    }

    // Complains as the alternative that comes closest.
    void check_any(const Json& rule, const Json& value, Complaints& found) const {
        Complaints least;
        for (std::size_t i = 0; i < rule.size(); ++i) {
            Complaints own;
            check(rule.at(i), value, own);
            if (own.empty()) return;
            if (least.empty() || own.size() < least.size()) least = own;
        }
        found.insert(found.end(), least.begin(), least.end());
    }

    static void check_text(std::string_view keyword, const Json& rule, const Json& value, Complaints& found) {
        if (value.type() != Json::Type::Text) return;
        if (keyword == "minLength" && value.text().size() < static_cast<std::size_t>(rule.integer()))
            add(found, value, "is too short");
        if (keyword == "pattern" &&
            !std::regex_search(value.text(), std::regex(rule.text(), std::regex::ECMAScript)))
            add(found, value, "expected " + rule.text());
    }

    static void check_minimum(const Json& rule, const Json& value, Complaints& found) {
        if (is("number", value) && value.number() < rule.number())
            add(found, value, fmt::format("expected at least {}", rule.number()));
    }

    void check_array(std::string_view keyword, const Json& rule, const Json& value, Complaints& found) const {
        if (value.type() != Json::Type::Array) return;
        if (keyword == "minItems" && std::cmp_less(value.size(), rule.integer()))
            add(found, value, "has too few items");
        if (keyword == "maxItems" && std::cmp_greater(value.size(), rule.integer()))
            add(found, value, "has too many items");
        for (std::size_t i = 0; keyword == "items" && i < value.size(); ++i) check(rule, value.at(i), found);
    }

    static void check_required(const Json& rule, const Json& value, Complaints& found) {
        if (value.type() != Json::Type::Object) return;
        for (const std::string& key : texts(rule))
            if (!value.contains(key)) add(found, value, key + " is missing");
    }

    void check_properties(const Json& rule, const Json& value, Complaints& found) const {
        if (value.type() != Json::Type::Object) return;
        for (const auto& [key, own] : rule.members())
            if (value.contains(key)) check(own, value.at(key), found);
    }

    // additionalProperties: of members that `properties` does not name.
    void check_others(const Json& schema, const Json& value, Complaints& found) const {
        if (value.type() != Json::Type::Object) return;
        const Json rule = schema.at("additionalProperties");
        for (const auto& [key, member] : value.members()) {
            if (schema.contains("properties") && schema.at("properties").contains(key)) continue;
            if (rule.type() == Json::Type::Object)
                check(rule, member, found);
            else if (!rule.boolean())
                add(found, member, "is not in the schema");
        }
    }

    static std::vector<std::string> texts(const Json& rule) {
        std::vector<std::string> all;
        if (rule.type() == Json::Type::Text) return {rule.text()};
        for (std::size_t i = 0; i < rule.size(); ++i) all.push_back(rule.at(i).text());
        return all;
    }

    Json root_;
};

}  // namespace headway::test
