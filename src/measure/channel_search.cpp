// SPDX-License-Identifier: Apache-2.0
#include "headway/network/leaves.hpp"
#include "measure/channel_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

namespace headway {

namespace {

/// Keeps the `top` best of what it is shown.
class BestChannels {
public:
    explicit BestChannels(const ChannelSearch& search) : search_(search) {}

    void show(const ChannelPair& pair, const std::vector<Channel>& channels) {
        const double square = total_square(channels);
        for (const Channel& channel : channels) {
            if (!channel.undefined.empty() || channel.weight < search_.least_weight) continue;
            rows_.push_back({pair, channel, channel.contribution / square});
        }
        if (rows_.size() > 4 * search_.top + 4096) cut();
    }
    std::vector<RankedChannel> take() {
        cut();
        return std::move(rows_);
    }

private:
    double key(const RankedChannel& row) const {
        const Channel& c = row.channel;
        switch (search_.order) {
            case ChannelOrder::Excess:
                return c.excess;
            case ChannelOrder::Score:
                return c.score;
            case ChannelOrder::Z:
                return std::isnan(c.z) ? -std::numeric_limits<double>::infinity() : c.z;
            case ChannelOrder::Contribution:
                return c.contribution;
        }
        return 0;
    }
    void cut() {
        std::ranges::sort(rows_, [&](const RankedChannel& a, const RankedChannel& b) {
            if (key(a) != key(b)) return key(a) > key(b);
            return std::pair(a.pair, a.channel.first) < std::pair(b.pair, b.channel.first);
        });
        if (rows_.size() > search_.top) rows_.resize(search_.top);
    }

    const ChannelSearch& search_;
    std::vector<RankedChannel> rows_;
};

bool chosen(const std::vector<Head>& heads, Head head) {
    return heads.empty() || std::ranges::find(heads, head) != heads.end();
}

bool chosen(const std::vector<Head>& heads, int layer) {
    return heads.empty() || std::ranges::any_of(heads, [&](Head head) { return head.layer == layer; });
}

/// Singular values of all heads, by layer and head.
std::vector<std::vector<double>> singular_values(const Model& model, const char* symbol,
                                                 const EvaluateOptions& options) {
    const Config& config = model.config();
    std::vector<Expr> leaves;
    for (int layer = 0; layer < config.n_layers; ++layer)
        leaves.push_back(leaf(symbol, layer, config.group_size()));
    std::vector<std::vector<double>> result;
    for (const xt::xarray<double>& layer : evaluate(model, leaves, {}, options))
        for (auto first = layer.begin(); first != layer.end(); first += config.d_head)
            result.emplace_back(first, first + config.d_head);
    return result;
}

/// The search in one kind.
class Search {
public:
    Search(const Model& model, const ChannelSearch& search, Composition kind, const EvaluateOptions& options)
        : model_(model), config_(model.config()), search_(search), kind_(kind), options_(options) {
        options_.balance_heads = true;  // scales of a head cancel: |v_i M| / |M|
        const auto [ours, theirs] = std::pair(writer_components().values, reader_components(kind).values);
        written_ = singular_values(model, ours, options);
        if (search.channel.score.positions() > 0) {
            std::vector<ScoreEnds> layers;
            for (int layer = 0; layer < config_.n_layers; ++layer)
                layers.push_back({.reader = reader_of(kind), .to = {.first = layer, .layers = 1}});
            read_ = rotated_readers(model, layers, search.channel.score, options_);
            return;
        }
        for (const std::vector<double>& t : singular_values(model, theirs, options_))
            read_.push_back(other_end(t, channel_dimension(config_)));
    }

    void run(BestChannels& best, ChannelRanking& ranking) const {
        const ScoreOptions& score = search_.channel.score;
        const std::vector<int> tokens(static_cast<std::size_t>(score.positions()));
        for (int reader = 1; reader < config_.n_layers; ++reader) {
            if (!chosen(search_.to, reader)) continue;
            std::vector<int> writers;
            std::vector<Expr> networks;
            for (int writer = 0; writer < reader; ++writer) {
                if (!chosen(search_.from, writer)) continue;
                writers.push_back(writer);
                networks.push_back(layer_channel_squares(config_, writer, reader, kind_, score));
            }
            evaluate_each(model_, networks, tokens, options_,
                          [&](std::size_t i, const xt::xarray<double>& read) {
                              show(writers[i], reader, read.data(), best, ranking);
                          });
        }
    }

private:
    std::size_t number(Head head) const {
        return static_cast<std::size_t>(head.layer * config_.n_heads + head.index);
    }

    /// `read`: [writer, component, reader].
    void show(int writer_layer, int reader_layer, const double* read, BestChannels& best,
              ChannelRanking& ranking) const {
        const int heads = config_.n_heads, components = config_.d_head;
        std::vector<double> squares(static_cast<std::size_t>(components));
        for (int a = 0; a < heads; ++a)
            for (int b = 0; b < heads; ++b) {
                const ChannelPair pair{{writer_layer, a}, {reader_layer, b}, kind_};
                if (!chosen(search_.from, pair.writer) || !chosen(search_.to, pair.reader)) continue;
                for (int c = 0; c < components; ++c)
                    squares[static_cast<std::size_t>(c)] = read[(a * components + c) * heads + b];
                const std::vector<double>& s = written_[number(pair.writer)];
                OtherEnd other = read_[number(pair.reader)];
                other.zero = zero_norm(pair, s.front(), other.norm);
                const std::vector<Channel> found = channels_of(s, squares, other, search_.channel);
                ++ranking.pairs;
                ranking.channels += found.size();
                best.show(pair, found);
            }
    }

    const Model& model_;
    const Config& config_;
    const ChannelSearch& search_;
    Composition kind_;
    EvaluateOptions options_;
    std::vector<std::vector<double>> written_;  ///< singular values, by head
    std::vector<OtherEnd> read_;                ///< by head
};

}  // namespace

ChannelRanking strongest_channels(const Model& model, const ChannelSearch& search,
                                  const EvaluateOptions& options) {
    ChannelRanking ranking{.effective_dimension = channel_dimension(model.config())};
    BestChannels best(search);
    for (const Composition kind : search.kinds) Search(model, search, kind, options).run(best, ranking);
    ranking.rows = best.take();
    return ranking;
}

}  // namespace headway
