// Edits as people write them, a list with commas between:
//   L0H3                          the head removed
//   L0H3.V:0-2                    components of its OV removed; L0H3.V:{0,2,5-7}
//   L0H0>L1H4.K                   the edge closed; into Q, V, mlp1 and unembed alike; mlp0>L1H4.K
//   L0H3=0.5, L0H3.V:0-2=0.5, L0H0>L1H4.K=0.5    the same, scaled
// Numbers of heads and layers can be sets: L0H{0,2,4}>L1H{2,4-7}.K, L1H*, L*H3. Spaces do not matter.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/edit.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// Whether the items of a list have factors.
enum class EditFactor { Optional, Absent, Required };

/// The edits of `text`, sorted and without repeats; none when it is empty. Throws Error(Usage) that shows the
/// item, and as check_edits.
Edits parse_edits(std::string_view text, const Config& config, EditFactor factor = EditFactor::Optional);

/// Heads alone: `L1H{2,4-7},L0H3`, sorted and without repeats. Throws Error(Usage), Error(Unsupported).
std::vector<Head> parse_head_sets(std::string_view text, const Config& config);

/// Adds the edits of `more`: what both have once. Throws as check_edits.
void add_edits(Edits& edits, const Edits& more, const Config& config);

/// What `parse_edits` reads, edges of one writer and one layer of readers together: `L0H0>L1H{2,4-7}.K`.
/// Given patterns are none of its items.
std::string to_text(const Edits& edits);
/// The edges alone, an item each.
std::vector<std::string> edge_texts(const std::vector<ScaledEdge>& edges);
/// `{2,4-7}`, or `2` alone.
std::string number_set(const std::vector<int>& numbers);

}  // namespace headway
