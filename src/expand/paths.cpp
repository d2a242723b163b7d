// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/paths.hpp"

#include "expand/sources.hpp"
#include "headway/base/error.hpp"

#include <algorithm>
#include <numeric>

namespace headway {

namespace {

[[noreturn]] void too_many() {
    throw Error(ErrorKind::Limit, "there are more paths than 64 bits can count", "ask for a lower order");
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
    std::uint64_t result = 0;
    if (__builtin_add_overflow(a, b, &result)) too_many();
    return result;
}

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
    std::uint64_t result = 0;
    if (__builtin_mul_overflow(a, b, &result)) too_many();
    return result;
}

// C(n, k) by sums alone: it overflows only when the result does.
std::uint64_t choose(int n, int k) {
    if (k < 0 || k > n) return 0;
    k = std::min(k, n - k);
    std::vector<std::uint64_t> row(static_cast<std::size_t>(k) + 1, 1);
    for (int i = 1; i <= n - k; ++i)
        for (std::size_t j = 1; j < row.size(); ++j) row[j] = plus(row[j], row[j - 1]);
    return row.back();
}

// Ways to choose a head in each of `order` out of `n_layers` layers.
std::uint64_t head_sequences(const Config& config, int n_layers, int order) {
    if (order < 0 || order > n_layers) return 0;
    std::uint64_t count = choose(n_layers, order);
    for (int i = 0; i < order; ++i) count = times(count, static_cast<std::uint64_t>(config.n_heads));
    return count;
}

}  // namespace

void require_paths(const Config& config) {
    if (config.linear_head()) return;
    throw Error(
        ErrorKind::Unsupported,
        "the logits of this model are no sum of paths: its head is not linear, "
        "norm(act(x W_head + b_head)) W_U",
        "what does not need the logits' paths works: attention scores (--score), compose, run, network");
}

bool has_source(const Config& config, const Source& source) {
    const bool in_layers = source.layer >= 0 && source.layer < config.n_layers;
    const bool norm_bias = config.norm_bias();
    switch (source.kind) {
        case SourceKind::Embed:
            return true;
        case SourceKind::Pos:
            return config.positions == Positions::Learned;
        case SourceKind::EmbedBias:
            return config.biases.embed;
        case SourceKind::EmbedNormBias:
            return config.embed_norm && norm_bias;
        case SourceKind::Mlp:
            return in_layers && config.has_mlp();
        case SourceKind::OutBias:
            return in_layers && config.biases.attention_out;
        case SourceKind::ValueBias:
            return in_layers && source.head < config.n_heads && config.biases.query_key_value &&
                   !config.folding.value_bias;
        case SourceKind::NormBias:
            return in_layers && norm_bias && (config.norms_before() || config.norms_stream());
        case SourceKind::MlpNormBias:
            return in_layers && norm_bias && config.norms_stream() && config.has_mlp();
        case SourceKind::FinalNormBias:
            return norm_bias && config.final_norm;
        case SourceKind::UnembedBias:
            return config.biases.unembed;
        case SourceKind::QueryBias:
        case SourceKind::KeyBias:
        case SourceKind::HeadOutput:
        case SourceKind::Alibi:
            return false;
    }
    return false;
}

Entry entry_of(const Config& config, const Source& source) {
    switch (source.kind) {
        case SourceKind::Mlp:
        case SourceKind::OutBias:
        case SourceKind::MlpNormBias:
            return {.first_layer = source.layer + 1};
        case SourceKind::ValueBias:
            return {.first_layer = source.layer + 1, .own_heads = source.head < 0 ? config.n_heads : 1};
        case SourceKind::NormBias:
            if (config.norms_stream()) return {.first_layer = source.layer + 1};
            return {.first_layer = source.layer, .through_own_layer = true};
        case SourceKind::FinalNormBias:
        case SourceKind::UnembedBias:
            return {.reads_heads = false};
        default:
            return {};
    }
}

std::vector<Source> path_sources(const Config& config) {
    require_paths(config);
    std::vector<Source> sources;
    const auto add = [&](const Source& source) {
        if (has_source(config, source)) sources.push_back(source);
    };
    add({SourceKind::Embed});
    add({SourceKind::Pos});
    add({SourceKind::EmbedBias});
    add({SourceKind::EmbedNormBias});
    for (int layer = 0; layer < config.n_layers; ++layer) {
        if (!config.norms_stream()) add({SourceKind::NormBias, layer});
        for (int head = 0; head < config.n_heads; ++head) add({SourceKind::ValueBias, layer, head});
        add({SourceKind::OutBias, layer});
        if (config.norms_stream()) add({SourceKind::NormBias, layer});
        add({SourceKind::Mlp, layer});
        add({SourceKind::MlpNormBias, layer});
    }
    add({SourceKind::FinalNormBias});
    add({SourceKind::UnembedBias});
    return sources;
}

