// Channels between heads: through which singular components of its OV a head writes what another one reads.
//   W_OV of the writer      = Σ_i s_i u_i v_i     leaves U_OV, s_OV, V_OV: it reads u_i and writes v_i
//   M of the reader         = Σ_j t_j r_j o_j     it reads r_j; M = W_QK (Q), W_QKᵀ (K), W_OV (V)
//   score_i                 = |v_i M| / |M|       and |v_i M|² = Σ_j t_j² (v_i·r_j)²
//   composition score²      = Σ_i (s_i² / Σs²) score_i², exactly
// Near-equal singular values have no vectors of their own: such components are one channel, a subspace, with
// the sum of their weights and the root mean square of their scores, which no choice of basis changes.
// Rotary models: W_QK of a query at the key's position, or at an offset; over several offsets |v_i M|² and
// |M|² are means, and the reader has no components. Of models with norms on the stream both are the weights
// alone.
// Reference: Merullo, Eickhoff, Pavlick 2024, "Talking Heads".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/composition.hpp"

#include <xtensor/xtensor.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// A writer, a head of a later layer, and which input of that reads.
struct ChannelPair {
    Head writer, reader;
    Composition kind = Composition::K;
    auto operator<=>(const ChannelPair&) const = default;
};

/// The leaves of the components of a matrix of heads.
struct ComponentSymbols {
    const char* matrix;   ///< `W_OV` or `W_QK`, as captions call it
    const char* vectors;  ///< that meet the other end in the stream: `V_OV` of a writer, `V_QK` of a K reader
    const char* values;   ///< `s_OV`
    const char* others;   ///< the other side of the matrix: `U_OV`, `U_QK`
};
ComponentSymbols writer_components();
ComponentSymbols reader_components(Composition kind);

/// The weights alone, at offset 0.
inline constexpr ScoreOptions weights_alone{.stream_norms = false};

/// v_i·r_j: ports [channel of the writer, channel of the reader].
Expr channel_overlaps(const Config& config, const ChannelPair& pair);
/// |v_i M|² of the writer's components, or |W_OV r_j|² of the reader's: ports [channel]. At an offset M is
/// made of W_Q and W_K. Throws Error(Unsupported) for the reader's at an offset: no leaves hold them.
Expr channel_squares(const Config& config, const ChannelPair& pair, ScoreEnd components,
                     const ScoreOptions& score = weights_alone);
/// |v_i M|² of all pairs of heads of two layers: ports [head(, member), channel, head(, member)].
Expr layer_channel_squares(const Config& config, int writer_layer, int reader_layer, Composition kind,
                           const ScoreOptions& score = weights_alone);

/// One component, or a subspace of near-equal ones.
struct Channel {
    int first = 0, last = 0;     ///< components, numbered from the largest on
    double singular_value = 0;   ///< of a subspace the root mean square
    double weight = 0;           ///< s_i² / Σs²
    double score = 0;            ///< of a subspace the root mean square
    double baseline = 0;         ///< 1/sqrt(d): root of the mean square score of a random direction
    double excess = 0;           ///< score - baseline
    double z = 0;                ///< (score² - 1/d) / standard deviation under random rotation
    double contribution = 0;     ///< weight score²: these add up to the composition score²
    std::string undefined = {};  ///< why score, excess, z are undefined (NaN); empty otherwise
};

struct ChannelOptions {
    /// Neighbours are one subspace where (s_i - s_j) / s_i is below this.
    double gap = 1e-4;
    /// Rotary models: at which offset of query and key, or over which. `stream_norms` stays off.
    ScoreOptions score = weights_alone;
};

/// All channels of a pair, by descending singular value.
struct Channels {
    ChannelPair pair;
    std::vector<Channel> writer{};     ///< components of the writer's W_OV, as M reads them
    std::vector<Channel> reader{};     ///< components of M, as W_OV writes them: |W_OV r_j| / |W_OV|
    xt::xtensor<double, 2> overlap{};  ///< v_i·r_j `[d_head, d_head]`; none where M is of several offsets
    double square = 0;                 ///< the composition score²; NaN where undefined
    int effective_dimension = 0;       ///< d of the baseline
};

/// The model with W_Q R in the place of W_Q: its W_QK is that of a query `offset` positions behind the key,
/// for what is said of weights, not for runs. The model itself where nothing turns. Throws as evaluate.
Model with_rotated_queries(const Model& model, int offset, const EvaluateOptions& options = {});

/// Throws Error(Usage) when the writer is not in an earlier layer than the reader, and as evaluate.
std::vector<Channels> channels(const Model& model, std::span<const ChannelPair> pairs,
                               const EvaluateOptions& evaluate = {}, const ChannelOptions& options = {});

/// What channels are ranked by, largest first.
enum class ChannelOrder { Excess, Score, Z, Contribution };

struct ChannelSearch {
    std::vector<Composition> kinds{Composition::Q, Composition::K, Composition::V};
    std::vector<Head> from = {}, to = {};  ///< empty: all heads
    ChannelOrder order = ChannelOrder::Excess;
    double least_weight = 0;  ///< channels of at least this weight only
    std::size_t top = 20;
    ChannelOptions channel = {};
};

struct RankedChannel {
    ChannelPair pair;
    Channel channel;
    double share = 0;  ///< of the pair's composition score²
};

/// The strongest channels of all pairs.
struct ChannelRanking {
    std::vector<RankedChannel> rows = {};
    std::size_t pairs = 0, channels = 0;  ///< how many there are
    int effective_dimension = 0;
};

/// One network for every two layers and kind. Cost: d_head² d_model multiply-adds a pair. Throws as evaluate.
ChannelRanking strongest_channels(const Model& model, const ChannelSearch& search,
                                  const EvaluateOptions& evaluate = {});

}  // namespace headway
