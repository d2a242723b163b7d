// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/paths.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/path_term.hpp"
#include "headway/expand/paths.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>

namespace headway {

namespace {

constexpr Index position{Space::Position, 0}, vocab{Space::Vocab, 0}, read_position{Space::Position, 1};

// The terms of one source through one sequence of layers, all heads at once.
struct PathFamily {
    Source source;
    std::vector<int> layers;  // of the heads, a value bias's own first
    Expr term;
    bool split = false;  // the position that the source reads is a port, before position and vocab
};

std::vector<Index> head_indices(const Expr& term) {
    std::vector<Index> indices;
    int n = 0;
    for (Space space : term->ports())
        if (space == Space::Head || space == Space::Member) indices.push_back({space, ++n});
    return indices;
}

// A term at one position only.
Expr at_position(const Expr& term, int place) {
    std::vector<Index> ports = head_indices(term), all = ports;
    const auto positions = std::count(term->ports().begin(), term->ports().end(), Space::Position);
    if (positions == 2) {
        ports.push_back(read_position);
        all.push_back(read_position);
    }
    ports.push_back(vocab);
    all.insert(all.end(), {position, vocab});
    return normalise(product({{term, all}, {one_hot(Space::Position, place), {position}}}, ports));
}

// The label of the position at which a term's source is read: behind the last pattern. -1: the term's own position.
int source_label(const Product& product, int label) {
    for (bool found = true; found;) {
        found = false;
        for (const Use& factor : product.factors) {
            const auto* value = factor.node->as<Frozen>();
            if (value == nullptr || value->symbol != "A" || factor.labels[factor.labels.size() - 2] != label)
                continue;
            label = factor.labels.back();
            found = true;
            break;
        }
    }
    return label;
}

// The term with the position that its source reads as a port of its own, before position and vocab.
Expr split_by_source(const Expr& term) {
    const auto* whole = term->as<Product>();
    const auto n = static_cast<int>(term->ports().size());
    if (whole == nullptr) return nullptr;
    const int read = source_label(*whole, n - 2);
    if (read < n) return nullptr;
    std::vector<Space> ports = term->ports(), bound = whole->bound;
    ports.insert(ports.end() - 2, Space::Position);
    bound.erase(bound.begin() + (read - n));
    std::vector<Use> factors = whole->factors;
    for (Use& factor : factors)
        for (int& label : factor.labels) {
            if (label == read) {
                label = n - 2;
            } else if (label >= n - 2 && label < read) {
                ++label;
            }
        }
    return product(std::move(factors), ports, bound);
}

// The terms of all sources through all sequences of layers of at most `options.max_heads` heads.
std::vector<PathFamily> list_families(const FrozenModel& frozen, const PathMeasureOptions& options) {
    const Config& config = frozen.config();
    std::vector<PathFamily> families;
    std::vector<Source> sources;
    for (Source source : path_sources(config)) {
        if (source.kind == SourceKind::ValueBias) source.head = -1;
        if (sources.empty() || sources.back() != source) sources.push_back(source);
    }
    for (const Source& source : sources)
        for (int heads = 0; heads <= options.max_heads; ++heads)
            for (const std::vector<int>& layers : layer_sequences(config, source, heads)) {
                PathFamily family{source, layers, layer_term(frozen, source, layers), false};
                if (source.kind == SourceKind::ValueBias)
                    family.layers.insert(family.layers.begin(), source.layer);
                if (options.by_source_token && !family.layers.empty()) {
                    family.term = split_by_source(family.term);
                    invariant(family.term != nullptr,
                              "a path through heads has no position that its source reads");
                    family.split = true;
                }
                families.push_back(std::move(family));
            }
    return families;
}

class Contributions {
public:
    Contributions(const Model& model, std::span<const int> tokens, const PathMeasureOptions& options)
        : model_(model), config_(model.config()), tokens_(tokens), options_(options), frozen_(config_) {
        require(!tokens.empty(), ErrorKind::Usage, "paths: give at least one token");
        const auto n = static_cast<int>(tokens.size());
        const int at = options.at.value_or(n - 1);
        require(at >= 0 && at < n, ErrorKind::Usage,
                "position {} is out of range: the run has positions 0 to {}", at, n - 1);
        table_.positions = {at};
        if (options.all_positions) {
            table_.positions.resize(tokens.size());
            std::iota(table_.positions.begin(), table_.positions.end(), 0);
        }
    }

