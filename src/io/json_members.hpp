// A large JSON object read member by member, so that a header of 100 MB is never a tree in memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/json.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace headway {

/// Where a text comes from, for messages.
struct JsonSource {
    std::string shown;                  ///< `model.safetensors: header`
    std::uint64_t first_byte = 0;       ///< of the text in its file
    std::size_t max_values = SIZE_MAX;  ///< of one member
};

/// Calls `member` with each key and value of an object, in order; finding a key twice is left to the caller.
/// Throws Error(Malformed): no object, not valid, a member of too many values.
void for_each_member(std::string_view text, const JsonSource& source,
                     const std::function<void(std::string key, const Json& value)>& member);

/// `text` as a JSON string, with its quotes. Throws Error(Usage) unless it is UTF-8.
std::string json_text(std::string_view text);

}  // namespace headway
