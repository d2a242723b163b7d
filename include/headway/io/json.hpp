// Strict JSON for configurations: no duplicate keys, byte order mark, comments, NaN, integers beyond 64 bits
// or deep nests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headway {

/// A JSON value that knows the file and key it came from. A getter that does not find what it asks for throws
/// Error(Unsupported): `config.json: "n_head" is "12", expected an integer`. Copies are cheap.
class Json {
public:
    enum class Type { Null, Boolean, Integer, Number, Text, Array, Object };

    Type type() const;
    bool is_null() const { return type() == Type::Null; }

    bool boolean() const;
    std::int64_t integer() const;  ///< 2.0 is no integer
    double number() const;         ///< an integer is a number too
    std::string text() const;

    std::size_t size() const;          ///< of an array
    Json at(std::size_t index) const;  ///< of an array

    std::vector<std::string> keys() const;                      ///< of an object, in the file's order
    std::vector<std::pair<std::string, Json>> members() const;  ///< of an object, in the file's order
    bool has(std::string_view key) const;                       ///< present, and not null
    bool contains(std::string_view key) const;                  ///< present, perhaps null
    Json at(std::string_view key) const;                        ///< throws when absent
    std::optional<Json> find(std::string_view key) const;       ///< nothing when absent or null

    bool boolean(std::string_view key) const { return at(key).boolean(); }
    std::int64_t integer(std::string_view key) const { return at(key).integer(); }
    double number(std::string_view key) const { return at(key).number(); }
    std::string text(std::string_view key) const { return at(key).text(); }
    /// A size or a number of things: an integer from 1 to 2^31 - 1.
    int count(std::string_view key) const { return at(key).count(); }
    int count() const;
    /// A number > 0 (an epsilon, a rotary base).
    double positive(std::string_view key) const { return at(key).positive(); }
    double positive() const;

    /// The same, or `otherwise` when the key is absent or null.
    bool boolean(std::string_view key, bool otherwise) const;
    std::int64_t integer(std::string_view key, std::int64_t otherwise) const;
    double number(std::string_view key, double otherwise) const;
    std::string text(std::string_view key, std::string_view otherwise) const;
    int count(std::string_view key, int otherwise) const;
    double positive(std::string_view key, double otherwise) const;

    /// `config.json: "rope_scaling.factor"`: the beginning of a message about this value.
    std::string where() const;
    /// The value as a message shows it, cut: `"12"`, `1.5`, `null`, `an array`.
    std::string shown() const;

    struct Node;  // the tree, our own business
    static Json with_root(std::shared_ptr<const Node> root, std::shared_ptr<const std::string> file);

private:
    Json() = default;
    const Node* member(std::string_view key) const;  // nullptr when absent
    Json below(std::string_view key, const Node* node) const;

    std::shared_ptr<const Node> root_;  // keeps the tree alive
    const Node* node_ = nullptr;
    std::shared_ptr<const std::string> file_;
    std::string path_;  // keys and indices from the root
};

/// Parses UTF-8 JSON; `file` is for messages. Throws Error(Malformed) with the byte.
Json parse_json(std::string_view text, std::string file);

/// Reads a file of at most 16 MiB. Throws Error: Io, Malformed.
Json read_json(const std::filesystem::path& path);

}  // namespace headway