    PathTable run() {
        Paths paths(config_, {.max_heads = options_.max_heads, .max_paths = options_.max_paths});
        while (std::optional<Path> path = paths.next()) paths_.push_back(std::move(*path));
        const xt::xarray<double> logits =
            evaluate(model_, frozen_.untouched_linear_logits(), tokens_, options_.evaluate);
        for (int place : table_.positions) run_at(place, logits);
        return std::move(table_);
    }

private:
    void run_at(int place, const xt::xarray<double>& logits) {
        const auto n_vocab = static_cast<std::size_t>(config_.d_vocab);
        const double* row = logits.data() + static_cast<std::size_t>(place) * n_vocab;
        sum_.assign(n_vocab, 0.0);
        target_ = options_.target;
        if (target_.token < 0) target_.token = static_cast<int>(std::max_element(row, row + n_vocab) - row);
        for (int token : {target_.token, target_.minus})
            require(token < config_.d_vocab, ErrorKind::Usage,
                    "target token {} is out of range: the vocabulary has tokens 0 to {}", token,
                    config_.d_vocab - 1);
        table_.targets.push_back(target_.token);
        add_rows(place);
        const std::vector<PathFamily> families = list_families(frozen_, options_);
        std::vector<Expr> terms;
        for (const PathFamily& family : families) terms.push_back(at_position(family.term, place));
        if (remainder_row_)
            terms.push_back(at_position(expand_orders(frozen_, options_.max_heads).remainder, place));
        evaluate_each(model_, terms, tokens_, options_.evaluate,
                      [&](std::size_t i, const xt::xarray<double>& value) {
                          if (i < families.size()) {
                              take(families[i], value);
                          } else {
                              take_row(table_.rows[*remainder_row_], value.data());
                          }
                      });
        for (std::size_t v = 0; v < n_vocab; ++v) {
            table_.closure = std::max(table_.closure, std::abs(sum_[v] - row[v]));
            table_.largest_logit = std::max(table_.largest_logit, std::abs(row[v]));
        }
    }

    void add_rows(int place) {
        rows_.clear();
        for (const Path& path : paths_) {
            rows_.emplace(path, table_.rows.size());
            const bool split = options_.by_source_token && has_source_position(path);
            for (int read = 0; read < (split ? static_cast<int>(tokens_.size()) : 1); ++read)
                table_.rows.push_back({path, place, split ? read : -1, 0, 0});
        }
        require(table_.rows.size() <= options_.max_paths, ErrorKind::Limit,
                "{} rows or more, above the limit of {}", table_.rows.size(), options_.max_paths);
        remainder_row_.reset();
        if (options_.max_heads >= config_.n_layers) return;
        remainder_row_ = table_.rows.size();
        table_.rows.push_back({std::nullopt, place, -1, 0, 0});
    }

    bool has_source_position(const Path& path) const { return order(path) > 0; }

    // Hands each path of a family its part of the family's value.
    void take(const PathFamily& family, const xt::xarray<double>& value) {
        const std::size_t parts = family.split ? tokens_.size() : 1, n_vocab = sum_.size();
        std::vector<int> heads(family.layers.size(), 0);
        const double* part = value.data();
        for (;;) {
            const std::size_t row = rows_.at(path_of(family, heads));
            for (std::size_t i = 0; i < parts; ++i, part += n_vocab) take_row(table_.rows[row + i], part);
            std::size_t i = heads.size();
            while (i > 0 && ++heads[i - 1] == config_.n_heads) heads[--i] = 0;
            if (i == 0) return;
        }
    }

    static Path path_of(const PathFamily& family, const std::vector<int>& heads) {
        Path path{family.source, {}};
        for (std::size_t i = 0; i < heads.size(); ++i) {
            if (i == 0 && family.source.kind == SourceKind::ValueBias) {
                path.source.head = heads[i];
            } else {
                path.heads.push_back({family.layers[i], heads[i]});
            }
        }
        return path;
    }

    void take_row(PathRow& row, const double* contribution) {
        double squares = 0, total = 0;
        for (std::size_t v = 0; v < sum_.size(); ++v) {
            sum_[v] += contribution[v];
            squares += contribution[v] * contribution[v];
            total += contribution[v];
        }
        row.norm = std::sqrt(squares);
        row.target_logit = contribution[target_.token];
        if (target_.minus >= 0) {
            row.target_logit -= contribution[target_.minus];
        } else if (target_.minus_mean) {
            row.target_logit -= total / static_cast<double>(sum_.size());
        }
    }

    const Model& model_;
    const Config& config_;
    std::span<const int> tokens_;
    const PathMeasureOptions& options_;
    FrozenModel frozen_;
    PathTable table_;
    std::vector<Path> paths_;
    std::map<Path, std::size_t> rows_;  // the first row of a path at the current position
    std::optional<std::size_t> remainder_row_;
    std::vector<double> sum_;
    Target target_;
};

int parse_token(std::string_view text, std::string_view whole) {
    int token = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), token);
    require(error == std::errc{} && end == text.data() + text.size() && token >= 0, ErrorKind::Usage,
            "target {}: expected A, A-B or A-mean with tokens as numbers", quote(whole));
    return token;
}

}  // namespace

Target parse_target(std::string_view text) {
    const std::size_t dash = text.find('-');
    Target target{parse_token(text.substr(0, dash), text), -1, false};
    if (dash == std::string_view::npos) return target;
    const std::string_view other = text.substr(dash + 1);
    target.minus_mean = other == "mean";
    if (!target.minus_mean) target.minus = parse_token(other, text);
    return target;
}

PathTable path_contributions(const Model& model, std::span<const int> tokens,
                             const PathMeasureOptions& options) {
    return Contributions(model, tokens, options).run();
}

std::vector<Expr> path_networks(const Config& config, int n_tokens, const PathMeasureOptions& options) {
    const FrozenModel frozen(config);
    const int place = options.at.value_or(n_tokens - 1);
    std::vector<Expr> networks;
    for (const PathFamily& family : list_families(frozen, options))
        networks.push_back(at_position(family.term, place));
    if (options.max_heads < config.n_layers)
        networks.push_back(at_position(expand_orders(frozen, options.max_heads).remainder, place));
    return networks;
}

std::string label(const PathRow& row) { return row.path ? label(*row.path) : "remainder"; }

}  // namespace headway
