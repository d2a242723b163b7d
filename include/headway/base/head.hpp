// The one label of an attention head, everywhere: L1H4 is head 4 of layer 1, both counted from 0.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace headway {

/// An attention head. Ordered by layer, then by index.
struct Head {
    int layer = 0;
    int index = 0;
    auto operator<=>(const Head&) const = default;
};

/// `L1H4`.
std::string label(Head head);

/// Reads `L1H4` or `1.4`. Throws Error(Usage) that shows the text.
Head parse_head(std::string_view text);

}  // namespace headway
