// What a configuration asks of a JSON value, and the messages when it is not so.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/json.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/input_file.hpp"
#include "io/json_node.hpp"

#include <algorithm>
#include <limits>

namespace headway {
namespace {

[[noreturn]] void fail_expected(const Json& value, std::string_view expected) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("{} is {}, expected {}", value.where(), value.shown(), expected));
}

// So that 2.0 does not look like the integer that it is not.
std::string number_text(double value) {
    std::string digits = fmt::format("{}", value);
    if (digits.find_first_not_of("-0123456789") == std::string::npos) digits += ".0";
    return digits;
}

}  // namespace

Json::Type Json::type() const {
    constexpr Type types[] = {Type::Null,   Type::Boolean, Type::Integer, Type::Integer,
                              Type::Number, Type::Text,    Type::Array,   Type::Object};
    return types[node_->value.index()];
}

bool Json::boolean() const {
    if (const bool* value = std::get_if<bool>(&node_->value)) return *value;
    fail_expected(*this, "true or false");
}

std::int64_t Json::integer() const {
    if (const auto* value = std::get_if<std::int64_t>(&node_->value)) return *value;
    fail_expected(*this, type() == Type::Integer ? "an integer below 2^63" : "an integer");
}

double Json::number() const {
    if (const auto* value = std::get_if<double>(&node_->value)) return *value;
    if (const auto* value = std::get_if<std::int64_t>(&node_->value)) return static_cast<double>(*value);
    if (const auto* value = std::get_if<std::uint64_t>(&node_->value)) return static_cast<double>(*value);
    fail_expected(*this, "a number");
}

std::string Json::text() const {
    if (const auto* value = std::get_if<std::string>(&node_->value)) return *value;
    fail_expected(*this, "a text");
}

int Json::count() const {
    constexpr int most = std::numeric_limits<int>::max();
    const auto* value = std::get_if<std::int64_t>(&node_->value);
    if (value != nullptr && *value >= 1 && *value <= most) return static_cast<int>(*value);
    fail_expected(*this, "an integer from 1 to 2147483647");
}

double Json::positive() const {
    if (type() == Type::Integer || type() == Type::Number) {
        if (const double value = number(); value > 0) return value;
    }
    fail_expected(*this, "a number above 0");
}

std::size_t Json::size() const {
    if (const auto* array = std::get_if<Node::Array>(&node_->value)) return array->size();
    fail_expected(*this, "an array");
}

Json Json::at(std::size_t index) const {
    require(index < size(), ErrorKind::Unsupported, "{} has {} values, expected at least {}", where(), size(),
            index + 1);
    Json element = *this;
    element.node_ = &std::get<Node::Array>(node_->value)[index];
    element.path_ += fmt::format("[{}]", index);
    return element;
}

const Json::Node* Json::member(std::string_view key) const {
    const auto* object = std::get_if<Node::Object>(&node_->value);
    if (object == nullptr) fail_expected(*this, "an object");
    const auto found =
        std::find_if(object->begin(), object->end(), [key](const auto& entry) { return entry.first == key; });
    return found == object->end() ? nullptr : &found->second;
}

Json Json::below(std::string_view key, const Node* node) const {
    Json value = *this;
    value.node_ = node;
    value.path_ += path_.empty() ? std::string(key) : fmt::format(".{}", key);
    return value;
}

std::vector<std::string> Json::keys() const {
    const auto* object = std::get_if<Node::Object>(&node_->value);
    if (object == nullptr) fail_expected(*this, "an object");
    std::vector<std::string> keys;
    for (const auto& [key, value] : *object) keys.push_back(key);
    return keys;
}

std::vector<std::pair<std::string, Json>> Json::members() const {
    const auto* object = std::get_if<Node::Object>(&node_->value);
    if (object == nullptr) fail_expected(*this, "an object");
    std::vector<std::pair<std::string, Json>> members;
    members.reserve(object->size());
    for (const auto& [key, value] : *object) members.emplace_back(key, below(key, &value));
    return members;
}

bool Json::contains(std::string_view key) const { return member(key) != nullptr; }
bool Json::has(std::string_view key) const { return find(key).has_value(); }

Json Json::at(std::string_view key) const {
    const Node* node = member(key);
    if (node != nullptr) return below(key, node);
    throw Error(ErrorKind::Unsupported, below(key, nullptr).where() + " is missing");
}

std::optional<Json> Json::find(std::string_view key) const {
    const Node* node = member(key);
    if (node == nullptr || std::holds_alternative<std::nullptr_t>(node->value)) return std::nullopt;
    return below(key, node);
}

bool Json::boolean(std::string_view key, bool otherwise) const {
    const std::optional<Json> value = find(key);
    return value ? value->boolean() : otherwise;
}

std::int64_t Json::integer(std::string_view key, std::int64_t otherwise) const {
    const std::optional<Json> value = find(key);
    return value ? value->integer() : otherwise;
}

double Json::number(std::string_view key, double otherwise) const {
    const std::optional<Json> value = find(key);
    return value ? value->number() : otherwise;
}

std::string Json::text(std::string_view key, std::string_view otherwise) const {
    const std::optional<Json> value = find(key);
    return value ? value->text() : std::string(otherwise);
}

int Json::count(std::string_view key, int otherwise) const {
    const std::optional<Json> value = find(key);
    return value ? value->count() : otherwise;
}

double Json::positive(std::string_view key, double otherwise) const {
    const std::optional<Json> value = find(key);
    return value ? value->positive() : otherwise;
}

std::string Json::where() const {
    return path_.empty() ? *file_ : fmt::format("{}: {}", *file_, quote(path_));
}

std::string Json::shown() const {
    switch (type()) {
        case Type::Null:
            return "null";
        case Type::Boolean:
            return std::get<bool>(node_->value) ? "true" : "false";
        case Type::Integer: {
            if (const auto* value = std::get_if<std::int64_t>(&node_->value))
                return fmt::format("{}", *value);
            return fmt::format("{}", std::get<std::uint64_t>(node_->value));
        }
        case Type::Number:
            return number_text(std::get<double>(node_->value));
        case Type::Text:
            return quote(std::get<std::string>(node_->value));
        case Type::Array:
            return fmt::format("an array of {}", std::get<Node::Array>(node_->value).size());
        case Type::Object:
            return "an object";
    }
    throw InvariantFailure("a JSON value has one of the seven types");
}

Json read_json(const std::filesystem::path& path) {
    constexpr std::uint64_t longest = std::uint64_t{16} << 20;
    const InputFile file(path);
    return parse_json(file.read_text(longest), file.shown());
}

}  // namespace headway
