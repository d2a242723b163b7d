// What stands between two weights of a head, or behind one, as factors: norms behind branches, norms of queries
// and keys, the norm behind the embedding, rotations. Composition scores and circuits of heads take them in
// from here.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/network/expression.hpp"

#include <cstddef>
#include <functional>
#include <vector>

namespace headway {

/// A weight by its symbol, wired to the given indices; the caller adds what numbers its heads and layers.
using WeightOf = std::function<Wired(const char* symbol, const std::vector<Index>& inner)>;

/// C on a port of a node; of a LayerNorm model only.
Expr centred(const Config& config, const Expr& node, std::size_t port);

/// A gain on a port of a node.
Expr scaled(const Expr& node, std::size_t port, const Expr& gain);

/// The weight that ends a branch, from `from` to `to`, and where gains are folded the norm behind the branch.
/// `between`: a free index.
std::vector<Wired> branch_factors(const Config& config, const WeightOf& weight, const char* symbol,
                                  const char* gain, Index from, Index to, Index between);

/// The gain of the norm of queries (`q_norm.w`) or keys (`k_norm.w`) on each of `inner`; none where there is
/// none, or gains are not folded.
std::vector<Wired> query_key_gains(const Config& config, const WeightOf& weight, const char* gain,
                                   const std::vector<Index>& inner);

/// The norm behind the embedding, where gains are folded, on a port of a node; centred again where writers
/// are. The node itself where there is none.
Expr behind_embedding_norm(const Config& config, const Expr& node, std::size_t port);

/// R by `offset` positions: ports [of the query, of the key]. Evaluated on `offset` + 1 tokens or more.
Expr rotation_by(const Rotary& rotary, int offset);

}  // namespace headway
