// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/channels.hpp"

#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"
#include "measure/channel_rows.hpp"

#include <cmath>
#include <utility>

namespace headway {

namespace {

using Values = xt::xarray<double>;

std::span<const double> flat(const Values& values) { return {values.data(), values.size()}; }

void check(const Config& config, const ChannelPair& pair) {
    for (const Head head : {pair.writer, pair.reader})
        require(
            head.layer >= 0 && head.layer < config.n_layers && head.index >= 0 && head.index < config.n_heads,
            ErrorKind::Usage, "there is no head {}", label(head));
    require(pair.writer.layer < pair.reader.layer, ErrorKind::Usage,
            "{} does not read what {} writes: the writer has to be in an earlier layer", label(pair.reader),
            label(pair.writer));
}

/// Of every pair the singular values of the writer, and what the reader's matrix is measured by.
std::vector<Expr> value_networks(const Config& config, std::span<const ChannelPair> pairs) {
    std::vector<Expr> networks;
    for (const ChannelPair& pair : pairs) {
        const int group = config.group_size();
        networks.push_back(head_leaf(writer_components().values, pair.writer, group));
        networks.push_back(head_leaf(reader_components(pair.kind).values, pair.reader, group));
    }
    return networks;
}

/// Of every pair what the writer makes of the reader's components, and the overlaps.
std::vector<Expr> reader_networks(const Config& config, std::span<const ChannelPair> pairs) {
    std::vector<Expr> networks;
    for (const ChannelPair& pair : pairs) {
        networks.push_back(channel_squares(config, pair, ScoreEnd::Reader));
        networks.push_back(channel_overlaps(config, pair));
    }
    return networks;
}

/// Of every pair what the reader reads of the writer's components.
std::vector<Expr> writer_networks(const Config& config, std::span<const ChannelPair> pairs,
                                  const ScoreOptions& score) {
    std::vector<Expr> networks;
    for (const ChannelPair& pair : pairs)
        networks.push_back(channel_squares(config, pair, ScoreEnd::Writer, score));
    return networks;
}

}  // namespace

std::vector<Channels> channels(const Model& model, std::span<const ChannelPair> pairs,
                               const EvaluateOptions& evaluate_options, const ChannelOptions& options) {
    const Config& config = model.config();
    for (const ChannelPair& pair : pairs) check(config, pair);
    const ScoreOptions& score = options.score;
    const bool turns = score.positions() > 0, several = score.mean_over_offsets;
    const std::vector<int> tokens(static_cast<std::size_t>(score.positions()));
    const Model turned = with_rotated_queries(model, several ? 0 : score.offset, evaluate_options);
    EvaluateOptions balanced = evaluate_options;  // scales of a head cancel: |v_i M| / |M|
    balanced.balance_heads = true;
    const std::vector<Expr> of_values = value_networks(config, pairs);
    const auto values = evaluate(turned, of_values, {}, evaluate_options);
    const auto scaled = evaluate(turned, of_values, {}, balanced);
    const auto read = evaluate(model, writer_networks(config, pairs, score), tokens, balanced);
    const auto written = evaluate(turned, reader_networks(config, pairs), {}, balanced);
    std::vector<ScoreEnds> ends;
    for (const ChannelPair& pair : pairs)
        ends.push_back({.reader = reader_of(pair.kind), .to = one_head(pair.reader)});
    const std::vector<OtherEnd> readers =
        turns ? rotated_readers(model, ends, score, balanced) : std::vector<OtherEnd>(pairs.size());
    std::vector<Channels> result;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const int d = channel_dimension(config);
        const auto s = flat(values[2 * i]), t = flat(values[2 * i + 1]);
        OtherEnd reader = turns ? readers[i] : other_end(flat(scaled[2 * i + 1]), d),
                 writer = other_end(flat(scaled[2 * i]), d);
        reader.zero = writer.zero = zero_norm(pairs[i], s.front(), reader.norm);
        Channels found{.pair = pairs[i], .effective_dimension = d};
        found.writer = channels_of(s, flat(read[i]), reader, options);
        found.square = total_square(found.writer);
        if (!several) {
            found.reader = channels_of(t, flat(written[2 * i]), writer, options);
            found.overlap = written[2 * i + 1];
        }
        result.push_back(std::move(found));
    }
    return result;
}

}  // namespace headway