std::uint64_t count_paths(const Config& config, const Source& source, int order) {
    require_paths(config);
    if (!has_source(config, source)) return 0;
    const Entry entry = entry_of(config, source);
    if (!entry.reads_heads) return order == 0 ? 1 : 0;
    const int behind = config.n_layers - entry.first_layer;
    if (entry.own_heads > 0)
        return times(static_cast<std::uint64_t>(entry.own_heads), head_sequences(config, behind, order - 1));
    if (entry.through_own_layer)
        return times(static_cast<std::uint64_t>(config.n_heads),
                     head_sequences(config, behind - 1, order - 1));
    return head_sequences(config, behind, order);
}

std::uint64_t PathCounts::at(SourceKind kind, int order) const {
    const std::vector<std::uint64_t>& orders = of[static_cast<std::size_t>(kind)];
    const auto i = static_cast<std::size_t>(order);
    return order >= 0 && i < orders.size() ? orders[i] : 0;
}

std::uint64_t PathCounts::of_order(int order) const {
    std::uint64_t sum = 0;
    for (int kind = 0; kind < n_source_kinds; ++kind)
        sum = plus(sum, at(static_cast<SourceKind>(kind), order));
    return sum;
}

std::uint64_t PathCounts::total() const {
    std::uint64_t sum = 0;
    for (const auto& orders : of)
        for (std::uint64_t count : orders) sum = plus(sum, count);
    return sum;
}

PathCounts count_paths(const Config& config, int max_heads) {
    require(max_heads >= 0, ErrorKind::Usage, "paths through at most {} heads: expected 0 or more",
            max_heads);
    const int n_orders = std::min(max_heads, config.n_layers) + 1;
    PathCounts counts;
    for (auto& orders : counts.of) orders.assign(static_cast<std::size_t>(n_orders), 0);
    for (const Source& source : path_sources(config)) {
        auto& orders = counts.of[static_cast<std::size_t>(source.kind)];
        for (std::size_t order = 0; order < orders.size(); ++order)
            orders[order] = plus(orders[order], count_paths(config, source, static_cast<int>(order)));
    }
    return counts;
}

Paths::Paths(const Config& config, const PathOptions& options)
    : config_(config), options_(options), sources_(path_sources(config)) {
    require(options_.max_heads >= 0, ErrorKind::Usage, "paths through at most {} heads: expected 0 or more",
            options_.max_heads);
    if (const std::optional<Source>& only = options_.source) {
        require(has_source(config, *only), ErrorKind::Usage, "the model has no source {}", label(*only));
        std::erase_if(sources_, [&](const Source& source) {
            return source.kind != only->kind || source.layer != only->layer ||
                   (only->head >= 0 && source.head != only->head);
        });
    }
    options_.max_heads = std::min(options_.max_heads, config.n_layers);
    for (int order = 0; order <= options_.max_heads; ++order)
        for (const Source& source : sources_) count_ = plus(count_, count_paths(config, source, order));
    require(count_ <= options_.max_paths, ErrorKind::Limit,
            "there are {} paths through at most {} heads, more than the limit of {}", count_,
            options_.max_heads, options_.max_paths);
}

std::optional<Path> Paths::next() {
    for (; order_ <= options_.max_heads; ++order_, source_ = 0)
        for (; source_ < sources_.size(); ++source_, fresh_ = true) {
            const bool found = fresh_ ? first() : advance();
            fresh_ = false;
            if (found) return Path{sources_[source_], heads_};
        }
    return std::nullopt;
}

// The first sequence of heads of this source and order: the earliest layers, head 0 of each.
bool Paths::first() {
    const Entry entry = entry_of(config_, sources_[source_]);
    const int n = order_ - std::min(entry.own_heads, 1);
    heads_.clear();
    if (n < 0 || (entry.through_own_layer && n == 0)) return false;
    if (!entry.reads_heads) return n == 0;
    for (int i = 0; i < n; ++i) heads_.push_back({entry.first_layer + i, 0});
    return entry.first_layer + n <= config_.n_layers;
}

// The next one in lexicographic order.
bool Paths::advance() {
    const Entry entry = entry_of(config_, sources_[source_]);
    const int n = static_cast<int>(heads_.size());
    for (int i = n - 1; i >= 0; --i) {
        Head& head = heads_[static_cast<std::size_t>(i)];
        const bool layer_stays = i == 0 && entry.through_own_layer;
        if (head.index + 1 < config_.n_heads) {
            ++head.index;
        } else if (!layer_stays && head.layer + n - i < config_.n_layers) {
            head = {head.layer + 1, 0};
        } else {
            continue;
        }
        for (int j = i + 1; j < n; ++j)
            heads_[static_cast<std::size_t>(j)] = {heads_[static_cast<std::size_t>(j - 1)].layer + 1, 0};
        return true;
    }
    return false;
}

std::vector<std::vector<int>> layer_sequences(const Config& config, const Source& source, int order) {
    Config one_head = config;  // then a path is its layers
    one_head.n_heads = one_head.n_kv_heads = 1;
    Paths paths(one_head, {.max_heads = order, .source = source});
    std::vector<std::vector<int>> sequences;
    while (const std::optional<Path> path = paths.next()) {
        if (headway::order(*path) != order) continue;
        std::vector<int>& layers = sequences.emplace_back();
        for (Head head : path->heads) layers.push_back(head.layer);
    }
    return sequences;
}

}  // namespace headway
