// Channels between heads as tables and as a picture.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/npy.hpp"
#include "headway/io/token_text.hpp"
#include "headway/measure/channels.hpp"
#include "headway/measure/embedding.hpp"
#include "headway/report/plot.hpp"
#include "headway/report/table.hpp"

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

namespace headway {

/// Which channels of a pair are shown.
enum class ChannelSide {
    Writer,  ///< components of the writer's W_OV
    Reader,  ///< components of the reader's matrix
    Both     ///< one of each: component to component
};
/// `writer`, `reader` or `both`. Throws Error(Usage).
ChannelSide parse_channel_side(std::string_view text);
/// `excess`, `score`, `z` or `contribution`. Throws Error(Usage).
ChannelOrder parse_channel_order(std::string_view text);

struct ChannelView {
    ChannelSide side = ChannelSide::Writer;
    std::size_t top = std::numeric_limits<std::size_t>::max();
    std::size_t tokens = 0;  ///< how many stand for each end of a direction; 0: no columns of tokens
    TokenText text = {};     ///< theirs
    Embedding embedding = Embedding::Raw;  ///< what stands for a token where a direction is read
    EvaluateOptions evaluate = {};         ///< for them
};

/// Columns `component,singular_value,weight,score,baseline`, then excess, z, contribution, share; the
/// component of the other end through which most of it goes and the cosine of the two; tokens; and why
/// something is undefined. A subspace is `3-5`. By descending singular value.
/// Of ChannelSide::Both: `component,reader_component,cosine,baseline,contribution,share`, tokens; by
/// contribution.
Table channel_rows(const Model& model, const Channels& channels, const ChannelOptions& options,
                   const ChannelView& view = {});

/// Columns `kind,writer,reader,component,singular_value,weight,score,baseline`, then as channel_rows.
Table channel_ranking_rows(const Model& model, const ChannelRanking& ranking, const ChannelSearch& search,
                           const ChannelView& view = {});

/// `singular_value` `weight` `score` by channel of the writer and `first_component` `last_component` of it,
/// `reader_..` of the reader; `cosine` [component, reader's component].
std::vector<NpyArray> channel_arrays(const Channels& channels);

/// Singular values, and how much of each component the other end takes, against the baseline. Of
/// ChannelSide::Both that of the writer. A subspace has as many bars as dimensions.
SpectrumPlot channel_plot(const Channels& channels, ChannelSide side);

}  // namespace headway
