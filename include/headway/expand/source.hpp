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
    Mlp,            ///< `mlp5`: the output of an MLP, its b_out included
    OutBias,        ///< `b_O[L3]`
    ValueBias,      ///< `b_V[L3H2]`: has traversed its head, and counts it
    NormBias,       ///< `ln1.b[L3]`: enters the heads of layer 3 by a port (`ln1.b[L3] > L3H2.V`)
    FinalNormBias,  ///< `ln_final.b`
    UnembedBias,    ///< `b_U`
    QueryBias,      ///< `b_Q[L1H4]`, in scores only
    KeyBias,        ///< `b_K[L1H4]`, in scores only
    HeadOutput      ///< `L0H3`: all that an upstream head writes, in scores only
};
inline constexpr int n_source_kinds = 11;

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
