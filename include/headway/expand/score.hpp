// The pre-softmax attention score of a head, expanded: which source on the query side meets which on the key
// side.
//
// Each side of q Kᵀ is linear in the residual stream once the norm scale is frozen, so it is a sum over what
// was written there: the embedding, positions, whole upstream heads, MLPs, biases; and the score is the sum
// over pairs. This is what Q- and K-composition are: pairs whose query or key side was written by a head (or
// an MLP).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/path_term.hpp"

#include <string_view>
#include <vector>

namespace headway {

/// What a source contributes to the query or the key of a head: ports [position, head_inner]; norms (of
/// the stream, and of queries and keys) and rotation included.
struct ScoreSide {
    Source source;
    Expr node;
};

/// Both sides of a head's score; the score is the sum of `score_term(.., i, j)` over all i, j, and of
/// `alibi`, exactly. A soft cap comes behind it.
struct ScoreExpansion {
    Head head;
    std::vector<ScoreSide> query;
    std::vector<ScoreSide> key;
    Expr
        alibi;  ///< slope times distance, of no source (SourceKind::Alibi stands for it); null: there is none
};

/// Which sides are composed, that is written by a head or an MLP.
enum class ScoreClass { None, Q, K, QK };
ScoreClass score_class(const Source& query, const Source& key);
/// `none`, `q`, `k`, `qk`.
std::string_view name(ScoreClass score_class);

/// The expansion of the score of `head`. Sources, in the order of the residual stream: embed, pos, b_E,
/// ln_embed.b, per upstream layer its heads (with their b_V and with frozen patterns), b_O and MLP
/// (frozen) and the biases of norms on the stream; then the head's own b_Q or b_K and the bias of its
/// norm. Any model has one, whatever its head. Throws Error(Usage) when the model has no such head. Cost:
/// linear in the number of sources.
ScoreExpansion expand_score(const FrozenModel& model, Head head);

/// The part of the score that query source i and key source j make: ports [query position, key position],
/// scale included.
Expr score_term(const ScoreExpansion& expansion, std::size_t query, std::size_t key);

/// The whole score of the head in the frozen network, before any soft cap: what the terms add up to.
/// Ports [query position, key position].
Expr whole_score(const FrozenModel& model, Head head);

}  // namespace headway
