// SPDX-License-Identifier: Apache-2.0
#include "measure/trigram_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

namespace headway {

namespace {

/// 12 digits, so that rounding does not change the order.
double rounded(double score) {
    if (score == 0 || !std::isfinite(score)) return score;
    const double unit = std::pow(10.0, std::floor(std::log10(std::abs(score))) - 11);
    return std::round(score / unit) * unit;
}

bool stronger(const SkipTrigramRow& a, const SkipTrigramRow& b) {
    const auto key = [](const SkipTrigramRow& row) {
        return std::tuple(-rounded(row.score), row.head, row.sources.front().token,
                          row.destinations.front().token, row.outputs.front().token);
    };
    return key(a) < key(b);
}

std::vector<TokenValue> some(const std::vector<TokenValue>& values, std::size_t at, std::size_t most) {
    const std::size_t end = std::min(at + most, values.size());
    return {values.begin() + static_cast<std::ptrdiff_t>(at),
            values.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace

void keep_best(std::vector<SkipTrigramRow>& rows, std::size_t most) {
    std::ranges::sort(rows, stronger);
    if (rows.size() > most) rows.resize(most);
}

TrigramRows::TrigramRows(const SkipTrigramOptions& options, Head head, int d_vocab, double floor)
    : options_(options), head_(head), threshold_(floor) {
    if (options.key != SkipTrigramKey::Destination) return;
    destinations_.resize(static_cast<std::size_t>(d_vocab));
    threshold_ = 0;  // a row of a good destination names weaker sources too
}

double TrigramRows::threshold() const { return threshold_; }

std::size_t TrigramRows::wanted() const {
    return options_.key == SkipTrigramKey::Triple ? std::max(options_.rows, options_.each) : options_.each;
}

std::vector<double> TrigramRows::floors() const {
    std::vector<double> floors;
    for (const std::vector<Through>& through : destinations_)
        floors.push_back(through.size() < options_.each ? 0.0 : through.back().score);
    return floors;
}

void TrigramRows::add(const TrigramSource& source) {
    if (source.destinations.empty() || source.outputs.empty()) return;
    if (options_.key == SkipTrigramKey::Destination) {
        for (const TokenValue destination : source.destinations) add_through(source, destination);
        return;
    }
    const auto row = [&](std::size_t i, std::size_t j, std::size_t each) {
        const double score = source.destinations[i].value * source.outputs[j].value;
        return SkipTrigramRow{.head = head_,
                              .score = score,
                              .sources = {{source.token, score}},
                              .destinations = some(source.destinations, i, each),
                              .outputs = some(source.outputs, j, each),
                              .bigram = 0,
                              .bugs = {},
                              .strongest = {}};
    };
    if (options_.key == SkipTrigramKey::Source) return add_row(row(0, 0, options_.each));
    for (std::size_t i = 0; i < source.destinations.size(); ++i)  // (i + 1)(j + 1) triples are as good
        for (std::size_t j = 0; j < source.outputs.size() && (i + 1) * (j + 1) <= options_.rows; ++j)
            add_row(row(i, j, 1));
}

void TrigramRows::add_row(SkipTrigramRow row) {
    if (row.score < threshold_) return;
    rows_.push_back(std::move(row));
    if (rows_.size() >= 4 * options_.rows) settle();
}

void TrigramRows::add_through(const TrigramSource& source, TokenValue destination) {
    const double score = destination.value * source.outputs.front().value;
    std::vector<Through>& through = destinations_[static_cast<std::size_t>(destination.token)];
    if (through.size() == options_.each && score <= through.back().score) return;
    const auto place =
        std::ranges::upper_bound(through, -score, {}, [](const Through& each) { return -each.score; });
    through.insert(place, {score, source.token, destination, source.outputs.front()});
    if (through.size() > options_.each) through.pop_back();
}

void TrigramRows::settle() {
    if (options_.key != SkipTrigramKey::Destination) {
        keep_best(rows_, options_.rows);
        if (rows_.size() == options_.rows) threshold_ = std::max(threshold_, rows_.back().score);
        return;
    }
    // Rows of the best destinations are full when their last source scores more than what is to come.
    std::vector<std::pair<double, double>> best;  // of the first and of the last source
    for (const std::vector<Through>& through : destinations_)
        if (!through.empty())
            best.emplace_back(-through.front().score,
                              through.size() < options_.each ? 0.0 : through.back().score);
    if (best.size() < options_.rows) return;
    const auto end = best.begin() + static_cast<std::ptrdiff_t>(options_.rows);
    std::nth_element(best.begin(), end - 1, best.end());
    threshold_ = std::numeric_limits<double>::infinity();
    for (auto each = best.begin(); each != end; ++each) threshold_ = std::min(threshold_, each->second);
}

SkipTrigramRow TrigramRows::row_of(const std::vector<Through>& through) const {
    SkipTrigramRow row{.head = head_,
                       .score = through.front().score,
                       .sources = {},
                       .destinations = {through.front().destination},
                       .outputs = {},
                       .bigram = 0,
                       .bugs = {},
                       .strongest = {}};
    for (const Through& each : through) {
        row.sources.push_back({each.source, each.score});
        row.outputs.push_back(each.output);
    }
    return row;
}

std::vector<SkipTrigramRow> TrigramRows::take() {
    for (const std::vector<Through>& through : destinations_)
        if (!through.empty()) rows_.push_back(row_of(through));
    keep_best(rows_, options_.rows);
    return std::exchange(rows_, {});
}

}  // namespace headway
