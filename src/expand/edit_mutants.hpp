// Identities that edits have, for the campaign of mutants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/mutants.hpp"
#include "headway/expand/edit.hpp"

namespace headway {

/// Every edge from a head to what reads the stream.
std::vector<ClosedEdge> edges_from(const Config& config, Head writer);

/// Whether closing all edges of a head is removing it: what it wrote is a summand of the stream, and no norm
/// behind its branch has seen it.
bool closing_is_removing(const Config& config);

/// A model edited in two ways that come to the same, as the seed chooses: a head removed, or all its edges
/// closed; two edits one after the other, or at once.
std::optional<Equality> of_edit(const Config& config, std::uint64_t seed);

}  // namespace headway
