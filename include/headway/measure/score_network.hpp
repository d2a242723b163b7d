// Composition scores as networks: ‖A B‖² of a writer A and a reader B of the residual stream, for all pairs
// at once.
//
// A writer is a product of weights that ends in the stream, a reader one that begins in it:
//   writers  W_E, W_pos, W_OV = W_V W_O of every head, W_out of every MLP
//   readers  W_QK (Q), its transpose (K), W_OV (V) of every head, W_in of every MLP, W_U
// Every network is made of two Gram matrices over the stream, G = AᵀA and H = B Bᵀ: ‖A B‖² = ⟨G, H⟩, ‖A‖² =
// tr G, ‖AᵀA‖² = ⟨G, G⟩. Their factors stay apart: which order is cheap is the planner's business.
//
// Gains of norms that no weight reads alone are factors where a model's gains are folded: those behind a
// branch on what W_O and W_out write, those of queries and keys between W_Q and W_K, that of the embedding on
// W_E and W_pos. Scales of a run (1/σ) are left out. Where norms stand on the stream itself, a writer passes
// every norm between it and the reader: A Π (C γ) B. The last one counts as the reader's, C γ B, and what
// arrives before it as the writer's, A .. C, so both ends are centred.
// Reference: Elhage et al. 2021, "Analyzing a two-layer model".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/head.hpp"
#include "headway/base/reader.hpp"
#include "headway/network/expression.hpp"

namespace headway {

enum class Writer { Embed, Position, Heads, Mlps };

/// The components of an end: `layers` layers from `first` on (0: all), all their heads or one. Embeddings and
/// the unembedding have no layers.
struct ScorePart {
    int first = 0;
    int layers = 0;
    int head = -1;
    bool operator==(const ScorePart&) const = default;
};
ScorePart one_head(Head head);

/// What a score is of, beyond the pair.
struct ScoreOptions {
    /// Rotary models: W_QK is W_Q R W_Kᵀ, R the rotation by `offset` positions (query minus key).
    int offset = 0;
    /// The mean of ‖A B‖² and of ‖B‖² over the offsets 0 to `offset`.
    bool mean_over_offsets = false;
    /// Models whose norms stand on the stream: writers pass them. Otherwise every weight is the file's alone.
    bool stream_norms = true;

    /// Positions that the networks range over: they are evaluated on so many tokens (any). 0: none.
    int positions() const { return mean_over_offsets || offset > 0 ? offset + 1 : 0; }
    bool operator==(const ScoreOptions&) const = default;
};

/// A kind of edge, and which components of its two ends.
struct ScoreEnds {
    Writer writer = Writer::Heads;
    Reader reader = Reader::K;
    ScorePart from{};
    ScorePart to{};
};

/// ‖A B‖² for all pairs. Ports: layer, head(, member) of the writer as far as it has several of them, then
/// those of the reader. Where both are heads of all layers, pairs whose writer is not strictly earlier are 0
/// (a factor `before`). Where writers pass norms of the stream (`passes_stream_norms`), both ends are of one
/// layer.
Expr pair_norm(const Config& config, const ScoreEnds& ends, const ScoreOptions& options = {});

enum class ScoreEnd { Writer, Reader };

/// ‖A‖² of all writers or ‖B‖² of all readers: ports layer, head(, member).
Expr end_norm(const Config& config, const ScoreEnds& ends, ScoreEnd end, const ScoreOptions& options = {});

/// ‖AᵀA‖² or ‖B Bᵀ‖²: what the participation ratio (‖A‖²)² / ‖AᵀA‖² divides by.
Expr end_gram_norm(const Config& config, const ScoreEnds& ends, ScoreEnd end,
                   const ScoreOptions& options = {});

/// v H vᵀ of every component v of heads that write (V_OV), H = B Bᵀ of the readers: |v B|². Ports: layer,
/// head(, member) of the writer, channel, then those of the reader. Norms on the stream are left out.
Expr component_norm(const Config& config, const ScoreEnds& ends, const ScoreOptions& options);

/// Whether the norm of a writer depends on its reader.
bool passes_stream_norms(const Config& config, const ScoreOptions& options);

/// d of the baseline 1/sqrt(d): d_model, or d_model - 1 where writers and readers are centred.
int effective_dimension(const Config& config, const ScoreOptions& options = {});

/// Q, K or V of heads.
bool is_head(Reader reader);

}  // namespace headway
