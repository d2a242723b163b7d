// The leaves of an exact evaluation: weights as hashes, copies, and index relations.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/field.hpp"

namespace headway {

/// The weights of a random model. `ports` are the leaf's.
ModularArray tensor_value(const Tensor& leaf, const std::vector<Space>& ports, const ModularModel& model);
/// Identity, copy tensor, all-ones vector.
ModularArray copy_value(const std::vector<Space>& ports, const ModularModel& model);
/// Token, causal, before, shift, one_hot, centre, rope.
ModularArray structure_value(const Structure& structure, const std::vector<Space>& ports,
                             const ModularModel& model);

/// Extents of a list of spaces. Throws Error(Usage) where the model does not say how far a space extends.
std::vector<std::int64_t> extents_of(const std::vector<Space>& spaces, const ModularModel& model);

/// Calls `entry(place, indices)` for each entry of an array of `shape`, row-major.
template <class Entry>
void for_each_entry(const std::vector<std::int64_t>& shape, std::size_t size, Entry entry) {
    std::vector<std::int64_t> indices(shape.size(), 0);
    for (std::size_t place = 0; place < size; ++place) {
        entry(place, indices);
        for (std::size_t axis = shape.size(); axis-- > 0;) {
            if (++indices[axis] < shape[axis]) break;
            indices[axis] = 0;
        }
    }
}

}  // namespace headway
