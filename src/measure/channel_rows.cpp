// SPDX-License-Identifier: Apache-2.0
#include "measure/channel_rows.hpp"

#include "measure/standing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace headway {

namespace {

/// Singular values below this share of the largest are rounding errors.
constexpr double negligible = 1e-13;

/// Effective rank (Σs²)² / Σs⁴; of values near 1, so that no power of them is out of range.
double participation(std::span<const double> s) {
    double squares = 0, fourths = 0;
    for (const double value : s) {
        const double ratio = value / s.front();
        squares += ratio * ratio;
        fourths += ratio * ratio * ratio * ratio;
    }
    return squares * squares / fourths;
}

/// Ranges [first, last] of components that are one channel: near neighbours, and what is zero.
std::vector<std::pair<int, int>> ranges(std::span<const double> s, double gap) {
    std::vector<std::pair<int, int>> result;
    const double least = negligible * s.front();
    for (std::size_t i = 0; i < s.size(); ++i) {
        const bool zeros = i > 0 && s[i - 1] <= least && s[i] <= least;
        const bool near = i > 0 && s[i] > least && s[i - 1] - s[i] < gap * s[i - 1];
        if (zeros || near) {
            result.back().second = static_cast<int>(i);
        } else {
            result.emplace_back(static_cast<int>(i), static_cast<int>(i));
        }
    }
    return result;
}

void set_undefined(Channel& channel, const std::string& why) {
    channel.undefined = why;
    channel.score = channel.excess = channel.z = channel.contribution = not_a_number;
}

}  // namespace

double square_sum(std::span<const double> values) {
    double sum = 0;
    for (const double value : values) sum += value * value;
    return sum;
}

OtherEnd other_end(std::span<const double> t, int dimension) {
    return {square_sum(t), t.front() > 0 ? participation(t) : not_a_number, static_cast<double>(dimension)};
}

std::vector<OtherEnd> rotated_readers(const Model& model, std::span<const ScoreEnds> ends,
                                      const ScoreOptions& score, const EvaluateOptions& balanced) {
    const Config& config = model.config();
    std::vector<Expr> networks;
    for (const ScoreEnds& each : ends) {
        networks.push_back(end_norm(config, each, ScoreEnd::Reader, score));
        networks.push_back(end_gram_norm(config, each, ScoreEnd::Reader, score));
    }
    const std::vector<int> tokens(static_cast<std::size_t>(score.positions()));
    const auto values = evaluate(model, networks, tokens, balanced);
    std::vector<OtherEnd> result;
    for (std::size_t i = 0; i < values.size(); i += 2)
        for (std::size_t head = 0; head < values[i].size(); ++head) {
            const double norm = values[i].data()[head], gram = values[i + 1].data()[head];
            result.push_back({.norm = norm,
                              .participation = norm > 0 ? norm * norm / gram : not_a_number,
                              .dimension = static_cast<double>(channel_dimension(config))});
        }
    return result;
}

std::string zero_norm(const ChannelPair& pair, double largest_written, double largest_read) {
    if (largest_written > 0 && largest_read > 0) return {};
    return fmt::format("zero norm: {}", label(largest_written > 0 ? pair.reader : pair.writer));
}

std::vector<Channel> channels_of(std::span<const double> s, std::span<const double> read,
                                 const OtherEnd& other, const ChannelOptions& options) {
    const double all = square_sum(s);
    std::vector<Channel> result;
    for (const auto& [first, last] : ranges(s, options.gap)) {
        Channel channel{.first = first, .last = last, .baseline = 1 / std::sqrt(other.dimension)};
        double square = 0, weighted = 0;
        for (int i = first; i <= last; ++i) {
            const auto at = static_cast<std::size_t>(i);
            square += s[at] * s[at];
            weighted += s[at] * s[at] * std::max(read[at], 0.0);
        }
        const double size = last - first + 1;
        channel.singular_value = std::sqrt(square / size);
        channel.weight = all > 0 ? square / all : not_a_number;
        if (!other.zero.empty()) {
            set_undefined(channel, other.zero);
        } else if (channel.singular_value <= negligible * s.front()) {
            set_undefined(channel, "singular value 0: its direction is arbitrary");
            channel.contribution = 0;
        } else {
            const double score_square = weighted / square / other.norm;
            channel.score = std::sqrt(score_square);
            channel.excess = channel.score - channel.baseline;
            channel.z = rotation_z(score_square, other.dimension, size, other.participation);
            channel.contribution = channel.weight * score_square;
        }
        result.push_back(std::move(channel));
    }
    return result;
}

double total_square(const std::vector<Channel>& channels) {
    double square = 0;
    for (const Channel& channel : channels) square += channel.contribution;
    return square;
}

int channel_dimension(const Config& config) { return effective_dimension(config, {.stream_norms = false}); }

}  // namespace headway
