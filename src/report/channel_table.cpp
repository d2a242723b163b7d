// SPDX-License-Identifier: Apache-2.0
#include "headway/report/channel_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "report/channel_columns.hpp"
#include "report/score_caption.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace headway {

namespace {

std::string reader_matrix(const ChannelPair& pair) {
    return fmt::format("{}[{}]{}", reader_components(pair.kind).matrix, label(pair.reader),
                       pair.kind == Composition::K ? "^T" : "");
}

std::string formula(const ChannelPair& pair, ChannelSide side) {
    const std::string writer = label(pair.writer), reader = label(pair.reader), m = reader_matrix(pair);
    const char* const read = reader_components(pair.kind).vectors;
    if (side == ChannelSide::Reader)
        return fmt::format(
            "Components of M = {}, sum t_j r_j o_j: the {} input of {} reads r_j ({}). Score |W_OV r_j| / "
            "|W_OV|: how much of what {} writes lies along r_j; weight t_j^2 / sum t^2.",
            m, letter(pair.kind), reader, read, writer);
    if (side == ChannelSide::Both)
        return fmt::format(
            "Components of W_OV[{}], sum s_i u_i v_i, against those of M = {}, sum t_j r_j o_j: cosine "
            "v_i.r_j (V_OV against {}), contribution (s_i^2 / sum s^2) (t_j^2 / sum t^2) (v_i.r_j)^2.",
            writer, m, read);
    return fmt::format(
        "Components of W_OV[{}], sum s_i u_i v_i: it reads u_i (U_OV) and writes v_i (V_OV). Score |v_i M| / "
        "|M|, M = {}: how much of what the {} input of {} reads lies along v_i; weight s_i^2 / sum s^2.",
        writer, m, letter(pair.kind), reader);
}

std::vector<std::string> caption_of(const Config& config, const Channels& channels,
                                    const ChannelOptions& options, ChannelSide side) {
    std::vector<std::string> caption{formula(channels.pair, side)};
    caption.push_back(
        std::isnan(channels.square)
            ? fmt::format("Undefined: {}.", channels.writer.front().undefined)
            : fmt::format("Composition score {:.4f}, the root of the sum of contributions (weight score^2); "
                          "share: of that sum.",
                          std::sqrt(channels.square)));
    const double d = channels.effective_dimension;
    caption.push_back(baseline_sentence(channels.effective_dimension, 1 / std::sqrt(d)));
    caption.push_back(subspace_sentence(options));
    for (std::string& sentence : score_sentences(config, options.score))
        caption.push_back(std::move(sentence));
    if (options.score.mean_over_offsets)
        caption.emplace_back("A reader of several offsets has no components: none are beside the writer's.");
    return caption;
}

void append_undefined(Table& table, std::span<const Channel> channels) {
    const bool any = std::ranges::any_of(channels, [](const Channel& c) { return !c.undefined.empty(); });
    table.columns.push_back({"undefined", ColumnKind::Text, 0, !any});
    for (std::size_t i = 0; i < channels.size(); ++i) table.rows[i].emplace_back(channels[i].undefined);
}

/// The rows of one side.
void add_side(Table& table, const Model& model, const Channels& channels, const ChannelView& view) {
    const bool reading = view.side == ChannelSide::Reader;
    const std::span<const Channel> all = reading ? channels.reader : channels.writer;
    const std::span<const Channel> shown = all.first(std::min(view.top, all.size()));
    if (shown.size() < all.size())
        table.caption.push_back(fmt::format("The first {} of {}.", shown.size(), all.size()));
    table.columns = {{"component", ColumnKind::Text, 0}};
    append_channel_columns(table);
    table.columns.push_back({"share", ColumnKind::Number, 4});
    table.columns.push_back({reading ? "writer_component" : "reader_component", ColumnKind::Text, 0});
    table.columns.push_back({"cosine", ColumnKind::Number, 3});
    std::vector<JoinedDirections> directions;
    for (const Channel& channel : shown) {
        const Channel* const partner = partner_of(channels, view.side, channel);
        const Channel* const own = channel.undefined.empty() ? &channel : nullptr;
        const Channel &writer = reading && partner != nullptr ? *partner : channel,
                      &reader = reading || partner == nullptr ? channel : *partner;
        const double cosine = partner == nullptr ? std::nan("") : channel_cosine(channels, writer, reader);
        std::vector<Cell>& cells = table.rows.emplace_back(std::vector<Cell>{component_cell(channel)});
        append_channel_cells(cells, channel);
        cells.push_back(number_cell(channel.contribution / channels.square));
        cells.push_back(partner == nullptr ? Cell{} : component_cell(*partner));
        cells.push_back(number_cell(cosine));
        directions.push_back({channels.pair, reading ? partner : own, reading ? own : partner, cosine});
    }
    append_tokens(table, model, directions, view);
    append_undefined(table, shown);
}

/// The rows of pairs of components.
void add_pairs(Table& table, const Model& model, const Channels& channels, const ChannelView& view) {
    struct Row {
        JoinedDirections joined;
        double contribution;
    };
    std::vector<Row> rows;
    for (const Channel& writer : channels.writer)
        for (const Channel& reader : channels.reader) {
            if (!writer.undefined.empty() || !reader.undefined.empty()) continue;
            const double cosine = channel_cosine(channels, writer, reader);
            const double dimensions = (writer.last - writer.first + 1.0) * (reader.last - reader.first + 1.0);
            rows.push_back(
                {{channels.pair, &writer, &reader, cosine},
                 writer.weight * reader.weight * overlap_square(channels, writer, reader) / dimensions});
        }
    std::ranges::stable_sort(rows, std::greater<>(), &Row::contribution);
    const std::size_t all = rows.size();
    rows.resize(std::min(view.top, all), Row{});
    if (rows.size() < all)
        table.caption.push_back(fmt::format("The first {} of {} by contribution.", rows.size(), all));
    table.columns = {{"component", ColumnKind::Text, 0},      {"reader_component", ColumnKind::Text, 0},
                     {"cosine", ColumnKind::Number, 4},       {"baseline", ColumnKind::Number, 4},
                     {"contribution", ColumnKind::Number, 6}, {"share", ColumnKind::Number, 4}};
    std::vector<JoinedDirections> directions;
    for (const Row& row : rows) {
        table.rows.push_back({component_cell(*row.joined.writer), component_cell(*row.joined.reader),
                              row.joined.cosine, row.joined.writer->baseline, row.contribution,
                              number_cell(row.contribution / channels.square)});
        directions.push_back(row.joined);
    }
    append_tokens(table, model, directions, view);
}

}  // namespace

