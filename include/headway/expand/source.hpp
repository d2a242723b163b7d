// Where a path begins: something that is added to the residual stream, to one head, or to the logits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace headway {

enum class SourceKind : std::uint8_t {
    Embed,          ///< `embed`: token W_E
    Pos,            ///< `pos`: W_pos
    EmbedBias,      ///< `b_E`
    EmbedNormBias,  ///< `ln_embed.b`: of the norm behind the embedding
    Mlp,            ///< `mlp5`: what an MLP adds to the stream, its b_out and a norm behind it included
    OutBias,        ///< `b_O[L3]`
    ValueBias,      ///< `b_V[L3H2]`: has traversed its head, and counts it
    NormBias,  ///< `ln1.b[L3]`: enters the heads of layer 3 by a port (`ln1.b[L3] > L3H2.V`), or, of a norm
               ///< on the stream, is written behind them
    MlpNormBias,    ///< `ln2.b[L3]`: of a norm on the stream
    FinalNormBias,  ///< `ln_final.b`
    UnembedBias,    ///< `b_U`
    QueryBias,      ///< `b_Q[L1H4]`, in scores only
    KeyBias,        ///< `b_K[L1H4]`, in scores only
    HeadOutput,     ///< `L0H3`: all that an upstream head writes, in scores only
    Alibi           ///< `alibi`: slope times distance, on both sides of a score at once
};
inline constexpr int n_source_kinds = 15;

/// The word that labels of the kind begin with: `embed`, `mlp`, `b_V`; of HeadOutput, whose labels have
/// none, `head`.
std::string_view name(SourceKind kind);

/// A source. `layer` and `head` are -1 where the kind has none.
struct Source {
    SourceKind kind = SourceKind::Embed;
    int layer = -1;
    int head = -1;
    auto operator<=>(const Source&) const = default;
};

/// `embed`, `mlp5`, `b_O[L3]`, `b_V[L3H2]`, `L0H3`; a value bias of all heads of its layer: `b_V[L3]`.
std::string label(const Source& source);

/// Reads what `label` writes. Throws Error(Usage) that shows the text.
Source parse_source(std::string_view text);

/// Whether the source is a bias vector.
bool is_bias(SourceKind kind);

}  // namespace headway
