// The key-values of a GGUF file as a JSON object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/json.hpp"
#include "io/gguf_cursor.hpp"

namespace headway {

/// Reads `count` key-values. Integers stay integers, arrays arrays; a number of four bytes is given as the
/// double that equals it. Throws Error: Malformed (an empty or doubled key, an unknown type, a truth value
/// that is neither 0 nor 1), Limit (more than 4 million values).
Json read_gguf_metadata(GgufCursor& cursor, std::uint64_t count, const std::string& shown);

}  // namespace headway
