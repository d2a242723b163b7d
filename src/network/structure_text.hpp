// How the text form writes structures and reads them back: `token`, `causal(5)`, `rope(8,10000,adjacent)`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"
#include "network/cursor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headway {

/// The name without its indices.
std::string structure_name(const Structure& structure);

/// The structure of that name, whose parameters follow; nothing for other names, and for `one_hot`, whose
/// indices tell its space.
std::optional<Expr> take_structure(Cursor& in, std::string_view name);

/// Reads `(7)`.
std::int64_t take_number_in_brackets(Cursor& in);

}  // namespace headway
