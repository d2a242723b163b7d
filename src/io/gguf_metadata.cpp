// SPDX-License-Identifier: Apache-2.0
#include "io/gguf_metadata.hpp"

#include "headway/base/text.hpp"
#include "io/json_node.hpp"

#include <unordered_set>

namespace headway {
namespace {

enum class ValueType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Text, Array, U64, I64, F64 };
constexpr std::uint32_t value_types = 13;

constexpr std::uint64_t longest_key = 65535;
constexpr std::uint64_t most_values = std::uint64_t{1} << 22;
constexpr int deepest = 8;                               // arrays in arrays
constexpr std::uint64_t smallest_entry = 8 + 1 + 4 + 1;  // length, a byte of key, type, a byte of value

// The fewest bytes that a value takes in the file.
std::uint64_t smallest(ValueType type) {
    switch (type) {
        case ValueType::U8:
        case ValueType::I8:
        case ValueType::Bool:
            return 1;
        case ValueType::U16:
        case ValueType::I16:
            return 2;
        case ValueType::U32:
        case ValueType::I32:
        case ValueType::F32:
            return 4;
        case ValueType::Text:
        case ValueType::U64:
        case ValueType::I64:
        case ValueType::F64:
            return 8;
        case ValueType::Array:
            return 12;
    }
    throw InvariantFailure("a checked type of a value");
}

class ValueReader {
public:
    explicit ValueReader(GgufCursor& cursor) : cursor_(cursor) {}

    ValueType type() {
        const auto code = cursor_.number<std::uint32_t>();
        if (code >= value_types) cursor_.fail("has a value of type {}, expected 0 to 12", code);
        return static_cast<ValueType>(code);
    }

    Json::Node value(ValueType type) {
        count(1);
        Json::Node node;
        read(type, node, 0);
        return node;
    }

private:
    void count(std::uint64_t more) {
        values_ += more;
        require(values_ <= most_values, ErrorKind::Limit,
                "{}brings the metadata to {} values, the limit is {}", cursor_.where(), values_, most_values);
    }

    void read(ValueType type, Json::Node& node, int depth) {
        switch (type) {
            case ValueType::U8:
                return integer<std::uint8_t>(node);
            case ValueType::I8:
                return integer<std::int8_t>(node);
            case ValueType::U16:
                return integer<std::uint16_t>(node);
            case ValueType::I16:
                return integer<std::int16_t>(node);
            case ValueType::U32:
                return integer<std::uint32_t>(node);
            case ValueType::I32:
                return integer<std::int32_t>(node);
            case ValueType::I64:
                return integer<std::int64_t>(node);
            case ValueType::U64:
                return unsigned_integer(node);
            case ValueType::F32:
                node.value = static_cast<double>(cursor_.number<float>());
                return;
            case ValueType::F64:
                node.value = cursor_.number<double>();
                return;
            case ValueType::Bool:
                return boolean(node);
            case ValueType::Text:
                node.value = cursor_.text();
                return;
            case ValueType::Array:
                return array(node, depth + 1);
        }
    }

    template <class Number>
    void integer(Json::Node& node) {
        node.value = static_cast<std::int64_t>(cursor_.number<Number>());
    }

    void unsigned_integer(Json::Node& node) {
        const auto number = cursor_.number<std::uint64_t>();
        if (number >> 63 == 0) {
            node.value = static_cast<std::int64_t>(number);
        } else {
            node.value = number;
        }
    }

    void boolean(Json::Node& node) {
        const auto byte = cursor_.number<std::uint8_t>();
        if (byte > 1) cursor_.fail("has a truth value of {}, expected 0 or 1", byte);
        node.value = byte == 1;
    }

    void array(Json::Node& node, int depth) {
        if (depth > deepest) cursor_.fail("is nested more than {} deep", deepest);
        const ValueType of = type();
        const auto size = cursor_.number<std::uint64_t>();
        cursor_.require_room(size, smallest(of), "values in an array");
        count(size);
        auto& elements = node.value.emplace<Json::Node::Array>(size);
        for (Json::Node& element : elements) read(of, element, depth);
    }

    GgufCursor& cursor_;
    std::uint64_t values_ = 0;
};

std::string read_key(GgufCursor& cursor, std::uint64_t index) {
    cursor.set_context(fmt::format("metadata key {}", index + 1));
    std::string key = cursor.text();
    if (key.empty()) cursor.fail("is empty");
    if (key.size() > longest_key) cursor.fail("has {} bytes, expected at most {}", key.size(), longest_key);
    cursor.set_context("metadata: " + quote(key));
    return key;
}

}  // namespace

Json read_gguf_metadata(GgufCursor& cursor, std::uint64_t count, const std::string& shown) {
    cursor.set_context("");
    cursor.require_room(count, smallest_entry, "metadata keys");
    ValueReader reader(cursor);
    std::unordered_set<std::string> seen;
    auto root = std::make_shared<Json::Node>();
    auto& object = root->value.emplace<Json::Node::Object>();
    for (std::uint64_t i = 0; i < count; ++i) {
        std::string key = read_key(cursor, i);
        if (!seen.insert(key).second) cursor.fail("comes twice");
        const ValueType type = reader.type();
        Json::Node value = reader.value(type);
        object.push_back({std::move(key), std::move(value)});
    }
    return Json::with_root(std::move(root), std::make_shared<const std::string>(shown + ": metadata"));
}

}  // namespace headway
