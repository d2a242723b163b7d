// The tree behind Json.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/json.hpp"

#include <utility>
#include <variant>

namespace headway {

struct Json::Node {
    using Array = std::vector<Node>;
    using Object = std::vector<std::pair<std::string, Node>>;
    /// An integer above 2^63 - 1 is kept unsigned.
    std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value;
};

}  // namespace headway