ChannelSide parse_channel_side(std::string_view text) {
    if (text == "writer") return ChannelSide::Writer;
    if (text == "reader") return ChannelSide::Reader;
    if (text == "both") return ChannelSide::Both;
    throw Error(ErrorKind::Usage, fmt::format("{} is no end of a channel", quote(text)),
                "the ends are writer, reader and both");
}

Table channel_rows(const Model& model, const Channels& channels, const ChannelOptions& options,
                   const ChannelView& view) {
    Table table;
    table.caption = caption_of(model.config(), channels, options, view.side);
    const Model turned = at_offset(model, options, view);
    if (view.side == ChannelSide::Both)
        add_pairs(table, turned, channels, view);
    else
        add_side(table, turned, channels, view);
    return table;
}

namespace {

void add_arrays(std::vector<NpyArray>& arrays, const std::string& prefix,
                const std::vector<Channel>& channels) {
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(channels.size())};
    const auto add = [&](const char* name, const auto& value) {
        std::vector<double> values;
        for (const Channel& channel : channels) values.push_back(static_cast<double>(value(channel)));
        arrays.push_back({prefix + name, shape, std::move(values)});
    };
    add("first_component", [](const Channel& c) { return c.first; });
    add("last_component", [](const Channel& c) { return c.last; });
    add("singular_value", [](const Channel& c) { return c.singular_value; });
    add("weight", [](const Channel& c) { return c.weight; });
    add("score", [](const Channel& c) { return c.score; });
}

}  // namespace

std::vector<NpyArray> channel_arrays(const Channels& channels) {
    std::vector<NpyArray> arrays;
    add_arrays(arrays, "", channels.writer);
    if (channels.reader.empty()) return arrays;
    add_arrays(arrays, "reader_", channels.reader);
    const auto& cosines = channels.overlap;
    arrays.push_back({"cosine",
                      {cosines.shape().begin(), cosines.shape().end()},
                      std::vector<double>(cosines.begin(), cosines.end())});
    return arrays;
}

SpectrumPlot channel_plot(const Channels& channels, ChannelSide side) {
    const bool reading = side == ChannelSide::Reader;
    const ChannelPair& pair = channels.pair;
    SpectrumPlot plot{.title = fmt::format("{} > {}.{}", label(pair.writer), label(pair.reader),
                                           reader_components(pair.kind).matrix == std::string("W_OV") ? "V"
                                           : pair.kind == Composition::Q                              ? "Q"
                                                                                                      : "K")};
    plot.caption = {formula(pair, reading ? side : ChannelSide::Writer)};
    plot.value.title = fmt::format(
        "singular value of {}", reading ? reader_matrix(pair) : fmt::format("W_OV[{}]", label(pair.writer)));
    plot.second.title = reading ? "|W_OV r| / |W_OV|" : "|v M| / |M|";
    for (const Channel& channel : reading ? channels.reader : channels.writer) {
        plot.values.insert(plot.values.end(), static_cast<std::size_t>(channel.last - channel.first + 1),
                           channel.singular_value);
        plot.seconds.resize(plot.values.size(), channel.score);
        plot.second_reference = PlotReference{channel.baseline, "baseline"};
    }
    return plot;
}

}  // namespace headway
