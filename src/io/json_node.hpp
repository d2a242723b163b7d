// The tree behind Json.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/json.hpp"

#include <string>
#include <variant>
#include <vector>

namespace headway {

struct Json::Node {
    using Array = std::vector<Node>;
    struct Member;
    using Object = std::vector<Member>;
    /// An integer above 2^63 - 1 is kept unsigned.
    std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value;
};

struct Json::Node::Member {
    std::string first;  ///< its key
    Node second;
};

}  // namespace headway
