// Channels from evaluated numbers: what `channels` and `strongest_channels` have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/channels.hpp"

#include <span>
#include <string>
#include <vector>

namespace headway {

/// Σ of squares.
double square_sum(std::span<const double> values);

/// What the components of one end are held against.
struct OtherEnd {
    double norm = 0;           ///< Σt² of the other end, in the scale of `read`
    double participation = 0;  ///< its effective rank
    double dimension = 0;      ///< of the baseline
    std::string zero = {};     ///< why nothing is defined; empty otherwise
};
/// Of the singular values `t` of the other end, largest first.
OtherEnd other_end(std::span<const double> t, int dimension);

/// The same of readers at an offset or over several: the heads of each end, one after the other. `balanced`:
/// with balance_heads, as the squares that they are held against.
std::vector<OtherEnd> rotated_readers(const Model& model, std::span<const ScoreEnds> ends,
                                      const ScoreOptions& score, const EvaluateOptions& balanced);

/// `zero norm: L0H3` when an end of the pair, with these largest singular values, has none; or else empty.
std::string zero_norm(const ChannelPair& pair, double largest_written, double largest_read);

/// The channels of components with singular values `s` and squares |v_i M|² `read`.
std::vector<Channel> channels_of(std::span<const double> s, std::span<const double> read,
                                 const OtherEnd& other, const ChannelOptions& options);

/// The composition score² that the channels add up to.
double total_square(const std::vector<Channel>& channels);

/// d of the baseline.
int channel_dimension(const Config& config);

}  // namespace headway
