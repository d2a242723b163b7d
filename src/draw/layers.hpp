// Layered placement: items in rows, joined by links between neighbouring rows; an order with few crossings,
// then places that keep links straight and items apart.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace headway {

struct LayerItem {
    std::size_t row = 0;
    double width = 0;
    double stiffness = 1;  ///< how much an item insists on its wished place; dummies of long edges more
    double x = 0;          ///< result: the centre
};

/// A link from an item to one in the next row, with the offsets of its ends from the items' centres.
struct LayerLink {
    std::size_t low = 0;
    std::size_t high = 0;
    double weight = 1;
    double low_offset = 0;
    double high_offset = 0;
};

/// Places the items: sets every `x`. The given order of the items breaks ties, so the result is
/// deterministic.
void place_layers(std::vector<LayerItem>& items, const std::vector<LayerLink>& links, double gap);

/// Moves whole groups of items that links join together, so that no empty columns are left between them: the
/// largest stays, the others stand as near to its middle as they fit. Items that `apart` marks (bars) are in
/// no group and stay.
void pack_groups(std::vector<LayerItem>& items, const std::vector<LayerLink>& links,
                 const std::vector<char>& apart, double gap);

}  // namespace headway
