// Identities that edits have, for the campaign of mutants.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/mutants.hpp"
#include "headway/expand/edit.hpp"

namespace headway {

/// Every edge from a head to what reads the stream.
std::vector<ScaledEdge> edges_from(const Config& config, Head writer, double factor = 0);

/// Every edge of a head scaled by the factor of the head: the leaf `head_scale` stands for every `edge_scale`.
Network with_edges_scaled(const Network& network, const Config& config, Head head);

/// Whether closing (scaling) all edges of a head is removing (scaling) it: what it wrote is a summand of the stream, and no norm
/// behind its branch has seen it.
bool closing_is_removing(const Config& config);

/// A model edited in two ways that come to the same, as the seed chooses: a head removed or scaled, or all its
/// edges; two edits one after the other, or at once.
std::optional<Equality> of_edit(const Config& config, std::uint64_t seed);

}  // namespace headway
