// SPDX-License-Identifier: Apache-2.0
#include "report/channel_columns.hpp"

#include "report/number_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace headway {

namespace {

constexpr std::array channel_numbers{NumberColumn<Channel>{"singular_value", &Channel::singular_value, 4},
                                     NumberColumn<Channel>{"weight", &Channel::weight, 4},
                                     NumberColumn<Channel>{"score", &Channel::score, 4},
                                     NumberColumn<Channel>{"baseline", &Channel::baseline, 4},
                                     NumberColumn<Channel>{"excess", &Channel::excess, 4},
                                     NumberColumn<Channel>{"z", &Channel::z, 1},
                                     NumberColumn<Channel>{"contribution", &Channel::contribution, 6}};

double size_of(const Channel& channel) { return channel.last - channel.first + 1; }

/// The four directions of a row, and whether they have one.
struct Role {
    const char* name;
    bool of_writer;
};
constexpr std::array<Role, 4> roles{
    {{"writer_reads", true}, {"writer_writes", true}, {"reader_reads", false}, {"reader_matches", false}}};

std::vector<HeadDirection> directions_of(const JoinedDirections& row) {
    const ComponentSymbols writer = writer_components(), reader = reader_components(row.pair.kind);
    std::vector<HeadDirection> directions;
    if (row.writer != nullptr)
        for (const char* symbol : {writer.others, writer.vectors})
            directions.push_back({row.pair.writer, symbol, row.writer->first});
    if (row.reader != nullptr)
        for (const char* symbol : {reader.vectors, reader.others})
            directions.push_back({row.pair.reader, symbol, row.reader->first});
    return directions;
}

std::string joined(const std::vector<int>& tokens, const TokenText& text) {
    std::string result;
    for (const int token : tokens) result += (result.empty() ? "" : " ") + text.shown(token);
    return result;
}

bool minus_is_stronger(const DirectionTokens& tokens) {
    return !tokens.plus.empty() && -tokens.minus_values.front() > tokens.plus_values.front();
}

/// Eight cells, both ends of four directions, from the directions of the row, which `next` walks along.
std::vector<Cell> token_cells(const JoinedDirections& row, const DirectionTokens*& next,
                              const TokenText& text) {
    std::vector<Cell> cells(2 * roles.size());
    const auto put = [&](std::size_t role, const DirectionTokens& tokens, bool flipped) {
        cells[2 * role] = joined(flipped ? tokens.minus : tokens.plus, text);
        cells[2 * role + 1] = joined(flipped ? tokens.plus : tokens.minus, text);
    };
    const bool first = (row.writer != nullptr || row.reader != nullptr) && minus_is_stronger(*next);
    const bool other = first != (row.writer != nullptr && row.cosine < 0);
    for (std::size_t role = 0; role < roles.size(); ++role) {
        if ((roles[role].of_writer ? row.writer : row.reader) == nullptr) continue;
        put(role, *next++, roles[role].of_writer ? first : other);
    }
    return cells;
}

}  // namespace

Cell component_cell(const Channel& channel) {
    if (channel.first == channel.last) return std::int64_t{channel.first};
    return fmt::format("{}-{}", channel.first, channel.last);
}

Cell number_cell(double value) { return std::isnan(value) ? Cell{} : Cell{value}; }

void append_channel_columns(Table& table) {
    for (const NumberColumn<Channel>& column : channel_numbers)
        table.columns.push_back({column.name, ColumnKind::Number, column.decimals});
}

void append_channel_cells(std::vector<Cell>& cells, const Channel& channel) {
    for (const NumberColumn<Channel>& column : channel_numbers)
        cells.push_back(number_cell(channel.*(column.value)));
}

double overlap_square(const Channels& channels, const Channel& writer, const Channel& reader) {
    double square = 0;
    for (int i = writer.first; i <= writer.last; ++i)
        for (int j = reader.first; j <= reader.last; ++j) {
            const double cosine = channels.overlap(static_cast<std::size_t>(i), static_cast<std::size_t>(j));
            square += cosine * cosine;
        }
    return square;
}

double channel_cosine(const Channels& channels, const Channel& writer, const Channel& reader) {
    if (writer.first == writer.last && reader.first == reader.last)
        return channels.overlap(static_cast<std::size_t>(writer.first),
                                static_cast<std::size_t>(reader.first));
    return std::sqrt(overlap_square(channels, writer, reader) / std::min(size_of(writer), size_of(reader)));
}

const Channel* partner_of(const Channels& channels, ChannelSide side, const Channel& channel) {
    const bool reading = side == ChannelSide::Reader;
    const Channel* best = nullptr;
    double most = 0;
    if (!channel.undefined.empty()) return nullptr;
    for (const Channel& other : reading ? channels.writer : channels.reader) {
        if (!other.undefined.empty()) continue;
        const double square =
            reading ? overlap_square(channels, other, channel) : overlap_square(channels, channel, other);
        const double through = square * other.weight / size_of(other);
        if (through > most) most = through, best = &other;
    }
    return best;
}

Model at_offset(const Model& model, const ChannelOptions& options, const ChannelView& view) {
    const bool named = view.tokens > 0 && !options.score.mean_over_offsets;
    return with_rotated_queries(model, named ? options.score.offset : 0, view.evaluate);
}

void append_tokens(Table& table, const Model& model, std::span<const JoinedDirections> rows,
                   const ChannelView& view) {
    if (view.tokens == 0) return;
    std::vector<HeadDirection> directions;
    for (const JoinedDirections& row : rows)
        for (HeadDirection& direction : directions_of(row)) directions.push_back(std::move(direction));
    const std::vector<DirectionTokens> tokens = direction_tokens(
        embed_through(model, view.embedding, view.evaluate), directions, view.tokens, view.evaluate);
    const DirectionTokens* next = tokens.data();
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (Cell& cell : token_cells(rows[i], next, view.text)) table.rows[i].push_back(std::move(cell));
    for (const Role& role : roles)
        for (const char* end : {"", "_opposite"})
            table.columns.push_back({.name = std::string(role.name) + end,
                                     .kind = ColumnKind::Text,
                                     .decimals = 0,
                                     .detail = *end != '\0',
                                     .safe = true});
    table.caption.emplace_back(
        "Tokens: what is read by the embedding, what is written through W_U; reader_matches is the "
        "other side of the reader's matrix: of W_QK by the embedding, of W_OV through W_U. Of the two ends "
        "of a "
        "direction the one whose tokens the writer reads more strongly; of a subspace those of its first "
        "component.");
    table.caption.push_back(embedding_sentence(model.config(), view.embedding));
    if (!view.text.note().empty()) table.caption.push_back(view.text.note());
}

std::string subspace_sentence(const ChannelOptions& options) {
    return fmt::format(
        "Components whose singular values are within {:.2g} of each other (relative) are one row, a "
        "subspace.",
        options.gap);
}

}  // namespace headway
