// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "report/channel_columns.hpp"
#include "report/score_caption.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace headway {

namespace {

constexpr std::array<std::pair<const char*, ChannelOrder>, 4> orders{
    {{"excess", ChannelOrder::Excess},
     {"score", ChannelOrder::Score},
     {"z", ChannelOrder::Z},
     {"contribution", ChannelOrder::Contribution}}};

std::string name_of(ChannelOrder order) {
    return std::ranges::find(orders, order, &std::pair<const char*, ChannelOrder>::second)->first;
}

std::string range_sentence(const ChannelRanking& ranking, const ChannelSearch& search) {
    std::string kinds;
    for (const Composition kind : search.kinds)
        kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", letter(kind));
    return fmt::format(
        "{} of {} channels of {} pairs ({}): the largest by {}{}.", ranking.rows.size(), ranking.channels,
        ranking.pairs, kinds, name_of(search.order),
        search.least_weight > 0 ? fmt::format(", weight at least {}", search.least_weight) : "");
}

/// The channels of the pairs of the ranking, each once.
std::map<ChannelPair, Channels> channels_of(const Model& model, const ChannelRanking& ranking,
                                            const ChannelSearch& search, const ChannelView& view) {
    std::set<ChannelPair> pairs;
    for (const RankedChannel& row : ranking.rows) pairs.insert(row.pair);
    const std::vector<ChannelPair> list(pairs.begin(), pairs.end());
    std::map<ChannelPair, Channels> result;
    for (Channels& each : channels(model, list, view.evaluate, search.channel))
        result.emplace(each.pair, std::move(each));
    return result;
}

}  // namespace

ChannelOrder parse_channel_order(std::string_view text) {
    for (const auto& [name, order] : orders)
        if (name == text) return order;
    throw Error(ErrorKind::Usage, fmt::format("channels are not ranked by {}", quote(text)),
                "they are ranked by excess, score, z or contribution");
}

Table channel_ranking_rows(const Model& model, const ChannelRanking& ranking, const ChannelSearch& search,
                           const ChannelView& view) {
    const double d = ranking.effective_dimension;
    Table table;
    table.caption = {
        "Channels: components of W_OV(writer) = sum s_i u_i v_i, largest first, and what the reader reads of "
        "them: score |v_i M| / |M|, M = W_QK (q), W_QK^T (k), W_OV (v); weight s_i^2 / sum s^2; contribution "
        "weight score^2; share: of the pair's composition score^2.",
        baseline_sentence(ranking.effective_dimension, 1 / std::sqrt(d)), subspace_sentence(search.channel),
        range_sentence(ranking, search)};
    for (std::string& sentence : score_sentences(model.config(), search.channel.score))
        table.caption.push_back(std::move(sentence));
    table.columns = {{"kind", ColumnKind::Text, 0},
                     {"writer", ColumnKind::Text, 0},
                     {"reader", ColumnKind::Text, 0},
                     {"component", ColumnKind::Text, 0}};
    append_channel_columns(table);
    table.columns.push_back({"share", ColumnKind::Number, 4});
    table.columns.push_back({"reader_component", ColumnKind::Text, 0});
    table.columns.push_back({"cosine", ColumnKind::Number, 3});
    const std::map<ChannelPair, Channels> of_pairs = channels_of(model, ranking, search, view);
    std::vector<JoinedDirections> directions;
    for (const RankedChannel& row : ranking.rows) {
        const Channels& pair = of_pairs.at(row.pair);
        const Channel* const partner = partner_of(pair, ChannelSide::Writer, row.channel);
        const double cosine = partner == nullptr ? std::nan("") : channel_cosine(pair, row.channel, *partner);
        std::vector<Cell>& cells = table.rows.emplace_back(
            std::vector<Cell>{std::string(1, letter(row.pair.kind)), label(row.pair.writer),
                              label(row.pair.reader), component_cell(row.channel)});
        append_channel_cells(cells, row.channel);
        cells.push_back(number_cell(row.share));
        cells.push_back(partner == nullptr ? Cell{} : component_cell(*partner));
        cells.push_back(number_cell(cosine));
        directions.push_back({row.pair, &row.channel, partner, cosine});
    }
    append_tokens(table, at_offset(model, search.channel, view), directions, view);
    return table;
}

}  // namespace headway
