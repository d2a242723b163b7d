// A Python pickle read as inert data. What Python would call is written down as a Call with its arguments;
// nothing is ever called, and a name that the reader's owner does not know is refused before anything is
// done with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// One value. Values name each other by index, so that shared and recursive ones are no trouble.
struct PickleValue {
    enum class Kind : std::uint8_t {
        Plain,       ///< None, a truth value, a number, bytes, a set: nothing that names or holds a tensor
        Integer,     ///< in `integer`
        Text,        ///< in `text`
        Tuple,       ///< `parts`: its elements
        List,        ///< `parts`: its elements
        Dictionary,  ///< `parts`: key, value, key, value, ...
        Global,      ///< a name that is known: `integer` is what the owner said of it
        Call,  ///< `parts`: what would be called (a Global), its arguments (a Tuple), key, value, ... set
        Persistent  ///< `parts`: the identity of something kept outside the pickle
    };
    Kind kind = Kind::Plain;
    std::int64_t integer = 0;
    std::string text = {};  ///< of a Plain: the bytes of an integer beyond 64 bits
    std::vector<std::uint32_t> parts = {};
};

/// Where a pickle stands, and which names it may have.
struct PickleSource {
    std::string shown;  ///< `model.pt: data.pkl`
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  ///< the pickle ends here or before
    std::function<void(std::uint64_t offset, std::span<std::byte> out)> read;
    /// A number for a name that is known (`torch`, `FloatStorage`), or nothing. It may throw an Error of
    /// its own.
    std::function<std::optional<std::int64_t>(std::string_view module, std::string_view name)> find_global;
};

struct Pickle {
    std::vector<PickleValue> values;
    std::uint32_t root = 0;
    std::uint64_t end = 0;  ///< the byte behind it

    const PickleValue& at(std::uint32_t index) const { return values[index]; }
};

/// Reads one pickle of protocol 2 to 5. Throws Error: Malformed, Unsupported (an unknown name; an
/// instruction of a protocol that stored programs, not data), Limit (more than 100 MB or 2 million values).
Pickle read_pickle(const PickleSource& source);

}  // namespace headway
