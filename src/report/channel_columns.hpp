// Columns that tables of channels have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/directions.hpp"
#include "headway/report/channel_table.hpp"

#include <array>
#include <span>
#include <string>
#include <vector>

namespace headway {

/// `3`, or `3-5` of a subspace.
Cell component_cell(const Channel& channel);
/// The number, or nothing where it is undefined.
Cell number_cell(double value);

/// singular_value, weight, score, baseline, excess, z, contribution.
void append_channel_columns(Table& table);
void append_channel_cells(std::vector<Cell>& cells, const Channel& channel);

/// Σ (v_i·r_j)² over two channels of a pair.
double overlap_square(const Channels& channels, const Channel& writer, const Channel& reader);
/// v_i·r_j of two components; of subspaces the root mean square of their principal cosines.
double channel_cosine(const Channels& channels, const Channel& writer, const Channel& reader);
/// The channel among `others` through which most of `channel`, of the end `side`, goes: the largest t_j²
/// (v_i·r_j)². nullptr: none.
const Channel* partner_of(const Channels& channels, ChannelSide side, const Channel& channel);

/// The four directions that a channel joins, for tokens: what the writer reads and writes, what the reader
/// reads, and what the reader's matrix makes of it. One sign for all: see append_tokens.
struct JoinedDirections {
    ChannelPair pair;
    const Channel* writer = nullptr;
    const Channel* reader = nullptr;  ///< either may be missing
    double cosine = 1;                ///< of what is written and read
};

/// The model whose components are those of the channels, for their tokens.
Model at_offset(const Model& model, const ChannelOptions& options, const ChannelView& view);

/// Columns of the `view.tokens` tokens at the ends of each direction: `writer_reads`, `writer_writes`,
/// `reader_reads`, `reader_matches` (Q, K: the other side of W_QK) and `reader_writes` (V), and those of the
/// opposite ends, `.._opposite`, as details. The end that is shown is the one whose tokens the writer reads
/// more strongly; the other directions have the sign that follows from it. And the sentence that says so.
void append_tokens(Table& table, const Model& model, std::span<const JoinedDirections> rows,
                   const ChannelView& view);

/// `Components whose singular values ...`.
std::string subspace_sentence(const ChannelOptions& options);

}  // namespace headway
