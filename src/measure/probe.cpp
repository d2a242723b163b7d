// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/probe.hpp"

#include "headway/base/error.hpp"
#include "headway/network/indices.hpp"
#include "headway/network/transformer.hpp"
#include "measure/loss.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <random>
#include <unordered_set>

namespace headway {

namespace {

using namespace indices;

// A sum over entries of a layer's pattern [head(, member), q, k].
class Entries {
public:
    explicit Entries(const Expr& pattern) : pattern_(pattern) {
        const std::vector<Space>& ports = pattern->ports();
        for (std::size_t i = 0; i + 2 < ports.size(); ++i) heads_.push_back({ports[i], 0});
        all_ = heads_;
        all_.insert(all_.end(), {q, k});
    }

    // Those with k = q - distance.
    Expr diagonal(int distance) const {
        return product({{pattern_, all_}, {structure({Relation::Shift, distance, {}}), {q, k}}}, heads_);
    }
    Expr column(int key) const {
        return product({{pattern_, all_}, {one_hot(Space::Position, key), {k}}}, heads_);
    }
    Expr entry(int query, int key) const {
        return product(
            {{pattern_, all_}, {one_hot(Space::Position, query), {q}}, {one_hot(Space::Position, key), {k}}},
            heads_);
    }
    Expr without(const Expr& entries, const std::vector<Expr>& others) const {
        std::vector<WiredTerm> terms{{1, {entries, heads_}}};
        for (const Expr& other : others) terms.push_back({-1, {other, heads_}});
        return sum(terms, heads_);
    }

private:
    Expr pattern_;
    Indices heads_;
    Indices all_;
};

constexpr std::size_t n_behaviours = 4;
constexpr std::array<double HeadProbe::*, n_behaviours> behaviours{
    &HeadProbe::previous, &HeadProbe::duplicate, &HeadProbe::induction, &HeadProbe::first};

// The sums of the behaviours, in their order. Diagonals begin before the second copy does: the query at T is
// the last token of the first copy, that at T - 1 the one before it.
std::array<Expr, n_behaviours> sums(const Expr& pattern, int length) {
    const Entries a(pattern);
    const int t = length;
    return {a.diagonal(1), a.without(a.diagonal(t), {a.entry(t, 0)}),
            a.without(a.diagonal(t - 1), {a.entry(t - 1, 0), a.entry(t, 1)}),
            a.without(a.column(0), {a.entry(0, 0)})};
}

std::array<double, n_behaviours> entries_summed(int length) {
    const double t = length;
    return {2 * t, t, t, 2 * t};
}

void require_repeated(const std::vector<int>& row, std::size_t number, std::size_t length) {
    require(row.size() == length && length % 2 == 1 && length >= 5, ErrorKind::Usage,
            "probe tokens: row {} has {} tokens, expected {}: [b, r, r] with r of at least 2 tokens", number,
            row.size(), length % 2 == 1 && length >= 5 ? std::to_string(length) : "1 + 2T");
    const auto half = static_cast<std::ptrdiff_t>((length - 1) / 2);
    require(std::equal(row.begin() + 1, row.begin() + 1 + half, row.begin() + 1 + half), ErrorKind::Usage,
            "probe tokens: row {} is not [b, r, r]: its second half does not repeat its first", number);
}

// Adds the mean losses of the two copies of a row.
void add_losses(const std::vector<double>& loss, int length, Probe& result) {
    double first = 0, second = 0;
    for (int i = 0; i < length; ++i) first += loss[static_cast<std::size_t>(i)];
    for (int i = length + 1; i < 2 * length; ++i) second += loss[static_cast<std::size_t>(i)];
    result.loss_first += first / length;
    result.loss_second += second / (length - 1);
}

Probe empty_probe(const Config& config, std::size_t rows, int length) {
    Probe result{.heads{}, .rows = static_cast<int>(rows), .length = length};
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (int head = 0; head < config.n_heads; ++head) result.heads.push_back({.head = {layer, head}});
    if (config.causal) return result;
    result.undefined_loss = "every position sees the tokens that follow";
    result.loss_first = result.loss_second = std::numeric_limits<double>::quiet_NaN();
    return result;
}

// Adds a layer's sums of one behaviour.
void add_sums(const xt::xarray<double>& value, std::size_t layer, std::size_t behaviour,
              std::size_t heads_a_layer, Probe& result) {
    invariant(value.size() == heads_a_layer, "a behaviour has a number for each head of the layer");
    for (std::size_t head = 0; head < heads_a_layer; ++head)
        result.heads[layer * heads_a_layer + head].*behaviours.at(behaviour) += value.data()[head];
}

}  // namespace

std::vector<std::vector<int>> probe_rows(const Config& config, const ProbeOptions& options) {
    const bool bounded = config.positions == Positions::Learned || config.positions == Positions::Shortformer;
    const int positions = bounded ? (config.n_ctx - 1) / 2 : options.length;
    const int length = std::min({options.length, positions, config.d_vocab - 1});
    require(options.rows > 0, ErrorKind::Usage, "a probe needs at least one row");
    require(options.first >= 0 && options.first < config.d_vocab, ErrorKind::Usage,
            "a probe cannot begin with token {}: the model has {}", options.first, config.d_vocab);
    require(length >= 2, ErrorKind::Usage,
            "a probe needs at least 2 tokens to repeat: length {}, vocabulary {}, positions for {}",
            options.length, config.d_vocab, positions);
    std::mt19937_64 random(options.seed);
    std::vector<std::vector<int>> rows;
    for (int row = 0; row < options.rows; ++row) {
        std::vector<int> tokens{options.first};
        std::unordered_set<int> drawn{options.first};
        while (tokens.size() <= static_cast<std::size_t>(length)) {
            const int token = static_cast<int>(random() % static_cast<std::uint64_t>(config.d_vocab));
            if (drawn.insert(token).second) tokens.push_back(token);
        }
        for (int i = 1; i <= length; ++i) tokens.push_back(tokens[static_cast<std::size_t>(i)]);
        rows.push_back(std::move(tokens));
    }
    return rows;
}

const HeadProbe& Probe::at(Head head) const {
    const auto found = std::ranges::find(heads, head, &HeadProbe::head);
    require(found != heads.end(), ErrorKind::Usage, "the probe has no head {}", label(head));
    return *found;
}

std::vector<Expr> probe_networks(const Network& network, const Config& config, int length) {
    std::vector<Expr> expressions{network.output};
    for (int layer = 0; layer < config.n_layers; ++layer)
        for (const Expr& each : sums(network.at(fmt::format("A[L{}]", layer)), length))
            expressions.push_back(each);
    return expressions;
}

Probe probe(const Model& model, const Network& network, std::span<const std::vector<int>> rows,
            const EvaluateOptions& options) {
    require(!rows.empty(), ErrorKind::Usage, "a probe needs at least one row");
    for (std::size_t i = 0; i < rows.size(); ++i) require_repeated(rows[i], i, rows.front().size());
    const Config& config = model.config();
    const int length = static_cast<int>(rows.front().size() - 1) / 2;
    const auto heads_a_layer = static_cast<std::size_t>(config.n_heads);
    const std::vector<Expr> expressions = probe_networks(network, config, length);
    Probe result = empty_probe(config, rows.size(), length);
    for (const std::vector<int>& row : rows)
        evaluate_each(model, expressions, row, options,
                      [&](std::size_t number, const xt::xarray<double>& value) {
                          if (number > 0)
                              add_sums(value, (number - 1) / n_behaviours, (number - 1) % n_behaviours,
                                       heads_a_layer, result);
                          else if (result.undefined_loss.empty())
                              add_losses(losses(value, row), length, result);
                      });
    const auto n_rows = static_cast<double>(rows.size());
    const std::array<double, n_behaviours> entries = entries_summed(length);
    for (HeadProbe& head : result.heads)
        for (std::size_t i = 0; i < n_behaviours; ++i) head.*behaviours.at(i) /= n_rows * entries.at(i);
    result.loss_first /= n_rows;
    result.loss_second /= n_rows;
    return result;
}

Probe probe(const Model& model, std::span<const std::vector<int>> rows, const EvaluateOptions& options) {
    return probe(model, transformer(model.config()), rows, options);
}

}  // namespace headway
